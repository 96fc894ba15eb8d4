/* SPDX-License-Identifier: Apache-2.0 */
/* Touches everything a partition must not have and reports what came back. This file: order, ports, MSRs, device space. */
#include "contain.h"

#include "guest.h"

struct range { u32 first, last; };

static bool is_in(const struct range *ranges, u32 count, u32 value)
{
	for (u32 i = 0; i < count; i++)
		if (value >= ranges[i].first && value <= ranges[i].last)
			return true;
	return false;
}

/* Devices of the partition; everything else floats. */
static const struct range devices[] = {
	{ 0x20, 0x21 }, { 0x40, 0x43 }, { 0x60, 0x61 }, { 0x64, 0x64 }, { 0x70, 0x71 }, { 0x92, 0x92 }, { 0xA0, 0xA1 }, { 0xF4, 0xF4 },
	{ 0x3F8, 0x3FF }, { 0x4D0, 0x4D1 }, { 0x510, 0x513 }, { 0x600, 0x60B }, { 0xCF8, 0xCFF },
};

static bool is_device(u32 port)
{
	return is_in(devices, ARRAY_SIZE(devices), port);
}

static void touch_port(u16 port)
{
	u8 byte = inb(port);

	check(byte == 0xFF, "port %x reads %x", port, byte);
	outb(port, 0x5A);
	if (is_device(port + 1u) || is_device(port + 2u) || is_device(port + 3u) || port > 0xFFFC)
		return;
	u16 word = inw(port);
	u32 quad = inl(port);
	check(word == 0xFFFF && quad == ~0u, "port %x reads %x and %x", port, word, quad);
	outw(port, 0xA55A);
	outl(port, 0xDEADBEEF);
}

/* String instructions: data, and a fault on the guest's own page when the buffer is not there. */
static void string_ports(void)
{
	static u8 buffer[64];
	const u64 unmapped = 0x300000000;
	void *to = buffer;
	u64 count = 16;

	asm volatile("rep insw" : "+D"(to), "+c"(count) : "d"(0x1234) : "memory");
	check(to == buffer + 32 && !count && buffer[0] == 0xFF && buffer[31] == 0xFF && !buffer[32], "rep insw: count %lu", count);
	to = buffer, count = 8;
	asm volatile("rep outsl" : "+S"(to), "+c"(count) : "d"(0x1234) : "memory");
	check(to == buffer + 32 && !count, "rep outsl: count %lu", count);
	asm volatile(GUARDED("insb") : : "D"(unmapped), "d"(0x1234) : "memory");
	check(this_cpu()->vector == VECTOR_PF && READ_CR(2) == unmapped && this_cpu()->error == 2, "insb to nowhere: vector %u error %x",
	      this_cpu()->vector, this_cpu()->error);
}

void contain_ports(void)
{
	for (u32 port = 0; port < 0x10000; port += port < 0x700 ? 1 : 0x61)
		if (!is_device(port))
			touch_port((u16)port);
	string_ports();
}

/* What kernel/msr.def lets through with nesting off and the LAPIC in xAPIC mode. */
static const struct range readable[] = {
	{ 0x10, 0x10 }, { 0x17, 0x17 }, { 0x1B, 0x1B }, { 0x3B, 0x3B }, { 0x8B, 0x8B }, { 0xFE, 0xFE }, { 0x10A, 0x10A }, { 0x174, 0x176 },
	{ 0x179, 0x17A }, { 0x1A0, 0x1A0 }, { 0x1D9, 0x1D9 }, { 0x200, 0x20F }, { 0x250, 0x250 }, { 0x258, 0x259 }, { 0x268, 0x26F },
	{ 0x277, 0x277 }, { 0x2FF, 0x2FF }, { 0x6E0, 0x6E0 }, { 0xDA0, 0xDA0 },
	{ 0xC0000080, 0xC0000084 }, { 0xC0000100, 0xC0000103 },
};

static void touch_msr(u32 msr)
{
	bool expected = is_in(readable, ARRAY_SIZE(readable), msr);
	u64 value;
	u32 vector = probe_rdmsr(msr, &value);

	check(vector == (expected ? NO_FAULT : VECTOR_GP), "MSR %x reads with vector %u", msr, vector);
	if (expected)
		return;
	vector = probe_wrmsr(msr, 0);
	check(vector == VECTOR_GP, "MSR %x: write of 0 gives vector %u", msr, vector);
	vector = probe_wrmsr(msr, ~0ull);
	check(vector == VECTOR_GP, "MSR %x: write of ones gives vector %u", msr, vector);
}

/* Values no register may take. */
static const struct { u32 msr; u64 value; } hostile[] = {
	{ 0x1B, ~0ull }, { 0x1B, 0xFED00900 }, { 0x1B, 0xFEE00500 }, { 0x1B, 0x8000FEE00900 }, { 0x1D9, 1 }, { 0x1D9, 0x4000 },
	{ 0xDA0, 1 }, { 0xDA0, 1ull << 8 }, { 0xDA0, ~0ull }, { 0x175, 1ull << 63 }, { 0x176, 0x800000000000 }, { 0x277, 2 },
	{ 0x277, 0x0807060504030201 }, { 0xFE, 0 }, { 0x17, 0 }, { 0x10A, 0 }, { 0x10A, ~0ull },
	{ 0xC0000080, 1ull << 12 }, { 0xC0000080, 0 }, { 0xC0000080, ~0ull }, { 0xC0000082, 0x800000000000 },
	{ 0xC0000100, 1ull << 63 }, { 0xC0000102, 0x7FFFFFFFFFFFFFFF },
};

void contain_msrs(void)
{
	static const u32 outside[] = { 0x2000, 0x3FFFFFFF, 0x40000000, 0x40000001, 0x4B564D00, 0x80000000, 0xBFFFFFFF, 0xC0002000, ~0u };

	for (u32 i = 0; i < 0x2000; i++)
		touch_msr(i);
	for (u32 i = 0; i < 0x2000; i++)
		touch_msr(0xC0000000 + i);
	for (u32 i = 0; i < ARRAY_SIZE(outside); i++)
		touch_msr(outside[i]);
	for (u32 i = 0; i < ARRAY_SIZE(hostile); i++) {
		u32 vector = probe_wrmsr(hostile[i].msr, hostile[i].value);

		check(vector == VECTOR_GP, "MSR %x takes %lx: vector %u", hostile[i].msr, hostile[i].value, vector);
	}
}

/* Device space without a device: all ones, writes vanish. */
void contain_mmio(void)
{
	static const u64 places[] = { 0xC0000000, 0xD0000000, 0xE0000000, 0xFEB00000, 0xFED00000, 0xFED40000, 0xFEDFFFF8, 0xFFFFFFF0,
				      0xFEC00100, 0xFEC01000 };

	for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
		u64 at = places[i];

		mmio_write(at, 0x12345678);
		*(volatile u8 *)(at + 1) = 0x12;
		*(volatile u16 *)(at + 2) = 0x1234;
		*(volatile u64 *)at = 0x1122334455667788;
		check(*(volatile u8 *)at == 0xFF && *(volatile u16 *)at == 0xFFFF && mmio_read(at) == ~0u &&
		      *(volatile u64 *)at == ~0ull, "device space at %lx reads %x", at, mmio_read(at));
	}
}

void guest_main(void)
{
	traps_init(0);
	contain_instructions();
	contain_control_registers();
	contain_cpuid();
	contain_debug();
	contain_ports();
	contain_msrs();
	contain_mmio();
	contain_ioapic();
	contain_lapic();
	finish("contain");
}

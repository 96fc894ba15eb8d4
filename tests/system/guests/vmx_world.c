/* SPDX-License-Identifier: Apache-2.0 */
/* The VMCS and the tables the chapters start from. Source: Intel SDM volume 3 "VM Entries", appendix A. */
#include "guest.h"
#include "vmx.h"

#define EPT_RWX 7ull
#define EPT_LARGE 0x80ull
#define EPT_WB (6ull << 3)

struct page vmxon_region, vmcs_region, other_region;
struct l2_registers l2;
u8 world_msr_bitmap[4096] __attribute__((aligned(4096))), world_io_bitmaps[8192] __attribute__((aligned(4096)));
static u8 l2_stack[4096] __attribute__((aligned(16)));
static struct page ept_root, ept_pointers, ept_directories[8], ept_table;
static bool launched;

extern u64 gdt[];

static u64 capability(u64 controls_field)
{
	switch (controls_field) {
	case VMCS_PIN_CONTROLS: return rdmsr(0x48D);
	case VMCS_PRIMARY_CONTROLS: return rdmsr(0x48E);
	case VMCS_SECONDARY_CONTROLS: return rdmsr(0x48B);
	case VMCS_EXIT_CONTROLS: return rdmsr(0x48F);
	default: return rdmsr(0x490);
	}
}

bool world_can(u64 controls_field, u32 bits)
{
	return ((u32)(capability(controls_field) >> 32) & bits) == bits;
}

void world_control(u64 controls_field, u32 bits)
{
	set(controls_field, field(controls_field) | bits | (u32)capability(controls_field));
}

void world_clear_control(u64 controls_field, u32 bits)
{
	set(controls_field, (field(controls_field) & ~(u64)bits) | (u32)capability(controls_field));
}

void world_enter_vmx(void)
{
	u32 revision = (u32)rdmsr(0x480) & 0x7FFFFFFF;

	vmxon_region.revision = vmcs_region.revision = other_region.revision = revision;
}

void world_segments(void)
{
	struct { u16 limit; u64 base; } packed gdtr, idtr;
	u16 tr;

	asm volatile("sgdt %0; sidt %1; str %2" : "=m"(gdtr), "=m"(idtr), "=r"(tr));
	for (u32 i = 0; i < 6; i++) { /* ES CS SS DS FS GS */
		bool is_code = i == 1;

		set(VMCS_GUEST_ES_SELECTOR + 2 * i, is_code ? CODE_RING0 : DATA_RING0);
		set(VMCS_HOST_ES_SELECTOR + 2 * i, is_code ? CODE_RING0 : DATA_RING0);
		set(VMCS_GUEST_ES_LIMIT + 2 * i, 0xFFFFFFFF);
		set(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * i, is_code ? 0xA09B : 0xC093);
		set(VMCS_GUEST_ES_BASE + 2 * i, i == 5 ? (u64)this_cpu() : 0);
	}
	set(VMCS_HOST_GS_BASE, (u64)this_cpu());
	set(VMCS_GUEST_LDTR_ACCESS_RIGHTS, 0x10000);
	set(VMCS_GUEST_TR_SELECTOR, tr);
	set(VMCS_GUEST_TR_LIMIT, 103);
	set(VMCS_GUEST_TR_ACCESS_RIGHTS, 0x8B);
	set(VMCS_HOST_TR_SELECTOR, tr);
	u64 descriptor = gdt[tr / 8];
	u64 base = (descriptor >> 16 & 0xFFFFFF) | (descriptor >> 56) << 24;
	set(VMCS_GUEST_TR_BASE, base);
	set(VMCS_HOST_TR_BASE, base);
	set(VMCS_GUEST_GDTR_BASE, gdtr.base);
	set(VMCS_GUEST_GDTR_LIMIT, gdtr.limit);
	set(VMCS_HOST_GDTR_BASE, gdtr.base);
	set(VMCS_GUEST_IDTR_BASE, idtr.base);
	set(VMCS_GUEST_IDTR_LIMIT, idtr.limit);
	set(VMCS_HOST_IDTR_BASE, idtr.base);
}

static void set_registers(void)
{
	u64 efer = rdmsr(0xC0000080);

	set(VMCS_GUEST_CR0, READ_CR(0));
	set(VMCS_GUEST_CR3, READ_CR(3));
	set(VMCS_GUEST_CR4, READ_CR(4));
	set(VMCS_HOST_CR0, READ_CR(0));
	set(VMCS_HOST_CR3, READ_CR(3));
	set(VMCS_HOST_CR4, READ_CR(4));
	set(VMCS_GUEST_IA32_EFER, efer);
	set(VMCS_HOST_IA32_EFER, efer);
	set(VMCS_GUEST_DR7, 0x400);
	set(VMCS_GUEST_RFLAGS, 2);
	set(VMCS_GUEST_RSP, (u64)(l2_stack + sizeof(l2_stack)));
	set(VMCS_LINK_POINTER, ~0ull);
}

static u16 known_fields[256];
static u32 known_count;

/* Every field there is but exit information. */
static void find_fields(void)
{
	for (u32 encoding = 0; encoding < 0x7000 && known_count < ARRAY_SIZE(known_fields); encoding += 2)
		if ((encoding >> 10 & 3) != 1 && vmx_write(encoding, 0) == VM_OK)
			known_fields[known_count++] = (u16)encoding;
}

void world_reset_region(const struct page *region)
{
	check(vmx_clear((u64)region) == VM_OK, "VMCLEAR");
	/* what a region holds after VMCLEAR is the CPU's own affair: every field is set */
	check(vmx_load((u64)region) == VM_OK, "VMPTRLD");
	if (!known_count)
		find_fields();
	for (u32 i = 0; i < known_count; i++)
		set(known_fields[i], 0);
	world_control(VMCS_PIN_CONTROLS, 0);
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_USE_MSR_BITMAPS | PRIMARY_USE_IO_BITMAPS | PRIMARY_SECONDARY_CONTROLS);
	world_control(VMCS_EXIT_CONTROLS, EXIT_CONTROL_HOST_ADDRESS_SPACE_SIZE | EXIT_CONTROL_LOAD_EFER | EXIT_CONTROL_SAVE_DEBUG);
	world_control(VMCS_ENTRY_CONTROLS, ENTRY_CONTROL_IA32E_MODE_GUEST | ENTRY_CONTROL_LOAD_EFER | ENTRY_CONTROL_LOAD_DEBUG);
	set(VMCS_MSR_BITMAP, (u64)world_msr_bitmap);
	set(VMCS_IO_BITMAP_A, (u64)world_io_bitmaps);
	set(VMCS_IO_BITMAP_B, (u64)world_io_bitmaps + 4096);
	memset(world_msr_bitmap, 0, sizeof(world_msr_bitmap));
	memset(world_io_bitmaps, 0, sizeof(world_io_bitmaps));
	world_segments();
	set_registers();
}

void world_reset(void)
{
	launched = false;
	world_reset_region(&vmcs_region);
}

void world_ring3(void)
{
	for (u32 i = 0; i < 6; i++) {
		set(VMCS_GUEST_ES_SELECTOR + 2 * i, i == 1 ? CODE_RING3 : DATA_RING3);
		set(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * i, i == 1 ? 0xA0FB : 0xC0F3);
	}
}

u64 world_eptp(void)
{
	return (u64)&ept_root | 6 | 3 << 3;
}

/* The first 8 GiB onto themselves: 2 MiB pages, those from 16 MiB on in 4 KiB pages. */
static void build_ept(void)
{
	ept_root.word[0] = (u64)&ept_pointers | EPT_RWX;
	for (u64 g = 0; g < 8; g++) {
		ept_pointers.word[g] = (u64)&ept_directories[g] | EPT_RWX;
		for (u64 i = 0; i < 512; i++)
			ept_directories[g].word[i] = g << 30 | i << 21 | EPT_RWX | EPT_LARGE | EPT_WB;
	}
	for (u64 i = 0; i < 512; i++)
		ept_table.word[i] = 0x1000000 + (i << 12) + (EPT_RWX | EPT_WB);
	ept_directories[0].word[8] = (u64)&ept_table | EPT_RWX;
}

u64 *world_ept_entry(u64 address, u32 level)
{
	switch (level) {
	case 1: return &ept_table.word[address >> 12 & 511];
	case 2: return &ept_directories[address >> 30].word[address >> 21 & 511];
	case 3: return &ept_pointers.word[address >> 30 & 511];
	default: return &ept_root.word[address >> 39];
	}
}

void world_use_ept(void)
{
	const u64 all[2] = { 0, 0 };

	build_ept();
	set(VMCS_EPT_POINTER, world_eptp());
	world_control(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST);
	check(vmx_invept(2, all) == VM_OK, "INVEPT");
}

u32 l2_continue(void)
{
	u32 result = vmx_enter(&l2, launched);

	if (result)
		return L2_FAILED + result;
	u32 reason = (u32)field(VMCS_EXIT_REASON);
	if (!(reason & EXIT_REASON_ENTRY_FAILURE))
		launched = true;
	return reason;
}

u32 l2_run(const void *rip)
{
	set(VMCS_GUEST_RIP, (u64)rip);
	return l2_continue();
}

u32 l2_skip(void)
{
	set(VMCS_GUEST_RIP, field(VMCS_GUEST_RIP) + field(VMCS_EXIT_INSTRUCTION_LENGTH));
	return l2_continue();
}

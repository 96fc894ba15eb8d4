/* SPDX-License-Identifier: Apache-2.0 */
/* Lazy hand-over of the extended state between guest and monitor; see fpu.h. Owns one XSAVE area per CPU. */
#include "kernel/fpu.h"

#include "bsp/cpu.h"
#include "bsp/msr.h"
#include "kernel/crash.h"
#include "kernel/percpu.h"

#define XSAVE_AREA_BYTES 4096
#define CPUID_XSAVES (1u << 3)

static u8 xsave_areas[MONITOR_MAX_CPUS][XSAVE_AREA_BYTES] __attribute__((aligned(64)));
/* An XSAVE image whose header names no component: restoring it initialises all of them. */
static u8 initial_area[XSAVE_AREA_BYTES] __attribute__((aligned(64)));
static u64 xcr0_mask;

static void xsave(u8 *area)
{
	asm volatile("xsave64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
}

static void xrstor(const u8 *area)
{
	asm volatile("xrstor64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
}

void fpu_init(struct percpu *cpu)
{
	struct cpuid_result leaf = cpuid(0xD, 0);

	xcr0_mask = ((u64)leaf.edx << 32 | leaf.eax) & (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512);
	*(u32 *)(initial_area + 24) = 0x1F80; /* MXCSR */
	write_cr4(read_cr4() | CR4_MCE | CR4_OSXSAVE | CR4_OSFXSR | CR4_OSXMMEXCPT);
	write_cr0((read_cr0() & ~CR0_EM) | CR0_MP);
	asm volatile("clts");
	xsetbv(0, xcr0_mask);
	if (cpuid(0xD, 1).eax & CPUID_XSAVES)
		wrmsr(IA32_XSS, 0);
	CHECK(cpuid(0xD, 0).ebx <= XSAVE_AREA_BYTES);
	fpu_reset_guest(cpu);
}

u64 fpu_guest_xcr0_mask(void)
{
	return xcr0_mask;
}

bool fpu_xcr0_is_valid(u64 value, u64 mask)
{
	if (!(value & XCR0_X87) || (value & ~mask))
		return false;
	if ((value & XCR0_AVX) && !(value & XCR0_SSE))
		return false;
	if (value & XCR0_AVX512)
		return (value & XCR0_AVX) && (value & XCR0_AVX512) == XCR0_AVX512;
	return true;
}

void fpu_give_to_monitor(struct percpu *cpu)
{
	asm volatile("clts");
	cpu->guest_xcr0 = xgetbv(0);
	xsetbv(0, xcr0_mask);
	xsave(xsave_areas[cpu->number]);
	xrstor(initial_area);
	cpu->fpu_saved = true;
}

void fpu_give_back_to_guest(struct percpu *cpu)
{
	if (!cpu->fpu_saved)
		return;
	xrstor(xsave_areas[cpu->number]);
	xsetbv(0, cpu->guest_xcr0);
	write_cr0(read_cr0() | CR0_TS);
	cpu->fpu_saved = false;
}

void fpu_reset_guest(struct percpu *cpu)
{
	asm volatile("clts");
	xsetbv(0, xcr0_mask);
	xrstor(initial_area);
	xsetbv(0, XCR0_X87);
	write_cr0(read_cr0() | CR0_TS);
	cpu->fpu_saved = false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VMCS that moves between two CPUs in VMX operation: one clears it, the other loads it. All fields come along, the launch state is clear, and L2 goes on
 * where it was. Source: Intel SDM volume 3 "Software Use of Virtual-Machine Control Structures".
 */
#include "guest.h"
#include "vmx.h"

#define LONG_TIME 300000000ull
#define SALTS 4u
#define STEPS 20u

extern const u8 l2_step[];

static struct page travelling;
static volatile u64 salt, steps;

static u64 pattern(u64 encoding)
{
	return (encoding * 0x9E3779B1 ^ salt * 0x55) & 0xFF;
}

/* Exit information is the CPU's own. */
static bool is_kept(u64 encoding)
{
	return (encoding >> 10 & 3) != 1;
}

static void load(void)
{
	check(vmx_load((u64)&travelling) == VM_OK, "VMPTRLD on CPU %u", this_cpu()->index);
}

static void clear(void)
{
	check(vmx_clear((u64)&travelling) == VM_OK, "VMCLEAR on CPU %u", this_cpu()->index);
}

static void fill(void)
{
	load();
	for (u64 e = 0; e < 0x7000; e += 2)
		if (is_kept(e))
			(void)vmx_write(e, pattern(e));
	clear();
}

static void compare(void)
{
	u32 fields = 0;

	load();
	for (u64 e = 0; e < 0x7000; e += 2) {
		u64 value;

		if (!is_kept(e) || vmx_read(e, &value) != VM_OK)
			continue;
		fields++;
		check(value == pattern(e), "field %lx reads %lx on CPU %u, not %lx", e, value, this_cpu()->index, pattern(e));
	}
	check(fields > 100, "only %u fields", fields);
	clear();
}

static void run_on(bool other, other_job *job)
{
	if (!other) {
		job();
		return;
	}
	other_handed = job;
	check(WAIT_FOR(!other_handed, LONG_TIME), "CPU 1 does not end");
}

/* What it left behind in L2 is all it knows. */
static void step(void)
{
	struct l2_registers registers = { .rbx = (u64)&steps };
	u64 before = steps;

	load();
	world_segments();
	u32 result = vmx_resume();
	check(result == VM_FAIL_VALID && instruction_error() == VMERR_VMRESUME_NOT_LAUNCHED, "VMRESUME after VMCLEAR: %x", result);
	u32 failed = vmx_enter(&registers, false);
	check(!failed && field(VMCS_EXIT_REASON) == EXIT_VMCALL, "VMLAUNCH %x, exit %lx", failed, field(VMCS_EXIT_REASON));
	check(steps == before + 1, "step %lu after step %lu", steps, before);
	set(VMCS_GUEST_RIP, field(VMCS_GUEST_RIP) + field(VMCS_EXIT_INSTRUCTION_LENGTH));
	clear();
}

void vmx_test_move(void)
{
	travelling.revision = vmxon_region.revision;
	clear();
	for (salt = 1; salt <= SALTS; salt++) {
		run_on(salt & 1, fill);
		run_on(!(salt & 1), compare);
	}
	world_reset_region(&travelling);
	set(VMCS_GUEST_RIP, (u64)l2_step);
	clear();
	for (u32 i = 0; i < STEPS; i++)
		run_on(i & 1, step);
	check(steps == STEPS, "%lu steps of %u", steps, STEPS);
}

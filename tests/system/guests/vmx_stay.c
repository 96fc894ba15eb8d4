/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hypervisor that somebody looks at from outside, and that makes mistakes on demand: a letter over its serial port is an entry that is refused,
 * or one that never comes back.
 */
#include "guest.h"
#include "vmx.h"

#define COM1 0x3F8
#define LINE_STATUS (COM1 + 5)
#define RECEIVED 1
#define CR0_NE 0x20ull
#define CR4_VMXE 0x2000ull
#define MSR_FS_BASE 0xC0000100u
#define NOT_CANONICAL 0x8000000000000000ull

static struct { u32 index, zero; u64 value; } area __attribute__((aligned(16))) = { .index = MSR_FS_BASE };

static void enter(u8 letter)
{
	world_reset();
	switch (letter) {
	case 'c': set(VMCS_CR3_TARGET_COUNT, 200); break;
	case 'h': set(VMCS_HOST_CR3, NOT_CANONICAL); break;
	case 'g': set(VMCS_GUEST_CR4, field(VMCS_GUEST_CR4) & ~CR4_VMXE); break;
	case 'm':
		set(VMCS_ENTRY_MSR_LOAD_ADDRESS, (u64)&area);
		set(VMCS_ENTRY_MSR_LOAD_COUNT, 1);
		break;
	default: break;
	}
	print("guest: entry %x\n", letter);
	print("guest: entry %x ends with %x\n", letter, l2_run(letter == 'l' ? l2_spin : l2_vmcall));
}

_Noreturn void vmx_stay(void)
{
	check(PROBE_CR(4, READ_CR(4) | CR4_VMXE) == NO_FAULT, "CR4.VMXE");
	check(PROBE_CR(0, READ_CR(0) | CR0_NE) == NO_FAULT, "CR0.NE");
	check(vmx_on((u64)&vmxon_region) == VM_OK, "VMXON");
	print("guest: a hypervisor is ready\n");
	for (;;)
		if (inb(LINE_STATUS) & RECEIVED)
			enter(inb(COM1));
}

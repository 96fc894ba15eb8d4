/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Port I/O: every port is the monitor's. String instructions are done one element an exit; REP goes on because the instruction is entered again.
 * Source: Intel SDM volume 3 "Basic VM-Exit Information" (I/O instructions), "Information for VM Exits Due to Instruction Execution".
 */
#include "kernel/exits.h"
#include "kernel/guest_memory.h"
#include "kernel/segment.h"
#include "kernel/upcall.h"
#include "kernel/vmx/vmx_insn.h"

struct io {
	u16 port;
	u8 size;
	bool is_in, is_string, is_repeated;
};

static struct io decode(u64 qualification)
{
	return (struct io){
		.port = (u16)(qualification >> 16),
		.size = (u8)((qualification & 7) + 1),
		.is_in = qualification & BIT(3),
		.is_string = qualification & BIT(4),
		.is_repeated = qualification & BIT(5),
	};
}

static u64 mask_of(u32 bytes)
{
	return bytes == 8 ? ~0ull : BIT(8 * bytes) - 1;
}

static void update(struct vcpu *v, enum gpr number, u64 value, u64 mask)
{
	u64 old = exit_read_gpr(v, number);

	/* a 32-bit result clears the upper half, a 16-bit one keeps it */
	exit_write_gpr(v, number, mask == 0xFFFF ? (old & ~mask) | (value & mask) : value & mask);
}

static enum exit_action string_fault(struct vcpu *v, const struct walk_fault *fault)
{
	return guest_take_fault(v, fault) ? EXIT_ACTION_RESUME : EXIT_ACTION_INJECT_GP;
}

/* The exit comes before the access, and so before the faults that segmentation makes of it. */
static bool may_access(struct vcpu *v, struct io io, u32 information)
{
	u64 linear = vmread(VMCS_GUEST_LINEAR_ADDRESS);
	u32 number = io.is_in ? SEGMENT_ES : information >> 15 & 7;
	struct segment_bounds segment = { vmread(VMCS_GUEST_ES_BASE + 2 * number), (u32)vmread(VMCS_GUEST_ES_LIMIT + 2 * number),
					  (u32)vmread(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * number) };
	bool is_long_mode = vcpu_is_long_mode_code();
	struct segment_access access = { is_long_mode ? linear : (u32)(linear - segment.base), io.size, io.is_in, is_long_mode };

	if (segment_allows(&segment, &access))
		return true;
	vcpu_inject_exception(v, number == SEGMENT_SS ? EXC_SS : EXC_GP, 0);
	return false;
}

static enum exit_action string_io(struct vcpu *v, struct io io)
{
	u32 information = (u32)vmread(VMCS_EXIT_INSTRUCTION_INFO);
	u64 mask = mask_of(2u << (information >> 7 & 3));
	u64 linear = vmread(VMCS_GUEST_LINEAR_ADDRESS);
	enum gpr pointer = io.is_in ? RDI : RSI;
	struct walk_fault fault;
	u32 value = 0;

	if (io.is_repeated && !(v->gpr[RCX] & mask))
		return EXIT_ACTION_SKIP;
	if (!may_access(v, io, information))
		return EXIT_ACTION_RESUME;
	if (io.is_in) {
		if (!guest_linear_is_writable(linear, io.size, &fault)) /* before the port gives its value away */
			return string_fault(v, &fault);
		value = (u32)upcall_run(UPCALL_PORT_IN, io.port, io.size, 0);
		if (!guest_linear_write(linear, &value, io.size, &fault))
			return string_fault(v, &fault);
	} else {
		if (!guest_linear_read(linear, &value, io.size, &fault))
			return string_fault(v, &fault);
		upcall_run(UPCALL_PORT_OUT, io.port, io.size, value);
	}
	bool backwards = vmread(VMCS_GUEST_RFLAGS) & BIT(10);
	update(v, pointer, v->gpr[pointer] + (backwards ? -(u64)io.size : io.size), mask);
	if (!io.is_repeated)
		return EXIT_ACTION_SKIP;
	update(v, RCX, (v->gpr[RCX] & mask) - 1, mask);
	return v->gpr[RCX] & mask ? EXIT_ACTION_RESUME : EXIT_ACTION_SKIP;
}

enum exit_action exit_io(struct vcpu *v)
{
	struct io io = decode(vmread(VMCS_EXIT_QUALIFICATION));
	u64 mask = mask_of(io.size);

	if (io.is_string)
		return string_io(v, io);
	if (!io.is_in) {
		upcall_run(UPCALL_PORT_OUT, io.port, io.size, v->gpr[RAX] & mask);
		return EXIT_ACTION_SKIP;
	}
	u64 value = upcall_run(UPCALL_PORT_IN, io.port, io.size, 0) & mask;
	v->gpr[RAX] = io.size == 4 ? value : (v->gpr[RAX] & ~mask) | value;
	return EXIT_ACTION_SKIP;
}

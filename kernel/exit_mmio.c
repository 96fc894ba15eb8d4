/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EPT violations of L1: device registers in the hole. The LAPIC page is served here, the rest by the monitor. An address outside RAM and
 * the hole, or an instruction that is not a plain MOV, stops the partition with a report.
 */
#include "kernel/apic_access.h"
#include "kernel/exits.h"
#include "kernel/guest_memory.h"
#include "kernel/log.h"
#include "kernel/mmio_decode.h"
#include "kernel/partition.h"
#include "kernel/upcall.h"
#include "kernel/vmx/vmx_insn.h"

#define INSTRUCTION_BYTES 15u

static enum exit_action contain(struct vcpu *v, u64 gpa, const char *what)
{
	log_line("partition: CPU %lu %s at guest-physical %lx (RIP %lx, qualification %lx)", v->index, what, gpa,
		 vmread(VMCS_GUEST_RIP), vmread(VMCS_EXIT_QUALIFICATION));
	partition_stop(STOP_CONTAINED, gpa);
	return EXIT_ACTION_STOP;
}

/* Reads to the end of the page first: the next one need not be there. */
static u32 fetch(u8 *bytes)
{
	u64 rip = vmread(VMCS_GUEST_RIP);
	u64 linear = vcpu_is_long_mode_code() ? rip : (u32)(vmread(VMCS_GUEST_CS_BASE) + rip);
	u32 first = (u32)min_u64(INSTRUCTION_BYTES, PAGE_SIZE - (linear & PAGE_MASK));
	struct walk_fault fault;

	if (!guest_linear_read(linear, bytes, first, &fault))
		return 0;
	if (first < INSTRUCTION_BYTES && guest_linear_read(linear + first, bytes + first, INSTRUCTION_BYTES - first, &fault))
		return INSTRUCTION_BYTES;
	return first;
}

static u32 code_bits(void)
{
	if (vcpu_is_long_mode_code())
		return 64;
	return vmread(VMCS_GUEST_CS_ACCESS_RIGHTS) & BIT(14) ? 32 : 16;
}

static u64 mask_of(u32 bytes)
{
	return bytes >= 8 ? ~0ull : BIT(8 * bytes) - 1;
}

static u64 source(const struct vcpu *v, const struct mmio_insn *insn)
{
	if (insn->has_immediate)
		return insn->immediate & mask_of(insn->size);
	return exit_read_gpr(v, insn->gpr) >> (insn->high_byte ? 8 : 0) & mask_of(insn->size);
}

static void destination(struct vcpu *v, const struct mmio_insn *insn, u64 value)
{
	u32 shift = insn->high_byte ? 8 : 0;
	u64 mask = mask_of(insn->register_size) << shift;
	u64 old = exit_read_gpr(v, insn->gpr);

	value &= mask_of(insn->size);
	if (insn->sign_extend && value >> (8 * insn->size - 1) & 1)
		value |= ~mask_of(insn->size);
	value = value << shift & mask;
	exit_write_gpr(v, insn->gpr, insn->register_size == 4 ? value : (old & ~mask) | value);
}

/* In x2APIC mode and when off, the page is not the LAPIC's. */
static bool is_lapic(const struct vcpu *v, u64 gpa)
{
	return ALIGN_DOWN(gpa, PAGE_SIZE) == GUEST_LAPIC_BASE &&
	       (v->apic.base & (APIC_BASE_ENABLE | APIC_BASE_X2APIC)) == APIC_BASE_ENABLE;
}

static u64 device_read(struct vcpu *v, u64 gpa, u32 size)
{
	if (is_lapic(v, gpa))
		return apic_page_read(v, gpa & 0xFF0) >> 8 * (gpa & 3);
	return upcall_run(UPCALL_MMIO_READ, gpa, size, 0);
}

static void device_write(struct vcpu *v, u64 gpa, u32 size, u64 value)
{
	if (!is_lapic(v, gpa))
		upcall_run(UPCALL_MMIO_WRITE, gpa, size, value);
	else if (size == 4)
		apic_page_write(v, gpa & 0xFFF, (u32)value);
}

const char *exit_device_access(struct vcpu *v, u64 gpa)
{
	u64 qualification = vmread(VMCS_EXIT_QUALIFICATION);
	u8 bytes[INSTRUCTION_BYTES];
	struct mmio_insn insn;

	if (gpa < GUEST_HOLE_START || gpa >= GUEST_HIGH_START)
		return "touched memory outside its RAM";
	if (qualification & BIT(2) || !(qualification & BIT(8)) || v->event.info)
		return "executed or walked page tables in device space";
	u32 available = fetch(bytes);
	if (!mmio_decode(bytes, available, code_bits(), &insn))
		return "used an instruction Nestbox does not run on device registers";
	if ((gpa & PAGE_MASK) + insn.size > PAGE_SIZE)
		return "crossed a page of device space";
	if (insn.is_write)
		device_write(v, gpa, insn.size, source(v, &insn));
	else
		destination(v, &insn, device_read(v, gpa, insn.size));
	vcpu_advance(v, insn.length);
	return NULL;
}

enum exit_action exit_ept_violation(struct vcpu *v)
{
	u64 gpa = vmread(VMCS_GUEST_PHYSICAL_ADDRESS);
	const char *misdeed = exit_device_access(v, gpa);

	return misdeed ? contain(v, gpa, misdeed) : EXIT_ACTION_RESUME;
}

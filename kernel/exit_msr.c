/* SPDX-License-Identifier: Apache-2.0 */
/* RDMSR and WRMSR of trapped MSRs: the rows of msr.def and the functions they name. */
#include "bsp/cpu.h"
#include "kernel/apic_access.h"
#include "kernel/arch_capabilities.h"
#include "kernel/exits.h"
#include "kernel/log.h"
#include "kernel/msr_policy.h"
#include "kernel/nested_hooks.h"
#include "kernel/timers.h"
#include "kernel/vmx/vmx.h"
#include "kernel/vmx/vmx_insn.h"

struct row;
typedef bool msr_reader(struct vcpu *v, const struct row *row, u32 msr, u64 *value);
typedef bool msr_writer(struct vcpu *v, const struct row *row, u32 msr, u64 value);

struct row {
	u32 first, last;
	msr_reader *read;
	msr_writer *write;
	u64 value;
};

/* What a HELD row stores: the MTRRs, by the low byte of their number. */
static u64 held[MONITOR_MAX_CPUS][256];

static bool read_held(struct vcpu *v, const struct row *row, u32 msr, u64 *value)
{
	(void)row;
	*value = held[v->number][msr & 0xFF];
	return true;
}

static bool write_held(struct vcpu *v, const struct row *row, u32 msr, u64 value)
{
	(void)row;
	held[v->number][msr & 0xFF] = value;
	return true;
}

static bool read_constant(struct vcpu *v, const struct row *row, u32 msr, u64 *value)
{
	(void)v, (void)msr;
	*value = row->value;
	return true;
}

static bool write_ignore(struct vcpu *v, const struct row *row, u32 msr, u64 value)
{
	(void)v, (void)row, (void)msr, (void)value;
	return true;
}

/* A PASS row exits only when the nested engine's bitmap made it: then the CPU's own register is meant. An MSR area gets the TSC as L1 has it. */
static bool read_pass(struct vcpu *v, const struct row *row, u32 msr, u64 *value)
{
	(void)row;
	switch (msr) {
	case IA32_TSC: *value = rdtsc() + v->tsc_offset; break;
	case IA32_EFER: *value = vmread(VMCS_GUEST_IA32_EFER); break;
	case IA32_DEBUGCTL: *value = vmread(VMCS_GUEST_IA32_DEBUGCTL); break;
	case IA32_FS_BASE: *value = vmread(VMCS_GUEST_FS_BASE); break;
	case IA32_GS_BASE: *value = vmread(VMCS_GUEST_GS_BASE); break;
	case IA32_SYSENTER_CS: *value = vmread(VMCS_GUEST_IA32_SYSENTER_CS); break;
	case IA32_SYSENTER_ESP: *value = vmread(VMCS_GUEST_IA32_SYSENTER_ESP); break;
	case IA32_SYSENTER_EIP: *value = vmread(VMCS_GUEST_IA32_SYSENTER_EIP); break;
	default: *value = rdmsr(msr);
	}
	return true;
}

static bool is_canonical(u64 address)
{
	return (u64)((int64_t)(address << 16) >> 16) == address;
}

static bool write_pass(struct vcpu *v, const struct row *row, u32 msr, u64 value)
{
	(void)v, (void)row;
	switch (msr) {
	case IA32_SYSENTER_CS: vmwrite(VMCS_GUEST_IA32_SYSENTER_CS, (u32)value); return true;
	case IA32_STAR: wrmsr(msr, value); return true;
	case IA32_FMASK:
	case IA32_TSC_AUX:
		if (value >> 32)
			return false;
		wrmsr(msr, value);
		return true;
	}
	if (!is_canonical(value))
		return false;
	switch (msr) {
	case IA32_FS_BASE: vmwrite(VMCS_GUEST_FS_BASE, value); break;
	case IA32_GS_BASE: vmwrite(VMCS_GUEST_GS_BASE, value); break;
	case IA32_SYSENTER_ESP: vmwrite(VMCS_GUEST_IA32_SYSENTER_ESP, value); break;
	case IA32_SYSENTER_EIP: vmwrite(VMCS_GUEST_IA32_SYSENTER_EIP, value); break;
	default: wrmsr(msr, value);
	}
	return true;
}

static void set_tsc_offset(struct vcpu *v, u64 offset)
{
	v->tsc_offset = offset;
	if (nested_in_l2(v))
		nested_tsc_moved(v);
	else
		vmwrite(VMCS_TSC_OFFSET, offset);
	timers_rearm(v);
}

static bool write_tsc(struct vcpu *v, const struct row *row, u32 msr, u64 value)
{
	(void)row, (void)msr;
	u64 offset = value - rdtsc();
	v->tsc_adjust += offset - v->tsc_offset;
	set_tsc_offset(v, offset);
	return true;
}

static bool read_tsc_adjust(struct vcpu *v, const struct row *row, u32 msr, u64 *value)
{
	(void)row, (void)msr;
	*value = v->tsc_adjust;
	return true;
}

static bool write_tsc_adjust(struct vcpu *v, const struct row *row, u32 msr, u64 value)
{
	(void)row, (void)msr;
	u64 offset = v->tsc_offset + (value - v->tsc_adjust);
	v->tsc_adjust = value;
	set_tsc_offset(v, offset);
	return true;
}

static bool read_apic_base(struct vcpu *v, const struct row *row, u32 msr, u64 *value)
{
	(void)row, (void)msr;
	*value = v->apic.base;
	return true;
}

static bool write_apic_base(struct vcpu *v, const struct row *row, u32 msr, u64 value)
{
	(void)row, (void)msr;
	return apic_base_write(v, value);
}

static bool read_nested(struct vcpu *v, const struct row *row, u32 msr, u64 *value)
{
	(void)row;
	return nested_msr_read(v, msr, value);
}

static bool write_nested(struct vcpu *v, const struct row *row, u32 msr, u64 value)
{
	(void)row;
	return nested_msr_write(v, msr, value);
}

/* Nothing in it is offered; L2 may have what L1's VMCS gave it. */
static bool write_debugctl(struct vcpu *v, const struct row *row, u32 msr, u64 value)
{
	(void)v, (void)row, (void)msr;
	if (!value)
		vmwrite(VMCS_GUEST_IA32_DEBUGCTL, 0);
	return !value;
}

static bool read_pat(struct vcpu *v, const struct row *row, u32 msr, u64 *value)
{
	(void)v, (void)row, (void)msr;
	*value = vmread(VMCS_GUEST_IA32_PAT);
	return true;
}

static bool write_pat(struct vcpu *v, const struct row *row, u32 msr, u64 value)
{
	(void)v, (void)row, (void)msr;
	for (u32 i = 0; i < 8; i++) {
		u32 type = value >> (8 * i) & 0xFF;

		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	vmwrite(VMCS_GUEST_IA32_PAT, value);
	return true;
}

/* SCE, LME, NXE; LMA is the CPU's; LME cannot change while paging is on. SDM "IA32_EFER". */
static bool write_efer(struct vcpu *v, const struct row *row, u32 msr, u64 value)
{
	u64 old = vmread(VMCS_GUEST_IA32_EFER);

	(void)v, (void)row, (void)msr;
	if (value & ~(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE))
		return false;
	if ((value ^ old) & EFER_LME && vmread(VMCS_GUEST_CR0) & CR0_PG)
		return false;
	vmwrite(VMCS_GUEST_IA32_EFER, (value & ~EFER_LMA) | (old & EFER_LMA));
	return true;
}

static bool read_deadline(struct vcpu *v, const struct row *row, u32 msr, u64 *value)
{
	(void)row, (void)msr;
	*value = apic_deadline_read(v);
	return true;
}

static bool write_deadline(struct vcpu *v, const struct row *row, u32 msr, u64 value)
{
	(void)row, (void)msr;
	return apic_deadline_write(v, value);
}

static bool read_x2apic(struct vcpu *v, const struct row *row, u32 msr, u64 *value)
{
	(void)row;
	return apic_msr_read(v, msr, value);
}

static bool write_x2apic(struct vcpu *v, const struct row *row, u32 msr, u64 value)
{
	(void)row;
	return apic_msr_write(v, msr, value);
}

static bool read_told(struct vcpu *v, const struct row *row, u32 msr, u64 *value)
{
	(void)v, (void)row, (void)msr;
	*value = arch_capabilities_told;
	return true;
}

/* With XSAVES; no supervisor state is offered, so that there is no bit to set. */
static bool read_xss(struct vcpu *v, const struct row *row, u32 msr, u64 *value)
{
	(void)v, (void)row, (void)msr;
	*value = 0;
	return vmx_controls.secondary & SECONDARY_ENABLE_XSAVES;
}

static bool write_xss(struct vcpu *v, const struct row *row, u32 msr, u64 value)
{
	(void)v, (void)row, (void)msr;
	return !value && vmx_controls.secondary & SECONDARY_ENABLE_XSAVES;
}

#define read_deny NULL
#define write_deny NULL

static const struct row rows[] = {
#define ROW(first, last, read, write, value) { first, last, read_##read, write_##write, value },
#include "kernel/msr.def"
#undef ROW
};

/* The rows are in ascending order (a unit test says so). */
static const struct row *find(u32 msr)
{
	u32 low = 0, high = ARRAY_SIZE(rows);

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (msr > rows[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < ARRAY_SIZE(rows) && msr >= rows[low].first ? &rows[low] : NULL;
}

bool msr_read(struct vcpu *v, u32 msr, u64 *value)
{
	const struct row *row = find(msr);

	return row && row->read && row->read(v, row, msr, value);
}

bool msr_write(struct vcpu *v, u32 msr, u64 value)
{
	const struct row *row = find(msr);

	return row && row->write && row->write(v, row, msr, value);
}

/* As firmware would leave them: write-back by default, the device hole uncached. */
void msr_reset(struct vcpu *v)
{
	u64 *mtrr = held[v->number];

	for (u32 i = 0; i < ARRAY_SIZE(held[0]); i++)
		mtrr[i] = 0;
	mtrr[IA32_MTRR_DEF_TYPE & 0xFF] = 0xC06;
	mtrr[0x00] = GUEST_HOLE_START;
	mtrr[0x01] = (0xFFC0000000ull & ~0xFFFull) | BIT(11);
	mtrr[0x50] = 0x0606060606060606ull;
	mtrr[0x58] = 0x0606060606060606ull;
	for (u32 i = 0x68; i < 0x70; i++)
		mtrr[i] = 0x0606060606060606ull;
	v->tsc_adjust = 0;
	v->tsc_offset = v->tsc_offset_at_boot;
	vmwrite(VMCS_TSC_OFFSET, v->tsc_offset);
}

/* The first few refusals of each vCPU are worth a line; more would be a guest writing our log. */
static cold_path enum exit_action refuse(struct vcpu *v, const char *what)
{
	static u32 reported[MONITOR_MAX_CPUS];

	if (!v->in_l2 && reported[v->number] < CONFIG_REPORTED_MSRS) {
		reported[v->number]++;
		log_line("partition: no MSR %x here (%s on CPU %lu): #GP", (u32)v->gpr[RCX], what, v->index);
	}
	return EXIT_ACTION_INJECT_GP;
}

enum exit_action exit_rdmsr(struct vcpu *v)
{
	u64 value;

	if (!msr_read(v, (u32)v->gpr[RCX], &value))
		return refuse(v, "read");
	v->gpr[RAX] = (u32)value;
	v->gpr[RDX] = value >> 32;
	return EXIT_ACTION_SKIP;
}

enum exit_action exit_wrmsr(struct vcpu *v)
{
	u64 value = (u32)v->gpr[RAX] | v->gpr[RDX] << 32;

	return msr_write(v, (u32)v->gpr[RCX], value) ? EXIT_ACTION_SKIP : refuse(v, "write");
}

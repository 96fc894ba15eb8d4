/* SPDX-License-Identifier: Apache-2.0 */
/* Nesting is off for this build: every VMX instruction is undefined, every VMX MSR is denied (SECURITY A1). Stands in for nested/. */
#include "kernel/nested_hooks.h"

void nested_init(struct vcpu *v, const struct vmx_capabilities *hardware)
{
	(void)hardware;
	v->nested = NULL;
}

void nested_reset(struct vcpu *v)
{
	(void)v;
}

bool nested_in_vmx_operation(const struct vcpu *v)
{
	(void)v;
	return false;
}

bool nested_blocks_init(struct vcpu *v)
{
	(void)v;
	return false;
}

enum exit_action nested_instruction(struct vcpu *v, u32 basic_reason)
{
	(void)v, (void)basic_reason;
	return EXIT_ACTION_INJECT_UD;
}

enum exit_action nested_exit(struct vcpu *v)
{
	(void)v;
	return EXIT_ACTION_PASS;
}

bool nested_msr_read(struct vcpu *v, u32 msr, u64 *value)
{
	(void)v, (void)msr, (void)value;
	return false;
}

bool nested_msr_write(struct vcpu *v, u32 msr, u64 value)
{
	(void)v, (void)msr, (void)value;
	return false;
}

struct nested_pending nested_before_entry(struct vcpu *v, struct nested_pending due)
{
	(void)v;
	return due;
}

u32 nested_primary_controls(const struct vcpu *v)
{
	(void)v;
	return 0;
}

bool nested_entry_refused(struct vcpu *v)
{
	(void)v;
	return false;
}

void nested_count_tables(const struct vcpu *v)
{
	(void)v;
}

bool nested_guest_physical(struct vcpu *v, u64 address, u32 access, gpa_t *l1)
{
	(void)v, (void)access;
	*l1 = GPA(address);
	return true;
}

enum exit_action nested_goes_on(struct vcpu *v, enum exit_action action)
{
	(void)v;
	return action;
}

void nested_take_ept_violation(struct vcpu *v, const struct walk_fault *fault)
{
	(void)v, (void)fault;
}

void nested_take_triple_fault(struct vcpu *v)
{
	(void)v;
}

bool nested_takes_exception(struct vcpu *v, u32 vector, u32 error_code, u64 address)
{
	(void)v, (void)vector, (void)error_code, (void)address;
	return false;
}

void nested_tsc_moved(struct vcpu *v)
{
	(void)v;
}

u32 nested_debug_fields(struct vcpu *v, u64 *values, u32 most)
{
	(void)v, (void)values, (void)most;
	return 0;
}

u64 nested_deadline(const struct vcpu *v)
{
	(void)v;
	return ~0ull;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VM exits from L2 to L1: what the exit saves, and L1's host state into vmcs01. All are called with vmcs02 current and end with vmcs01 current.
 * Source: Intel SDM volume 3 "VM Exits", "VM-Entry Failures During or After Loading Guest State".
 */
#ifndef NESTED_REFLECT_H
#define NESTED_REFLECT_H

#include "nested/nested.h"

/* What can be made ready of L1's host state, when it or the exit controls have changed: before the entry. */
void reflect_prepare(struct nested *n);

/* The exit as hardware reported it. */
void reflect_exit(struct vcpu *v);
/* The same with another reason and qualification: what EPT02 did not let through looks different in EPT12. */
void reflect_changed(struct vcpu *v, u32 reason, u64 qualification);

/* An exit L0 makes up; an event that was waiting for L2 becomes IDT-vectoring information. */
struct made_up_exit {
	u32 reason;
	u32 interruption_info, error_code;
	u64 qualification;
	u64 guest_physical, guest_linear; /* of an EPT violation or misconfiguration */
};
void reflect_made_up(struct vcpu *v, const struct made_up_exit *made_up);

/* What an entry that has not come to pass was to bring along: the CPU clears an event's valid bit only when it is injected. */
void reflect_forget_entry(struct nested *n);
/* The entry failed after loading guest state: reason (without the failure bit) and qualification change, nothing else of vmcs12. */
void reflect_entry_failure(struct vcpu *v, u32 reason, u64 qualification);

#endif

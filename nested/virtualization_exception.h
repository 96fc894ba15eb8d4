/* SPDX-License-Identifier: Apache-2.0 */
/*
 * #VE: EPT violations that L2 itself is told of. Hardware's stay off, it would convert those that are L0's. vmcs02 is current.
 * Source: Intel SDM volume 3 "Virtualization Exceptions".
 */
#ifndef NESTED_VIRTUALIZATION_EXCEPTION_H
#define NESTED_VIRTUALIZATION_EXCEPTION_H

#include "nested/nested.h"

/* The virtualization-exception information area. */
struct ve_information {
	u32 reason;
	u32 busy;                 /* 0: the area may be written */
	u64 qualification;
	u64 guest_linear, guest_physical;
	u16 eptp_index;
} packed;

static inline bool ve_is_on(const struct nested *n)
{
	return nested_uses(n, GROUP_SECONDARY, SECONDARY_EPT_VIOLATION_VE);
}

/* An EPT violation as L1 would read it, not in the delivery of an event. False: it is L1's after all. */
struct ve_violation { u64 qualification, guest_linear, guest_physical; };
bool must_check ve_take(struct vcpu *v, const struct ve_violation *violation);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* See virtualization_exception.h. */
#include "nested/virtualization_exception.h"

#include "bsp/msr.h"
#include "kernel/guest_memory.h"
#include "nested/reflect.h"
#include "nested/route.h"

#define BUSY ~0u

/* Where there is no RAM the area reads as busy. */
static bool area_is_free(const struct nested *n)
{
	u32 busy;

	return guest_read(GPA(n->value[FIELD_VE_INFORMATION_ADDRESS] + offsetof(struct ve_information, busy)), &busy, sizeof(busy)) && !busy;
}

static void deliver(struct vcpu *v, u64 qualification)
{
	const struct route route = { .value = v->nested->value, .controls = &v->nested->controls };
	u32 unblocking = qualification & QUALIFICATION_NMI ? INTERRUPTION_NMI_UNBLOCKING : 0;

	if (!route_exception(&route, EXC_VE, 0)) {
		vcpu_inject_exception(v, EXC_VE, 0);
		return;
	}
	reflect_made_up(v, &(struct made_up_exit){
		.reason = EXIT_EXCEPTION_OR_NMI,
		.interruption_info = INTERRUPTION_VALID | TYPE_HARDWARE_EXCEPTION << 8 | EXC_VE | unblocking,
	});
}

bool ve_take(struct vcpu *v, const struct ve_violation *violation)
{
	struct nested *n = v->nested;
	struct ve_information area = {
		.reason = EXIT_EPT_VIOLATION, .busy = BUSY, .qualification = violation->qualification, .guest_linear = violation->guest_linear,
		.guest_physical = violation->guest_physical, .eptp_index = (u16)n->value[FIELD_EPTP_INDEX],
	};

	if (!ept_report_is_convertible(&n->walk12) || !(vmread(VMCS_GUEST_CR0) & CR0_PE) || !area_is_free(n))
		return false;
	if (!guest_write(GPA(n->value[FIELD_VE_INFORMATION_ADDRESS]), &area, sizeof(area)))
		return false;
	deliver(v, violation->qualification);
	return true;
}

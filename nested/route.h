/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routing of L2's exits by exits.def: L0's or L1's. Pure; L1's bitmaps are read through a function.
 * Source: Intel SDM volume 3 "Instructions That Cause VM Exits", "Other Causes of VM Exits", "VM-Execution Control Fields".
 */
#ifndef NESTED_ROUTE_H
#define NESTED_ROUTE_H

#include "nested/fields.h"

struct route {
	const u64 *value;                /* vmcs12 by enum field_index */
	const struct controls *controls; /* of L1, in force */
	u64 qualification;
	u32 interruption_info, error_code;
	u64 operand;                     /* MOV to CR: the register's value; RDMSR, WRMSR: the MSR's number; VMREAD, VMWRITE: the encoding;
	                                  * VMFUNC: EAX, ECX above */
	/* One byte of L1's memory; a byte outside its RAM reads as all ones, so that the exit is L1's. */
	u8 (*read)(u64 gpa);
};

/* What the controls alone say; ROUTE_ASK: the details decide, by route_is_for_l1(). */
enum route_answer { ROUTE_L0, ROUTE_L1, ROUTE_ASK };
enum route_owner { OWNER_L1S, OWNER_OURS, OWNER_CONTROL, OWNER_ASK };
struct route_row {
	enum route_owner owner;
	enum control_group group;
	u32 bit;
	bool (*ask)(const struct route *route);
};
#define ROUTE_ROWS (EXIT_NOTIFY + 1)
extern const struct route_row route_rows[ROUTE_ROWS];

static inline enum route_answer route_by_controls(u32 basic_reason, const struct controls *controls)
{
	if (basic_reason >= ROUTE_ROWS)
		return ROUTE_L1;
	const struct route_row *row = &route_rows[basic_reason];
	if (row->owner == OWNER_L1S)
		return ROUTE_L1;
	if (row->owner == OWNER_CONTROL)
		return controls_has(controls, row->group, row->bit) ? ROUTE_L1 : ROUTE_L0;
	return row->owner == OWNER_OURS ? ROUTE_L0 : ROUTE_ASK;
}

bool route_is_for_l1(u32 basic_reason, const struct route *route);

/* Does L1 intercept this exception? error_code counts for #PF only. */
bool route_exception(const struct route *route, u32 vector, u32 error_code);

#endif

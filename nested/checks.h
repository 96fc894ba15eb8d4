/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VM-entry checks in software: the rows of checks.def over a vmcs12 whose fields are all in memory. Pure: what the rules need besides
 * stands in the context. Source: Intel SDM volume 3 "Checks on VMX Controls and Host-State Area", "Checking and Loading Guest State".
 */
#ifndef NESTED_CHECKS_H
#define NESTED_CHECKS_H

#include "nested/capability.h"
#include "nested/fields.h"

enum check_class { CHECK_CONTROL, CHECK_EVENT, CHECK_HOST, CHECK_GUEST, CHECK_CLASS_COUNT };

enum check_index {
#define CHECK(class, name, field, rule, argument, when) CHECK_ROW_##name,
#include "nested/checks.def"
#undef CHECK
	CHECK_COUNT
};

struct check_context {
	const u64 *value;             /* vmcs12 by enum field_index */
	const struct controls *controls; /* in force: secondary is 0 unless activated */
	const struct offer *offer;
	bool l1_is_long_mode;         /* EFER.LMA of L1 at the entry */
	u8 vtpr;                      /* byte 80H of the virtual-APIC page; 0xFF: not to be compared */
	bool link_is_valid;           /* the link pointer is ~0, or names a VMCS with our revision that is not the current one */
};

/* First violated row of a class, -1 for none. CHECK_EVENT rows count only if the event is valid. */
int checks_run(enum check_class class, const struct check_context *context);
/* Of the CONTROL rows, the one that looks at L1's memory and so must be looked at again though no field has changed. */
int checks_run_threshold(const struct check_context *context);
const char *checks_name(int row);
enum check_class checks_class(int row);
/* Exit qualification that goes with a violated guest row. */
u64 checks_qualification(int row);

bool check_is_canonical(u64 address);
bool check_pat_is_valid(u64 pat);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * L1's VMCS: made current by VMPTRLD, written back to L1's page by VMCLEAR or when another takes its place. What the page holds is
 * hostile when it is read: it is copied once, each field masked to its width, and checked at VM entry like anything L1 wrote.
 * Source: Intel SDM volume 3 "Format of the VMCS Region".
 */
#ifndef NESTED_VMCS12_H
#define NESTED_VMCS12_H

#include "nested/nested.h"

/* The page in L1's memory. */
struct vmcs12_page {
	u32 revision;
	u32 abort;
	u32 is_launched;
	u32 zero;
	u64 value[FIELD_COUNT];
};
_Static_assert(sizeof(struct vmcs12_page) <= PAGE_SIZE, "a vmcs12 is one page");

/* Revision identifier at a physical address of L1's; all ones where L1 has no RAM. */
u32 vmcs12_revision(u64 address);
/* Makes the page at address current. The caller has checked address and revision. */
void vmcs12_load(struct vcpu *v, u64 address);
/* Writes the current one back and has none. */
void vmcs12_unload(struct vcpu *v);
/* VMCLEAR of a region that is not current: its launch state becomes clear. */
void vmcs12_clear_other(u64 address);
void vmcs12_write_abort(const struct nested *n, u32 indicator);

/* With vmcs01 current: as L1's VMREAD and VMWRITE. */
u64 vmcs12_read(struct vcpu *v, enum field_index index);
void vmcs12_write(struct vcpu *v, enum field_index index, u64 value);

/* With vmcs02 current: exit information. */
void vmcs12_set_data(struct nested *n, enum field_index index, u64 value);
u64 vmcs12_get_live(struct nested *n, enum field_index index);

#endif

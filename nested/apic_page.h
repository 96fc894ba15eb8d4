/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where L1's APIC-access page is in the tables L2 runs on. A CPU knows the page by its machine address and is sure to only behind a 4 KiB page of EPT.
 * L1's own EPT leads to it like to any page. There are two cases besides: an L2 without EPT runs on EPT01, whose pages are larger, so that it gets tables
 * of its own; and where L1 has no RAM at the address (its LAPIC's, mostly) a page of ours stands in, of which nobody ever reads or writes a byte.
 * Source: Intel SDM volume 3 "Issues Pertaining to Page Size and TLB Management".
 */
#ifndef NESTED_APIC_PAGE_H
#define NESTED_APIC_PAGE_H

#include "nested/nested.h"

#define NO_APIC_PAGE ~0ull

/* The page's machine address, at each change of the controls. */
void apic_page_resolve(struct nested *n);
/* The controls are merged: tables made for another page, or none, go. */
void apic_page_merge(struct nested *n);
/* Does an L2 without EPT need tables of its own? */
bool apic_page_needs_tables(const struct nested *n);

/* vmcs02 is current: an EPT violation of an L2 without EPT. False: not for want of an entry in its tables. */
cold_path bool must_check apic_page_fill(struct vcpu *v, u64 address);
/* The leaf of EPT01 for an address of L1's where there is no RAM: the stand-in, if it is the page's. */
cold_path void apic_page_stand_in(const struct nested *n, struct ept02_leaf *leaf);

/* The highest level (of 1 to 3) at which address lies in another page than apic_page does; 1 if at none. Pure. */
static inline u32 apic_page_level(u64 address, u64 apic_page)
{
	u32 level = 3;

	while (level > 1 && !((address ^ apic_page) & ~(ept_page_bytes(level) - 1)))
		level--;
	return level;
}

#endif

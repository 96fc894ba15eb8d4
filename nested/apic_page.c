/* SPDX-License-Identifier: Apache-2.0 */
/* See apic_page.h. Owns the page that stands in. */
#include "nested/apic_page.h"

#include "bsp/memory/paging.h"
#include "kernel/guest_memory.h"
#include "kernel/vmx/vmx.h"
#include "nested/ept_mode.h"
#include "nested/vmcs02.h"

#define LEAF_RIGHTS (EPT_RWX | EPT_MEMORY_TYPE(MEMORY_TYPE_WB))

static u8 stand_in[PAGE_SIZE] page_aligned;

static bool is_virtual(const struct nested *n)
{
	return nested_uses(n, GROUP_SECONDARY, SECONDARY_VIRTUALIZE_APIC_ACCESSES);
}

static bool is_stood_in_for(const struct nested *n)
{
	return n->apic_access.value == kernel_physical(stand_in);
}

void apic_page_resolve(struct nested *n)
{
	if (is_virtual(n) && !guest_to_host(GPA(n->value[FIELD_APIC_ACCESS_ADDRESS]), PAGE_SIZE, &n->apic_access))
		n->apic_access = HPA(kernel_physical(stand_in));
}

bool apic_page_needs_tables(const struct nested *n)
{
	return is_virtual(n) && !nested_uses(n, GROUP_SECONDARY, SECONDARY_ENABLE_EPT);
}

void apic_page_merge(struct nested *n)
{
	bool is_special = is_virtual(n) && (is_stood_in_for(n) || apic_page_needs_tables(n));
	u64 page = is_special ? n->value[FIELD_APIC_ACCESS_ADDRESS] : NO_APIC_PAGE;

	if (page != n->apic_page12)
		ept02_invalidate_all(&n->ept02);
	n->apic_page12 = page;
}

static struct ept02_leaf leaf_for(const struct nested *n, u64 address)
{
	struct ept02_leaf leaf = { .l1 = address };

	if ((address & ~PAGE_MASK) == n->apic_page12) {
		leaf.host_level = 1;
		leaf.host_leaf = n->apic_access.value | LEAF_RIGHTS;
	} else {
		leaf.host_leaf = ept_lookup(&vmx_ept_pool, GPA(address), &leaf.host_level);
	}
	return leaf;
}

/* As if L1 had an EPT that maps its memory onto itself. */
bool apic_page_fill(struct vcpu *v, u64 address)
{
	struct nested *n = v->nested;
	struct ept12_walk walk = { .outcome = EPT12_MAPPED, .rights = EPT12_RIGHTS };
	struct ept02_leaf leaf = leaf_for(n, address);

	if (!n->ept.uses_tables || !leaf.host_leaf)
		return false;
	walk.level = apic_page_level(address, n->apic_page12);
	walk.entry[walk.level] = (address & ~(ept_page_bytes(walk.level) - 1)) | LEAF_RIGHTS;
	ept02_map(&n->ept02, n->ept02_root, L2PA(address), &walk, &leaf);
	ept_mode_follow(n);
	vmcs02_flush_ept(n);
	return true;
}

void apic_page_stand_in(const struct nested *n, struct ept02_leaf *leaf)
{
	if (!is_virtual(n) || !is_stood_in_for(n) || (leaf->l1 & ~PAGE_MASK) != n->apic_page12)
		return;
	leaf->host_level = 1;
	leaf->host_leaf = n->apic_access.value | LEAF_RIGHTS;
}

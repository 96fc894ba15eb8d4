/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the guest's own page tables for the few accesses ring 0 makes on its behalf: operands of VMX instructions, MMIO instructions,
 * string I/O. Every entry is read once; accessed and dirty bits are set as the CPU would.
 * Source: Intel SDM volume 3 "Paging".
 */
#include "bsp/msr.h"
#include "kernel/guest_memory.h"
#include "kernel/nested_hooks.h"
#include "kernel/percpu.h"
#include "kernel/vcpu.h"
#include "kernel/vmx/vmx_insn.h"

#define PTE_PRESENT  BIT(0)
#define PTE_WRITE    BIT(1)
#define PTE_USER     BIT(2)
#define PTE_ACCESSED BIT(5)
#define PTE_DIRTY    BIT(6)
#define PTE_LARGE    BIT(7)
#define PTE_NX       BIT(63)
#define PTE_ADDRESS  0x000FFFFFFFFFF000ull

enum { FAULT_PRESENT = 1, FAULT_WRITE = 2, FAULT_USER = 4, FAULT_RESERVED = 8, FAULT_FETCH = 16 };

/* The paging mode as numbers: entry width, bits of index per level, how many levels. */
struct walk {
	u64 linear;
	u64 cr0, cr3, cr4, efer;
	u32 access;
	u32 levels, entry_bytes, index_bits;
	u64 rights;        /* of the page, as PTE bits */
	struct walk_fault *fault;
};

static void walk_setup(struct walk *w)
{
	w->cr0 = vmread(VMCS_GUEST_CR0);
	w->cr3 = vmread(VMCS_GUEST_CR3);
	w->cr4 = vmread(VMCS_GUEST_CR4);
	w->efer = vmread(VMCS_GUEST_IA32_EFER);
	bool wide = w->cr4 & CR4_PAE;
	w->entry_bytes = wide ? 8 : 4;
	w->index_bits = wide ? 9 : 10;
	w->levels = w->efer & EFER_LMA ? 4 : wide ? 3 : 2;
}

static bool level_may_be_leaf(const struct walk *w, u32 level)
{
	if (w->entry_bytes == 4)
		return level == 2 && (w->cr4 & CR4_PSE);
	return level == 2 || (level == 3 && w->levels == 4);
}

static u32 error_code(const struct walk *w, bool present)
{
	bool reports_fetch = w->access & WALK_EXECUTE && (w->efer & EFER_NXE || w->cr4 & CR4_SMEP);

	return (present ? FAULT_PRESENT : 0) | (w->access & WALK_WRITE ? FAULT_WRITE : 0) |
	       (w->access & WALK_USER ? FAULT_USER : 0) | (reports_fetch ? FAULT_FETCH : 0);
}

/* Rights of the whole path (AND of write and user, OR of NX) against the access. SDM "Determination of Access Rights". */
static bool rights_allow(const struct walk *w, u64 rights)
{
	bool user_page = rights & PTE_USER, user_access = w->access & WALK_USER;

	if (user_access && !user_page)
		return false;
	if ((w->access & WALK_EXECUTE) && ((rights & PTE_NX) || (user_page && !user_access && w->cr4 & CR4_SMEP)))
		return false;
	if (!user_access && user_page && !(w->access & WALK_EXECUTE) && w->cr4 & CR4_SMAP &&
	    !(vmread(VMCS_GUEST_RFLAGS) & BIT(18)))
		return false;
	if ((w->access & WALK_WRITE) && !(rights & PTE_WRITE))
		return !user_access && !(w->cr0 & CR0_WP);
	return true;
}

static u64 large_page_base(const struct walk *w, u64 entry, u64 mask)
{
	if (w->entry_bytes == 4) /* PSE-36: bits 20:13 are address bits 39:32 */
		return (entry & 0xFFC00000ull) | (entry >> 13 & 0xFF) << 32;
	return entry & PTE_ADDRESS & ~mask;
}

/* Where the guest's page tables of L2 and its pages really are: behind L1's EPT. The piece lies within a page. */
static bool to_l1(const struct walk *w, gpa_t *at, u32 access)
{
	u64 address = at->value;

	if (nested_guest_physical(this_cpu()->vcpu, address, access, at))
		return true;
	*w->fault = (struct walk_fault){
		.linear = w->linear, .trouble = WALK_EPT_VIOLATION, .guest_physical = address, .access = access, .has_linear = true,
		.is_user = w->rights & PTE_USER, .is_writable = w->rights & PTE_WRITE, .is_nx = w->rights & PTE_NX,
	};
	return false;
}

/* A table that is not in RAM has no entry that is present. */
static bool read_entry(const struct walk *w, gpa_t at, u64 *entry)
{
	*entry = 0;
	if (!to_l1(w, &at, WALK_TABLE))
		return false;
	if (!guest_read_entry(at, w->entry_bytes, entry))
		*entry = 0;
	return true;
}

static bool page_fault(const struct walk *w, bool present)
{
	w->fault->error_code = error_code(w, present);
	return false;
}

static bool walk_tables(struct walk *w, gpa_t *result)
{
	u64 table = w->levels == 3 ? w->cr3 & 0xFFFFFFE0ull : w->cr3 & PTE_ADDRESS;
	u64 rights = PTE_WRITE | PTE_USER;

	for (u32 level = w->levels; level; level--) {
		u32 shift = 12 + w->index_bits * (level - 1);
		u64 index = w->linear >> shift & ((1u << w->index_bits) - 1);
		gpa_t at = GPA(table + index * w->entry_bytes);
		u64 entry;

		if (!read_entry(w, at, &entry))
			return false;
		if (!(entry & PTE_PRESENT))
			return page_fault(w, false);
		bool leaf = level == 1 || (entry & PTE_LARGE && level_may_be_leaf(w, level));
		if (!(w->levels == 3 && level == 3)) /* PDPTEs of PAE paging carry no rights */
			rights = (rights & (entry | ~(PTE_WRITE | PTE_USER))) | (entry & PTE_NX);
		if (leaf) {
			u64 mask = (1ull << shift) - 1;
			u64 set = PTE_ACCESSED | (w->access & WALK_WRITE ? PTE_DIRTY : 0);

			if (!rights_allow(w, rights))
				return page_fault(w, true);
			if ((entry & set) != set) {
				if (!to_l1(w, &at, WALK_TABLE | WALK_WRITE) || !guest_compare_exchange(at, entry, entry | set, w->entry_bytes))
					return false;
			}
			w->rights = rights;
			*result = GPA((level > 1 ? large_page_base(w, entry, mask) : entry & PTE_ADDRESS) |
				      (w->linear & mask));
			return true;
		}
		table = entry & PTE_ADDRESS;
	}
	return false;
}

bool guest_walk(u64 linear, u32 access, gpa_t *gpa, struct walk_fault *fault)
{
	struct walk w = { .linear = linear, .access = access, .rights = PTE_USER | PTE_WRITE, .fault = fault };

	walk_setup(&w);
	*fault = (struct walk_fault){ .linear = linear, .trouble = WALK_PAGE_FAULT };
	*gpa = GPA(linear);
	if (w.cr0 & CR0_PG && !walk_tables(&w, gpa))
		return false;
	return to_l1(&w, gpa, access & WALK_WRITE);
}

/* As a CPU does it: all pages are translated, with what faults there are, before a byte moves. At most a page, so two at most. */
static bool copy_linear(u64 linear, u8 *buffer, u64 length, u32 access, struct walk_fault *fault)
{
	u64 first = min_u64(length, PAGE_SIZE - (linear & PAGE_MASK)), rest = length - first;
	gpa_t gpa, next = GPA(0);

	if (!guest_walk(linear, access, &gpa, fault) || (rest && !guest_walk(linear + first, access, &next, fault)))
		return false;
	bool done = access & WALK_WRITE ? guest_write(gpa, buffer, first) && (!rest || guest_write(next, buffer + first, rest))
					: guest_read(gpa, buffer, first) && (!rest || guest_read(next, buffer + first, rest));
	if (!done)
		fault->trouble = WALK_NO_RAM;
	return done;
}

static u32 user_access(void)
{
	return vcpu_cpl() == 3 ? WALK_USER : 0;
}

bool guest_linear_is_writable(u64 linear, u64 length, struct walk_fault *fault)
{
	u32 access = WALK_WRITE | user_access();
	gpa_t gpa;

	return guest_walk(linear, access, &gpa, fault) && guest_walk(linear + length - 1, access, &gpa, fault);
}

bool guest_linear_read(u64 linear, void *buffer, u64 length, struct walk_fault *fault)
{
	return copy_linear(linear, buffer, length, WALK_READ | user_access(), fault);
}

bool guest_linear_write(u64 linear, const void *buffer, u64 length, struct walk_fault *fault)
{
	return copy_linear(linear, (u8 *)buffer, length, WALK_WRITE | user_access(), fault);
}

bool guest_take_fault(struct vcpu *v, const struct walk_fault *fault)
{
	switch (fault->trouble) {
	case WALK_PAGE_FAULT: vcpu_inject_page_fault(v, fault->linear, fault->error_code); return true;
	case WALK_EPT_VIOLATION: nested_take_ept_violation(v, fault); return true;
	case WALK_NO_RAM: break;
	}
	return false;
}

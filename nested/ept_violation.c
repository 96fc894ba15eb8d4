/* SPDX-License-Identifier: Apache-2.0 */
/* See ept_violation.h. */
#include "nested/ept_violation.h"

#include "kernel/exits.h"
#include "kernel/guest_memory.h"
#include "kernel/interrupts.h"
#include "kernel/nested_hooks.h"
#include "nested/apic_page.h"
#include "nested/ept_mode.h"
#include "nested/page_log.h"
#include "nested/reflect.h"
#include "nested/virtualization_exception.h"
#include "nested/vmcs02.h"

static cold_path bool look_at(struct ept12_window *w, u32 level, u64 page)
{
	hpa_t host;

	if (!guest_to_host(GPA(page), PAGE_SIZE, &host))
		return false;
	w->page = page;
	w->entry = window_map(WINDOW_EPT12 + level - 1, host);
	return true;
}

/* L1's tables at one level stay in that level's window until another page of them is looked at. NULL: no RAM of L1's. */
static inline u64 *entry_in_window(struct nested *n, u32 level, gpa_t at)
{
	struct ept12_window *w = &n->ept12_window[level - 1];
	u64 page = at.value & ~PAGE_MASK;

	if (w->page != page && !look_at(w, level, page))
		return NULL;
	return &w->entry[(at.value & PAGE_MASK) / sizeof(u64)];
}

static inline u64 read_entry(void *context, u32 level, gpa_t at)
{
	u64 *entry = entry_in_window(context, level, at);

	return entry ? __atomic_load_n(entry, __ATOMIC_RELAXED) : ~0ull;
}

static bool exchange_entry(void *context, u32 level, gpa_t at, u64 old, u64 value)
{
	u64 *entry = entry_in_window(context, level, at);

	return entry && __atomic_compare_exchange_n(entry, &old, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static inline struct ept12_question question_of(const struct nested *n, l2pa_t address)
{
	return (struct ept12_question){ n->value[FIELD_EPT_POINTER], address };
}

static inline __attribute__((always_inline)) struct ept12_walk *walk12(struct nested *n, l2pa_t address)
{
	ept12_walk(&n->walk12, n->ept.rules, read_entry, n, question_of(n, address));
	return &n->walk12;
}

/* For those who are in no hurry. */
static __attribute__((noinline)) struct ept12_walk *walk12_once(struct nested *n, l2pa_t address)
{
	return walk12(n, address);
}

static inline bool lacks(const struct ept12_walk *walk, u64 rights)
{
	return walk->outcome == EPT12_VIOLATION || (walk->outcome == EPT12_MAPPED && (walk->rights & rights) != rights);
}

static inline gpa_t place_of(const struct ept12_walk *walk, l2pa_t address)
{
	return GPA(ept12_page(walk) + (address.value & (ept_page_bytes(walk->level) - 1)));
}

/* The access that faulted is done again: an NMI's IRET that had unblocked NMIs has not happened, a delivery cut short starts anew. */
static inline __attribute__((always_inline)) void undo(struct vcpu *v, u64 qualification)
{
	bool delivering = vmread(VMCS_IDT_VECTORING_INFO) & INTERRUPTION_VALID;

	if (qualification & QUALIFICATION_NMI && !delivering)
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY, vmread(VMCS_GUEST_INTERRUPTIBILITY) | BLOCKING_BY_NMI);
	interrupts_requeue_vectoring(v);
}

static bool stops_for_log(struct nested *n, bool is_write)
{
	return n->ept.flags && page_log_is_on(n) && !ept12_is_flagged(&n->walk12, is_write) && page_log_is_full(n);
}

/* The access is allowed and will be made. Until it writes, a page that is not dirty is not to be written to unseen. */
enum flagging { FLAGGED, FLAGS_CHANGED, LOG_FULL };

static enum flagging flag(struct nested *n, l2pa_t address, bool is_write)
{
	struct ept12_walk *walk = &n->walk12;
	bool was_dirty = walk->entry[walk->level] & EPT_DIRTY;

	if (stops_for_log(n, is_write))
		return LOG_FULL;
	if (!ept12_flag(walk, question_of(n, address), is_write, exchange_entry, n))
		return FLAGS_CHANGED;
	if (is_write && !was_dirty && page_log_is_on(n))
		page_log_add(n, address);
	if (!(walk->entry[walk->level] & EPT_DIRTY))
		walk->rights &= ~EPT_WRITE;
	return FLAGGED;
}

/* False: EPT12 leads to what is no RAM of L1's. */
static __attribute__((noinline)) bool fill(struct vcpu *v, l2pa_t address)
{
	struct nested *n = v->nested;
	struct ept02_leaf *leaf = &n->leaf01;
	gpa_t place = place_of(&n->walk12, address);

	leaf->l1 = place.value;
	leaf->host_leaf = ept_lookup(&vmx_ept_pool, place, &leaf->host_level);
	if (!leaf->host_leaf)
		apic_page_stand_in(n, leaf);
	if (!leaf->host_leaf)
		return false;
	ept02_map(&n->ept02, n->ept02_root, address, &n->walk12, leaf);
	v->statistics->ept02_fills++;
	if (n->ept02.tlb_is_stale) { /* the pool was used up: the root may have moved */
		ept_mode_follow(n);
		vmcs02_flush_ept(n);
	}
	return true;
}

/*
 * A device L1 lets L2 have. What is not an access that Nestbox does for L1 either, or leads to nothing at all, L1 reads as a misconfiguration:
 * a CPU would go on with what the bus answers.
 */
static cold_path void reach_device(struct vcpu *v, gpa_t place)
{
	bool delivering = vmread(VMCS_IDT_VECTORING_INFO) & INTERRUPTION_VALID;

	if (delivering || exit_device_access(v, place.value))
		reflect_changed(v, EXIT_EPT_MISCONFIGURATION, 0);
}

/* False: not this time. */
static __attribute__((noinline)) bool may_fill(struct vcpu *v, l2pa_t address, u64 qualification)
{
	enum flagging flagging = flag(v->nested, address, qualification & EPT_WRITE);

	if (flagging == FLAGS_CHANGED)
		undo(v, qualification);
	if (flagging == LOG_FULL)
		reflect_changed(v, EXIT_PML_FULL, qualification & v->nested->ept.reported & QUALIFICATION_NMI);
	return flagging == FLAGGED;
}

static inline void make_access(struct vcpu *v, l2pa_t address, u64 qualification)
{
	struct nested *n = v->nested;

	if (n->ept.flags && !may_fill(v, address, qualification))
		return;
	if (fill(v, address))
		undo(v, qualification);
	else
		reach_device(v, place_of(&n->walk12, address));
}

/* L2's, if L1 has it told of violations; never in a delivery. */
static cold_path bool becomes_ve(struct vcpu *v, l2pa_t address, u64 qualification)
{
	if (vmread(VMCS_IDT_VECTORING_INFO) & INTERRUPTION_VALID)
		return false;
	return ve_take(v, &(struct ve_violation){ qualification, vmread(VMCS_GUEST_LINEAR_ADDRESS), address.value });
}

static inline void report(struct vcpu *v, l2pa_t address, u64 qualification)
{
	if (!ve_is_on(v->nested) || !becomes_ve(v, address, qualification))
		reflect_changed(v, EXIT_EPT_VIOLATION, qualification);
}

bool ept_violation_handle(struct vcpu *v)
{
	struct nested *n = v->nested;
	l2pa_t address = L2PA(vmread(VMCS_GUEST_PHYSICAL_ADDRESS));
	u64 qualification = vmread(VMCS_EXIT_QUALIFICATION);

	if (!n->ept.is_on) {
		bool filled = apic_page_fill(v, address.value);

		if (filled)
			undo(v, qualification);
		return filled;
	}
	const struct ept12_walk *walk = walk12(n, address);
	if (lacks(walk, ept_report_wants(&n->ept, qualification)))
		report(v, address, ept_report_qualification(&n->ept, qualification, walk->rights));
	else if (walk->outcome == EPT12_MISCONFIGURED)
		reflect_changed(v, EXIT_EPT_MISCONFIGURATION, 0);
	else
		make_access(v, address, qualification);
	return true;
}

/* With L1's flags, walks of page tables count as writes. */
static u64 rights_for(const struct nested *n, u32 access)
{
	bool writes = access & WALK_WRITE || (access & WALK_TABLE && n->ept.flags);

	return EPT_READ | (writes ? EPT_WRITE : 0);
}

bool ept_violation_translate(struct vcpu *v, l2pa_t address, u32 access, gpa_t *l1)
{
	struct nested *n = v->nested;
	u64 rights = rights_for(n, access);
	const struct ept12_walk *walk = walk12_once(n, address);

	if (walk->outcome == EPT12_MISCONFIGURED || lacks(walk, rights))
		return false;
	*l1 = place_of(walk, address);
	return !n->ept.flags || flag(n, address, rights & EPT_WRITE) == FLAGGED;
}

/* What hardware would have reported of the access. */
static u64 qualification_of(const struct walk_fault *fault)
{
	u64 page = (fault->is_user ? QUALIFICATION_USER : 0) | (fault->is_writable ? QUALIFICATION_WRITABLE : 0) |
		   (fault->is_nx ? QUALIFICATION_NX : 0);
	u64 linear = !fault->has_linear ? 0 : fault->access & WALK_TABLE ? QUALIFICATION_LINEAR : QUALIFICATION_LINEAR | QUALIFICATION_FINAL | page;

	return (fault->access & WALK_WRITE ? EPT_WRITE : EPT_READ) | linear;
}

/* As for an access of L2's own. If L1 has changed its tables since, so that nothing is wrong any more, L2's instruction is done again. */
void nested_take_ept_violation(struct vcpu *v, const struct walk_fault *fault)
{
	struct nested *n = v->nested;
	struct made_up_exit exit = { .reason = EXIT_EPT_MISCONFIGURATION, .guest_physical = fault->guest_physical, .guest_linear = fault->linear };
	const struct ept12_walk *walk = walk12_once(n, L2PA(fault->guest_physical));
	u64 rights = rights_for(n, fault->access);

	if (lacks(walk, rights)) {
		exit.reason = EXIT_EPT_VIOLATION;
		exit.qualification = ept_report_qualification(&n->ept, qualification_of(fault), walk->rights);
		if (ve_is_on(n) && ve_take(v, &(struct ve_violation){ exit.qualification, fault->linear, fault->guest_physical }))
			return;
	} else if (walk->outcome == EPT12_MAPPED) {
		if (!stops_for_log(n, rights & EPT_WRITE))
			return;
		exit.reason = EXIT_PML_FULL;
	}
	reflect_made_up(v, &exit);
}

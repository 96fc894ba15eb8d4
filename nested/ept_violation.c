/* SPDX-License-Identifier: Apache-2.0 */
/* See ept_violation.h. Source: Intel SDM volume 3 "EPT Violations", "EPT Misconfigurations". */
#include "nested/ept_violation.h"

#include "kernel/guest_memory.h"
#include "kernel/interrupts.h"
#include "kernel/nested_hooks.h"
#include "kernel/vmx/vmx.h"
#include "kernel/vmx/vmx_insn.h"
#include "nested/reflect.h"
#include "nested/vmcs02.h"

#define QUALIFICATION_ACCESS   7ull
#define QUALIFICATION_RIGHTS   (7ull << 3)
#define QUALIFICATION_ADVANCED (0xFull << 9) /* not offered: user, write, execute bits of the linear address */
#define QUALIFICATION_LINEAR   BIT(7)
#define QUALIFICATION_NO_TABLE BIT(8)
#define QUALIFICATION_NMI      BIT(12)

/* NULL: no RAM of L1's. */
static cold_path const u64 *look_at(struct ept12_window *w, u32 level, u64 page)
{
	hpa_t host;

	if (!guest_to_host(GPA(page), PAGE_SIZE, &host))
		return NULL;
	w->page = page;
	w->entry = window_map(WINDOW_EPT12 + level - 1, host);
	return w->entry;
}

/* L1's tables at one level stay in that level's window until another page of them is looked at. */
static inline u64 read_entry(void *context, u32 level, gpa_t at)
{
	struct ept12_window *w = &((struct nested *)context)->ept12_window[level - 1];
	u64 page = at.value & ~PAGE_MASK;
	const u64 *table = w->page == page ? w->entry : look_at(w, level, page);

	return table ? __atomic_load_n(&table[(at.value & PAGE_MASK) / sizeof(u64)], __ATOMIC_RELAXED) : ~0ull;
}

static inline __attribute__((always_inline)) struct ept12_walk walk12(struct nested *n, l2pa_t address)
{
	return ept12_walk(&nested_machine.ept12_rules, read_entry, n, (struct ept12_question){ n->value[FIELD_EPT_POINTER], address });
}

u64 ept_violation_qualification(u64 hardware, u64 rights12)
{
	u64 advanced = QUALIFICATION_ADVANCED & ~QUALIFICATION_NMI;

	return (hardware & ~(QUALIFICATION_RIGHTS | advanced)) | (rights12 & EPT_RWX) << 3;
}

/* The access that faulted is done again: an NMI's IRET that had unblocked NMIs has not happened, a delivery cut short starts anew. */
static void undo(struct vcpu *v, u64 qualification)
{
	bool delivering = vmread(VMCS_IDT_VECTORING_INFO) & INTERRUPTION_VALID;

	if (qualification & QUALIFICATION_NMI && !delivering)
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY, vmread(VMCS_GUEST_INTERRUPTIBILITY) | BLOCKING_BY_NMI);
	interrupts_requeue_vectoring(v);
}

/* False: L1's tables make no sense, or lead to what is no RAM: nothing L2 could be given is there. */
static __attribute__((noinline)) bool fill(struct vcpu *v, l2pa_t address, struct ept12_walk walk)
{
	struct nested *n = v->nested;
	struct ept02_leaf leaf = { 0, 0 };

	if (walk.outcome == EPT12_MAPPED)
		leaf.host_leaf = ept_lookup(&vmx_ept_pool, GPA(walk.page + (address.value & (ept_page_bytes(walk.level) - 1))), &leaf.host_level);
	if (!leaf.host_leaf)
		return false;
	ept02_map(&n->ept02, n->ept02_root, address, &walk, leaf);
	v->statistics->ept02_fills++;
	u64 eptp = ept02_eptp(&n->ept02, n->ept02_root);
	if (eptp != n->eptp02)
		vmwrite(VMCS_EPT_POINTER, eptp);
	n->eptp02 = eptp;
	vmcs02_flush_ept(n);
	return true;
}

bool ept_violation_handle(struct vcpu *v)
{
	struct nested *n = v->nested;
	l2pa_t address = L2PA(vmread(VMCS_GUEST_PHYSICAL_ADDRESS));
	u64 qualification = vmread(VMCS_EXIT_QUALIFICATION);
	u64 wanted = qualification & QUALIFICATION_ACCESS;

	if (!nested_uses(n, GROUP_SECONDARY, SECONDARY_ENABLE_EPT))
		return false;
	struct ept12_walk walk = walk12(n, address);
	if (walk.outcome == EPT12_VIOLATION || (walk.outcome == EPT12_MAPPED && (walk.rights & wanted) != wanted)) {
		reflect_changed(v, EXIT_EPT_VIOLATION, ept_violation_qualification(qualification, walk.rights));
		return true;
	}
	if (fill(v, address, walk))
		undo(v, qualification);
	else
		reflect_changed(v, EXIT_EPT_MISCONFIGURATION, 0);
	return true;
}

bool ept_violation_translate(struct vcpu *v, l2pa_t address, u64 rights, gpa_t *l1)
{
	struct ept12_walk walk = walk12(v->nested, address);

	if (walk.outcome != EPT12_MAPPED || (walk.rights & rights) != rights)
		return false;
	*l1 = GPA(walk.page + (address.value & (ept_page_bytes(walk.level) - 1)));
	return true;
}

/* Hardware would have found the same: the access is a read or a write of data, or of a table on the way to it. */
void nested_take_ept_violation(struct vcpu *v, const struct walk_fault *fault)
{
	u64 access = (fault->is_write ? EPT_WRITE : EPT_READ) | (fault->in_tables ? EPT_READ : 0);
	struct ept12_walk walk = walk12(v->nested, L2PA(fault->guest_physical));
	bool is_misconfigured = walk.outcome == EPT12_MISCONFIGURED;
	u64 qualification = access | (walk.rights & EPT_RWX) << 3 | QUALIFICATION_LINEAR | (fault->in_tables ? 0 : QUALIFICATION_NO_TABLE);
	reflect_made_up(v, &(struct made_up_exit){
		.reason = is_misconfigured ? EXIT_EPT_MISCONFIGURATION : EXIT_EPT_VIOLATION,
		.qualification = is_misconfigured ? 0 : qualification,
		.guest_physical = fault->guest_physical, .guest_linear = fault->linear,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See ept_violation.h. Source: Intel SDM volume 3 "EPT Violations", "EPT Misconfigurations". */
#include "nested/ept_violation.h"

#include "kernel/guest_memory.h"
#include "kernel/interrupts.h"
#include "kernel/vmx/vmx.h"
#include "kernel/vmx/vmx_insn.h"
#include "nested/reflect.h"
#include "nested/vmcs02.h"

#define QUALIFICATION_ACCESS   7ull
#define QUALIFICATION_RIGHTS   (7ull << 3)
#define QUALIFICATION_ADVANCED (0xFull << 9) /* not offered: user, write, execute bits of the linear address */
#define QUALIFICATION_NMI      BIT(12)

static bool read_entry(void *context, gpa_t at, u64 *entry)
{
	(void)context;
	return guest_read_entry(at, sizeof(*entry), entry);
}

static void walk12(struct vcpu *v, l2pa_t address, struct ept12_walk *walk)
{
	const struct offer *offer = &nested_machine.offer;
	const struct ept12_source source = {
		.read = read_entry, .physical_bits = offer->physical_bits,
		.has_execute_only = offer->msr.ept_vpid & EPT_CAP_EXECUTE_ONLY,
		.has_2m = offer->msr.ept_vpid & EPT_CAP_2M, .has_1g = offer->msr.ept_vpid & EPT_CAP_1G,
	};

	ept12_walk(&source, v->nested->value[FIELD_EPT_POINTER], address, walk);
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

static void fill(struct vcpu *v, l2pa_t address, const struct ept12_walk *walk, struct ept02_leaf leaf)
{
	struct nested *n = v->nested;

	ept02_map(&n->ept02, n->ept02_root, address, walk, leaf);
	v->statistics->ept02_fills++;
	u64 eptp = ept02_eptp(&n->ept02, n->ept02_root);
	if (eptp != n->eptp02)
		vmwrite(VMCS_EPT_POINTER, eptp);
	n->eptp02 = eptp;
	vmcs02_flush_ept(n);
}

bool ept_violation_handle(struct vcpu *v)
{
	struct nested *n = v->nested;
	l2pa_t address = L2PA(vmread(VMCS_GUEST_PHYSICAL_ADDRESS));
	u64 qualification = vmread(VMCS_EXIT_QUALIFICATION);
	u64 wanted = qualification & QUALIFICATION_ACCESS;
	struct ept12_walk walk;

	if (!nested_uses(n, GROUP_SECONDARY, SECONDARY_ENABLE_EPT))
		return false;
	walk12(v, address, &walk);
	if (walk.outcome == EPT12_VIOLATION || (walk.outcome == EPT12_MAPPED && (walk.rights & wanted) != wanted)) {
		reflect_changed(v, EXIT_EPT_VIOLATION, ept_violation_qualification(qualification, walk.rights));
		return true;
	}
	struct ept02_leaf leaf = { 0, 0 };
	if (walk.outcome == EPT12_MAPPED) {
		u64 l1 = walk.page + (address.value & (ept_page_bytes(walk.level) - 1));

		leaf.host_leaf = ept_lookup(&vmx_ept_pool, GPA(l1), &leaf.host_level);
	}
	/* A page of L1's that is no RAM has nothing L2 could be given: L1 hears that its tables make no sense. */
	if (!leaf.host_leaf) {
		reflect_changed(v, EXIT_EPT_MISCONFIGURATION, 0);
		return true;
	}
	fill(v, address, &walk, leaf);
	undo(v, qualification);
	return true;
}

bool ept_violation_translate(struct vcpu *v, l2pa_t address, u64 rights, gpa_t *l1)
{
	struct ept12_walk walk;

	walk12(v, address, &walk);
	if (walk.outcome != EPT12_MAPPED || (walk.rights & rights) != rights)
		return false;
	*l1 = GPA(walk.page + (address.value & (ept_page_bytes(walk.level) - 1)));
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See virtual_apic.h. */
#include "nested/virtual_apic.h"

#include "bsp/msr.h"
#include "kernel/apic_access.h"
#include "kernel/guest_memory.h"
#include "kernel/vmx/vmx_insn.h"
#include "nested/apic_page.h"
#include "nested/posted.h"
#include "nested/reflect.h"
#include "nested/vmcs02.h"
#include "nested/x2apic.h"

#define VTPR 0x80u

static bool delivers(const struct nested *n)
{
	return nested_uses(n, GROUP_SECONDARY, SECONDARY_VIRTUAL_INTERRUPT_DELIVERY);
}

const char *virtual_apic_resolve(struct nested *n)
{
	if (nested_uses(n, GROUP_PRIMARY, PRIMARY_USE_TPR_SHADOW) &&
	    !guest_to_host(GPA(n->value[FIELD_VIRTUAL_APIC_ADDRESS]), PAGE_SIZE, &n->virtual_apic))
		return "virtual-APIC page outside RAM";
	if (nested_uses(n, GROUP_PIN, PIN_POSTED_INTERRUPTS) &&
	    !guest_to_host(GPA(n->value[FIELD_POSTED_INTERRUPT_DESCRIPTOR]), sizeof(struct posted_descriptor), &n->posted_descriptor))
		return "posted-interrupt descriptor outside RAM";
	apic_page_resolve(n);
	return NULL;
}

static void choose_msrs(struct nested *n)
{
	bool opens = x2apic_is_virtual(&n->merged);

	if (!opens && !n->has_open_x2apic)
		return;
	x2apic_close(n->msr_bitmap02);
	n->msr_open = nested_machine.msr_open;
	x2apic_open(&n->msr_open, &n->merged);
	n->has_open_x2apic = opens;
}

/* Where the manual compares the threshold with L1's memory. */
static bool compares_vtpr(const struct nested *n)
{
	const u32 others = SECONDARY_VIRTUALIZE_APIC_ACCESSES | SECONDARY_VIRTUAL_INTERRUPT_DELIVERY;

	return nested_uses(n, GROUP_PRIMARY, PRIMARY_USE_TPR_SHADOW) && !nested_uses(n, GROUP_SECONDARY, others);
}

void virtual_apic_merge(struct nested *n)
{
	choose_msrs(n);
	apic_page_merge(n);
	n->always_stale = compares_vtpr(n) && n->value[FIELD_TPR_THRESHOLD] ? STALE_THRESHOLD : 0;
	if (nested_uses(n, GROUP_PRIMARY, PRIMARY_USE_TPR_SHADOW))
		vmcs02_put(n, FIELD_VIRTUAL_APIC_ADDRESS, n->virtual_apic.value);
	if (nested_uses(n, GROUP_SECONDARY, SECONDARY_VIRTUALIZE_APIC_ACCESSES))
		vmcs02_put(n, FIELD_APIC_ACCESS_ADDRESS, n->apic_access.value);
	if (!delivers(n))
		return;
	for (u32 i = 0; i < 4; i++)
		vmcs02_put(n, FIELD_EOI_EXIT_BITMAP_0 + i, n->value[FIELD_EOI_EXIT_BITMAP_0 + i]);
}

u8 virtual_apic_vtpr(const struct nested *n)
{
	u8 vtpr = 0xFF;

	if (compares_vtpr(n) && !guest_read(GPA(n->value[FIELD_VIRTUAL_APIC_ADDRESS] + VTPR), &vtpr, sizeof(vtpr)))
		return 0xFF;
	return vtpr;
}

static struct virtual_apic_page *map_page(const struct nested *n)
{
	return window_map(WINDOW_VIRTUAL_APIC, n->virtual_apic);
}

static bool is_deliverable(const struct nested *n)
{
	u8 vtpr = (u8)__atomic_load_n(&map_page(n)->word[VTPR / 4], __ATOMIC_RELAXED);

	return vmread(VMCS_GUEST_RFLAGS) & RFLAGS_IF && posted_is_deliverable((u16)vmread(VMCS_GUEST_INTERRUPT_STATUS), vtpr);
}

enum exit_action virtual_apic_halt(struct vcpu *v)
{
	if (!delivers(v->nested))
		return EXIT_ACTION_PASS;
	vcpu_skip_instruction(v);
	vmwrite(VMCS_GUEST_ACTIVITY_STATE, ACTIVITY_HLT);
	virtual_apic_wake(v);
	return EXIT_ACTION_RESUME;
}

void virtual_apic_wake(struct vcpu *v)
{
	const u64 blocking = BLOCKING_BY_STI | BLOCKING_BY_MOV_SS;

	/* what makes HLT a state L2 cannot be entered in stays for the CPU to find */
	if (delivers(v->nested) && vmread(VMCS_GUEST_ACTIVITY_STATE) == ACTIVITY_HLT && !vcpu_cpl() &&
	    !(vmread(VMCS_GUEST_INTERRUPTIBILITY) & blocking) && is_deliverable(v->nested))
		vmwrite(VMCS_GUEST_ACTIVITY_STATE, ACTIVITY_ACTIVE);
}

void virtual_apic_forget_wake(struct nested *n)
{
	if (delivers(n))
		vmwrite(VMCS_GUEST_ACTIVITY_STATE, n->value[FIELD_GUEST_ACTIVITY_STATE]);
}

static void take_event_back(struct vcpu *v)
{
	v->event = (struct event){
		.info = (u32)vmread(VMCS_ENTRY_INTERRUPTION_INFO), .error_code = (u32)vmread(VMCS_ENTRY_EXCEPTION_ERROR_CODE),
		.instruction_length = (u32)vmread(VMCS_ENTRY_INSTRUCTION_LENGTH),
	};
	if (!(v->event.info & INTERRUPTION_VALID))
		v->event.info = 0;
	vmwrite(VMCS_ENTRY_INTERRUPTION_INFO, 0);
}

bool virtual_apic_refused(struct vcpu *v, u32 error)
{
	const struct nested *n = v->nested;

	if (error != VMERR_ENTRY_CONTROLS || n->always_stale != STALE_THRESHOLD)
		return false;
	take_event_back(v);
	reflect_made_up(v, &(struct made_up_exit){ .reason = EXIT_TPR_BELOW_THRESHOLD });
	return true;
}

static void process(struct vcpu *v)
{
	struct nested *n = v->nested;
	u64 offset = n->posted_descriptor.value & PAGE_MASK;
	u8 *page = window_map(WINDOW_POSTED, HPA(n->posted_descriptor.value - offset));
	u16 status = posted_process((struct posted_descriptor *)(void *)(page + offset), map_page(n),
				    (u16)vmread(VMCS_GUEST_INTERRUPT_STATUS));

	vmwrite(VMCS_GUEST_INTERRUPT_STATUS, status);
	virtual_apic_wake(v);
}

bool virtual_apic_take_posted(struct vcpu *v)
{
	int notification = (int)v->nested->value[FIELD_POSTED_INTERRUPT_VECTOR];
	int vector = apic_pending(&v->apic);

	if (!nested_uses(v->nested, GROUP_PIN, PIN_POSTED_INTERRUPTS) || vector != notification)
		return false;
	apic_acknowledge(&v->apic, vector);
	apic_page_write(v, APIC_EOI, 0);
	process(v);
	vector = apic_pending(&v->apic);
	return vector < 0 || vector == notification; /* one that has come since brings its own kick */
}

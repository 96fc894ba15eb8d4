/* SPDX-License-Identifier: Apache-2.0 */
/* What the chapters on the virtual APIC share: its world, L2's interrupt handler. */
#include "vmx_apic.h"

struct page virtual_apic, access_page, descriptor_page;
volatile enum eoi_way eoi_way;

u32 *apic_register(u32 offset)
{
	return (u32 *)&virtual_apic + offset / 4;
}

bool apic_bit(u32 array, u32 vector)
{
	return *apic_register(array + vector / 32 * 16) >> (vector & 31) & 1;
}

bool apic_can(u32 secondary)
{
	return world_can(VMCS_PRIMARY_CONTROLS, PRIMARY_USE_TPR_SHADOW | PRIMARY_SECONDARY_CONTROLS) &&
	       world_can(VMCS_SECONDARY_CONTROLS, secondary);
}

void apic_expect(u32 reason, u32 wanted, const char *what)
{
	check(reason == wanted, "%s: exit %x, not %x, qualification %lx", what, reason, wanted, field(VMCS_EXIT_QUALIFICATION));
}

/* Runs in L2. */
static void take(struct trap_frame *f)
{
	(void)f;
	if (eoi_way == EOI_MSR)
		wrmsr(X2APIC(APIC_EOI), 0);
	else if (eoi_way == EOI_PAGE)
		mmio_write((u64)&access_page + APIC_EOI, 0);
}

void apic_world(u32 secondary)
{
	world_reset();
	memset(&virtual_apic, 0, sizeof(virtual_apic));
	memset(&access_page, 0, sizeof(access_page));
	memset(&descriptor_page, 0, sizeof(descriptor_page));
	trap_set(VECTOR_LOW, take);
	trap_set(VECTOR_HIGH, take);
	eoi_way = EOI_NONE;
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_USE_TPR_SHADOW);
	world_control(VMCS_SECONDARY_CONTROLS, secondary);
	set(VMCS_VIRTUAL_APIC_ADDRESS, (u64)&virtual_apic);
	if (secondary & SECONDARY_VIRTUALIZE_APIC_ACCESSES)
		set(VMCS_APIC_ACCESS_ADDRESS, (u64)&access_page);
	if (secondary & SECONDARY_VIRTUAL_INTERRUPT_DELIVERY)
		world_control(VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
}

void apic_request(u32 vector)
{
	*apic_register(APIC_IRR + vector / 32 * 16) |= 1u << (vector & 31);
	if ((field(VMCS_GUEST_INTERRUPT_STATUS) & 0xFF) < vector)
		set(VMCS_GUEST_INTERRUPT_STATUS, (field(VMCS_GUEST_INTERRUPT_STATUS) & 0xFF00) | vector);
}

void vmx_test_apic(void)
{
	print("vmx: APIC virtualization:%s%s%s%s%s\n", apic_can(SECONDARY_VIRTUALIZE_APIC_ACCESSES) ? " accesses" : "",
	      apic_can(SECONDARY_VIRTUALIZE_X2APIC) ? " x2APIC" : "", apic_can(SECONDARY_APIC_REGISTER_VIRTUALIZATION) ? " registers" : "",
	      apic_can(SECONDARY_VIRTUAL_INTERRUPT_DELIVERY) ? " delivery" : "",
	      world_can(VMCS_PIN_CONTROLS, PIN_POSTED_INTERRUPTS) ? " posting" : "");
	if (apic_can(SECONDARY_VIRTUALIZE_APIC_ACCESSES))
		vmx_test_apic_access();
	if (apic_can(SECONDARY_VIRTUALIZE_X2APIC))
		vmx_test_apic_x2();
	if (apic_can(SECONDARY_VIRTUAL_INTERRUPT_DELIVERY | SECONDARY_VIRTUALIZE_X2APIC))
		vmx_test_apic_delivery();
	if (world_can(VMCS_PIN_CONTROLS, PIN_POSTED_INTERRUPTS))
		vmx_test_apic_posted();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Routing of interrupts to vCPUs and injection at VM entry; see interrupts.h. */
#include "kernel/interrupts.h"

#include "bsp/msr.h"
#include "kernel/monitor_abi.h"
#include "kernel/nested_hooks.h"
#include "kernel/partition.h"
#include "kernel/upcall.h"
#include "kernel/vmx/vmx_insn.h"

#define ICR_LOGICAL BIT(11)
#define ICR_ASSERT BIT(14)
#define ICR_LEVEL BIT(15)

void interrupts_post(struct vcpu *v, u32 vector, bool level)
{
	if (apic_accept(&v->apic, vector, level))
		vcpu_kick(v);
}

static void deliver_to(struct vcpu *target, u32 command)
{
	u32 vector = command & 0xFF;

	switch (command >> 8 & 7) {
	case DELIVERY_FIXED:
	case DELIVERY_LOWEST:
		interrupts_post(target, vector, command & ICR_LEVEL);
		break;
	case DELIVERY_NMI:
		vcpu_request(target, REQUEST_NMI);
		break;
	case DELIVERY_INIT:
		vcpu_request(target, REQUEST_INIT);
		break;
	case DELIVERY_STARTUP:
		target->sipi_vector = (u8)vector;
		vcpu_request(target, REQUEST_SIPI);
		break;
	default: /* SMI, ExtINT and reserved modes are inert */
		break;
	}
}

bool interrupts_msi(const struct partition *p, u64 address, u32 data)
{
	u32 destination = address >> 12 & 0xFF;
	bool logical = address & BIT(2);
	bool lowest = (data >> 8 & 7) == DELIVERY_LOWEST;
	bool found = false;

	if (address >> 20 != 0xFEE)
		return false;
	for (u32 i = 0; i < p->cpu_count && !(lowest && found); i++)
		if (apic_matches(&p->vcpus[i].apic, destination, logical)) {
			deliver_to(&p->vcpus[i], (data & 0x7FF) | (data & ICR_LEVEL));
			found = true;
		}
	return true;
}

void interrupts_pic_line(const struct partition *p, bool level)
{
	struct vcpu *boot = &p->vcpus[0];

	__atomic_store_n(&boot->apic.pic_line, level, __ATOMIC_RELAXED);
	if (level)
		vcpu_kick(boot);
}

void interrupts_ipi(struct vcpu *v, u32 command, u32 destination)
{
	u32 shorthand = command >> 18 & 3;
	u32 mode = command >> 8 & 7;

	if (mode == DELIVERY_INIT && (command & ICR_LEVEL) && !(command & ICR_ASSERT))
		return; /* INIT level de-assert: nothing to synchronise */
	if ((mode == DELIVERY_FIXED || mode == DELIVERY_LOWEST) && (command & 0xFF) < 16)
		v->apic.esr_pending |= APIC_ESR_SEND_ILLEGAL;
	for (u32 i = 0; i < v->partition->cpu_count; i++) {
		struct vcpu *target = &v->partition->vcpus[i];
		bool wanted = shorthand == 0 ? apic_matches(&target->apic, destination, command & ICR_LOGICAL) :
			      shorthand == 1 ? target == v :
			      shorthand == 2 ? true : target != v;

		if (wanted && !(target == v && (mode == DELIVERY_INIT || mode == DELIVERY_STARTUP)))
			deliver_to(target, command & 0x7FF);
	}
}

/* Opens or closes windows in the primary controls; with L2 running, what L1 has asked for stays. */
static void set_windows(struct vcpu *v, u64 bits, bool open)
{
	u64 controls = vmread(VMCS_PRIMARY_CONTROLS);
	u64 theirs = nested_in_l2(v) ? nested_primary_controls(v) & bits : 0;

	vmwrite(VMCS_PRIMARY_CONTROLS, open ? controls | bits : (controls & ~bits) | theirs);
}

void interrupts_open_window(struct vcpu *v, bool open)
{
	/* HLT exits while a window is armed: some CPUs and emulators do not wake a halted guest for it. */
	set_windows(v, PRIMARY_INTERRUPT_WINDOW_EXITING | PRIMARY_HLT_EXITING, open);
	v->window_armed = open;
}

static void nmi_window(struct vcpu *v, bool open)
{
	set_windows(v, PRIMARY_NMI_WINDOW_EXITING, open);
	v->nmi_window_armed = open;
}

void interrupts_requeue_vectoring(struct vcpu *v)
{
	u32 info = (u32)vmread(VMCS_IDT_VECTORING_INFO);

	if (!(info & INTERRUPTION_VALID))
		return;
	v->event.info = info & ~INTERRUPTION_NMI_UNBLOCKING;
	v->event.error_code = info & INTERRUPTION_HAS_ERROR ? (u32)vmread(VMCS_IDT_VECTORING_ERROR_CODE) : 0;
	v->event.instruction_length = (u32)vmread(VMCS_EXIT_INSTRUCTION_LENGTH);
	if (INTERRUPTION_TYPE(info) == TYPE_NMI) /* its delivery has set blocking: it will again */
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY, vmread(VMCS_GUEST_INTERRUPTIBILITY) & ~(u64)BLOCKING_BY_NMI);
}

static void inject(struct vcpu *v)
{
	vmwrite(VMCS_ENTRY_INTERRUPTION_INFO, v->event.info);
	if (v->event.info & INTERRUPTION_HAS_ERROR)
		vmwrite(VMCS_ENTRY_EXCEPTION_ERROR_CODE, v->event.error_code);
	if (INTERRUPTION_TYPE(v->event.info) >= TYPE_SOFTWARE_INTERRUPT)
		vmwrite(VMCS_ENTRY_INSTRUCTION_LENGTH, v->event.instruction_length);
	v->event.info = 0;
}

static bool take_interrupt(struct vcpu *v, int vector)
{
	if (vector == APIC_EXTINT) {
		u64 answer = upcall_run(UPCALL_INTACK, 0, 0, 0);

		if (answer > 0xFF)
			return false;
		vector = (int)answer;
	} else {
		apic_acknowledge(&v->apic, vector);
	}
	v->event.info = INTERRUPTION_VALID | (u32)vector;
	v->statistics->interrupts_injected++;
	return true;
}

static void offer_nmi(struct vcpu *v, bool due)
{
	u64 blocking = vmread(VMCS_GUEST_INTERRUPTIBILITY);

	if (due && !v->event.info && !(blocking & (BLOCKING_BY_NMI | BLOCKING_BY_MOV_SS | BLOCKING_BY_STI))) {
		v->nmi_pending = due = false;
		v->event.info = INTERRUPTION_VALID | TYPE_NMI << 8 | EXC_NMI;
	}
	if (due != v->nmi_window_armed)
		nmi_window(v, due);
}

static void offer_interrupt(struct vcpu *v, int vector)
{
	bool open = vmread(VMCS_GUEST_RFLAGS) & RFLAGS_IF &&
		    !(vmread(VMCS_GUEST_INTERRUPTIBILITY) & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS));

	if (vector >= 0 && open && !v->event.info && take_interrupt(v, vector))
		vector = apic_pending(&v->apic);
	bool wanted = vector >= 0;
	if (wanted != v->window_armed)
		interrupts_open_window(v, wanted);
}

void interrupts_inject_due(struct vcpu *v)
{
	int vector = apic_pending(&v->apic);

	struct nested_pending due = { .interrupt = vector >= 0, .nmi = v->nmi_pending };
	if (nested_in_l2(v)) {
		due = nested_before_entry(v, due);
		vector = due.interrupt ? apic_pending(&v->apic) : -1;
	}
	if (due.nmi || v->nmi_window_armed)
		offer_nmi(v, due.nmi);
	if (vector >= 0 || v->window_armed)
		offer_interrupt(v, vector);
	if (v->event.info)
		inject(v);
}

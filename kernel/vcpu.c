/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Architectural state of a vCPU: reset, start, exceptions, requests of other CPUs.
 * Source: Intel SDM volume 3 "Processor State After Reset", "Double Fault Exception (#DF)".
 */
#include "kernel/vcpu.h"

#include "bsp/cpu.h"
#include "bsp/msr.h"
#include "bsp/timer/lapic.h"
#include "kernel/exits.h"
#include "kernel/fpu.h"
#include "kernel/interrupts.h"
#include "kernel/msr_policy.h"
#include "kernel/nested_hooks.h"
#include "kernel/partition.h"
#include "kernel/percpu.h"
#include "kernel/traps.h"
#include "kernel/vmx/vmx.h"
#include "kernel/vmx/vmx_insn.h"

struct vcpu vcpus[MONITOR_MAX_CPUS];

/* Access rights in the VMCS's layout: type, S, DPL, P, AVL, L, D/B, G, unusable. */
#define RIGHTS_CODE16 0x009Bu
#define RIGHTS_DATA16 0x0093u
#define RIGHTS_CODE32 0xC09Bu
#define RIGHTS_CODE64 0xA09Bu
#define RIGHTS_DATA32 0xC093u
#define RIGHTS_LDT    0x0082u
#define RIGHTS_TSS    0x008Bu

struct segment { u16 selector; u32 limit, rights; u64 base; };

/* The eight segment registers stand in the same order in each group of VMCS fields, two apart. */
enum segment_index { SEGMENT_ES, SEGMENT_CS, SEGMENT_SS, SEGMENT_DS, SEGMENT_FS, SEGMENT_GS, SEGMENT_LDTR, SEGMENT_TR };

static void write_segment(enum segment_index i, struct segment s)
{
	vmwrite(VMCS_GUEST_ES_SELECTOR + 2 * i, s.selector);
	vmwrite(VMCS_GUEST_ES_LIMIT + 2 * i, s.limit);
	vmwrite(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * i, s.rights);
	vmwrite(VMCS_GUEST_ES_BASE + 2 * i, s.base);
}

static void write_segments(struct segment code, struct segment data)
{
	write_segment(SEGMENT_CS, code);
	for (enum segment_index i = SEGMENT_SS; i <= SEGMENT_GS; i++)
		write_segment(i, data);
	write_segment(SEGMENT_ES, data);
	write_segment(SEGMENT_LDTR, (struct segment){ 0, 0xFFFF, RIGHTS_LDT, 0 });
	write_segment(SEGMENT_TR, (struct segment){ 0, 0xFFFF, RIGHTS_TSS, 0 });
}

static void write_descriptor_tables(u64 gdt_base, u32 gdt_limit)
{
	vmwrite(VMCS_GUEST_GDTR_BASE, gdt_base);
	vmwrite(VMCS_GUEST_GDTR_LIMIT, gdt_limit);
	vmwrite(VMCS_GUEST_IDTR_BASE, 0);
	vmwrite(VMCS_GUEST_IDTR_LIMIT, 0xFFFF);
}

/* CR4 in hardware always has VMXE; the guest sees its own through the read shadow. */
static void write_control_registers(struct vcpu *v, u64 cr0, u64 cr3, u64 cr4)
{
	v->cache_bits = cr0 & (CR0_CD | CR0_NW);
	vmwrite(VMCS_CR0_MASK, CR0_GUEST_HOST_MASK);
	vmwrite(VMCS_CR4_MASK, ~CR4_GUEST_OWNED);
	vmwrite(VMCS_CR0_READ_SHADOW, cr0);
	vmwrite(VMCS_CR4_READ_SHADOW, cr4);
	vmwrite(VMCS_GUEST_CR0, exit_cr0_hardware(cr0));
	vmwrite(VMCS_GUEST_CR3, cr3);
	vmwrite(VMCS_GUEST_CR4, cr4 | CR4_VMXE);
}

static void write_efer(u64 efer)
{
	u64 controls = vmread(VMCS_ENTRY_CONTROLS) & ~(u64)ENTRY_CONTROL_IA32E_MODE_GUEST;

	vmwrite(VMCS_GUEST_IA32_EFER, efer);
	vmwrite(VMCS_ENTRY_CONTROLS, controls | (efer & EFER_LMA ? ENTRY_CONTROL_IA32E_MODE_GUEST : 0));
}

static void write_reset_msrs(void)
{
	static const u32 zeroed[] = { IA32_STAR, IA32_LSTAR, IA32_CSTAR, IA32_FMASK, IA32_KERNEL_GS_BASE };

	for (u32 i = 0; i < ARRAY_SIZE(zeroed); i++)
		wrmsr(zeroed[i], 0);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_CS, 0);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_ESP, 0);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_EIP, 0);
	vmwrite(VMCS_GUEST_IA32_DEBUGCTL, 0);
	vmwrite(VMCS_GUEST_IA32_PAT, 0x0007040600070406ull);
}

static void write_common(void)
{
	write_reset_msrs();
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_ONE);
	vmwrite(VMCS_GUEST_DR7, 0x400);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY, 0);
	vmwrite(VMCS_GUEST_ACTIVITY_STATE, ACTIVITY_ACTIVE);
	vmwrite(VMCS_GUEST_PENDING_DEBUG, 0);
	vmwrite(VMCS_ENTRY_INTERRUPTION_INFO, 0);
	asm volatile("mov %0, %%dr0; mov %0, %%dr1; mov %0, %%dr2; mov %0, %%dr3; mov %1, %%dr6"
		     : : "r"(0ull), "r"(0xFFFF0FF0ull));
}

void vcpu_reset(struct vcpu *v)
{
	nested_reset(v);
	for (u32 i = 0; i < GPR_COUNT; i++)
		v->gpr[i] = 0;
	v->gpr[RDX] = 0x600 | (cpuid(1, 0).eax & 0xF0); /* family 6: the identity reset leaves in EDX */
	v->event.info = 0;
	v->nmi_pending = false;
	vmwrite(VMCS_PRIMARY_CONTROLS, vmx_controls.primary);
	v->window_armed = false;
	v->nmi_window_armed = false;
	apic_reset(&v->apic, (u32)v->index, v->is_boot);
	invvpid(INVVPID_SINGLE, vmx_vpid01(v->index), 0);
	write_common();
	write_control_registers(v, CR0_CD | CR0_NW | CR0_ET, 0, 0);
	write_efer(0);
	write_segments((struct segment){ 0xF000, 0xFFFF, RIGHTS_CODE16, 0xFFFF0000 },
		       (struct segment){ 0, 0xFFFF, RIGHTS_DATA16, 0 });
	write_descriptor_tables(0, 0xFFFF);
	vmwrite(VMCS_GUEST_RIP, 0xFFF0);
	vmwrite(VMCS_GUEST_RSP, 0);
	write_cr2(0);
	v->state = VCPU_WAIT_FOR_SIPI;
}

/* SDM "Multiple-Processor (MP) Initialization": real mode at vector * 4 KiB. */
void vcpu_start_at_sipi(struct vcpu *v)
{
	u16 selector = (u16)(v->sipi_vector << 8);

	write_segment(SEGMENT_CS, (struct segment){ selector, 0xFFFF, RIGHTS_CODE16, (u64)selector << 4 });
	vmwrite(VMCS_GUEST_RIP, 0);
	v->state = VCPU_RUNNING;
}

void vcpu_start_at_boot(struct vcpu *v, const struct boot_state *boot)
{
	bool is_long = boot->mode == BOOT_LONG64;
	const u64 registers[GPR_COUNT] = {
		[RAX] = boot->rax, [RBX] = boot->rbx, [RCX] = boot->rcx, [RDX] = boot->rdx, [RSI] = boot->rsi,
		[RDI] = boot->rdi,
	};

	__builtin_memcpy(v->gpr, registers, sizeof(registers));
	write_control_registers(v, CR0_PE | CR0_ET | CR0_NE | (is_long ? CR0_PG | CR0_WP : 0), is_long ? boot->cr3 : 0,
				is_long ? CR4_PAE : 0);
	write_efer(is_long ? EFER_LME | EFER_LMA : 0);
	write_segments((struct segment){ boot->cs, ~0u, is_long ? RIGHTS_CODE64 : RIGHTS_CODE32, 0 },
		       (struct segment){ boot->ds, ~0u, RIGHTS_DATA32, 0 });
	write_descriptor_tables(boot->gdt_base, boot->gdt_limit);
	vmwrite(VMCS_GUEST_RIP, boot->rip);
	vmwrite(VMCS_GUEST_RSP, boot->rsp);
	v->state = VCPU_RUNNING;
}

u32 vcpu_cpl(void)
{
	return (u32)vmread(VMCS_GUEST_SS_ACCESS_RIGHTS) >> 5 & 3;
}

bool vcpu_is_long_mode_code(void)
{
	return vmread(VMCS_GUEST_IA32_EFER) & EFER_LMA && vmread(VMCS_GUEST_CS_ACCESS_RIGHTS) & BIT(13);
}

static bool has_error_code(u32 vector)
{
	return BIT(vector) & (BIT(EXC_DF) | BIT(EXC_TS) | BIT(EXC_NP) | BIT(EXC_SS) | BIT(EXC_GP) | BIT(EXC_PF) | BIT(EXC_AC));
}

static bool is_contributory(u32 vector)
{
	return vector == EXC_DE || (vector >= EXC_TS && vector <= EXC_GP);
}

static bool is_page_fault(u32 vector)
{
	return vector == EXC_PF || vector == EXC_VE;
}

/* SDM "Conditions for Generating a Double Fault". */
static bool makes_double_fault(u32 first, u32 second)
{
	if (is_contributory(first))
		return is_contributory(second);
	return is_page_fault(first) && (is_contributory(second) || is_page_fault(second));
}

static void shut_down(struct vcpu *v)
{
	if (nested_in_l2(v))
		nested_take_triple_fault(v);
	else
		partition_stop(STOP_TRIPLE_FAULT, vmread(VMCS_GUEST_RIP));
}

static void raise(struct vcpu *v, u32 vector, u32 error_code, u64 address)
{
	bool busy = v->event.info & INTERRUPTION_VALID && INTERRUPTION_TYPE(v->event.info) == TYPE_HARDWARE_EXCEPTION;
	u32 first = INTERRUPTION_VECTOR(v->event.info);

	/* L1's bitmap is asked before two exceptions become one */
	if (nested_in_l2(v) && nested_takes_exception(v, vector, error_code, address))
		return;
	if (busy && first == EXC_DF) {
		shut_down(v);
		return;
	}
	if (busy && makes_double_fault(first, vector)) {
		vector = EXC_DF;
		error_code = 0;
		v->event.info = 0; /* not IDT-vectoring information of an exit for the double fault */
		if (nested_in_l2(v) && nested_takes_exception(v, vector, error_code, 0))
			return;
	}
	v->event.info = INTERRUPTION_VALID | TYPE_HARDWARE_EXCEPTION << 8 | vector;
	if (has_error_code(vector) && vmread(VMCS_GUEST_CR0) & CR0_PE)
		v->event.info |= INTERRUPTION_HAS_ERROR;
	v->event.error_code = error_code;
	if (vector != EXC_DB) /* a fault; of #DB the exit has saved RF as it must be */
		vmwrite(VMCS_GUEST_RFLAGS, vmread(VMCS_GUEST_RFLAGS) | RFLAGS_RF);
}

void vcpu_inject_exception(struct vcpu *v, u32 vector, u32 error_code)
{
	raise(v, vector, error_code, 0);
}

void vcpu_inject_page_fault(struct vcpu *v, u64 linear, u32 error_code)
{
	raise(v, EXC_PF, error_code, linear);
	if (INTERRUPTION_VECTOR(v->event.info) == EXC_PF)
		write_cr2(linear);
}

void vcpu_kick(struct vcpu *v)
{
	if (v->cpu && v->cpu != this_cpu())
		lapic_send_ipi(v->cpu->apic_id, VECTOR_KICK);
}

void vcpu_request(struct vcpu *v, enum vcpu_request request)
{
	__atomic_or_fetch(&v->requests, (u32)request, __ATOMIC_SEQ_CST);
	/* to the own CPU as well: the request may come after this entry has looked, the IPI then forces an exit right behind it */
	if (v->cpu)
		lapic_send_ipi(v->cpu->apic_id, VECTOR_KICK);
}

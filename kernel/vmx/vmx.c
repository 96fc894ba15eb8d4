/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a CPU into VMX operation and fills vmcs01. Owns the VMXON regions, vmcs01 pages and EPT01.
 * Source: Intel SDM volume 3 "Enabling and Entering VMX Operation", "Host-State Area", "VM-Execution Control Fields".
 */
#include "kernel/vmx/vmx.h"

#include "bsp/cpu.h"
#include "bsp/memory/paging.h"
#include "bsp/msr.h"
#include "kernel/arch_capabilities.h"
#include "kernel/config_text.h"
#include "kernel/debug.h"
#include "kernel/crash.h"
#include "kernel/log.h"
#include "kernel/msr_policy.h"
#include "kernel/partition.h"
#include "kernel/traps.h"
#include "kernel/vmx/ept.h"
#include "kernel/vmx/vmcs.h"
#include "kernel/vmx/vmx_insn.h"

void vcpu_exited(void);

struct vmx_capabilities vmx_capabilities;
struct vmx_controls vmx_controls;
u64 vmx_ept01_pointer;

union vmx_page { u32 revision; u8 bytes[PAGE_SIZE]; };
static union vmx_page vmxon_regions[MONITOR_MAX_CPUS] page_aligned;
static union vmx_page vmcs01_pages[MONITOR_MAX_CPUS] page_aligned;
struct ept_pool vmx_ept_pool;

void vmx_capabilities_read(struct vmx_capabilities *c)
{
	c->basic = rdmsr(IA32_VMX_BASIC);
	bool has_true = c->basic & BIT(55);
	c->pin = rdmsr(has_true ? IA32_VMX_TRUE_PINBASED_CTLS : IA32_VMX_PINBASED_CTLS);
	c->primary = rdmsr(has_true ? IA32_VMX_TRUE_PROCBASED_CTLS : IA32_VMX_PROCBASED_CTLS);
	c->exit = rdmsr(has_true ? IA32_VMX_TRUE_EXIT_CTLS : IA32_VMX_EXIT_CTLS);
	c->entry = rdmsr(has_true ? IA32_VMX_TRUE_ENTRY_CTLS : IA32_VMX_ENTRY_CTLS);
	c->misc = rdmsr(IA32_VMX_MISC);
	c->cr0_fixed0 = rdmsr(IA32_VMX_CR0_FIXED0);
	c->cr0_fixed1 = rdmsr(IA32_VMX_CR0_FIXED1);
	c->cr4_fixed0 = rdmsr(IA32_VMX_CR4_FIXED0);
	c->cr4_fixed1 = rdmsr(IA32_VMX_CR4_FIXED1);
	c->secondary = c->primary >> 32 & PRIMARY_SECONDARY_CONTROLS ? rdmsr(IA32_VMX_PROCBASED_CTLS2) : 0;
	bool has_ept = c->secondary >> 32 & (SECONDARY_ENABLE_EPT | SECONDARY_ENABLE_VPID);
	c->ept_vpid = has_ept ? rdmsr(IA32_VMX_EPT_VPID_CAP) : 0;
	c->vmfunc = c->secondary >> 32 & SECONDARY_ENABLE_VM_FUNCTIONS ? rdmsr(IA32_VMX_VMFUNC) : 0;
}

/* CPUID features Nestbox itself stands on, with the line a person reads when one is missing. */
static const struct cpu_requirement {
	u32 leaf;
	u32 register_index; /* 0 EAX .. 3 EDX */
	u32 bit;
	bool is_for_monitor; /* nothing is done without it; without another one, slots are still verified */
	struct vmx_requirement requirement;
} cpu_requirements[] = {
	{ 1, 2, 5, false, { "this CPU has no VT-x (VMX)", "use an Intel CPU with VT-x, or an emulator that has it (make run MACHINE=bochs)" } },
	{ 1, 2, 21, false, { "this CPU has no x2APIC", "enable x2APIC in the firmware set-up" } },
	{ 1, 2, 24, false, { "this CPU has no TSC-deadline timer", "use a newer CPU (Sandy Bridge or later)" } },
	{ 1, 2, 26, true, { "this CPU has no XSAVE", "use a newer CPU (Sandy Bridge or later)" } },
	{ 0x80000001, 3, 20, true, { "this CPU has no execute-disable (NX)", "enable XD/NX in the firmware set-up" } },
};

static const struct vmx_requirement firmware_lock = {
	"VT-x is locked off by the firmware", "enable Intel Virtualization Technology in the firmware set-up, then switch the box off and on"
};

/* The first that is missing. */
static const struct vmx_requirement *check_cpuid(void)
{
	const struct vmx_requirement *first = NULL;

	for (u32 i = 0; i < ARRAY_SIZE(cpu_requirements); i++) {
		const struct cpu_requirement *need = &cpu_requirements[i];
		struct cpuid_result r = cpuid(need->leaf, 0);
		const u32 value[4] = { r.eax, r.ebx, r.ecx, r.edx };

		if (value[need->register_index] & (1u << need->bit))
			continue;
		if (!first)
			first = &need->requirement;
		if (need->is_for_monitor)
			refuse_to_start("%s: %s", first->missing, first->remedy);
	}
	return first;
}

static bool is_locked_off(void)
{
	u64 control = rdmsr(IA32_FEATURE_CONTROL);

	return (control & FEATURE_CONTROL_LOCKED) && !(control & FEATURE_CONTROL_VMX_OUTSIDE);
}

const struct vmx_requirement *vmx_check_cpu(void)
{
	const struct vmx_requirement *missing = check_cpuid();

	if (missing)
		return missing;
	if (is_locked_off())
		return &firmware_lock;
	vmx_capabilities_read(&vmx_capabilities);
	return vmx_negotiate(&vmx_capabilities, &vmx_controls);
}

void vmx_enter_operation(void)
{
	u64 number = this_cpu()->number;
	u64 control = rdmsr(IA32_FEATURE_CONTROL);
	hpa_t region = HPA(kernel_physical(&vmxon_regions[number]));

	if (!(control & FEATURE_CONTROL_LOCKED))
		wrmsr(IA32_FEATURE_CONTROL, control | FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMX_OUTSIDE);
	write_cr0((read_cr0() | vmx_capabilities.cr0_fixed0) & vmx_capabilities.cr0_fixed1);
	write_cr4((read_cr4() | vmx_capabilities.cr4_fixed0 | CR4_VMXE) & vmx_capabilities.cr4_fixed1);
	vmxon_regions[number].revision = (u32)vmx_capabilities.basic & 0x7FFFFFFF;
	CHECK(vmxon(&region));
}

/* A page that is small here is small for L2 as well: EPT02 takes the smaller of two sizes. */
static u32 largest_page(void)
{
	if (CONFIG_GUARD_PAGE_SIZE_DEFECT_ON && arch_has_page_size_defect(cpuid(1, 0).eax, arch_capabilities_read()))
		return 1;
	return vmx_capabilities.ept_vpid & EPT_CAP_1G ? 3 : 2;
}

u64 vmx_ept_bytes(u64 ram_bytes)
{
	return ALIGN_UP(ept_table_count(ram_bytes, largest_page()) * PAGE_SIZE, MIB(2));
}

bool vmx_build_ept(struct partition *p)
{
	u64 host = p->ram.host_base, bytes = p->ram.bytes, low = min_u64(bytes, GUEST_HOLE_START);

	p->ept = (struct ept_pool){
		.tables = paging_map_ram(p->tables, vmx_ept_bytes(bytes)), .physical = p->tables.value,
		.count = ept_table_count(bytes, largest_page()), .largest_level = largest_page(),
	};
	if (!p->ept.tables)
		return false;
	CHECK(ept_map(&p->ept, GPA(0), HPA(host), low));
	CHECK(ept_map(&p->ept, GPA(GUEST_HIGH_START), HPA(host + low), bytes - low));
	p->ept_pointer = p->ept.physical | EPTP_WB_4_LEVELS;
	if (p->plan->is_nested) {
		vmx_ept_pool = p->ept;
		vmx_ept01_pointer = p->ept_pointer;
	}
	return true;
}

void vmx_write_host_state(struct vcpu *v)
{
	struct percpu *cpu = v->cpu;

	vmwrite(VMCS_HOST_CR0, read_cr0() | CR0_TS);
	vmwrite(VMCS_HOST_CR3, read_cr3());
	vmwrite(VMCS_HOST_CR4, read_cr4());
	vmwrite(VMCS_HOST_ES_SELECTOR, SELECTOR_KERNEL_DATA);
	vmwrite(VMCS_HOST_CS_SELECTOR, SELECTOR_KERNEL_CODE);
	vmwrite(VMCS_HOST_SS_SELECTOR, SELECTOR_KERNEL_DATA);
	vmwrite(VMCS_HOST_DS_SELECTOR, SELECTOR_KERNEL_DATA);
	vmwrite(VMCS_HOST_FS_SELECTOR, 0);
	vmwrite(VMCS_HOST_GS_SELECTOR, 0);
	vmwrite(VMCS_HOST_TR_SELECTOR, SELECTOR_TSS);
	vmwrite(VMCS_HOST_FS_BASE, 0);
	vmwrite(VMCS_HOST_GS_BASE, 0);
	vmwrite(VMCS_HOST_TR_BASE, (u64)&cpu->tss);
	vmwrite(VMCS_HOST_GDTR_BASE, (u64)cpu->gdt);
	vmwrite(VMCS_HOST_IDTR_BASE, traps_table_base());
	vmwrite(VMCS_HOST_IA32_SYSENTER_CS, 0);
	vmwrite(VMCS_HOST_IA32_SYSENTER_ESP, 0);
	vmwrite(VMCS_HOST_IA32_SYSENTER_EIP, 0);
	vmwrite(VMCS_HOST_IA32_PAT, rdmsr(IA32_PAT));
	vmwrite(VMCS_HOST_IA32_EFER, rdmsr(IA32_EFER));
	/* the word at HOST_RSP names the vcpu: entry.S finds it there */
	u64 *top = (u64 *)percpu_stack_top(cpu->number);
	*top = (u64)v;
	vmwrite(VMCS_HOST_RSP, (u64)top);
	vmwrite(VMCS_HOST_RIP, (u64)vcpu_exited);
}

static void write_controls(const struct vcpu *v)
{
	vmwrite(VMCS_PIN_CONTROLS, vmx_controls.pin);
	vmwrite(VMCS_PRIMARY_CONTROLS, vmx_controls.primary);
	vmwrite(VMCS_SECONDARY_CONTROLS, vmx_controls.secondary);
	vmwrite(VMCS_EXIT_CONTROLS, vmx_controls.exit);
	vmwrite(VMCS_ENTRY_CONTROLS, vmx_controls.entry);
	vmwrite(VMCS_EXCEPTION_BITMAP, BIT(EXC_MC) | BIT(EXC_AC) | BIT(EXC_DB) | DEBUG_EXCEPTIONS);
	vmwrite(VMCS_PAGE_FAULT_ERROR_MASK, 0);
	vmwrite(VMCS_PAGE_FAULT_ERROR_MATCH, 0);
	vmwrite(VMCS_CR3_TARGET_COUNT, 0);
	vmwrite(VMCS_EXIT_MSR_STORE_COUNT, 0);
	vmwrite(VMCS_EXIT_MSR_LOAD_COUNT, 0);
	vmwrite(VMCS_ENTRY_MSR_LOAD_COUNT, 0);
	vmwrite(VMCS_ENTRY_INTERRUPTION_INFO, 0);
	if (vmx_controls.secondary & SECONDARY_ENABLE_XSAVES)
		vmwrite(VMCS_XSS_EXITING_BITMAP, 0);
	vmwrite(VMCS_MSR_BITMAP, v->msr_bitmap01.value);
	vmwrite(VMCS_TSC_OFFSET, v->tsc_offset);
	vmwrite(VMCS_EPT_POINTER, v->partition->ept_pointer);
	vmwrite(VMCS_VPID, vmx_vpid01(v->index));
	vmwrite(VMCS_LINK_POINTER, ~0ull);
}

void vmx_setup_vcpu(struct vcpu *v)
{
	union vmx_page *page = &vmcs01_pages[v->number];

	page->revision = (u32)vmx_capabilities.basic & 0x7FFFFFFF;
	v->vmcs01 = HPA(kernel_physical(page));
	v->msr_bitmap01 = HPA(kernel_physical(msr_policy_bitmap()));
	CHECK(vmclear(&v->vmcs01));
	CHECK(vmptrld(&v->vmcs01));
	v->launched = 0;
	vmx_write_host_state(v);
	write_controls(v);
	invept_all();
}

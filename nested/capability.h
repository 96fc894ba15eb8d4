/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What L1 sees of VMX: its capability MSRs, computed from the hardware's, controls.def and fields.def. What is not implemented is not
 * visible. Pure. Source: Intel SDM volume 3, appendix A "VMX Capability Reporting Facility".
 */
#ifndef NESTED_CAPABILITY_H
#define NESTED_CAPABILITY_H

#include "kernel/vmx/capability.h"
#include "nested/controls.h"

/* Revision identifier of the VMCS regions L1 makes: their layout is ours (vmcs12.h). */
#define VMCS12_REVISION 0x4E423031u
#define VMCS12_SHADOW_INDICATOR (1u << 31)

struct offer {
	struct vmx_capabilities msr;  /* as L1 reads them; of the controls the TRUE versions */
	struct controls may;          /* high halves of the controls */
	u64 vmcs_enum;
	u32 physical_bits;
};

#define VM_FUNCTION_EPTP_SWITCHING BIT(0)
#define BASIC_IO_INFORMATION BIT(54)
#define BASIC_TRUE_CONTROLS  BIT(55)
#define BASIC_ANY_ERROR_CODE BIT(56)
#define MISC_STORE_LMA       BIT(5)
#define MISC_ACTIVITY_HLT    BIT(6)
#define MISC_WRITE_ANY_FIELD BIT(29)
#define MISC_INJECT_LENGTH_0 BIT(30)
#define MISC_CR3_TARGETS(misc) ((u32)((misc) >> 16) & 0x1FF)

/* The most entries of an MSR area: 512 * (MISC[27:25] + 1). */
#define MSR_AREA_MAX_ENTRIES 512u

/* cr4_allowed: CR4 bits the partition may set at all. */
/* As if the CPU could neither deliver virtual interrupts nor process posted ones. */
void capability_hide_virtual_interrupts(struct vmx_capabilities *hardware);
void capability_offer(struct offer *offer, const struct vmx_capabilities *hardware, u64 cr4_allowed, u32 physical_bits);
/* RDMSR 480H to 491H; false: #GP. */
bool must_check capability_read(const struct offer *offer, u32 msr, u64 *value);
/* An EPT pointer VM entry, INVEPT and VMFUNC take. SDM "Extended-Page-Table Pointer (EPTP)" */
bool must_check capability_allows_eptp(const struct offer *offer, u64 eptp);

#endif

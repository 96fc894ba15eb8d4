/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Model-specific registers and control register bits by the manual's names.
 * Source: Intel SDM volume 4 "Model-Specific Registers"; volume 3 "Control Registers".
 */
#ifndef BSP_MSR_H
#define BSP_MSR_H

enum msr {
	IA32_TSC                   = 0x10,
	IA32_PLATFORM_ID           = 0x17,
	IA32_APIC_BASE             = 0x1B,
	IA32_FEATURE_CONTROL       = 0x3A,
	IA32_TSC_ADJUST            = 0x3B,
	IA32_SPEC_CTRL             = 0x48,
	IA32_PRED_CMD              = 0x49,
	IA32_BIOS_UPDT_TRIG        = 0x79,
	IA32_BIOS_SIGN_ID          = 0x8B,
	IA32_MTRRCAP               = 0xFE,
	IA32_ARCH_CAPABILITIES     = 0x10A,
	IA32_FLUSH_CMD             = 0x10B,
	IA32_SYSENTER_CS           = 0x174,
	IA32_SYSENTER_ESP          = 0x175,
	IA32_SYSENTER_EIP          = 0x176,
	IA32_MCG_CAP               = 0x179,
	IA32_MCG_STATUS            = 0x17A,
	IA32_MISC_ENABLE           = 0x1A0,
	IA32_DEBUGCTL              = 0x1D9,
	IA32_MTRR_PHYSBASE0        = 0x200,
	IA32_MTRR_FIX64K_00000     = 0x250,
	IA32_PAT                   = 0x277,
	IA32_MTRR_DEF_TYPE         = 0x2FF,
	IA32_PERF_GLOBAL_CTRL      = 0x38F,
	IA32_VMX_BASIC             = 0x480,
	IA32_VMX_PINBASED_CTLS     = 0x481,
	IA32_VMX_PROCBASED_CTLS    = 0x482,
	IA32_VMX_EXIT_CTLS         = 0x483,
	IA32_VMX_ENTRY_CTLS        = 0x484,
	IA32_VMX_MISC              = 0x485,
	IA32_VMX_CR0_FIXED0        = 0x486,
	IA32_VMX_CR0_FIXED1        = 0x487,
	IA32_VMX_CR4_FIXED0        = 0x488,
	IA32_VMX_CR4_FIXED1        = 0x489,
	IA32_VMX_VMCS_ENUM         = 0x48A,
	IA32_VMX_PROCBASED_CTLS2   = 0x48B,
	IA32_VMX_EPT_VPID_CAP      = 0x48C,
	IA32_VMX_TRUE_PINBASED_CTLS  = 0x48D,
	IA32_VMX_TRUE_PROCBASED_CTLS = 0x48E,
	IA32_VMX_TRUE_EXIT_CTLS    = 0x48F,
	IA32_VMX_TRUE_ENTRY_CTLS   = 0x490,
	IA32_VMX_VMFUNC            = 0x491,
	IA32_TSC_DEADLINE          = 0x6E0,
	IA32_X2APIC_FIRST          = 0x800,
	IA32_X2APIC_LAST           = 0x8FF,
	IA32_XSS                   = 0xDA0,
	IA32_EFER                  = 0xC0000080,
	IA32_STAR                  = 0xC0000081,
	IA32_LSTAR                 = 0xC0000082,
	IA32_CSTAR                 = 0xC0000083,
	IA32_FMASK                 = 0xC0000084,
	IA32_FS_BASE               = 0xC0000100,
	IA32_GS_BASE               = 0xC0000101,
	IA32_KERNEL_GS_BASE        = 0xC0000102,
	IA32_TSC_AUX               = 0xC0000103,
};

#define CR0_PE (1ull << 0)
#define CR0_MP (1ull << 1)
#define CR0_EM (1ull << 2)
#define CR0_TS (1ull << 3)
#define CR0_ET (1ull << 4)
#define CR0_NE (1ull << 5)
#define CR0_WP (1ull << 16)
#define CR0_AM (1ull << 18)
#define CR0_NW (1ull << 29)
#define CR0_CD (1ull << 30)
#define CR0_PG (1ull << 31)

#define CR4_VME        (1ull << 0)
#define CR4_PVI        (1ull << 1)
#define CR4_TSD        (1ull << 2)
#define CR4_DE         (1ull << 3)
#define CR4_PSE        (1ull << 4)
#define CR4_PAE        (1ull << 5)
#define CR4_MCE        (1ull << 6)
#define CR4_PGE        (1ull << 7)
#define CR4_PCE        (1ull << 8)
#define CR4_OSFXSR     (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define CR4_UMIP       (1ull << 11)
#define CR4_LA57       (1ull << 12)
#define CR4_VMXE       (1ull << 13)
#define CR4_SMXE       (1ull << 14)
#define CR4_FSGSBASE   (1ull << 16)
#define CR4_PCIDE      (1ull << 17)
#define CR4_OSXSAVE    (1ull << 18)
#define CR4_SMEP       (1ull << 20)
#define CR4_SMAP       (1ull << 21)
#define CR4_PKE        (1ull << 22)

#define EFER_SCE (1ull << 0)
#define EFER_LME (1ull << 8)
#define EFER_LMA (1ull << 10)
#define EFER_NXE (1ull << 11)

#define RFLAGS_CF  (1ull << 0)
#define RFLAGS_ONE (1ull << 1)
#define RFLAGS_PF  (1ull << 2)
#define RFLAGS_AF  (1ull << 4)
#define RFLAGS_ZF  (1ull << 6)
#define RFLAGS_SF  (1ull << 7)
#define RFLAGS_TF  (1ull << 8)
#define RFLAGS_IF  (1ull << 9)
#define RFLAGS_OF  (1ull << 11)
#define RFLAGS_VM  (1ull << 17)
#define RFLAGS_RF  (1ull << 16)

enum exception_vector {
	EXC_DE = 0, EXC_DB = 1, EXC_NMI = 2, EXC_BP = 3, EXC_UD = 6, EXC_NM = 7, EXC_DF = 8, EXC_TS = 10,
	EXC_NP = 11, EXC_SS = 12, EXC_GP = 13, EXC_PF = 14, EXC_AC = 17, EXC_MC = 18, EXC_VE = 20,
};

#endif

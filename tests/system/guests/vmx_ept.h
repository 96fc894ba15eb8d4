/* SPDX-License-Identifier: Apache-2.0 */
/* What the chapters on EPT share: places in memory, entries, exit qualifications, what is expected of a run. */
#ifndef VMX_EPT_H
#define VMX_EPT_H

#include "guest.h"
#include "vmx.h"

#define MAPPED 0x1100000ull       /* in the 4 KiB pages of vmx_world.c */
#define TABLES 0x1140000ull       /* L2's own page tables: root, pointers, directory */
#define OTHER 0x1180000ull
#define LARGE 0x4000000ull

#define READ 1ull
#define WRITE 2ull
#define EXECUTE 4ull
#define TYPE_WB (6ull << 3)
#define LARGE_PAGE 0x80ull
#define ACCESSED 0x100ull
#define DIRTY 0x200ull
#define EXECUTE_USER 0x400ull
#define SUPPRESS_VE (1ull << 63)
#define EPTP_FLAGS 0x40ull

#define LINEAR_VALID 0x180ull     /* linear address valid, translation of it */
#define LINEAR_TABLE 0x080ull     /* linear address valid, access to a table on the way */

/* IA32_VMX_EPT_VPID_CAP */
#define CAP_EXECUTE_ONLY (1ull << 0)
#define CAP_1G (1ull << 17)
#define CAP_FLAGS (1ull << 21)
#define CAP_ADVANCED (1ull << 22)
static inline bool ept_can(u64 bit) { return rdmsr(0x48C) & bit; }

static inline bool is_on_nestbox(void) { return cpuid(1, 0).c >> 31; }

static inline void invept(void)
{
	const u64 descriptor[2] = { world_eptp(), 0 };

	check(vmx_invept(1, descriptor) == VM_OK, "INVEPT");
}

static inline void expect(u32 reason, u32 wanted, const char *what)
{
	check(reason == wanted, "%s: exit %x, not %x", what, reason, wanted);
}

/* L2 makes the access of this piece of code at an address; mask: bits of the qualification that count. */
void ept_expect_violation(const u8 *code, u64 address, u64 qualification, u64 mask);
/* ... and gets through. */
void ept_expect_access(const u8 *code, u64 address, const char *what);

/* L2 runs on tables of its own at TABLES, which map the first 1 GiB as L1's do. Returns the directory. */
u64 *ept_own_tables(void);

extern const u8 l2_int52[], l2_iret[], l2_vmfunc[], l2_switch_often[], l2_return[]; /* vmx_ept_code.S */
extern const u8 l2_load32[], l2_store32[]; /* vmx_apic_code.S */

/* Tables like those of world_use_ept(), but MAPPED is another page for each root, which holds 100H + root. Returns the EPTP. */
#define EPT_ROOTS 6u              /* a Nestbox keeps four */
#define EPT_ROOT_PAGES 0x2800000ull
u64 ept_make_root(u64 root);
/* L2 begins in real mode, at 9000H. */
void ept_enter_real_mode(void);

/* the files */
void vmx_test_ept_flags(void);
void vmx_test_ept_pool(void);
void vmx_test_ept_log(void);
void vmx_test_ept_events(void);
void vmx_test_ept_switch(void);
void vmx_test_ept_ve(void);
void vmx_test_ept_mode(void);

#endif

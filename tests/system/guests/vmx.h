/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bare-metal L1: VMX instructions with their results, a VMCS that runs L2 code of vmx_code.S on L1's own page tables. Runs on Nestbox and on a
 * bare machine: what it checks is the manual's, not Nestbox's.
 */
#ifndef VMX_H
#define VMX_H

#include "kernel/vmx/vmcs.h"

enum { VM_OK = 0, VM_FAIL_INVALID = 1, VM_FAIL_VALID = 2, VM_FAULT = 0x100 };
#define L2_FAILED 0x10000u /* l2_run(): the entry failed, the low bits are VM_FAIL_* */

struct page { union { u64 word[512]; u32 revision; }; } __attribute__((aligned(4096)));

/* vmx_code.S; the order is the assembly's */
struct l2_registers { u64 rax, rcx, rdx, rbx, rsi, rdi; };
u32 vmx_enter(struct l2_registers *registers, u32 launched);
void vmx_repeat(u64 rounds);
extern const u8 l2_vmcall[], l2_cpuid[], l2_hlt[], l2_rdmsr[], l2_wrmsr[], l2_out[], l2_in[], l2_write_cr0[], l2_write_cr3[], l2_write_cr8[],
	l2_read_cr8[], l2_ud2[], l2_spin[], l2_rdtsc[], l2_load[], l2_store[], l2_call[], l2_sti_spin[], l2_breakpoint[], l2_invlpg[],
	l2_read_cr4[], l2_real[], l2_real_end[];

#define VMX_OPERATION(text, ...) ({ \
	u8 carry_ = 0, zero_ = 0; \
	asm volatile(GUARDED(text "; setc %0; setz %1") : "+q"(carry_), "+q"(zero_) : __VA_ARGS__ : "memory", "cc"); \
	u32 vector_ = this_cpu()->vector; \
	vector_ == NO_FAULT ? (u32)(carry_ + 2 * zero_) : VM_FAULT + vector_; \
})

static inline u32 vmx_on(u64 address) { return VMX_OPERATION("vmxon %2", "m"(address)); }
static inline u32 vmx_off(void) { return VMX_OPERATION("vmxoff", "i"(0)); }
static inline u32 vmx_clear(u64 address) { return VMX_OPERATION("vmclear %2", "m"(address)); }
static inline u32 vmx_load(u64 address) { return VMX_OPERATION("vmptrld %2", "m"(address)); }
static inline u32 vmx_store(u64 *address) { return VMX_OPERATION("vmptrst (%2)", "r"(address)); }
static inline u32 vmx_write(u64 field, u64 value) { return VMX_OPERATION("vmwrite %2, %3", "r"(value), "r"(field)); }
static inline u32 vmx_read(u64 field, u64 *value) { return VMX_OPERATION("vmread %3, (%2)", "r"(value), "r"(field)); }
static inline u32 vmx_launch(void) { return VMX_OPERATION("vmlaunch", "i"(0)); }
static inline u32 vmx_resume(void) { return VMX_OPERATION("vmresume", "i"(0)); }
static inline u32 vmx_invept(u64 type, const u64 *descriptor) { return VMX_OPERATION("invept (%2), %3", "r"(descriptor), "r"(type)); }
static inline u32 vmx_invvpid(u64 type, const u64 *descriptor) { return VMX_OPERATION("invvpid (%2), %3", "r"(descriptor), "r"(type)); }

/* A field that must exist. */
static inline u64 field(u64 encoding)
{
	u64 value = 0;

	check(vmx_read(encoding, &value) == VM_OK, "VMREAD of %lx failed", encoding);
	return value;
}

static inline void set(u64 encoding, u64 value)
{
	check(vmx_write(encoding, value) == VM_OK, "VMWRITE of %lx failed", encoding);
}

static inline u64 instruction_error(void) { return field(VMCS_INSTRUCTION_ERROR); }

extern struct page vmxon_region, vmcs_region, other_region;
extern struct l2_registers l2;

/* vmx_world.c */
void world_enter_vmx(void);
/* A fresh, valid VMCS in vmcs_region, current; L2 runs on L1's page tables without EPT and VPID. */
void world_reset(void);
/* The same in a region of the caller's, not for l2_run(). */
void world_reset_region(const struct page *region);
/* Segments, descriptor tables and their host counterparts as this CPU has them. */
void world_segments(void);
/* Sets control bits; clear: takes them away. The capability MSRs' must-be-1 bits stay. */
void world_control(u64 controls_field, u32 bits);
void world_clear_control(u64 controls_field, u32 bits);
bool world_can(u64 controls_field, u32 bits);
void world_use_ept(void);
u64 *world_ept_entry(u64 address, u32 level);
u64 world_eptp(void);
extern u8 world_msr_bitmap[4096], world_io_bitmaps[8192];
/* L2 starts in ring 3. */
void world_ring3(void);
/* Runs L2 at an address. The basic exit reason (with bit 31 for a failed entry), or L2_FAILED + how. */
u32 l2_run(const void *rip);
/* Goes on with what is in the VMCS. */
u32 l2_continue(void);
/* Past the instruction that has exited, then on. */
u32 l2_skip(void);

/* vmx_other.c: what the other CPU is to do once it is up; NULL again when it has done it */
typedef void other_job(void);
extern other_job *volatile other_handed;

/* the chapters */
void vmx_test_entry(void);
void vmx_test_exits(void);
void vmx_test_events(void);
void vmx_test_ept(void);
void vmx_test_shadow(void);
void vmx_test_features(void);
void vmx_test_inject(void);
void vmx_test_windows(void);
void vmx_test_steps(void);
/* Before VMXON, and in VMX operation. */
void vmx_test_modes_of_l1(void);
void vmx_test_modes(void);
void vmx_test_addresses(void);
void vmx_test_init(void);
void vmx_test_smp(void);
void vmx_test_move(void);
void vmx_test_apic(void);
void vmx_test_legacy(void);
/* Ends in a VMX abort with this indicator: 1, 2, 4. */
void vmx_abort(u32 indicator);
/* Stays a hypervisor, and enters as it is told over its serial port. */
_Noreturn void vmx_stay(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VMX instructions as functions. The flags are looked at where failure is possible by design (loading a VMCS);
 * VMREAD and VMWRITE of our own VMCS are on the hot path: they name only fields that vmx_setup() has found.
 * Source: Intel SDM volume 3 "VMX Instruction Reference".
 */
#ifndef KERNEL_VMX_VMX_INSN_H
#define KERNEL_VMX_VMX_INSN_H

#include "bsp/types.h"
#include "kernel/vmx/vmcs.h"

static inline u64 vmread(u64 field)
{
	u64 value;

	asm volatile("vmread %1, %0" : "=r"(value) : "r"(field) : "cc");
	return value;
}

static inline void vmwrite(u64 field, u64 value)
{
	asm volatile("vmwrite %1, %0" : : "r"(field), "rm"(value) : "cc", "memory");
}

/* As above, but tell whether the field exists and could be written. */
static inline must_check bool vmread_try(u64 field, u64 *value)
{
	bool failed;

	asm volatile("vmread %2, %1" : "=@ccbe"(failed), "=r"(*value) : "r"(field));
	return !failed;
}

static inline must_check bool vmwrite_try(u64 field, u64 value)
{
	bool failed;

	asm volatile("vmwrite %2, %1" : "=@ccbe"(failed) : "r"(field), "rm"(value) : "memory");
	return !failed;
}

#define DEFINE_VMX_POINTER_INSN(name)                                                                      \
	static inline must_check bool name(const hpa_t *page)                                              \
	{                                                                                                  \
		bool failed;                                                                               \
		asm volatile(#name " %1" : "=@ccbe"(failed) : "m"(page->value) : "memory");                \
		return !failed;                                                                            \
	}
DEFINE_VMX_POINTER_INSN(vmxon)
DEFINE_VMX_POINTER_INSN(vmclear)
DEFINE_VMX_POINTER_INSN(vmptrld)

enum invept_type { INVEPT_SINGLE = 1, INVEPT_ALL = 2 };
enum invvpid_type { INVVPID_ADDRESS = 0, INVVPID_SINGLE = 1, INVVPID_ALL = 2, INVVPID_SINGLE_RETAIN_GLOBAL = 3 };

static inline void invept_all(void)
{
	static const struct { u64 eptp, zero; } operand;

	asm volatile("invept %0, %1" : : "m"(operand), "r"((u64)INVEPT_ALL) : "cc", "memory");
}

struct invvpid_operand { u64 vpid, address; };

static inline void invvpid_by(enum invvpid_type type, const struct invvpid_operand *operand)
{
	asm volatile("invvpid %0, %1" : : "m"(*operand), "r"((u64)type) : "cc", "memory");
}

static inline void invvpid(enum invvpid_type type, u16 vpid, u64 address)
{
	struct invvpid_operand operand = { vpid, address };

	invvpid_by(type, &operand);
}

#endif

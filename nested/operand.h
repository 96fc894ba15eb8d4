/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operands of VMX instructions from the VM-exit instruction-information field: register, or memory with its address and segment checks. Pure.
 * Source: Intel SDM volume 3 "Information for VM Exits Due to Instruction Execution"; volume 1 "Memory Operands".
 */
#ifndef NESTED_OPERAND_H
#define NESTED_OPERAND_H

#include "kernel/segment.h"

struct operand {
	u32 information;
	u64 displacement;           /* exit qualification */
	bool is_long_mode;          /* 64-bit code */
	u32 bytes;                  /* of the memory operand */
	bool is_write;
	u64 base, index;            /* values of the registers named below; 0 if there is none */
	struct segment_bounds segment;
};

static inline bool operand_is_register(u32 information) { return information >> 10 & 1; }
static inline u32 operand_register_1(u32 information) { return information >> 3 & 15; }
static inline u32 operand_register_2(u32 information) { return information >> 28 & 15; }
static inline u32 operand_segment_number(u32 information) { return information >> 15 & 7; }
static inline bool operand_has_index(u32 information) { return !(information >> 22 & 1); }
static inline u32 operand_index(u32 information) { return information >> 18 & 15; }
static inline bool operand_has_base(u32 information) { return !(information >> 27 & 1); }
static inline u32 operand_base(u32 information) { return information >> 23 & 15; }

/* Linear address of the memory operand; false: *vector is #GP or #SS, with error code 0. */
bool must_check operand_linear(const struct operand *operand, u64 *linear, u32 *vector);

#endif

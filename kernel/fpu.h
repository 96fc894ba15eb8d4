/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's extended state stays in the registers while ring 0 works, which never touches it. Ring 3 starts with CR0.TS set; its first
 * use of the FPU traps here, the guest's state is saved whole and put back before the guest runs again.
 * Source: Intel SDM volume 1 "Managing State Using the XSAVE Feature Set".
 */
#ifndef KERNEL_FPU_H
#define KERNEL_FPU_H

#include "bsp/types.h"

struct percpu;

#define XCR0_X87 BIT(0)
#define XCR0_SSE BIT(1)
#define XCR0_AVX BIT(2)
#define XCR0_AVX512 (BIT(5) | BIT(6) | BIT(7))

/* Per CPU, once. */
void fpu_init(struct percpu *cpu);
/* The state components a guest may enable: what the CPU has and Nestbox saves. */
u64 fpu_guest_xcr0_mask(void);
/* SDM "XSETBV": which combinations of components the instruction accepts. Pure. */
bool fpu_xcr0_is_valid(u64 value, u64 mask);
void fpu_give_to_monitor(struct percpu *cpu);
void fpu_give_back_to_guest(struct percpu *cpu);
/* XCR0 = x87 and all registers in their initial state, as after reset. */
void fpu_reset_guest(struct percpu *cpu);

#endif

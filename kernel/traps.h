/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions and interrupts taken in root operation, ring 0 and ring 3. The frame is what traps.S pushes. */
#ifndef KERNEL_TRAPS_H
#define KERNEL_TRAPS_H

#include "bsp/types.h"

struct trap_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
	u64 vector, error_code;
	u64 rip, cs, rflags, rsp, ss;
};

enum host_vector {
	VECTOR_SYSCALL = 0x80,
	VECTOR_HOST_IRQ = 0xD0,     /* + bound line, 16 of them */
	VECTOR_TIMER = 0xE0,
	VECTOR_KICK = 0xE1,
	VECTOR_SPURIOUS = 0xFF,
};

void traps_init_table(void);
void traps_load_table(void);
u64 traps_table_base(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry stubs of all 256 vectors of root operation. Each pushes what the CPU did not (error code, vector, registers: struct
 * trap_frame) and calls trap_dispatch(). Ring 3 arrives on the stack the upcall left (TSS.RSP0).
 */
	.section .text
	.altmacro

	.macro stub vector
	.balign 16
	.if (\vector == 8) || (\vector >= 10 && \vector <= 14) || (\vector == 17) || (\vector == 21)
	.else
	pushq $0
	.endif
	pushq $\vector
	jmp trap_common
	.endm

	.global trap_stubs
	.balign 16
trap_stubs:
	.set vector, 0
	.rept 256
	stub %vector
	.set vector, vector + 1
	.endr

trap_common:
	cld
	pushq %rax
	pushq %rbx
	pushq %rcx
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %rbp
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, %rdi
	call trap_dispatch
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rbp
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rcx
	popq %rbx
	popq %rax
	addq $16, %rsp
	iretq
	.section .note.GNU-stack, "", @progbits

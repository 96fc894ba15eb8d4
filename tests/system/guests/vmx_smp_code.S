/* SPDX-License-Identifier: Apache-2.0 */
/* L2 of vmx_smp.c. Only the registers that vmx_enter() keeps. */
	.section .text
	.code64

/*
 * Reads at two addresses, counts at a third, until a value is below its floor: RCX the value, RAX the floor. RDI, RSI: the floors; RBX: counts
 * rounds. A floor rises while L2 is not running, hence it is read first.
 */
	.global l2_watch
l2_watch:
	movq (%rdi), %rax
	movq 0x1100000, %rcx
	cmpq %rax, %rcx
	jb 1f
	movq (%rsi), %rax
	movq 0x4123000, %rcx
	cmpq %rax, %rcx
	jb 1f
	incq 0x1101000
	incq (%rbx)
	jmp l2_watch
1:	vmcall
	jmp 1b

	.global l2_step
l2_step:
	incq (%rbx)
	vmcall
	jmp l2_step
	.section .note.GNU-stack, "", @progbits

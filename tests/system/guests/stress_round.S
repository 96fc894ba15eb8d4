/* SPDX-License-Identifier: Apache-2.0 */
/*
 * u64 stress_NAME(const struct pattern *rdi, void *to rsi, const void *from rdx, u64 bytes rcx, u64 rounds r8): fills every register from the pattern,
 * runs one instruction that exits (or is interrupted) per round, and compares every register, the flags and the stack. Returns 0, or the round
 * number << 8 | what differed: 1 to 15 a general register (as the pattern numbers them), 32 flags, 33 stack, 64 + n YMMn, 96 string end.
 */
	.section .text

	.macro compare_gpr register, slot
	movb $\slot, %al
	cmpq 8 * \slot(%rdi), %\register
	jne 9f
	.endm

	.macro load_ymm number
	vmovups 128 + 32 * \number(%rdi), %ymm\number
	.endm

	.macro compare_ymm number
	movb $64 + \number, %al
	vxorps 128 + 32 * \number(%rdi), %ymm\number, %ymm15
	vptest %ymm15, %ymm15
	jne 9f
	.endm

	.macro round name, instruction:req
	.global stress_\name
stress_\name:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	pushq %rsi		/* 24: to */
	pushq %rdx		/* 16: from */
	pushq %rcx		/* 8: bytes */
	pushq %r8		/* 0: rounds */
	movq 8 * 3(%rdi), %rbx
	movq 8 * 5(%rdi), %rbp
	movq 8 * 8(%rdi), %r8
	movq 8 * 9(%rdi), %r9
	movq 8 * 10(%rdi), %r10
	movq 8 * 11(%rdi), %r11
	movq 8 * 12(%rdi), %r12
	movq 8 * 13(%rdi), %r13
	movq 8 * 14(%rdi), %r14
	movq 8 * 15(%rdi), %r15
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
	load_ymm \n
	.endr
1:	/* below the stack pointer: what an interrupt frame may overwrite; above: what it may not */
	pushq %rdi
	pushq %r15
	pushq $0x2D7		/* IF and all arithmetic flags */
	popfq
	\instruction
	pushfq
	popq %rax
	popq %rdx
	popq %rdi
	xorq $0x2D7, %rax
	movb $32, %al
	jnz 9f
	movb $33, %al
	cmpq %r15, %rdx
	jne 9f
	compare_gpr rbp, 5
	compare_gpr r8, 8
	compare_gpr r9, 9
	compare_gpr r10, 10
	compare_gpr r11, 11
	compare_gpr r12, 12
	compare_gpr r13, 13
	compare_gpr r14, 14
	compare_gpr r15, 15
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
	compare_ymm \n
	.endr
	decq (%rsp)
	jnz 1b
	xorl %eax, %eax
	jmp 8f
9:	movzbl %al, %eax
	movq (%rsp), %rdx
	shlq $8, %rdx
	orq %rdx, %rax
8:	addq $32, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret
	.endm

	round cpuid, "xorl %eax, %eax; xorl %ecx, %ecx; cpuid; pushq $0x2D7; popfq"
	round port, "inb $0x80, %al"
	round nothing, "movl $200, %ecx; 2: nop; loop 2b"
	round fault, "movq stress_unmapped, %rax; movq (%rax), %rax"
	round halt, "hlt"
	round string, "movq 24 + 16(%rsp), %rdi; movq 16 + 16(%rsp), %rsi; movq 8 + 16(%rsp), %rcx; rep movsb"
	.section .note.GNU-stack, "", @progbits

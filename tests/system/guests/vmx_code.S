/* SPDX-License-Identifier: Apache-2.0 */
/* Into L2 and back, and what L2 does: pieces of code that end with VMCALL. */
	.section .text
	.code64

/* u32 vmx_enter(struct l2_registers *rdi, u32 launched): 0 after an exit, 1 VMfailInvalid, 2 VMfailValid */
	.global vmx_enter
vmx_enter:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	pushq %rdi
	movl $0x6C14, %eax		/* HOST_RSP */
	vmwrite %rsp, %rax
	movl $0x6C16, %eax		/* HOST_RIP */
	movq $left, %rdx
	vmwrite %rdx, %rax
	testl %esi, %esi
	movq 0(%rdi), %rax
	movq 8(%rdi), %rcx
	movq 16(%rdi), %rdx
	movq 24(%rdi), %rbx
	movq 32(%rdi), %rsi
	movq 40(%rdi), %rdi
	jne 1f
	vmlaunch
	jmp 2f
1:	vmresume
2:	setc %al
	setz %dl
	movzbl %al, %eax
	movzbl %dl, %edx
	leal (%rax, %rdx, 2), %eax
	addq $8, %rsp
	jmp 3f
left:	pushq %rdi
	movq 8(%rsp), %rdi
	movq %rax, 0(%rdi)
	movq %rcx, 8(%rdi)
	movq %rdx, 16(%rdi)
	movq %rbx, 24(%rdi)
	movq %rsi, 32(%rdi)
	popq 40(%rdi)
	addq $8, %rsp
	xorl %eax, %eax
3:	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

/* void vmx_repeat(u64 rounds): VMRESUME and nothing else, for counting. */
	.global vmx_repeat
vmx_repeat:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	pushq %rdi
	movl $0x6C14, %eax
	vmwrite %rsp, %rax
	movl $0x6C16, %eax
	movq $4f, %rdx
	vmwrite %rdx, %rax
4:	decq (%rsp)
	js 5f
	vmresume
5:	popq %rdi
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

	.macro l2 name:req, code:vararg
	.global l2_\name
l2_\name:
	\code
	vmcall
	jmp l2_vmcall
	.endm

	l2 vmcall, nop
	l2 cpuid, cpuid
	l2 hlt, hlt
	l2 rdmsr, rdmsr
	l2 wrmsr, wrmsr
	l2 out, outb %al, %dx
	l2 in, inb %dx, %al
	l2 write_cr0, movq %rax, %cr0
	l2 write_cr3, movq %rax, %cr3
	l2 write_cr8, movq %rax, %cr8
	l2 read_cr8, movq %cr8, %rax
	l2 read_cr4, movq %cr4, %rax
	l2 ud2, ud2
	l2 breakpoint, int3
	l2 rdtsc, rdtsc
	l2 load, movq (%rdi), %rax
	l2 store, movq %rax, (%rdi)
	l2 call, call *%rdi
	l2 invlpg, invlpg (%rdi)

	.global l2_spin, l2_sti_spin
l2_sti_spin:
	sti
l2_spin:
	pause
	jmp l2_spin

	/* copied below 1 MiB: real mode, then back by VMCALL */
	.code16
	.global l2_real, l2_real_end
l2_real:
	movw %cs, %ax
	movw $0x1234, %bx
	vmcall
l2_real_end:
	.code64
	.section .note.GNU-stack, "", @progbits

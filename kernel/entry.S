/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two doors of ring 0: into the guest and back (VM entry and exit), into the monitor and back (upcall). Register saving and
 * nothing else. After an exit the stack starts anew at its top: no frame survives a VM entry.
 * Source: Intel SDM volume 3 "VM Entries", "VM Exits".
 */
#include "kernel/offsets.h"

	.section .text

/* noreturn vcpu_enter(struct vcpu *): loads the guest's registers and enters it. */
	.global vcpu_enter
	.balign 16
vcpu_enter:
	movq %rsp, %rax
	orq $(STACK_BYTES - 1), %rax
	leaq -15(%rax), %rsp		/* HOST_RSP: a failed entry finds the vcpu there like an exit does */
load_and_enter:
	cmpq $0, VCPU_LAUNCHED(%rdi)
	movq VCPU_GPR + 0 * 8(%rdi), %rax
	movq VCPU_GPR + 1 * 8(%rdi), %rcx
	movq VCPU_GPR + 2 * 8(%rdi), %rdx
	movq VCPU_GPR + 3 * 8(%rdi), %rbx
	movq VCPU_GPR + 5 * 8(%rdi), %rbp
	movq VCPU_GPR + 6 * 8(%rdi), %rsi
	movq VCPU_GPR + 8 * 8(%rdi), %r8
	movq VCPU_GPR + 9 * 8(%rdi), %r9
	movq VCPU_GPR + 10 * 8(%rdi), %r10
	movq VCPU_GPR + 11 * 8(%rdi), %r11
	movq VCPU_GPR + 12 * 8(%rdi), %r12
	movq VCPU_GPR + 13 * 8(%rdi), %r13
	movq VCPU_GPR + 14 * 8(%rdi), %r14
	movq VCPU_GPR + 15 * 8(%rdi), %r15
	movq VCPU_GPR + 7 * 8(%rdi), %rdi
	je 1f
	vmresume
	jmp vcpu_entry_refused
1:	vmlaunch
	jmp vcpu_entry_refused

/* Where the CPU continues after a VM exit (HOST_RIP). HOST_RSP points at the word that holds the vcpu. */
	.global vcpu_exited
	.balign 16
vcpu_exited:
	pushq %rdi
	movq 8(%rsp), %rdi
	movq %rax, VCPU_GPR + 0 * 8(%rdi)
	movq %rcx, VCPU_GPR + 1 * 8(%rdi)
	movq %rdx, VCPU_GPR + 2 * 8(%rdi)
	movq %rbx, VCPU_GPR + 3 * 8(%rdi)
	movq %rbp, VCPU_GPR + 5 * 8(%rdi)
	movq %rsi, VCPU_GPR + 6 * 8(%rdi)
	popq VCPU_GPR + 7 * 8(%rdi)
	movq %r8, VCPU_GPR + 8 * 8(%rdi)
	movq %r9, VCPU_GPR + 9 * 8(%rdi)
	movq %r10, VCPU_GPR + 10 * 8(%rdi)
	movq %r11, VCPU_GPR + 11 * 8(%rdi)
	movq %r12, VCPU_GPR + 12 * 8(%rdi)
	movq %r13, VCPU_GPR + 13 * 8(%rdi)
	movq %r14, VCPU_GPR + 14 * 8(%rdi)
	movq %r15, VCPU_GPR + 15 * 8(%rdi)
	call exit_handle
	/* the handler returns the vcpu to go on with */
	movq %rax, %rdi
	jmp load_and_enter

/* VMLAUNCH or VMRESUME failed early: the flags still tell, the guest's registers are in the CPU but are saved in the vcpu too. */
vcpu_entry_refused:
	movq (%rsp), %rdi
	call exit_entry_refused
	movq %rax, %rdi
	jmp load_and_enter

/* u64 upcall_enter(struct percpu *rdi, u64 cr3 rsi, u64 entry rdx, u64 stack rcx, u64 cpu r8, u64 page r9) */
	.global upcall_enter
	.balign 16
upcall_enter:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %cr3, %rax
	pushq %rax
	movq %rsp, PERCPU_UPCALL_RSP(%rdi)
	movq %rsp, PERCPU_TSS_RSP0(%rdi)	/* traps from ring 3 push below */
	movq %rsi, %cr3
	pushq $0x1B			/* SS: user data */
	pushq %rcx
	pushq $0x2			/* RFLAGS: interrupts off */
	pushq $0x23			/* CS: user code */
	pushq %rdx
	movq %r8, %rdi
	movq %r9, %rsi
	xorl %eax, %eax
	xorl %ebx, %ebx
	xorl %ecx, %ecx
	xorl %edx, %edx
	xorl %ebp, %ebp
	xorl %r8d, %r8d
	xorl %r9d, %r9d
	xorl %r10d, %r10d
	xorl %r11d, %r11d
	xorl %r12d, %r12d
	xorl %r13d, %r13d
	xorl %r14d, %r14d
	xorl %r15d, %r15d
	iretq

/* noreturn upcall_leave(struct percpu *rdi, u64 result rsi): back to where upcall_enter() was called. */
	.global upcall_leave
	.balign 16
upcall_leave:
	movq PERCPU_UPCALL_RSP(%rdi), %rsp
	popq %rax
	movq %rax, %cr3
	movq %rsi, %rax
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret
	.section .note.GNU-stack, "", @progbits

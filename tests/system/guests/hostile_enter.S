/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Into L2 and back when nothing of L1's host state can be relied upon but CR3, CS:RIP and what the checks of VM entry guarantee: what an exit
 * has loaded is kept in hostile_loaded, then everything is put back.
 */
	.section .text
	.code64

	/* void hostile_prepare(void): what is to be put back */
	.global hostile_prepare
hostile_prepare:
	movq %cr0, %rax
	movq %rax, own_cr0
	movq %cr3, %rax
	movq %rax, own_cr3
	movq %cr4, %rax
	movq %rax, own_cr4
	sgdt own_gdtr
	sidt own_idtr
	movl $0xC0000101, %ecx
	rdmsr
	movl %eax, own_gs
	movl %edx, own_gs + 4
	ret

	/* u32 hostile_enter(u64 launch): 0 after an exit, 1 VMfailInvalid, 2 VMfailValid */
	.global hostile_enter, hostile_landing
hostile_enter:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, own_rsp
	testq %rdi, %rdi
	movq hostile_gprs + 0, %rax
	movq hostile_gprs + 8, %rcx
	movq hostile_gprs + 16, %rdx
	movq hostile_gprs + 24, %rbx
	movq hostile_gprs + 32, %rbp
	movq hostile_gprs + 40, %rsi
	movq hostile_gprs + 48, %rdi
	movq hostile_gprs + 56, %r8
	movq hostile_gprs + 64, %r9
	movq hostile_gprs + 72, %r10
	movq hostile_gprs + 80, %r11
	movq hostile_gprs + 88, %r12
	movq hostile_gprs + 96, %r13
	movq hostile_gprs + 104, %r14
	movq hostile_gprs + 112, %r15
	jz 1f
	vmlaunch
	jmp 2f
1:	vmresume
2:	setc %al
	setz %dl
	movzbl %al, %eax
	movzbl %dl, %edx
	leal (%rax, %rdx, 2), %eax
3:	movq own_rsp, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

hostile_landing:
	movq %rax, hostile_gprs + 0
	movq %rcx, hostile_gprs + 8
	movq %rdx, hostile_gprs + 16
	movq %rbx, hostile_gprs + 24
	movq %rbp, hostile_gprs + 32
	movq %rsi, hostile_gprs + 40
	movq %rdi, hostile_gprs + 48
	movq %r8, hostile_gprs + 56
	movq %r9, hostile_gprs + 64
	movq %r10, hostile_gprs + 72
	movq %r11, hostile_gprs + 80
	movq %r12, hostile_gprs + 88
	movq %r13, hostile_gprs + 96
	movq %r14, hostile_gprs + 104
	movq %r15, hostile_gprs + 112
	movq %rsp, hostile_loaded + 0
	movq own_rsp, %rsp
	pushfq
	popq hostile_loaded + 8
	movq %cr0, %rax
	movq %rax, hostile_loaded + 16
	movq %cr3, %rax
	movq %rax, hostile_loaded + 24
	movq %cr4, %rax
	movq %rax, hostile_loaded + 32
	movl $0xC0000101, %ecx
	rdmsr
	movl %eax, hostile_loaded + 40
	movl %edx, hostile_loaded + 44
	xorl %eax, %eax
	movw %es, %ax
	movq %rax, hostile_loaded + 48
	movw %cs, %ax
	movq %rax, hostile_loaded + 56
	movw %ss, %ax
	movq %rax, hostile_loaded + 64
	movw %ds, %ax
	movq %rax, hostile_loaded + 72
	movw %fs, %ax
	movq %rax, hostile_loaded + 80
	movw %gs, %ax
	movq %rax, hostile_loaded + 88
	strw %ax
	movq %rax, hostile_loaded + 96
	sgdt hostile_loaded + 104
	sidt hostile_loaded + 114

	movq own_cr3, %rax
	movq %rax, %cr3
	movq own_cr4, %rax
	movq %rax, %cr4
	movq own_cr0, %rax
	movq %rax, %cr0
	lgdt own_gdtr
	lidt own_idtr
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl %eax, %gs
	pushq $0x08
	pushq $4f
	lretq
4:	movl $0xC0000101, %ecx
	movl own_gs, %eax
	movl own_gs + 4, %edx
	wrmsr
	andb $0xFD, gdt + 0x35		/* the TSS is busy */
	movl $0x30, %eax
	ltr %ax
	xorl %eax, %eax
	jmp 3b

	.section .bss
	.balign 8
own_rsp:	.skip 8
own_cr0:	.skip 8
own_cr3:	.skip 8
own_cr4:	.skip 8
own_gs:		.skip 8
own_gdtr:	.skip 16
own_idtr:	.skip 16
	.global hostile_gprs, hostile_loaded
hostile_gprs:	.skip 120
hostile_loaded:	.skip 128
	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start of the L2 guest, for both CPUs: real mode (as after SIPI), protected mode, long mode with
 * static page tables (0-1 GiB, 3-5 GiB in 2 MiB pages), then l2_main(cpu number).
 */
#include "l2abi.h"

#define CR0_PE		0x1
#define CR0_NE_WP_PG	0x80010020
#define CR4_PAE		0x20
#define MSR_EFER	0xc0000080
#define EFER_LME	0x100
#define PAGE_RW		0x03
#define PAGE_RW_2M	0x83
#define STACK_SIZE	8192

	.section .text.start, "ax"
	.code16
	.globl l2_start
l2_start:
	cli
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	gdt_pointer - l2_start
	movl	%cr0, %eax
	orl	$CR0_PE, %eax
	movl	%eax, %cr0
	ljmpl	$0x08, $start32

	.code32
start32:
	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$pml4, %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr
	movl	%cr0, %eax
	orl	$CR0_NE_WP_PG, %eax
	andl	$0x9fffffff, %eax		/* caches on */
	movl	%eax, %cr0
	ljmpl	$0x10, $start64

	.code64
start64:
	movl	$1, %edi
	lock xaddl %edi, cpus_started(%rip)
	leal	1(%edi), %eax
	imull	$STACK_SIZE, %eax, %eax
	leaq	stacks(%rip), %rsp
	addq	%rax, %rsp
	call	l2_main
1:	hlt
	jmp	1b

	.globl l2_exception, l2_exception_code, l2_timer, l2_ipi
l2_exception_code:
	addq	$8, %rsp			/* the error code */
l2_exception:
	movq	(%rsp), %rdi
	andq	$-16, %rsp
	call	l2_on_exception

	/* The frame is 40 bytes on an aligned stack, nine registers more align it again. */
	.macro	interrupt name, handler
\name:
	.irp	reg, rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11
	pushq	%\reg
	.endr
	call	\handler
	.irp	reg, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax
	popq	%\reg
	.endr
	iretq
	.endm

	interrupt l2_timer, l2_on_timer
	interrupt l2_ipi, l2_on_ipi

	.data
	.balign	16
gdt:	.quad	0
	.quad	0x00cf9b000000ffff		/* 08: 32-bit code */
	.quad	0x00af9b000000ffff		/* 10: 64-bit code */
	.quad	0x00cf93000000ffff		/* 18: data */
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt
	.balign	4
cpus_started:
	.long	0

	.macro	page_directory first
	.set	page, \first
	.rept	512
	.quad	page + PAGE_RW_2M
	.set	page, page + 0x200000
	.endr
	.endm

	.balign	4096
pml4:	.quad	pdpt + PAGE_RW
	.fill	511, 8, 0
pdpt:	.quad	pd0 + PAGE_RW, 0, 0, pd3 + PAGE_RW, pd4 + PAGE_RW
	.fill	507, 8, 0
pd0:	page_directory 0
pd3:	page_directory 0xc0000000
pd4:	page_directory 0x100000000

	.bss
	.balign	16
stacks:	.skip	L2_CPUS * STACK_SIZE

	.section .note.GNU-stack, "", @progbits

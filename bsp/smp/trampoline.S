/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where another CPU starts: a copy of this page below 1 MiB, in real mode, with CS pointing at it.
 * Goes to long mode in one step, on tables that show this page read-only at its own address, and
 * leaves for the upper half. smp.c fills the three fields in the copy.
 * Source: Intel SDM volume 3 "Initializing IA-32e Mode".
 */
#include "bsp/memory/layout.h"

#define MSR_EFER 0xC0000080
#define EFER_LME_NXE 0x900
#define CR4_PAE_BIT 0x20
#define CR0_START 0x80010033		/* PG, WP, NE, ET, MP, PE */

	.section .rodata, "a"
	.balign 16
	.global trampoline_start, trampoline_end
	.global trampoline_gdt_base, trampoline_target, trampoline_cr3
	.code16
trampoline_start:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	lgdtl trampoline_gdt_pointer - trampoline_start
	movl $CR4_PAE_BIT, %eax
	movl %eax, %cr4
	movl trampoline_cr3 - trampoline_start, %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	movl $EFER_LME_NXE, %eax
	xorl %edx, %edx
	wrmsr
	movl $CR0_START, %eax
	movl %eax, %cr0
	ljmpl *(trampoline_target - trampoline_start)

	.code64
	.global trampoline_long_mode
trampoline_long_mode:
	movabsq $smp_high, %rax
	jmp *%rax

	.balign 8
trampoline_gdt:
	.quad 0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF
trampoline_gdt_pointer:
	.short trampoline_gdt_pointer - trampoline_gdt - 1
trampoline_gdt_base:
	.long trampoline_gdt - trampoline_start
trampoline_target:
	.long trampoline_long_mode - trampoline_start
	.short BOOT_SELECTOR_CODE
trampoline_cr3:
	.long 0
trampoline_end:

	.section .text, "ax"
smp_high:
	lgdt boot_gdt_pointer(%rip)
	movl $BOOT_SELECTOR_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movq smp_stack_top(%rip), %rsp
	xorl %ebp, %ebp
	call smp_arrive
	ud2
	.section .note.GNU-stack, "", @progbits

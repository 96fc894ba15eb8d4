/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first instructions: a Multiboot2 loader (BIOS or UEFI, either way 32-bit protected mode
 * without paging) jumps to boot_entry; this turns on long mode with temporary tables and calls
 * kernel_main(magic, information block). The temporary tables map the first 4 GiB at their own
 * addresses and its first GiB at KERNEL_VIRTUAL_BASE.
 * Source: Multiboot2 Specification 3.1 and 3.3; Intel SDM volume 3 "Initializing IA-32e Mode".
 */
#include "bsp/memory/layout.h"

#define MULTIBOOT2_MAGIC 0xE85250D6
#define MULTIBOOT2_BOOTED 0x36D76289
#define ARCHITECTURE_I386 0
#define TAG_END 0
#define TAG_REQUEST 1
#define TAG_MODULE_ALIGN 6
#define TAG_OPTIONAL 1
#define WANT_MODULES 3
#define WANT_MEMORY_MAP 6
#define WANT_ACPI_OLD 14
#define WANT_ACPI_NEW 15

#define PHYSICAL(symbol) ((symbol) - KERNEL_VIRTUAL_BASE)

#define COM1 0x3F8
#define CPUID_EXTENDED 0x80000000
#define CPUID_EXTENDED_FEATURES 0x80000001
#define EXTENDED_NX (1 << 20)
#define EXTENDED_LONG_MODE (1 << 29)
#define FEATURES_RDRAND (1 << 30)
#define MSR_EFER 0xC0000080
#define EFER_LME_NXE 0x900
#define CR4_PAE_BIT 0x20
#define CR0_START 0x80010033		/* PG, WP, NE, ET, MP, PE */
#define PAGE_TABLE 0x3			/* present, writable */
#define PAGE_LARGE 0x83

	.section .boot.header, "a"
	.balign 8
header:
	.long MULTIBOOT2_MAGIC, ARCHITECTURE_I386, header_end - header
	.long -(MULTIBOOT2_MAGIC + ARCHITECTURE_I386 + (header_end - header))
	.balign 8
	.short TAG_REQUEST, 0
	.long 16, WANT_MODULES, WANT_MEMORY_MAP
	.balign 8
	.short TAG_REQUEST, TAG_OPTIONAL
	.long 16, WANT_ACPI_OLD, WANT_ACPI_NEW
	.balign 8
	.short TAG_MODULE_ALIGN, 0
	.long 8
	.balign 8
	.short TAG_END, 0
	.long 8
header_end:

	.section .boot, "ax"
	.code32
	.global boot_entry
boot_entry:
	cli
	cld
	movl %eax, %edi
	movl %ebx, %esi
	movl $PHYSICAL(boot_stack_top), %esp
	rdtsc
	movl %eax, PHYSICAL(boot_entry_tsc)
	movl %edx, PHYSICAL(boot_entry_tsc) + 4

	movl $text_not_multiboot, %ebp
	cmpl $MULTIBOOT2_BOOTED, %edi
	jne refuse
	movl $text_no_long_mode, %ebp
	movl $CPUID_EXTENDED, %eax
	cpuid
	cmpl $CPUID_EXTENDED_FEATURES, %eax
	jb refuse
	movl $CPUID_EXTENDED_FEATURES, %eax
	cpuid
	testl $EXTENDED_LONG_MODE, %edx
	jz refuse
	movl $text_no_nx, %ebp
	testl $EXTENDED_NX, %edx
	jz refuse

	call build_tables
	lgdt gdt_pointer_low
	movl $CR4_PAE_BIT, %eax
	movl %eax, %cr4
	movl $PHYSICAL(boot_pml4), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	movl $EFER_LME_NXE, %eax
	xorl %edx, %edx
	wrmsr
	movl $CR0_START, %eax
	movl %eax, %cr0
	ljmp $BOOT_SELECTOR_CODE, $long_mode

/* Both PML4 entries lead to the same four directories; the upper one shows only the first. */
build_tables:
	movl $PHYSICAL(boot_low_pdpt) + PAGE_TABLE, PHYSICAL(boot_pml4)
	movl $PHYSICAL(boot_high_pdpt) + PAGE_TABLE, PHYSICAL(boot_pml4) + 511 * 8
	movl $PHYSICAL(boot_directories) + PAGE_TABLE, PHYSICAL(boot_high_pdpt) + 510 * 8
	xorl %ecx, %ecx
	movl $PHYSICAL(boot_directories) + PAGE_TABLE, %eax
1:	movl %eax, PHYSICAL(boot_low_pdpt)(,%ecx,8)
	addl $4096, %eax
	incl %ecx
	cmpl $4, %ecx
	jne 1b
	xorl %ecx, %ecx
	movl $PAGE_LARGE, %eax
2:	movl %eax, PHYSICAL(boot_directories)(,%ecx,8)
	addl $0x200000, %eax
	incl %ecx
	cmpl $2048, %ecx
	jne 2b
	ret

/* Says the line at %ebp on the first serial port (115200 8N1) and stops. */
refuse:
	movl $serial_setup, %esi
	movl $(serial_setup_end - serial_setup) / 2, %ecx
	movw $COM1, %dx
1:	movb (%esi), %dl
	movb 1(%esi), %al
	outb %al, %dx
	addl $2, %esi
	loop 1b
2:	movb (%ebp), %bl
	testb %bl, %bl
	jz 5f
	movl $0x100000, %ecx
	movw $COM1 + 5, %dx
3:	inb %dx, %al
	testb $0x20, %al
	loopz 3b
	movw $COM1, %dx
	movb %bl, %al
	outb %al, %dx
	incl %ebp
	jmp 2b
5:	hlt
	jmp 5b

/* Low byte of the port, value: no interrupts, divisor 1, 8N1, FIFO on, DTR and RTS. */
serial_setup:
	.byte 0xF9, 0x00, 0xFB, 0x80, 0xF8, 0x01, 0xF9, 0x00, 0xFB, 0x03, 0xFA, 0x07, 0xFC, 0x03
serial_setup_end:

text_not_multiboot:
	.asciz "nestbox: not started by a Multiboot2 loader; use GRUB's multiboot2 command\r\n"
text_no_long_mode:
	.asciz "nestbox: this CPU has no 64-bit mode; Nestbox needs an x86-64 CPU with VT-x\r\n"
text_no_nx:
	.asciz "nestbox: no execute-disable; turn on \"Execute Disable\" (NX) in the firmware setup\r\n"

	.balign 8
gdt_pointer_low:
	.short boot_gdt_end - boot_gdt - 1
	.long PHYSICAL(boot_gdt)

	.code64
long_mode:
	movabsq $boot_high, %rax
	jmp *%rax

	.section .text, "ax"
boot_high:
	lgdt boot_gdt_pointer(%rip)
	movl $BOOT_SELECTOR_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movq $boot_stack_top - 16, %rsp
	xorl %ebp, %ebp
	movl %edi, %edi
	movl %esi, %esi
	call seed_stack_guard
	call kernel_main
1:	cli
	hlt
	jmp 1b

/* The guard's lowest byte stays zero: an overrun by a string function cannot reproduce it. */
seed_stack_guard:
	rdtsc
	shlq $32, %rdx
	orq %rdx, %rax
	movabsq $0x9E3779B97F4A7C15, %r8
	imulq %rax, %r8
	movl $1, %eax
	xorl %ecx, %ecx
	cpuid
	testl $FEATURES_RDRAND, %ecx
	jz 2f
	movl $10, %ecx
1:	rdrand %rax
	jc 3f
	loop 1b
2:	xorl %eax, %eax
3:	xorq %rax, %r8
	xorb %r8b, %r8b
	movq %r8, __stack_chk_guard(%rip)
	ret

/* noreturn boot_switch_stack(u64 top, void (*entry)(void)) */
	.global boot_switch_stack
boot_switch_stack:
	movq %rdi, %rsp
	andq $-16, %rsp
	xorl %ebp, %ebp
	call *%rsi
	ud2

	.section .rodata, "a"
	.balign 16
	.global boot_gdt_pointer
boot_gdt:			/* accessed bits set: the CPU must never want to write here */
	.quad 0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF
boot_gdt_end:
	.balign 8
boot_gdt_pointer:
	.short boot_gdt_end - boot_gdt - 1
	.quad boot_gdt

	.section .data, "aw"
	.balign 8
	.global __stack_chk_guard, boot_entry_tsc
__stack_chk_guard:
	.quad 0
boot_entry_tsc:
	.quad 0

	.section .bss, "aw", @nobits
	.balign BOOT_STACK_BYTES
	.global boot_stack, boot_stack_top
boot_stack:
	.skip BOOT_STACK_BYTES
boot_stack_top:
	.balign 4096
boot_pml4:
	.skip 4096
boot_low_pdpt:
	.skip 4096
boot_high_pdpt:
	.skip 4096
boot_directories:
	.skip 4 * 4096
	.section .note.GNU-stack, "", @progbits

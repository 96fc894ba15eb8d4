/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From Multiboot to 64-bit C, on the boot CPU and (through the page at 32 KiB) on the others. Maps the first 8 GiB onto themselves, open to
 * ring 3. Also the entry stubs of all vectors and the way into a snippet of code that may fault.
 */
#define TRAMPOLINE 0x8000
#define CODE32 0x18
#define CODE64 0x08
#define DATA 0x10
#define CR0_PE_NE_PG_WP 0x80010021
#define CR4_PAE_OSFXSR_XMM_OSXSAVE 0x40620
#define EFER_LME_NXE 0x900
#define EFER 0xC0000080
#define PAGE_ALL 0x7	/* present, writable, user */
#define PAGE_LARGE 0x87
#define TABLES 8	/* GiB mapped */
#define STACK_BYTES 16384

	.section .multiboot, "ax"
	.code32
	.balign 4
	.long 0x1BADB002, 0x2, -(0x1BADB002 + 0x2)

	.global guest_start
guest_start:
	movl $boot_stack_end, %esp
	movl %ebx, boot_information
	lgdt gdt_pointer
	/* page directories: 2 MiB pages, one after the other */
	movl $page_directories, %edi
	movl $PAGE_LARGE, %eax
	xorl %edx, %edx
1:	movl %eax, (%edi)
	movl %edx, 4(%edi)
	addl $8, %edi
	addl $0x200000, %eax
	adcl $0, %edx
	cmpl $page_directories + TABLES * 4096, %edi
	jb 1b
	movl $page_directories + PAGE_ALL, %eax
	movl $page_pointers, %edi
2:	movl %eax, (%edi)
	addl $8, %edi
	addl $4096, %eax
	cmpl $page_pointers + TABLES * 8, %edi
	jb 2b
	movl $page_pointers + PAGE_ALL, page_root
	call long_mode_on
	ljmp $CODE64, $boot_long

long_mode_on:
	movl $CR4_PAE_OSFXSR_XMM_OSXSAVE, %eax
	movl %eax, %cr4
	movl $page_root, %eax
	movl %eax, %cr3
	movl $EFER, %ecx
	movl $EFER_LME_NXE, %eax
	xorl %edx, %edx
	wrmsr
	movl $CR0_PE_NE_PG_WP, %eax
	movl %eax, %cr0
	movl $DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	ret

	.code64
boot_long:
	xorl %edi, %edi
	call guest_main
1:	hlt
	jmp 1b

	.section .text
	/* Copied to 32 KiB: another CPU comes here in real mode. */
	.code16
	.global trampoline, trampoline_end
trampoline:
	cli
	movw %cs, %ax
	movw %ax, %ds
	lgdtl gdt_pointer_low - trampoline
	movl $1, %eax
	movl %eax, %cr0
	ljmpl $CODE32, $other_start
gdt_pointer_low:
	.word gdt_end - gdt - 1
	.long gdt
trampoline_end:

	.code32
other_start:
	movl $DATA, %eax
	movl %eax, %ds
	movl %eax, %ss
	movl $other_stack_end, %esp
	call long_mode_on
	ljmp $CODE64, $other_long
	.code64
other_long:
	movl $1, %edi
	call guest_other_main
1:	hlt
	jmp 1b

	/* Vectors: error code or 0, vector, registers: struct trap_frame. */
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
	pushq %rax
	pushq %rcx
	pushq %rdx
	pushq %rbx
	pushq %rbp
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	cld
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
	popq %rdi
	popq %rsi
	popq %rbp
	popq %rbx
	popq %rdx
	popq %rcx
	popq %rax
	addq $16, %rsp
	iretq

	/* void snippet_enter(code rdi, argument rsi, cs rdx, ss rcx): leaves by any trap, see trap.c */
	.global snippet_enter, snippet_return
snippet_enter:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	pushfq
	movq %rsp, %gs:16
	movq %rsp, %rax
	subq $1024, %rax
	andq $-16, %rax
	pushq %rcx
	pushq %rax
	pushq $0x2
	pushq %rdx
	pushq %rdi
	movq %rsi, %rdi
	iretq
snippet_return:
	popfq
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

	.section .data
	.balign 8
	.global gdt
gdt:
	.quad 0
	.quad 0x00AF9B000000FFFF	/* code, 64-bit */
	.quad 0x00CF93000000FFFF	/* data */
	.quad 0x00CF9B000000FFFF	/* code, 32-bit */
	.quad 0x00CFF3000000FFFF	/* data of ring 3 */
	.quad 0x00AFFB000000FFFF	/* code of ring 3 */
	.fill 4, 8, 0			/* TSS of two CPUs */
gdt_end:
gdt_pointer:
	.word gdt_end - gdt - 1
	.quad gdt
	.global boot_information
boot_information:
	.quad 0

	.section .bss
	.balign 4096
	.global page_root, page_directories
page_root:		.skip 4096
page_pointers:		.skip 4096
page_directories:	.skip TABLES * 4096
boot_stack:		.skip STACK_BYTES
boot_stack_end:
other_stack:		.skip STACK_BYTES
other_stack_end:
	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From Multiboot (32 bits, paging off) to C in long mode: the first 4 GiB mapped onto themselves, SSE on, a stack of 64 KiB. An exception prints
 * its vector and address and switches the partition off.
 */
#define CODE 8
#define DATA 16
#define EFER 0xC0000080
#define EFER_LME 0x100
#define CR0_PG_NE_MP 0x80000022
#define CR4_PAE_SSE 0x620
#define STACK_BYTES 65536

	.section .multiboot, "a"
	.balign 4
	.long 0x1BADB002, 0x2, -(0x1BADB002 + 0x2)

	.text
	.code32
	.global runtime_start
runtime_start:
	/* four directories of 2 MiB pages */
	movl $directories, %edi
	movl $0x83, %eax
1:	movl %eax, (%edi)
	addl $8, %edi
	addl $0x200000, %eax
	jnc 1b
	movl $directories + 3, %eax
	movl $pointers, %edi
	movl $4, %ecx
2:	movl %eax, (%edi)
	addl $8, %edi
	addl $4096, %eax
	loop 2b
	movl $pointers + 3, root
	movl $root, %eax
	movl %eax, %cr3
	movl $CR4_PAE_SSE, %eax
	movl %eax, %cr4
	movl $EFER, %ecx
	movl $EFER_LME, %eax
	xorl %edx, %edx
	wrmsr
	movl %cr0, %eax
	andl $~0x4, %eax
	orl $CR0_PG_NE_MP, %eax
	movl %eax, %cr0
	lgdt gdt_pointer
	ljmp $CODE, $long_mode

	.code64
long_mode:
	movl $DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $stack_end, %esp
	xorl %ebp, %ebp
	call runtime_main
3:	hlt
	jmp 3b

	/* the timer: it has woken the CPU, which is all it is for; MSR 80BH is the x2APIC's end of interrupt */
	.global runtime_timer
runtime_timer:
	push %rax
	push %rcx
	push %rdx
	movl $0x80B, %ecx
	xorl %eax, %eax
	xorl %edx, %edx
	wrmsr
	pop %rdx
	pop %rcx
	pop %rax
	iretq

	/* 32 stubs of 16 bytes: each pushes its vector, and an error code where the CPU has not */
	.global runtime_exceptions
	.balign 16
runtime_exceptions:
	vector = 0
	.rept 32
	.balign 16
	.if (0x227D00 >> vector) & 1
	.else
	push $0
	.endif
	push $vector
	jmp exception
	vector = vector + 1
	.endr

exception:
	pop %rdi
	pop %rsi
	pop %rdx
	andq $-16, %rsp
	call runtime_exception

	.section .rodata
	.balign 8
gdt:
	.quad 0, 0x00AF9A000000FFFF, 0x00CF92000000FFFF
gdt_pointer:
	.word . - gdt - 1
	.quad gdt

	.bss
	.balign 4096
root:
	.skip 4096
pointers:
	.skip 4096
directories:
	.skip 4 * 4096
	.skip STACK_BYTES
stack_end:

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the kernel enters the monitor, for every upcall on every CPU, with a fresh 16-byte
 * aligned stack: RDI = number of the CPU, RSI = address of its call page. Ends with SYS_COMPLETE,
 * which does not return. Seeds the stack guard before any C runs: the first upcall is alone, so
 * the store races with nothing.
 */
#define MONITOR_INFO_RANDOM_SEED (0x40000000 + 64) /* checked in syscalls.c */
#define SYS_COMPLETE 0

	.section .text._start, "ax", @progbits
	.global _start
	.type _start, @function
	.balign 16
_start:
	cld
	cmpq $0, __stack_chk_guard
	jne 1f
	movl $MONITOR_INFO_RANDOM_SEED, %eax
	movq (%rax), %rax
	/*
	 * A low byte of zero stops string functions; bit 8 keeps a missing seed from being taken
	 * for "not yet".
	 */
	orq $0x100, %rax
	movb $0, %al
	movq %rax, __stack_chk_guard
1:	call monitor_upcall
	movq %rax, %rdi
	movl $SYS_COMPLETE, %eax
	int $0x80
	ud2
	.size _start, . - _start
	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * int64_t sys_call(number, first, second, third): from the C calling convention to the one of
 * kernel/monitor_abi.h.
 */
	.section .text.sys_call, "ax", @progbits
	.global sys_call
	.type sys_call, @function
	.balign 16
sys_call:
	movq %rdi, %rax
	movq %rsi, %rdi
	movq %rdx, %rsi
	movq %rcx, %rdx
	int $0x80
	ret
	.size sys_call, . - sys_call
	.section .note.GNU-stack, "", @progbits

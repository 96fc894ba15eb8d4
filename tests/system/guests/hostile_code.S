/* SPDX-License-Identifier: Apache-2.0 */
/* The VMX instructions and GETSEC, 16 bytes apart, each followed by INT 81H, which ends a snippet. RDI is an address. */
	.section .text
	.code64
	.macro snippet code:vararg
	.balign 16
	\code
	int $0x81
	.endm

	.global snippet_operand
	.balign 16
snippet_operand:
	snippet vmxon (%rdi)
	snippet vmxoff
	snippet vmclear (%rdi)
	snippet vmptrld (%rdi)
	snippet vmptrst (%rdi)
	snippet vmread %rax, (%rdi)
	snippet vmwrite (%rdi), %rax
	snippet vmlaunch
	snippet vmresume
	snippet invept (%rdi), %rax
	snippet invvpid (%rdi), %rax
	snippet vmread %rax, %rcx
	snippet getsec
	.section .note.GNU-stack, "", @progbits

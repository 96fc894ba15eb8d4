/* SPDX-License-Identifier: Apache-2.0 */
/* L2's code for vmx_steps.c. */
	.section .text
	.code64
	.global l2_icebp, l2_load_ss, l2_in_spin
l2_icebp:
	.byte 0xF1
	vmcall
l2_load_ss:
	movw (%rdi), %ss
	vmcall
l2_in_spin:
	inb %dx, %al
	jmp l2_in_spin
	.section .note.GNU-stack, "", @progbits

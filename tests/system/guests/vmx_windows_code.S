/* SPDX-License-Identifier: Apache-2.0 */
/* L2's code for vmx_windows.c. */
	.section .text
	.code64
	.global l2_handler, l2_handler_iret, l2_mov_ss, l2_mov_ss_next, l2_nop_spin
l2_handler:
	vmcall
l2_handler_iret:
	iretq
l2_mov_ss:
	movl %eax, %ss
l2_mov_ss_next:
	vmcall
	/* time for an NMI to come in */
l2_nop_spin:
	pause
	jmp l2_nop_spin
	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: Apache-2.0 */
/* More pieces of code of L2's; see vmx_code.S. */
	.section .text
	.code64

	.macro begin name:req
	.global l2_\name
l2_\name:
	.endm
	.macro end
	vmcall
	jmp l2_vmcall
	.endm

	begin int52
	int $0x52
	end

	begin iret
	iretq

	.section .note.GNU-stack, "", @progbits

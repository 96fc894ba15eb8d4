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

	begin vmfunc
	vmfunc
	end

	/* between entries 0 and 1 of the list, ESI times; RBX counts what RDI holds */
	begin switch_often
1:	xorl %eax, %eax
	movl %esi, %ecx
	andl $1, %ecx
	vmfunc
	addq (%rdi), %rbx
	decl %esi
	jnz 1b
	end

	begin return
	ret

	.section .note.GNU-stack, "", @progbits

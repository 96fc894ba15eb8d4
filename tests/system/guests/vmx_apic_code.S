/* SPDX-License-Identifier: Apache-2.0 */
/* What L2 does to its virtual APIC. */
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

	begin load32
	movl (%rdi), %eax
	end

	begin store32
	movl %eax, (%rdi)
	end

	begin sti_nops
	sti
	nop
	nop
	cli
	end

	begin sti_hlt
	sti
	hlt
	cli
	end

	begin hlt_only
	hlt
	cli
	end

	begin wrmsr_nops
	wrmsr
	nop
	nop
	end

	begin lower_cr8
	xorl %eax, %eax
	movq %rax, %cr8
	nop
	nop
	end

	begin wait			/* until the word at RDI is not ESI */
	sti
1:	pause
	cmpl %esi, (%rdi)
	je 1b
	cli
	end
	.section .note.GNU-stack, "", @progbits

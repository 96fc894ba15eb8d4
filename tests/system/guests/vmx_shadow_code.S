/* SPDX-License-Identifier: Apache-2.0 */
/* L2 as a hypervisor: VMREAD and VMWRITE of the field in RAX, with RBX or the memory at RDI; flags to RDX. */
	.section .text
	.code64

	.macro with_flags name:req, code:vararg
	.global l2_\name
l2_\name:
	\code
	pushfq
	popq %rdx
	vmcall
	.endm

	with_flags vmread, vmread %rax, %rbx
	with_flags vmread_memory, vmread %rax, (%rdi)
	with_flags vmwrite, vmwrite %rbx, %rax
	with_flags vmwrite_memory, vmwrite (%rdi), %rax
	.section .note.GNU-stack, "", @progbits

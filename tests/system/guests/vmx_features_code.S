/* SPDX-License-Identifier: Apache-2.0 */
/* L2's instructions for vmx_features.c, each followed by VMCALL. RDI: memory, 64-byte aligned. */
	.section .text
	.code64

	.macro l2 name:req, code:vararg
	.global l2_\name
l2_\name:
	\code
	vmcall
	.endm

	l2 mwait, mwait
	l2 monitor, monitor
	l2 rdpmc, rdpmc
	l2 rdtscp, rdtscp
	l2 read_dr, movq %dr7, %rax
	l2 write_dr, movq %rax, %dr6
	l2 pause, pause
	l2 read_cr3, movq %cr3, %rax
	l2 clts, clts
	l2 lmsw, lmsw %ax
	l2 sgdt, sgdt (%rdi)
	l2 sidt, sidt (%rdi)
	l2 lgdt, lgdt (%rdi)
	l2 lidt, lidt (%rdi)
	l2 sldt, sldt (%rdi)
	l2 str, str (%rdi)
	l2 lldt, lldt (%rdi)
	l2 ltr, ltr (%rdi)
	l2 wbinvd, wbinvd
	l2 invd, invd
	l2 rdrand, rdrand %rax
	l2 rdseed, rdseed %rax
	l2 invpcid, invpcid (%rdi), %rax
	l2 xsaves, xsaves64 (%rdi)
	l2 xrstors, xrstors64 (%rdi)
	l2 xsetbv, xsetbv
	l2 outs, outsb
	l2 rep_outs, rep outsb
	l2 ins, insl
	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions a partition without nesting may or may not run: ROW name, vector in ring 0, vector in ring 3, instruction. 0x81: none. */
	.macro row name:req, ring0:req, ring3:req, instruction:req
	.pushsection .text
901:	\instruction
	int $0x81
	.popsection
	.pushsection .rodata.names
902:	.asciz "\name"
	.popsection
	.quad 901b, 902b
	.long \ring0, \ring3
	.endm

#define NONE 0x81
#define UD 6
#define GP 13

	.local state
	.comm state, 4096, 64

	.section .rodata
	.balign 8
	.global snippets, snippets_end
snippets:
	row vmxon, UD, UD, "vmxon (%rdi)"
	row vmclear, UD, UD, "vmclear (%rdi)"
	row vmptrld, UD, UD, "vmptrld (%rdi)"
	row vmptrst, UD, UD, "vmptrst (%rdi)"
	row vmread, UD, UD, "vmread %rax, %rdx"
	row vmread-memory, UD, UD, "vmread %rax, (%rdi)"
	row vmwrite, UD, UD, "vmwrite %rax, %rdx"
	row vmlaunch, UD, UD, "vmlaunch"
	row vmresume, UD, UD, "vmresume"
	row vmxoff, UD, UD, "vmxoff"
	row invept, UD, UD, "invept (%rdi), %rax"
	row invvpid, UD, UD, "invvpid (%rdi), %rax"
	row vmfunc, UD, UD, ".byte 0x0F, 0x01, 0xD4"
	row getsec, UD, UD, ".byte 0x0F, 0x37"
	row vmcall, NONE, NONE, "vmcall"
	row rsm, UD, UD, "rsm"
	row encls, UD, UD, ".byte 0x0F, 0x01, 0xCF"
	row monitor, UD, UD, "monitor"
	row mwait, UD, UD, "mwait"
	row xsaves, NONE, GP, "xsaves state"
	row xrstors, NONE, GP, "xrstors state"
	row rdpmc, GP, GP, "rdpmc"
	row write-cr1, UD, UD, ".byte 0x0F, 0x22, 0xC8"
	row read-cr5, UD, UD, ".byte 0x0F, 0x20, 0xE8"
	row invd, NONE, GP, "invd"
	row wbinvd, NONE, GP, "wbinvd"
	row cpuid, NONE, NONE, "cpuid"
	row hlt-in-ring-3, NONE, GP, "movl %cs, %eax; testb $3, %al; jz 903f; hlt; 903: nop"
	row cli-in-ring-3, NONE, GP, "cli"
	row rdmsr-in-ring-3, NONE, GP, "movl $0x1B, %ecx; rdmsr"
	row wrmsr-in-ring-3, NONE, GP, "movl $0x8B, %ecx; xorl %eax, %eax; xorl %edx, %edx; wrmsr"
	row xsetbv-in-ring-3, NONE, GP, "xorl %ecx, %ecx; movl $7, %eax; xorl %edx, %edx; xsetbv"
	row cr0-in-ring-3, GP, GP, "xorl %eax, %eax; movq %rax, %cr0"
	row cr8-in-ring-3, NONE, GP, "xorl %eax, %eax; movq %rax, %cr8"
	row port-in-ring-3, NONE, GP, "inb $0x80, %al"
	row vmxon-noncanonical, UD, UD, "movq $0x8000000000000000, %rax; vmxon (%rax)"
	row vmclear-unmapped, UD, UD, "movq $0x300000000, %rax; vmclear (%rax)"
	row alignment, NONE, NONE, "movl 1(%rdi), %eax"
snippets_end:
	.section .note.GNU-stack, "", @progbits

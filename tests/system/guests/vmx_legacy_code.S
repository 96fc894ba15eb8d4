/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hypervisor in 32-bit code with PAE paging, as an interpreter: leaves long mode, runs the steps of vmx_legacy.c one after the other, returns. There
 * are no traps meanwhile: a fault ends the guest.
 */
#define CODE64 0x08
#define DATA 0x10
#define CODE32 0x18
#define CR0_PG 0x80000000
#define EFER 0xC0000080
#define EFER_LME 0x100
#define VMCS_HOST_RSP 0x6C14
#define VMCS_HOST_RIP 0x6C16
/* struct step */
#define OPERATION 0
#define RESULT 4
#define ENCODING 8
#define VALUE 12
#define MEMORY 16
#define STEP_BYTES 24
#define RESULT_EXIT 0x100

	.section .text
	.code64
/* void legacy_run(struct step *rdi, u32 page_directory_pointers) */
	.global legacy_run
legacy_run:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, saved_rsp
	movq %rdi, %rsi
	movq %cr3, %rax
	movq %rax, saved_cr3
	movl legacy_tables, %ebx
	pushq $CODE32
	pushq $1f
	lretq
	.code32
1:	movl %cr0, %eax
	andl $~CR0_PG, %eax
	movl %eax, %cr0
	movl $EFER, %ecx
	rdmsr
	andl $~EFER_LME, %eax
	wrmsr
	movl %ebx, %cr3
	movl %cr0, %eax
	orl $CR0_PG, %eax
	movl %eax, %cr0
	movl $DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $legacy_stack_end, %esp
next:	movl OPERATION(%esi), %eax
	movl ENCODING(%esi), %ecx
	movl VALUE(%esi), %edx
	jmp *operations(, %eax, 4)

vmxon32:
	vmxon MEMORY(%esi)
	jmp flags
vmxoff32:
	vmxoff
	jmp flags
vmclear32:
	vmclear MEMORY(%esi)
	jmp flags
vmptrld32:
	vmptrld MEMORY(%esi)
	jmp flags
vmptrst32:
	vmptrst MEMORY(%esi)
	jmp flags
vmwrite32:
	vmwrite %edx, %ecx
	jmp flags
vmread32:
	vmread %ecx, %edx
	movl %edx, VALUE(%esi)
	jmp flags
vmwrite_memory32:
	vmwrite MEMORY(%esi), %ecx
	jmp flags
vmread_memory32:
	vmread %ecx, MEMORY(%esi)
	jmp flags
read_msr:
	rdmsr
	movl %eax, VALUE(%esi)
	jmp done
read_cr0:
	movl %cr0, %edx
	movl %edx, VALUE(%esi)
	jmp done
read_cr3:
	movl %cr3, %edx
	movl %edx, VALUE(%esi)
	jmp done
read_cr4:
	movl %cr4, %edx
	movl %edx, VALUE(%esi)
	jmp done
write_cr3:
	movl %edx, %cr3
	jmp done
read_memory:
	movl (%edx), %edx
	movl %edx, VALUE(%esi)
	jmp done
vmlaunch32:
	call enter
	vmlaunch
	jmp refused
vmresume32:
	call enter
	vmresume
refused:
	popl %esi
	jmp flags

/* Leaves ESI on the stack for the way back, which begins with nothing but ESP. */
enter:
	popl %eax
	pushl %esi
	movl $VMCS_HOST_RSP, %ecx
	vmwrite %esp, %ecx
	movl $VMCS_HOST_RIP, %ecx
	movl $exited, %edx
	vmwrite %edx, %ecx
	jmp *%eax
exited:
	popl %esi
	movl %eax, VALUE(%esi)
	movl $RESULT_EXIT, RESULT(%esi)
	jmp done

flags:	setc %al
	setz %dl
	movzbl %al, %eax
	movzbl %dl, %edx
	leal (%eax, %edx, 2), %eax
	movl %eax, RESULT(%esi)
done:	addl $STEP_BYTES, %esi
	jmp next

end:	movl %cr0, %eax
	andl $~CR0_PG, %eax
	movl %eax, %cr0
	movl $EFER, %ecx
	rdmsr
	orl $EFER_LME | 0x800, %eax
	wrmsr
	movl saved_cr3, %eax
	movl %eax, %cr3
	movl %cr0, %eax
	orl $CR0_PG, %eax
	movl %eax, %cr0
	ljmp $CODE64, $2f
	.code64
2:	movq saved_rsp, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

	.code32
	.global l2_legacy, l2_legacy_cr3
l2_legacy:
	movl $0x12345678, %eax
	vmcall
	hlt
l2_legacy_cr3:
	movl %cr3, %eax
	movl %eax, %cr3
	movl (%ebx), %eax
	vmcall
	hlt

	.section .data
	.balign 8
operations: /* enum operation */
	.long end, vmxon32, vmxoff32, vmclear32, vmptrld32, vmptrst32, vmwrite32, vmread32, vmwrite_memory32, vmread_memory32
	.long vmlaunch32, vmresume32, read_msr, read_cr0, read_cr3, read_cr4, write_cr3, read_memory
saved_rsp:	.quad 0
saved_cr3:	.quad 0
	.global legacy_tables
legacy_tables:	.long 0

	.section .bss
	.balign 16
legacy_stack:	.skip 1024
legacy_stack_end:
	.section .note.GNU-stack, "", @progbits

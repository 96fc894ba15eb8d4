/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page for 36 KiB, where CPU 1 starts in real mode: it goes through the slots of 16 bytes at SLOTS, once in real and once in virtual-8086 mode, counts
 * what faults, and leaves the counts at COUNTS. vmx_modes.c fills the slots; the last one holds INT 40H.
 */
#define PAGE 0x9000
#define SEGMENT 0x900
#define SLOTS 0x400
#define COUNTS 0xE00	/* words: #UD and #GP of real mode, #UD and #GP of virtual-8086 mode, done */
#define STACK 0xD00
#define CR4_VMXE 0x2000
#define CODE32 0x08
#define DATA 0x10
#define TSS 0x18
#define AT(label) (label - modes_page)

	.section .text
	.balign 16
	.global modes_page, modes_page_end
	.code16
modes_page:
	cli
	movw $SEGMENT, %ax
	movw %ax, %ds
	movw %ax, %ss
	movw $STACK, %sp
	xorw %ax, %ax
	movw %ax, %es
	movw $AT(undefined16), %es:6 * 4
	movw $SEGMENT, %es:6 * 4 + 2
	movw $AT(protection16), %es:13 * 4
	movw $SEGMENT, %es:13 * 4 + 2
	movw $AT(end16), %es:0x40 * 4
	movw $SEGMENT, %es:0x40 * 4 + 2
	movl %cr4, %eax
	orl $CR4_VMXE, %eax
	movl %eax, %cr4
	movw $SLOTS, %ax
	jmp *%ax

	/* on to the next slot */
undefined16:
	incw COUNTS
	jmp 1f
protection16:
	incw COUNTS + 2
1:	pushw %bp
	movw %sp, %bp
	andw $0xFFF0, 2(%bp)
	addw $16, 2(%bp)
	popw %bp
	iretw

end16:	lgdtl AT(gdt_pointer)
	lidtl AT(idt_pointer)
	movl %cr0, %eax
	orl $1, %eax
	movl %eax, %cr0
	ljmpl $CODE32, $PAGE + AT(protected)

	.code32
protected:
	movl $DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $PAGE + STACK, %esp
	movl $TSS, %eax
	ltr %ax
	pushl $0
	pushl $0
	pushl $SEGMENT
	pushl $0
	pushl $SEGMENT
	pushl $STACK
	pushl $0x20002		/* VM */
	pushl $SEGMENT
	pushl $SLOTS
	iretl

	/* DS is 0 in a handler of virtual-8086 mode: SS is loaded */
undefined32:
	incw %ss:PAGE + COUNTS + 4
	andl $0xFFF0, (%esp)
	addl $16, (%esp)
	iretl
	/* of the INT at the end as well, which IOPL 0 does not allow */
protection32:
	movl 4(%esp), %eax
	cmpb $0xCD, %ss:PAGE(%eax)
	je end32
	incw %ss:PAGE + COUNTS + 6
	addl $4, %esp
	andl $0xFFF0, (%esp)
	addl $16, (%esp)
	iretl
end32:	incw %ss:PAGE + COUNTS + 8
2:	hlt
	jmp 2b

	.balign 8
gdt:	.quad 0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF
	.quad 0x0000890000000067 | (PAGE + AT(tss)) << 16
gdt_pointer:
	.word 4 * 8 - 1
	.long PAGE + AT(gdt)
	.macro gate handler
	.word PAGE + AT(\handler), CODE32, 0x8E00, 0
	.endm
	.balign 8
idt:	.fill 6, 8, 0
	gate undefined32
	.fill 6, 8, 0
	gate protection32
idt_pointer:
	.word 14 * 8 - 1
	.long PAGE + AT(idt)
	.balign 8
tss:	.long 0, PAGE + STACK, DATA
	.fill 23, 4, 0
modes_page_end:
	.section .note.GNU-stack, "", @progbits

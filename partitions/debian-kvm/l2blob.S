/* SPDX-License-Identifier: Apache-2.0 */
/* The L2 guest's flat image inside l2demo. */
	.section .rodata
	.globl l2_image, l2_image_end
l2_image:
	.incbin "l2guest.bin"
l2_image_end:
	.byte 0

	.section .note.GNU-stack, "", @progbits

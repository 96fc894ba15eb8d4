/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's ELF, page-aligned: its read-only segments are mapped in place. */
	.section .rodata.monitor, "a"
	.balign 4096
	.global monitor_elf, monitor_elf_end
monitor_elf:
	.incbin "monitor.stripped"
	.balign 4096
monitor_elf_end:
	.section .note.GNU-stack, "", @progbits

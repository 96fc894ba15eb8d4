/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where ring 0 lives: fixed places in physical and virtual memory. Read by C, by assembly and, as
 * numbers that must agree, by kernel.lds. The upper half is one PML4 entry: image first, then
 * windows and registers.
 */
#ifndef BSP_MEMORY_LAYOUT_H
#define BSP_MEMORY_LAYOUT_H

#define KERNEL_VIRTUAL_BASE 0xFFFFFFFF80000000
#define KERNEL_PHYSICAL_BASE 0x1000000
/* Image, bss and pools together; everything of ours stays below this many bytes. */
#define KERNEL_MAX_BYTES 0x2000000

/* The first GiB of that entry on: RAM that ring 0 has taken beside its image. */
#define RAM_VIRTUAL_BASE 0xFFFFFF8000000000

/* The last GiB: one page table of per-CPU windows and device registers. */
#define WINDOW_VIRTUAL_BASE 0xFFFFFFFFC0000000

#define BOOT_STACK_BYTES 16384
#define BOOT_SELECTOR_CODE 0x08
#define BOOT_SELECTOR_DATA 0x10

#endif

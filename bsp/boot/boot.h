/* SPDX-License-Identifier: Apache-2.0 */
/* What boot.S leaves behind and offers to C. boot.S calls kernel_main() on the boot stack,
 * interrupts off. */
#ifndef BSP_BOOT_BOOT_H
#define BSP_BOOT_BOOT_H

#include "bsp/types.h"

/* The kernel's: magic is the loader's EAX, the block is below 4 GiB and readable at its physical
 * address until paging_activate(). */
void kernel_main(u64 multiboot_magic, u64 multiboot_info_physical);

/* TSC at the first instruction. */
extern u64 boot_entry_tsc;

/* The lowest page of the boot stack, for paging_unmap_guard(). */
extern u8 boot_stack[];

/* Leaves the boot stack for good: entry() starts on an empty stack below top (rounded down to 16)
 * and must not return. */
noreturn_fn void boot_switch_stack(u64 top, void (*entry)(void));

#endif

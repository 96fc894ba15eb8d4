/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address spaces of ring 0 and the monitor, from one static pool of tables. The upper half is
 * shared by all: the image by section (4 KiB pages, W^X), per-CPU windows, device registers, RAM for
 * tables.
 * Nothing is mapped at its physical address.
 *
 * Order at boot: paging_init(), paging_unmap_guard() for each stack, paging_activate() on every
 * CPU; the rest after that.
 */
#ifndef BSP_MEMORY_PAGING_H
#define BSP_MEMORY_PAGING_H

#include "bsp/memory/layout.h"
#include "bsp/memory/page_tables.h"
#include "bsp/types.h"

#define PAGING_POOL_PAGES 512
#define PAGING_MAX_SPACES 5 /* of four partitions, and the one in which CPUs are started */
#define PAGING_WINDOW_CPUS 16
#define PAGING_WINDOW_SLOTS 16
/* Slot of CPU 0 that bsp/ uses while booting; the kernel's are below. */
#define PAGING_WINDOW_BOARD (PAGING_WINDOW_SLOTS - 1)

struct address_space { hpa_t root; };

/* Physical address of anything inside the kernel image, bss included. */
static inline u64 kernel_physical(const void *address)
{
	return (u64)address - KERNEL_VIRTUAL_BASE;
}

/* Builds the kernel's tables. False: PAGING_POOL_PAGES is too small for the image. */
bool must_check paging_init(void);
/* Takes the 4 KiB page at an address of the image out of the tables. */
void paging_unmap_guard(const void *page);
/* This CPU: final tables, WP, NXE, PGE, and SMEP, SMAP, UMIP as it has them. The identity map is
 * gone afterwards. */
void paging_activate(void);

/*
 * Shows one page frame, writable, in a slot of a CPU's windows; valid on that CPU until the slot's
 * next use. Call on that CPU. page is page-aligned and below paging_physical_limit().
 */
void *paging_window_set(u32 cpu, u32 slot, hpa_t page);

/* Uncached registers at a physical address (any alignment), for good; NULL: no room left or no such
 * address. */
volatile void *paging_map_mmio(hpa_t address);

/*
 * RAM of the machine that stays ring 0's, readable and writable, for good; physical and bytes are
 * multiples of 2 MiB. NULL: PAGING_POOL_PAGES is too small.
 */
void *paging_map_ram(hpa_t physical, u64 bytes);

/* One more than the highest physical address. */
u64 paging_physical_limit(void);

/* Copies from physical memory through CPU 0's board window: for the board's tables, at boot. False:
 * no such address. */
bool must_check paging_read_physical(u64 physical, void *buffer, u32 length);

/* A lower half of its own under the kernel's upper half. False: pool or PAGING_MAX_SPACES used up.
 */
bool must_check paging_space_create(struct address_space *space);
/* See tables_map(). */
bool must_check paging_space_map(struct address_space *space, u64 linear, hpa_t physical, u64 bytes,
				 u32 flags);
/* Only a 4 KiB page, and only in a space no CPU is using. */
void paging_space_unmap_page(struct address_space *space, u64 linear);
bool paging_space_lookup(const struct address_space *space, u64 linear, struct translation *out);

/* tables_audit() over the kernel's tables and every space; finding->pages: leaves seen, windows in
 * use included. */
bool must_check paging_audit(struct audit_finding *finding);

#endif

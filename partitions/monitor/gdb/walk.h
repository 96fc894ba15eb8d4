/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's linear addresses as its page tables have them, for somebody who looks on: no access bits are set, no right is asked for. Pure.
 * Source: Intel SDM volume 3, chapter "Paging".
 */
#ifndef GDB_WALK_H
#define GDB_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct walk {
	uint64_t cr0, cr3, cr4, efer;
	/* The guest's RAM at a guest-physical address; null: it has none there. */
	void *(*ram)(void *context, uint64_t gpa, uint64_t count);
	void *context;
};

/* Memory behind a linear address, and how much of it lies in one piece; null: nothing is mapped there, or no RAM. */
uint8_t *walk_at(const struct walk *walk, uint64_t linear, size_t *count);

#endif

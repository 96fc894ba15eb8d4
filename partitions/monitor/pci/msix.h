/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vectors of one PCI function: table and pending bits of MSI-X as they appear in its BAR. What a
 * guest writes there goes to the platform as it is, which takes only messages to its own LAPICs.
 * Manual: PCI Local Bus 3.0, 6.8.2 "MSI-X Capability and Table Structures".
 */
#ifndef PCI_MSIX_H
#define PCI_MSIX_H

#include <stdbool.h>
#include <stdint.h>

#define MSIX_MAX_VECTORS 16u
#define MSIX_ENTRY_BYTES 16u

struct msix_entry {
	uint32_t word[4]; /* address, its upper half, data, control (bit 0: masked) */
};

struct msix {
	uint32_t count; /* of vectors, up to MSIX_MAX_VECTORS */
	uint32_t pending; /* by vector */
	bool is_on;     /* enabled, and the function may master the bus */
	bool is_masked; /* as a whole */
	struct msix_entry entries[MSIX_MAX_VECTORS];
	void (*send)(void *context, uint64_t address, uint32_t data);
	void *context;
};

/* Everything masked and off, as after a reset; keeps count, send and context. */
void msix_reset(struct msix *msix);

/* What the capability and the command register say; sends what has become deliverable. */
void msix_control(struct msix *msix, bool is_on, bool is_masked);

/* An interrupt: sent, kept while masked, lost while MSI-X is off or without such a vector. */
void msix_raise(struct msix *msix, uint32_t vector);

/* The table, `offset` from its start. Only aligned accesses of 4 and 8 bytes do something. */
uint64_t msix_table_read(const struct msix *msix, uint32_t offset, uint32_t size);
void msix_table_write(struct msix *msix, uint32_t offset, uint32_t size, uint64_t value);

/* The pending bits, read-only. */
uint64_t msix_pending_read(const struct msix *msix, uint32_t offset, uint32_t size);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dispatch of guest accesses by a table of address ranges. An access a row takes whole goes to its
 * device; one that overlaps rows otherwise is split into bytes; one that touches no row reads
 * all-ones, is ignored when it writes, and is reported the first time.
 */
#ifndef DEVICES_BUS_H
#define DEVICES_BUS_H

#include <stddef.h>

#include "devices/platform.h"

/* The access sizes a row takes whole; the bits are the sizes themselves. */
enum bus_sizes {
	BUS_BYTE = 1,
	BUS_WORD = 2,
	BUS_LONG = 4,
	BUS_QUAD = 8,
	BUS_WORDS = BUS_BYTE | BUS_WORD,
	BUS_LONGS = BUS_BYTE | BUS_WORD | BUS_LONG,
	BUS_QUADS = BUS_BYTE | BUS_WORD | BUS_LONG | BUS_QUAD,
};

/* When a row exists. */
enum bus_option { BUS_ALWAYS, BUS_DEBUG_EXIT };

struct bus_range {
	uint64_t first;
	uint64_t last;         /* inclusive */
	uint32_t sizes;        /* of enum bus_sizes */
	uint32_t option;       /* enum bus_option */
	size_t device_offset;  /* of the device in the board */
	uint64_t (*read)(void *device, uint64_t address, uint32_t size);
	void (*write)(void *device, uint64_t address, uint32_t size, uint64_t value);
	/* Null: all of it is there. Else whether this access is; the row does not exist for others. */
	bool (*claims)(const void *device, uint64_t address, uint32_t size);
};

/* Addresses reported as unclaimed since reset; a full list ends the reports. */
#define BUS_MAX_REPORTS 64

#define BUS_KNOWN 8
struct bus_known { const struct bus_range *range; uint64_t address; uint32_t size; };

struct bus {
	const struct platform *platform;
	const struct bus_range *ranges;
	size_t range_count;
	void *devices;              /* what device_offset counts from */
	uint64_t granule_mask;      /* one report per granule of addresses */
	uint32_t max_size;          /* largest access, bytes */
	bool is_mmio;
	struct bus_known known[BUS_KNOWN]; /* by the lowest bits of the address */
	uint32_t report_count;
	uint64_t reported[BUS_MAX_REPORTS];
};

/* `access->size` other than a power of two up to max_size is refused: all-ones, ignored. */
uint64_t bus_read(struct bus *bus, uint64_t address, uint32_t size);
void bus_write(struct bus *bus, uint64_t address, uint32_t size, uint64_t value);

/* All-ones of `size` bytes: what an empty bus reads. */
uint64_t bus_ones(uint32_t size);

/* Handlers of ranges known to be empty, which need no report. */
uint64_t bus_absent_read(void *device, uint64_t address, uint32_t size);
void bus_absent_write(void *device, uint64_t address, uint32_t size, uint64_t value);

#endif

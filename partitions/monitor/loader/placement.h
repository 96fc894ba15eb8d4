/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who lies where in the partition's RAM while it is being loaded. Everything the loader will write
 * is claimed here first, so that two things can never share a byte and nothing is written outside
 * RAM: claiming may refuse, writing afterwards cannot fail.
 */
#ifndef LOADER_PLACEMENT_H
#define LOADER_PLACEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "loader/e820.h"
#include "loader/load_error.h"

#define PLACEMENT_MAX 128

enum placement_owner { OWNER_NOT_RAM, OWNER_BIOS_DATA, OWNER_STAGED, OWNER_PLACED };

struct placement_range {
	uint64_t base;
	uint64_t end;
	enum placement_owner owner;
};

struct placement {
	uint32_t count;
	struct placement_range ranges[PLACEMENT_MAX];
};

/* Where something that can move may go. */
struct placement_wish {
	uint64_t bytes;
	uint64_t alignment; /* a power of two */
	uint64_t minimum;   /* lowest first byte */
	uint64_t end;       /* highest end */
	bool is_from_top;
};

/* Everything the map does not call RAM, and the BIOS data, is taken. */
void placement_init(struct placement *placement, const struct e820_map *map);

/* Takes exactly [base, base + bytes), of any values, or says what is in the way. Nothing for 0
 * bytes. */
enum load_error placement_claim(struct placement *placement, uint64_t base, uint64_t bytes,
				enum placement_owner owner);

/* Finds the lowest (or highest) free place and takes it for OWNER_PLACED. False when there is none.
 */
bool placement_find(struct placement *placement, const struct placement_wish *wish, uint64_t *base);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A partition's RAM without a box around it, and payloads put together from pieces. RAM of several
 * GiB is address space only: pages appear when they are touched.
 */
#ifndef TESTS_LOADER_WORLD_H
#define TESTS_LOADER_WORLD_H

#include "loader/loader.h"

struct world {
	struct loader loader;
	struct payload payload;
	struct boot_state boot;
	struct guest_ram ram;
	uint64_t stage;       /* gpa of the staged payload */
	uint64_t stage_bytes; /* what has been added so far */
	uint8_t *exact[PAYLOAD_MAX_PARTS]; /* copies of their very size: a sanitizer sees one byte
					      too many */
};

/* RAM of so many bytes, filled with a pattern where it matters (low memory), and an empty payload.
 */
void world_open(struct world *world, uint64_t ram_bytes);
void world_close(struct world *world);

/* Adds a part; `count` bytes are kept for it and filled from `bytes` unless that is null. */
void world_add(struct world *world, enum part_type type, const void *bytes, uint64_t count);

/* Lays the parts out in the staging place, as the host tool and boot.c do, and loads them. */
enum load_error world_load(struct world *world);

/* A pointer to guest memory; fails the test when that is not RAM. */
uint8_t *world_at(const struct world *world, uint64_t gpa, uint64_t count);

/* True when any claim but RAM's own borders overlaps another: what the loader must never do. */
bool world_has_overlaps(const struct world *world);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request to the file server asks for: which file's name is taken, which of its bytes (RFC 9110, 14 "Range Requests"). Every byte is
 * from the network. Pure.
 */
#ifndef NESTBOX_SERVE_REQUEST_H
#define NESTBOX_SERVE_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

struct serve_range {
	uint64_t first, count;
};

enum serve_range_kind {
	SERVE_WHOLE,	     /* no range, or one that may be ignored: several, another unit, malformed */
	SERVE_PART,	     /* *range, inside the file; else it is as it was */
	SERVE_UNSATISFIABLE, /* it begins behind the file's end */
};

/* The name in a path of one step, decoded already; null for anything else, and for hidden files. */
const char *serve_name(const char *path);

/* `header` may be null. */
enum serve_range_kind serve_range(const char *header, uint64_t file_bytes, struct serve_range *range);

#endif

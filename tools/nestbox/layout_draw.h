/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A placed layout as a drawing: text and JSON on standard output, SVG too.
 */
#ifndef NESTBOX_LAYOUT_DRAW_H
#define NESTBOX_LAYOUT_DRAW_H

#include "layout/layout.h"

void layout_draw_text(const struct layout *layout);
void layout_draw_json(const struct layout *layout);
void layout_draw_svg(const struct layout *layout);

/* The pieces of the machine's RAM in order, all of it. */
struct layout_piece {
	uint32_t start_mib, end_mib;
	const char *what; /* the partition's name, or what else it is */
	bool is_partition;
};
#define LAYOUT_PIECES_MAX (3 * LAYOUT_PARTITIONS_MAX + 8)
size_t layout_pieces(const struct layout *layout, struct layout_piece pieces[LAYOUT_PIECES_MAX]);

/* For the kernel: which of the machine's CPUs run the partitions', one partition after the other. */
void layout_print_pins(const struct layout *layout);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VM exits of a box as its command `exits raw` tells them: read line by line, compared with an earlier reading, printed, drawn. Pure but for stdout.
 */
#ifndef NESTBOX_EXITS_TABLE_H
#define NESTBOX_EXITS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define EXITS_CPUS 8u
#define EXITS_REASONS 80u
#define EXITS_ROWS_MAX (EXITS_CPUS * 2 * EXITS_REASONS)

struct exits_row {
	uint32_t cpu, level, reason;
	uint64_t count, average; /* ticks; 0: none has been timed */
};

struct exits_table {
	uint64_t hz, ticks; /* of the TSC, when it was read */
	size_t count;
	struct exits_row rows[EXITS_ROWS_MAX];
};

/* Takes one line of the answer; other lines, such as the log's, are not for it. */
void exits_take(struct exits_table *table, const char *line);

/* What has come since `before`, the rows with most ticks first. */
void exits_since(struct exits_table *now, const struct exits_table *before);

/* Ticks of all exits of a CPU, and of a level of it (0: both). */
uint64_t exits_ticks(const struct exits_table *table, uint32_t cpu, uint32_t level);

void exits_print(const struct exits_table *table, size_t most_rows);
void exits_draw_svg(FILE *out, const struct exits_table *table);

/* Of a basic exit reason. */
const char *exits_name(uint32_t reason);

#endif

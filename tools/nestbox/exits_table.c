/* SPDX-License-Identifier: Apache-2.0 */
/* See exits_table.h. */
#include "exits_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_REASON(number, name) [number] = name,
static const char *const names[EXITS_REASONS] = {
#include "exit_reasons.def"
};

const char *exits_name(uint32_t reason)
{
	return reason < EXITS_REASONS && names[reason] ? names[reason] : "reserved";
}

void exits_take(struct exits_table *table, const char *line)
{
	struct exits_row row;
	uint64_t hz, ticks;

	if (sscanf(line, "exits-raw %20" SCNu64 " %20" SCNu64, &hz, &ticks) == 2) {
		table->hz = hz;
		table->ticks = ticks;
		table->count = 0;
		return;
	}
	if (sscanf(line, "%2" SCNu32 " %1" SCNu32 " %2" SCNu32 " %20" SCNu64 " %20" SCNu64, &row.cpu, &row.level, &row.reason, &row.count,
		   &row.average) != 5)
		return;
	if (row.count >> 56 || row.average >> 40)
		return; /* no such box */
	if (table->hz && table->count < EXITS_ROWS_MAX && row.cpu < EXITS_CPUS && (row.level == 1 || row.level == 2) && row.reason < EXITS_REASONS)
		table->rows[table->count++] = row;
}

static uint64_t row_ticks(const struct exits_row *row)
{
	return row->average && row->count > UINT64_MAX / row->average ? UINT64_MAX : row->count * row->average;
}

static int by_ticks(const void *left, const void *right)
{
	const struct exits_row *a = left, *b = right;
	uint64_t x = row_ticks(a), y = row_ticks(b);

	if (x == y)
		return a->count < b->count ? 1 : a->count > b->count ? -1 : 0;
	return x < y ? 1 : -1;
}

static uint64_t count_before(const struct exits_table *before, const struct exits_row *row)
{
	for (size_t i = 0; i < before->count; i++) {
		const struct exits_row *old = &before->rows[i];

		if (old->cpu == row->cpu && old->level == row->level && old->reason == row->reason)
			return old->count;
	}
	return 0;
}

void exits_since(struct exits_table *now, const struct exits_table *before)
{
	size_t kept = 0;

	for (size_t i = 0; i < now->count; i++) {
		struct exits_row row = now->rows[i];
		uint64_t old = count_before(before, &row);

		row.count -= row.count < old ? row.count : old;
		if (row.count)
			now->rows[kept++] = row;
	}
	now->count = kept;
	qsort(now->rows, kept, sizeof(now->rows[0]), by_ticks);
}

uint64_t exits_ticks(const struct exits_table *table, uint32_t cpu, uint32_t level)
{
	uint64_t ticks = 0;

	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].cpu == cpu && (!level || table->rows[i].level == level))
			ticks += row_ticks(&table->rows[i]);
	return ticks;
}

void exits_print(const struct exits_table *table, size_t most_rows)
{
	printf("%-4s %-5s %-22s %12s %10s %14s\n", "CPU", "level", "reason", "exits", "ticks each", "ticks");
	for (size_t i = 0; i < table->count && i < most_rows; i++) {
		const struct exits_row *row = &table->rows[i];

		printf("%-4" PRIu32 " L%-4" PRIu32 " %-22s %12" PRIu64 " %10" PRIu64 " %14" PRIu64 "\n", row->cpu, row->level, exits_name(row->reason),
		       row->count, row->average, row_ticks(row));
	}
}

#define SVG_WIDTH 900u
#define SVG_BAR 22u
#define SVG_LEFT 330u
#define SVG_ROWS 24u

void exits_draw_svg(FILE *out, const struct exits_table *table)
{
	static const char *const colours[] = { "#4878a8", "#c06030" };
	size_t rows = table->count < SVG_ROWS ? table->count : SVG_ROWS;
	uint64_t most = rows && row_ticks(&table->rows[0]) ? row_ticks(&table->rows[0]) : 1;

	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%zu\" font-family=\"sans-serif\" font-size=\"13\">\n", SVG_WIDTH,
		(rows + 3) * SVG_BAR);
	fprintf(out, "<text x=\"10\" y=\"18\" font-size=\"15\">Where time goes in Nestbox: ticks of VM exits by CPU, level and reason</text>\n");
	for (size_t i = 0; i < rows; i++) {
		const struct exits_row *row = &table->rows[i];
		size_t y = (i + 2) * SVG_BAR;
		unsigned int width = (unsigned int)((double)row_ticks(row) / (double)most * (SVG_WIDTH - SVG_LEFT - 120));

		fprintf(out, "<text x=\"10\" y=\"%zu\">CPU%" PRIu32 " L%" PRIu32 " %s</text>\n", y, row->cpu, row->level, exits_name(row->reason));
		fprintf(out, "<rect x=\"%u\" y=\"%zu\" width=\"%u\" height=\"%u\" fill=\"%s\"/>\n", SVG_LEFT, y - SVG_BAR + 8, width + 1, SVG_BAR - 6,
			colours[row->level - 1]);
		fprintf(out, "<text x=\"%u\" y=\"%zu\">%" PRIu64 " x %" PRIu64 "</text>\n", SVG_LEFT + width + 8, y, row->count, row->average);
	}
	fprintf(out,
		"<text x=\"10\" y=\"%zu\" fill=\"#4878a8\">L1: the partition</text>"
		"<text x=\"140\" y=\"%zu\" fill=\"#c06030\">L2: its guests</text>\n</svg>\n",
		(rows + 2) * SVG_BAR + 8, (rows + 2) * SVG_BAR + 8);
}

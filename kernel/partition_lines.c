/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the partitions behind the first; see partition_lines.h. */
#include "kernel/partition_lines.h"

#include "bsp/console/console.h"
#include "kernel/log.h"
#include "kernel/partition.h"

#define NAME_BYTES 64u

static void emit(const struct partition *p, struct partition_line *line, void (*write)(const char *bytes, u32 count))
{
	char text[NAME_BYTES + PARTITION_LINE_BYTES + 8];
	u32 count = (u32)min_u64(line->bytes, PARTITION_LINE_BYTES - 1);

	line->text[count] = 0;
	line->bytes = 0;
	write(text, format_text(text, sizeof(text), "%s| %s\n", p->plan->name, line->text));
}

/* Its CPUs take turns in the monitor; a monitor that does not keep to that spoils its own line only. */
static void put(const struct partition *p, struct partition_line *line, char byte, void (*write)(const char *bytes, u32 count))
{
	u32 at = (u32)min_u64(line->bytes, PARTITION_LINE_BYTES - 2);

	if (byte == '\n' || at == PARTITION_LINE_BYTES - 2)
		emit(p, line, write);
	if (byte == '\t' || (byte >= ' ' && byte != 0x7F)) {
		at = (u32)min_u64(line->bytes, PARTITION_LINE_BYTES - 2);
		line->text[at] = byte;
		line->bytes = at + 1;
	}
}

void partition_lines_console(struct partition *p, const char *bytes, u32 count)
{
	for (u32 i = 0; i < count; i++)
		put(p, &p->console_line, bytes[i], console_write_line);
}

void partition_lines_log(struct partition *p, const char *bytes, u32 count)
{
	for (u32 i = 0; i < count; i++)
		put(p, &p->log_line, bytes[i], log_bytes_line);
}

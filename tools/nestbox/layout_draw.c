/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drawings of a layout; see layout_draw.h. Names come from a configuration and may hold anything: each form escapes them.
 */
#include "layout_draw.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json.h"

#define BAR_COLUMNS 48u
#define SVG_WIDTH 720u
#define CPU_TEXT_BYTES (LAYOUT_NAME_BYTES + 48u)
#define PARTITION_TEXT_BYTES (LAYOUT_NAME_BYTES + 120u)

/* What lies at `at`, and where that ends. */
static struct layout_piece piece_at(const struct layout *l, uint32_t at)
{
	static const struct layout_piece fixed[] = {
		{ 0, 16, "boot loader, firmware", false },
		{ 16, LAYOUT_OWN_END_MIB, "Nestbox", false },
		{ LAYOUT_HOLE_MIB, LAYOUT_HOLE_END_MIB, "devices", false },
	};
	struct layout_piece piece = { at, l->board_ram_mib, "free", false };

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (at >= fixed[i].start_mib && at < fixed[i].end_mib)
			piece = (struct layout_piece){ at, fixed[i].end_mib, fixed[i].what, false };
		else if (fixed[i].start_mib > at && fixed[i].start_mib < piece.end_mib)
			piece.end_mib = fixed[i].start_mib;
	}
	for (size_t i = 0; i < l->count && i < LAYOUT_PARTITIONS_MAX; i++) {
		const struct layout_partition *p = &l->partitions[i];

		if (p->is_placed && at >= p->base_mib && at - p->base_mib < p->ram_mib)
			return (struct layout_piece){ at, p->base_mib + p->ram_mib, p->name, true };
		if (p->is_placed && p->base_mib > at && p->base_mib < piece.end_mib)
			piece.end_mib = p->base_mib;
	}
	return piece;
}

size_t layout_pieces(const struct layout *layout, struct layout_piece pieces[LAYOUT_PIECES_MAX])
{
	size_t count = 0;

	for (uint32_t at = 0; at < layout->board_ram_mib && count < LAYOUT_PIECES_MAX; count++) {
		pieces[count] = piece_at(layout, at);
		if (pieces[count].end_mib > layout->board_ram_mib)
			pieces[count].end_mib = layout->board_ram_mib;
		at = pieces[count].end_mib;
	}
	return count;
}

/* Whose a physical CPU is. */
static void cpu_text(const struct layout *l, uint32_t cpu, char text[CPU_TEXT_BYTES])
{
	snprintf(text, CPU_TEXT_BYTES, "free");
	for (size_t i = 0; i < l->count && i < LAYOUT_PARTITIONS_MAX; i++) {
		const struct layout_partition *p = &l->partitions[i];

		for (uint32_t k = 0; k < p->pins.count; k++)
			if (p->pins.cpus[k] == cpu)
				snprintf(text, CPU_TEXT_BYTES, "%s, its CPU %" PRIu32 "%s", p->name, k, p->is_nested ? " (may be a hypervisor)" : "");
	}
}

static uint32_t cpus_shown(const struct layout *l)
{
	return l->board_cpus < LAYOUT_CPUS_MAX ? l->board_cpus : LAYOUT_CPUS_MAX;
}

static void disk_text(const struct layout_partition *p, char text[PARTITION_TEXT_BYTES])
{
	if (!(p->devices & LAYOUT_DEVICE_DISK))
		snprintf(text, PARTITION_TEXT_BYTES, "%s: none, its image is a boot module", p->name);
	else if (!p->slot_mib)
		snprintf(text, PARTITION_TEXT_BYTES, "%s: slot record 1 MiB, slots A and B half as large again as the first image, data %" PRIu32 " MiB",
			 p->name, p->data_mib);
	else
		snprintf(text, PARTITION_TEXT_BYTES, "%s: slot record 1 MiB, slots A and B %" PRIu32 " MiB each, data %" PRIu32 " MiB", p->name,
			 p->slot_mib, p->data_mib);
}

static void network_text(const struct layout_partition *p, char text[PARTITION_TEXT_BYTES])
{
	char mac[MAC_TEXT_BYTES];

	mac_print(p->mac, mac);
	if (p->has_network)
		snprintf(text, PARTITION_TEXT_BYTES, "%s: %s, %s", p->name, mac, p->may_spoof ? "sends from any address" : "sends from its own address only");
	else
		snprintf(text, PARTITION_TEXT_BYTES, "%s: none", p->name);
}

static const struct {
	const char *title;
	void (*text)(const struct layout_partition *p, char text[PARTITION_TEXT_BYTES]);
} lists[] = { { "Disk", disk_text }, { "Network", network_text } };

void layout_draw_text(const struct layout *l)
{
	struct layout_piece pieces[LAYOUT_PIECES_MAX];
	size_t count = layout_pieces(l, pieces);
	char owner[CPU_TEXT_BYTES], text[PARTITION_TEXT_BYTES];

	printf("RAM, %" PRIu32 " MiB\n", l->board_ram_mib);
	for (size_t i = 0; i < count; i++) {
		uint32_t mib = pieces[i].end_mib - pieces[i].start_mib;
		uint32_t columns = (uint32_t)(((uint64_t)mib * BAR_COLUMNS + l->board_ram_mib - 1) / l->board_ram_mib);

		printf("  %7" PRIu32 " %7" PRIu32 " MiB  %-22.40s ", pieces[i].start_mib, mib, pieces[i].what);
		for (uint32_t c = 0; c < columns; c++)
			putchar(pieces[i].is_partition ? '#' : strcmp(pieces[i].what, "Nestbox") ? '.' : '=');
		putchar('\n');
	}
	printf("CPUs, %" PRIu32 "\n", l->board_cpus);
	for (uint32_t cpu = 0; cpu < cpus_shown(l); cpu++) {
		cpu_text(l, cpu, owner);
		printf("  %7" PRIu32 "  %s\n", cpu, owner);
	}
	for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++) {
		printf("%s\n", lists[k].title);
		for (size_t i = 0; i < l->count && i < LAYOUT_PARTITIONS_MAX; i++) {
			lists[k].text(&l->partitions[i], text);
			printf("  %s\n", text);
		}
	}
}

static void network_json(const struct layout_partition *p)
{
	char mac[MAC_TEXT_BYTES];

	mac_print(p->mac, mac);
	json_text("mac", p->has_network ? mac : "");
	json_text("mac_spoofing", p->has_network && p->may_spoof ? "yes" : "no");
}

static void partition_json(const struct layout_partition *p)
{
	json_object_open(NULL);
	json_text("name", p->name);
	json_number("base_mib", p->base_mib);
	json_number("ram_mib", p->ram_mib);
	json_text("nested", p->is_nested ? "yes" : "no");
	json_list_open("cpus");
	for (uint32_t i = 0; i < p->pins.count; i++)
		json_number(NULL, p->pins.cpus[i]);
	json_list_close();
	json_text("image", p->devices & LAYOUT_DEVICE_DISK ? "slots" : "boot module");
	network_json(p);
	json_number("slot_mib", p->slot_mib);
	json_number("data_mib", p->data_mib);
	json_object_close();
}

void layout_draw_json(const struct layout *l)
{
	struct layout_piece pieces[LAYOUT_PIECES_MAX];
	size_t count = layout_pieces(l, pieces);

	json_start(true);
	json_object_open(NULL);
	json_number("ram_mib", l->board_ram_mib);
	json_number("cpus", l->board_cpus);
	json_number("disk_mib", l->board_disk_mib);
	json_list_open("partitions");
	for (size_t i = 0; i < l->count && i < LAYOUT_PARTITIONS_MAX; i++)
		partition_json(&l->partitions[i]);
	json_list_close();
	json_list_open("ram");
	for (size_t i = 0; i < count; i++) {
		json_object_open(NULL);
		json_number("start_mib", pieces[i].start_mib);
		json_number("end_mib", pieces[i].end_mib);
		json_text("what", pieces[i].what);
		json_object_close();
	}
	json_list_close();
	json_object_close();
}

static void svg_text(uint32_t x, uint32_t y, const char *text)
{
	printf("<text x=\"%" PRIu32 "\" y=\"%" PRIu32 "\">", x, y);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		/* what means something to XML, or is no plain letter, as a number; control characters may not even be that */
		if (c < ' ' || c > '~')
			putchar('?');
		else if (strchr("<>&\"'", c))
			printf("&#%d;", c);
		else
			putchar(c);
	}
	printf("</text>\n");
}

static void svg_box(uint32_t x, uint32_t y, uint32_t width, const char *colour)
{
	printf("<rect x=\"%" PRIu32 "\" y=\"%" PRIu32 "\" width=\"%" PRIu32 "\" height=\"24\" fill=\"%s\" stroke=\"#444\"/>\n", x, y, width, colour);
}

/* Disk, as a bar where its sizes are known, and network. Returns where the last line is. */
static uint32_t svg_partition(const struct layout_partition *p, uint32_t y)
{
	const uint32_t mib[] = { 1, p->slot_mib, p->slot_mib, p->data_mib };
	static const char *const colours[] = { "#8fa8cf", "#8fbf8f", "#8fbf8f", "#eeeeee" };
	uint64_t all = 1 + 2 * (uint64_t)p->slot_mib + p->data_mib, at = 0;
	char line[PARTITION_TEXT_BYTES + 16], text[PARTITION_TEXT_BYTES];

	for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++) {
		lists[k].text(p, text);
		snprintf(line, sizeof(line), "%s of %s", lists[k].title, text);
		svg_text(20, y += 20, line);
	}
	if (!p->slot_mib)
		return y;
	y += 8;
	for (size_t k = 0; k < sizeof(mib) / sizeof(mib[0]); at += mib[k], k++)
		svg_box(20 + (uint32_t)(at * SVG_WIDTH / all), y, (uint32_t)(mib[k] * (uint64_t)SVG_WIDTH / all) + 1, colours[k]);
	return y + 24;
}

void layout_draw_svg(const struct layout *l)
{
	struct layout_piece pieces[LAYOUT_PIECES_MAX];
	size_t count = layout_pieces(l, pieces);
	uint32_t y = 60, height = 120 + 22 * ((uint32_t)count + cpus_shown(l)) + 90 * (uint32_t)l->count;
	char line[160], owner[CPU_TEXT_BYTES];

	printf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%" PRIu32 "\" font-family=\"sans-serif\" font-size=\"13\">\n",
	       SVG_WIDTH + 40, height);
	snprintf(line, sizeof(line), "RAM, %" PRIu32 " MiB", l->board_ram_mib);
	svg_text(20, 20, line);
	for (size_t i = 0; i < count; i++) {
		uint32_t left = (uint32_t)((uint64_t)pieces[i].start_mib * SVG_WIDTH / l->board_ram_mib);
		uint32_t right = (uint32_t)((uint64_t)pieces[i].end_mib * SVG_WIDTH / l->board_ram_mib);
		const char *colour = pieces[i].is_partition ? "#8fbf8f" : strcmp(pieces[i].what, "Nestbox") ? "#eeeeee" : "#8fa8cf";

		svg_box(20 + left, 28, right > left ? right - left : 1, colour);
		snprintf(line, sizeof(line), "%" PRIu32 " to %" PRIu32 " MiB: %.70s", pieces[i].start_mib, pieces[i].end_mib, pieces[i].what);
		svg_text(20, y += 20, line);
	}
	y += 12;
	for (uint32_t cpu = 0; cpu < cpus_shown(l); cpu++) {
		cpu_text(l, cpu, owner);
		snprintf(line, sizeof(line), "CPU %" PRIu32 ": %.120s", cpu, owner);
		svg_text(20, y += 20, line);
	}
	for (size_t i = 0; i < l->count && i < LAYOUT_PARTITIONS_MAX; i++)
		y = svg_partition(&l->partitions[i], y + 12);
	printf("</svg>\n");
}

void layout_print_pins(const struct layout *l)
{
	uint32_t count = 0, boot = UINT32_MAX;

	printf("#define CONFIG_CPU_PINS");
	for (size_t i = 0; i < l->count && i < LAYOUT_PARTITIONS_MAX; i++)
		for (uint32_t k = 0; k < l->partitions[i].pins.count; k++, count++) {
			if (!l->partitions[i].pins.cpus[k])
				boot = count;
			printf("%s %u", count ? "," : "", l->partitions[i].pins.cpus[k]);
		}
	printf("\n#define CONFIG_CPUS %" PRIu32 "\n", count);
	printf("#define CONFIG_BOOT_CPU %" PRIu32 " /* of these, the one that starts the box; as many as there are: none of them */\n",
	       boot < count ? boot : count);
	printf("#define CONFIG_CPUS_NEEDED %" PRIu32 " /* of the machine */\n", layout_cpus_needed(l));
	printf("#define CONFIG_CPUS_STARTED %" PRIu32 " /* with the one that starts the box */\n", layout_cpus_started(l));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Finding free RAM by walking upward over the map and its holes; see carve.h. Keeps no list: the
 * next free piece is computed. */
#include "bsp/memory/carve.h"

#define CONVENTIONAL_END 0xA0000ull
#define EVERYWHERE (~0ull)

static const char *const check_texts[CARVE_CHECKS] = {
	[CARVE_OK] = "memory map agrees with what the loader placed",
	[CARVE_KERNEL_NOT_RAM] =
		"memory from 16 MiB on is not all RAM: this firmware cannot run Nestbox",
	[CARVE_MODULE_NOT_RAM] = "a boot module lies outside RAM: update the boot loader",
	[CARVE_MODULE_IN_KERNEL] = "a boot module overlaps the kernel: update the boot loader",
};

const char *carve_check_text(enum carve_check result)
{
	return result < CARVE_CHECKS ? check_texts[result] : "unknown";
}

/* Whole pages only: what can be used shrinks, what cannot be used grows. */
static struct memory_range region_range(const struct memory_region *region)
{
	u64 end = region->base + region->bytes;

	if (region->type == MEMORY_AVAILABLE)
		return (struct memory_range){ ALIGN_UP(region->base, PAGE_SIZE),
					      ALIGN_DOWN(end, PAGE_SIZE) };
	return (struct memory_range){ ALIGN_DOWN(region->base, PAGE_SIZE),
				      ALIGN_UP(end, PAGE_SIZE) };
}

/* Hole number n: the caller's own, then modules, then regions that are not available (the others
 * are empty). */
static struct memory_range hole_at(const struct boot_info *info, struct memory_range own, u32 n)
{
	if (n == 0)
		return own;
	n--;
	if (n < info->module_count)
		return (struct memory_range){ ALIGN_DOWN(info->modules[n].start, PAGE_SIZE),
					      ALIGN_UP(info->modules[n].end, PAGE_SIZE) };
	n -= info->module_count;
	if (info->regions[n].type == MEMORY_AVAILABLE)
		return (struct memory_range){ 0, 0 };
	return region_range(&info->regions[n]);
}

/* The lowest free piece that ends above from, cut to start there; false: none. */
static bool next_in_region(const struct boot_info *info, struct memory_range own,
			   struct memory_range *piece)
{
	u32 holes = 1 + info->module_count + info->region_count;

	for (u32 n = 0; n < holes; n++) {
		struct memory_range hole = hole_at(info, own, n);

		if (hole.start < hole.end && hole.start <= piece->start &&
		    piece->start < hole.end) {
			piece->start = hole.end;
			n = (u32)-1;        /* the new start may be in a hole already looked at */
		}
	}
	for (u32 n = 0; n < holes; n++) {
		struct memory_range hole = hole_at(info, own, n);

		if (hole.start < hole.end && hole.start > piece->start)
			piece->end = min_u64(piece->end, hole.start);
	}
	return piece->start < piece->end;
}

static bool next_free(const struct boot_info *info, struct memory_range own, u64 from,
		      struct memory_range *piece)
{
	for (u32 i = 0; i < info->region_count; i++) {
		struct memory_range ram = region_range(&info->regions[i]);

		if (info->regions[i].type != MEMORY_AVAILABLE || ram.end <= from)
			continue;
		*piece = (struct memory_range){ max_u64(ram.start, from), ram.end };
		if (next_in_region(info, own, piece))
			return true;
	}
	return false;
}

static bool fits(struct memory_range piece, u64 bytes, u64 alignment, hpa_t *base)
{
	u64 start = ALIGN_UP(piece.start, alignment);

	*base = HPA(start);
	return start < piece.end && bytes <= piece.end - start;
}

static bool carve_aligned(const struct boot_info *info, struct memory_range kernel, u64 bytes,
			  struct carve_result *result)
{
	struct memory_range piece = { 0, CARVE_LOW_END };

	while (next_free(info, kernel, piece.end, &piece))
		if (fits(piece, bytes, result->alignment, &result->base))
			return true;
	return false;
}

static u64 largest_piece(const struct boot_info *info, struct memory_range kernel)
{
	struct memory_range piece = { 0, CARVE_LOW_END };
	u64 largest = 0;

	while (next_free(info, kernel, piece.end, &piece)) {
		u64 start = ALIGN_UP(piece.start, MIB(2)), end = ALIGN_DOWN(piece.end, MIB(2));

		if (end > start)
			largest = max_u64(largest, end - start);
	}
	return largest;
}

bool carve_ram(const struct boot_info *info, struct memory_range kernel, u64 bytes,
		     struct carve_result *result)
{
	static const u64 alignments[] = { GIB(1), MIB(2) };

	*result = (struct carve_result){ .largest_bytes = largest_piece(info, kernel) };
	if (!bytes || bytes % MIB(2))
		return false;
	for (u32 i = 0; i < ARRAY_SIZE(alignments); i++) {
		result->alignment = alignments[i];
		if (carve_aligned(info, kernel, bytes, result))
			return true;
	}
	result->base = HPA(0);
	return false;
}

bool carve_low_page(const struct boot_info *info, hpa_t *page)
{
	struct memory_range high = { CONVENTIONAL_END, EVERYWHERE }, piece;

	/* Some firmware still writes to the first 64 KiB, whatever its map says. */
	if (!next_free(info, high, KIB(64), &piece) && !next_free(info, high, PAGE_SIZE, &piece))
		return false;
	*page = HPA(piece.start);
	return true;
}

bool carve_is_ram(const struct boot_info *info, struct memory_range range)
{
	bool is_covered = false;

	for (u32 i = 0; i < info->region_count; i++) {
		u64 start = info->regions[i].base, end = start + info->regions[i].bytes;

		if (info->regions[i].type == MEMORY_AVAILABLE)
			is_covered |= start <= range.start && range.end <= end;
		else if (start < range.end && range.start < end)
			return false;
	}
	return is_covered;
}

bool carve_is_device(const struct boot_info *info, struct memory_range range)
{
	/* IOAPICs, HPET, LAPICs and their messages, the firmware's flash */
	static const struct memory_range platform = { 0xFEC00000, GIB(4) };

	if (range.start < CARVE_LOW_END || range.end <= range.start || (range.start < platform.end && platform.start < range.end))
		return false;
	for (u32 i = 0; i < info->region_count; i++) {
		u64 start = info->regions[i].base, end = start + info->regions[i].bytes;

		if (info->regions[i].type != MEMORY_RESERVED && start < range.end && range.start < end)
			return false;
	}
	return true;
}

enum carve_check carve_check_loaded(const struct boot_info *info, struct memory_range kernel)
{
	if (!carve_is_ram(info, kernel))
		return CARVE_KERNEL_NOT_RAM;
	for (u32 i = 0; i < info->module_count; i++) {
		struct memory_range module = { info->modules[i].start, info->modules[i].end };

		if (module.start == module.end)
			continue;
		if (!carve_is_ram(info, module))
			return CARVE_MODULE_NOT_RAM;
		if (module.start < kernel.end && kernel.start < module.end)
			return CARVE_MODULE_IN_KERNEL;
	}
	return CARVE_OK;
}

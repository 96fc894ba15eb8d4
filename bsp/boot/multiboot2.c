/* SPDX-License-Identifier: Apache-2.0 */
/* Parser of the Multiboot2 information block; see multiboot2.h. A table of tags, one small reader
 * each. */
#include "bsp/boot/multiboot2.h"

#include "bsp/memory/string.h"

#define ADDRESS_LIMIT BIT(52)

enum tag_type {
	TAG_END = 0,
	TAG_COMMAND_LINE = 1,
	TAG_LOADER_NAME = 2,
	TAG_MODULE = 3,
	TAG_MEMORY_MAP = 6,
	TAG_ACPI_OLD = 14,
	TAG_ACPI_NEW = 15,
};

struct block_header { u32 total_size, reserved; };
struct tag_header { u32 type, size; };
struct tag_module { struct tag_header header; u32 start, end; };
struct tag_memory_map { struct tag_header header; u32 entry_size, entry_version; };
struct memory_map_entry { u64 base, bytes; u32 type, zero; };

/* A tag's bytes, size checked against the block. */
struct tag { const u8 *bytes; u32 size; };

static const char *const result_texts[MULTIBOOT_RESULTS] = {
	[MULTIBOOT_OK] = "boot information read",
	[MULTIBOOT_BAD_MAGIC] = "not started by a Multiboot2 loader: use GRUB's multiboot2 command",
	[MULTIBOOT_BAD_BLOCK] =
		"the boot loader's Multiboot2 information is malformed: update the boot loader",
	[MULTIBOOT_NO_MEMORY_MAP] =
		"the boot loader gave no memory map: update the boot loader or the firmware",
	[MULTIBOOT_TOO_MANY_REGIONS] =
		"the firmware's memory map has too many pieces: update the firmware",
	[MULTIBOOT_TOO_MANY_MODULES] =
		"more than 8 boot modules: remove module2 lines from the boot loader's menu entry",
};

const char *multiboot2_result_text(enum multiboot_result result)
{
	return result < MULTIBOOT_RESULTS ? result_texts[result] : "unknown";
}

static bool regions_join(const struct memory_region *a, const struct memory_region *b)
{
	return a->type == b->type && a->base <= b->base + b->bytes && b->base <= a->base + a->bytes;
}

static void region_remove(struct boot_info *info, u32 index)
{
	info->region_count--;
	for (u32 i = index; i < info->region_count; i++)
		info->regions[i] = info->regions[i + 1];
}

bool boot_info_add_region(struct boot_info *info, struct memory_region region)
{
	u32 at = 0;

	/* What it touches is taken out and becomes part of it; the result cannot touch what was
	 * passed before. */
	while (at < info->region_count) {
		struct memory_region *other = &info->regions[at];

		if (!regions_join(other, &region)) {
			at++;
			continue;
		}
		u64 end = max_u64(other->base + other->bytes, region.base + region.bytes);
		region.base = min_u64(other->base, region.base);
		region.bytes = end - region.base;
		region_remove(info, at);
		at = 0;
	}
	if (info->region_count >= BOOT_MAX_REGIONS)
		return false;
	for (at = info->region_count++; at > 0 && info->regions[at - 1].base > region.base; at--)
		info->regions[at] = info->regions[at - 1];
	info->regions[at] = region;
	return true;
}

/* Copies a text that ends at its terminator or at the end of the tag. */
static void copy_text(char out[BOOT_TEXT_BYTES], struct tag tag, u32 offset)
{
	u32 length = 0;

	while (length < BOOT_TEXT_BYTES - 1 && offset + length < tag.size &&
	       tag.bytes[offset + length]) {
		out[length] = (char)tag.bytes[offset + length];
		length++;
	}
	out[length] = 0;
}

static enum multiboot_result read_command_line(struct boot_info *info, struct tag tag)
{
	copy_text(info->command_line, tag, sizeof(struct tag_header));
	return MULTIBOOT_OK;
}

static enum multiboot_result read_loader_name(struct boot_info *info, struct tag tag)
{
	copy_text(info->loader_name, tag, sizeof(struct tag_header));
	return MULTIBOOT_OK;
}

static enum multiboot_result read_module(struct boot_info *info, struct tag tag)
{
	struct tag_module module;

	if (tag.size < sizeof(module))
		return MULTIBOOT_BAD_BLOCK;
	if (info->module_count >= BOOT_MAX_MODULES)
		return MULTIBOOT_TOO_MANY_MODULES;
	memcpy(&module, tag.bytes, sizeof(module));
	if (module.start > module.end)
		return MULTIBOOT_BAD_BLOCK;
	struct boot_module *out = &info->modules[info->module_count++];
	out->start = module.start;
	out->end = module.end;
	copy_text(out->command_line, tag, sizeof(module));
	return MULTIBOOT_OK;
}

static enum multiboot_result read_memory_map(struct boot_info *info, struct tag tag)
{
	struct tag_memory_map map;

	if (tag.size < sizeof(map))
		return MULTIBOOT_BAD_BLOCK;
	memcpy(&map, tag.bytes, sizeof(map));
	if (map.entry_size < sizeof(struct memory_map_entry) || map.entry_size > tag.size)
		return MULTIBOOT_BAD_BLOCK;
	for (u64 at = sizeof(map); at + map.entry_size <= tag.size; at += map.entry_size) {
		struct memory_map_entry entry;

		memcpy(&entry, tag.bytes + at, sizeof(entry));
		if (!entry.bytes || entry.base >= ADDRESS_LIMIT)
			continue;
		struct memory_region region = {
			.base = entry.base,
			.bytes = min_u64(entry.bytes, ADDRESS_LIMIT - entry.base),
			.type = entry.type >= MEMORY_AVAILABLE && entry.type <= MEMORY_BAD
					? entry.type
					: MEMORY_RESERVED,
		};
		if (!boot_info_add_region(info, region))
			return MULTIBOOT_TOO_MANY_REGIONS;
	}
	return MULTIBOOT_OK;
}

/* The newer table wins, whichever comes first. */
static enum multiboot_result read_rsdp(struct boot_info *info, struct tag tag)
{
	u32 bytes = tag.size - (u32)sizeof(struct tag_header);
	u32 kept = bytes >= 36 ? 36 : 20;

	if (bytes < 20)
		return MULTIBOOT_BAD_BLOCK;
	if (kept > info->rsdp_bytes) {
		memcpy(info->rsdp, tag.bytes + sizeof(struct tag_header), kept);
		info->rsdp_bytes = kept;
	}
	return MULTIBOOT_OK;
}

static const struct {
	u32 type;
	enum multiboot_result (*read)(struct boot_info *info, struct tag tag);
} readers[] = {
	{ TAG_COMMAND_LINE, read_command_line },
	{ TAG_LOADER_NAME, read_loader_name },
	{ TAG_MODULE, read_module },
	{ TAG_MEMORY_MAP, read_memory_map },
	{ TAG_ACPI_OLD, read_rsdp },
	{ TAG_ACPI_NEW, read_rsdp },
};

static enum multiboot_result read_tag(struct boot_info *info, u32 type, struct tag tag)
{
	for (u32 i = 0; i < ARRAY_SIZE(readers); i++)
		if (readers[i].type == type)
			return readers[i].read(info, tag);
	return MULTIBOOT_OK;
}

enum multiboot_result multiboot2_parse(u64 magic, const void *block, u64 readable,
				       struct boot_info *info)
{
	struct block_header header;
	enum multiboot_result result = MULTIBOOT_OK;

	memset(info, 0, sizeof(*info));
	if (magic != MULTIBOOT2_BOOTED)
		return MULTIBOOT_BAD_MAGIC;
	memcpy(&header, block, sizeof(header));
	if (header.total_size > readable)
		return MULTIBOOT_BAD_BLOCK;
	for (u64 at = sizeof(header); result == MULTIBOOT_OK; ) {
		struct tag_header tag;

		if (at + sizeof(tag) > header.total_size)
			return MULTIBOOT_BAD_BLOCK;
		memcpy(&tag, (const u8 *)block + at, sizeof(tag));
		if (tag.type == TAG_END)
			break;
		if (tag.size < sizeof(tag) || tag.size > header.total_size - at)
			return MULTIBOOT_BAD_BLOCK;
		result = read_tag(info, tag.type, (struct tag){ (const u8 *)block + at, tag.size });
		at += ALIGN_UP((u64)tag.size, 8);
	}
	if (result == MULTIBOOT_OK && !info->region_count)
		return MULTIBOOT_NO_MEMORY_MAP;
	return result;
}

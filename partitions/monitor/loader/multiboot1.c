/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiboot 1: finds and obeys the header, then writes the information structure with everything it
 * points to.
 */
#include "loader/multiboot1.h"

#include <string.h>

#include "image/bytes.h"
#include "loader/multiboot.h"

#define HEADER_MAGIC 0x1BADB002u
#define BOOT_MAGIC 0x2BADB002u
#define HEADER_SEARCH 8192u
#define HEADER_BYTES 12u
#define HEADER_WITH_ADDRESSES 32u

/* Header flags. Bits 2 to 15 are requirements we have no answer to. */
#define FLAG_PAGE_ALIGN 0x1u
#define FLAG_MEMORY_INFO 0x2u
#define FLAG_REQUIRED 0xFFFFu
#define FLAG_ADDRESSES 0x10000u

enum information_flag {
	INFO_MEMORY = 1 << 0,
	INFO_COMMAND_LINE = 1 << 2,
	INFO_MODULES = 1 << 3,
	INFO_MMAP = 1 << 6,
	INFO_LOADER_NAME = 1 << 9,
};

enum information_field {
	FLAGS = 0,
	MEM_LOWER = 4,
	MEM_UPPER = 8,
	CMDLINE = 16,
	MODS_COUNT = 20,
	MODS_ADDR = 24,
	MMAP_LENGTH = 44,
	MMAP_ADDR = 48,
	BOOT_LOADER_NAME = 64,
	INFORMATION_BYTES = 120,
	MODULE_BYTES = 16,
};

static enum load_error find_header(const struct load_part *file, uint32_t *offset)
{
	uint64_t limit = file->size < HEADER_SEARCH ? file->size : HEADER_SEARCH;

	for (*offset = 0; *offset + HEADER_BYTES <= limit; *offset += 4) {
		const uint8_t *p = file->bytes + *offset;

		if (bytes_get32(p) == HEADER_MAGIC &&
		    bytes_get32(p) + bytes_get32(p + 4) + bytes_get32(p + 8) == 0)
			return LOAD_OK;
	}
	return LOAD_ERROR_MULTIBOOT1_HEADER;
}

static enum load_error parse_flat(const struct load_part *file, uint32_t offset,
				  struct elf_image *image)
{
	const uint8_t *p = file->bytes + offset;

	if (!range_fits(offset, HEADER_WITH_ADDRESSES, file->size))
		return LOAD_ERROR_MULTIBOOT1_ADDRESSES;
	const struct multiboot_addresses fields = {
		.header = bytes_get32(p + 12),
		.load = bytes_get32(p + 16),
		.load_end = bytes_get32(p + 20),
		.bss_end = bytes_get32(p + 24),
		.header_offset = offset,
	};
	if (!multiboot_flat(file, &fields, image))
		return LOAD_ERROR_MULTIBOOT1_ADDRESSES;
	image->entry = bytes_get32(p + 28);
	return elf_contains(image, image->entry) ? LOAD_OK : LOAD_ERROR_MULTIBOOT1_ENTRY;
}

static enum load_error decode(const struct load_part *file, struct elf_image *image)
{
	uint32_t offset;
	enum load_error error = find_header(file, &offset);

	if (error)
		return error;
	uint32_t flags = bytes_get32(file->bytes + offset + 4);
	if (flags & FLAG_REQUIRED & ~(FLAG_PAGE_ALIGN | FLAG_MEMORY_INFO))
		return LOAD_ERROR_MULTIBOOT1_REQUIRED;
	return flags & FLAG_ADDRESSES ? parse_flat(file, offset, image) : elf_parse(file, image);
}

static uint32_t write_text(struct multiboot_info *info, const char *text)
{
	uint32_t gpa = info->gpa + info->used;
	uint32_t bytes = (uint32_t)strlen(text) + 1;

	memcpy(multiboot_take(info, bytes), text, bytes);
	return gpa;
}

static void write_modules(const struct loader *loader, struct multiboot_info *info, uint8_t *root)
{
	uint32_t gpa = info->gpa + info->used;
	uint8_t *row = multiboot_take(info, loader->module_count * MODULE_BYTES);

	bytes_put32(root + MODS_COUNT, loader->module_count);
	bytes_put32(root + MODS_ADDR, gpa);
	for (uint32_t i = 0; i < loader->module_count; i++, row += MODULE_BYTES) {
		const struct load_part *module = &loader->modules[i];

		bytes_put32(row, (uint32_t)module->gpa);
		bytes_put32(row + 4, (uint32_t)(module->gpa + module->size));
		bytes_put32(row + 8, write_text(info, module->text));
	}
}

static void write_mmap(const struct loader *loader, struct multiboot_info *info, uint8_t *root)
{
	uint32_t gpa = info->gpa + info->used;
	uint32_t bytes = loader->map.count * MULTIBOOT_MMAP_ENTRY_BYTES;
	uint8_t *row = multiboot_take(info, bytes);

	bytes_put32(root + MMAP_LENGTH, bytes);
	bytes_put32(root + MMAP_ADDR, gpa);
	for (uint32_t i = 0; i < loader->map.count; i++, row += MULTIBOOT_MMAP_ENTRY_BYTES) {
		bytes_put32(row, MULTIBOOT_MMAP_ENTRY_BYTES - 4);
		bytes_put64(row + 4, loader->map.entries[i].base);
		bytes_put64(row + 12, loader->map.entries[i].bytes);
		bytes_put32(row + 20, loader->map.entries[i].type);
	}
}

static void write_information(const struct loader *loader, struct multiboot_info *info)
{
	uint8_t *root = multiboot_take(info, INFORMATION_BYTES);

	bytes_put32(root + FLAGS,
		    INFO_MEMORY | INFO_COMMAND_LINE | INFO_MODULES | INFO_MMAP | INFO_LOADER_NAME);
	bytes_put32(root + MEM_LOWER, (uint32_t)(E820_LOW_END >> 10));
	bytes_put32(root + MEM_UPPER, multiboot_upper_kib(loader));
	bytes_put32(root + CMDLINE, write_text(info, loader->command_line));
	bytes_put32(root + BOOT_LOADER_NAME, write_text(info, LOADER_NAME));
	write_modules(loader, info, root);
	write_mmap(loader, info, root);
}

enum load_error multiboot1_load(struct loader *loader, struct boot_state *boot)
{
	struct elf_image image;
	uint64_t info_gpa;
	enum load_error error = decode(&loader->kernel, &image);

	if (!error)
		error = multiboot_place(loader, &image, &info_gpa);
	if (error)
		return error;
	struct multiboot_info info = multiboot_begin(loader, &image, info_gpa);
	write_information(loader, &info);
	multiboot_start(boot, BOOT_MAGIC, image.entry, &info);
	return LOAD_OK;
}

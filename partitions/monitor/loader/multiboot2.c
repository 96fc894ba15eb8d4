/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiboot2: walks the header's tags by a table (what is not in it and not optional is refused),
 * then writes the information tags.
 */
#include "loader/multiboot2.h"

#include <string.h>

#include "acpi/tables.h"
#include "image/bytes.h"
#include "loader/multiboot.h"

#define HEADER_MAGIC 0xE85250D6u
#define BOOT_MAGIC 0x36D76289u
#define HEADER_SEARCH 32768u
#define HEADER_BYTES 16u
#define ARCHITECTURE_I386 0u
#define TAG_OPTIONAL 0x1u
#define CONSOLE_REQUIRED 0x1u

enum header_tag {
	TAG_END = 0,
	TAG_INFORMATION_REQUEST = 1,
	TAG_ADDRESS = 2,
	TAG_ENTRY_ADDRESS = 3,
	TAG_CONSOLE_FLAGS = 4,
	TAG_FRAMEBUFFER = 5,
	TAG_MODULE_ALIGN = 6,
	TAG_EFI_BOOT_SERVICES = 7,
	TAG_ENTRY_EFI32 = 8,
	TAG_ENTRY_EFI64 = 9,
	TAG_RELOCATABLE = 10,
	TAG_COUNT
};

enum information_tag {
	INFO_END = 0,
	INFO_COMMAND_LINE = 1,
	INFO_LOADER_NAME = 2,
	INFO_MODULE = 3,
	INFO_MEMORY = 4,
	INFO_MMAP = 6,
	INFO_ACPI_OLD = 14,
	INFO_ACPI_NEW = 15,
};

#define INFO_SUPPORTED                                                                             \
	(1u << INFO_COMMAND_LINE | 1u << INFO_LOADER_NAME | 1u << INFO_MODULE |                    \
	 1u << INFO_MEMORY | 1u << INFO_MMAP | 1u << INFO_ACPI_OLD | 1u << INFO_ACPI_NEW)

/* The header as its tags are read. */
struct header {
	const uint8_t *bytes;
	uint32_t size;
	struct multiboot_addresses addresses;
	uint32_t entry;
	bool has_addresses;
	bool has_entry;
};

/* One tag: `size` bytes with the 8 of its head, all inside the header. */
struct tag {
	const uint8_t *bytes;
	uint32_t size;
	bool is_optional;
};

static enum load_error read_information_request(struct header *header, const struct tag *tag)
{
	(void)header;
	if (tag->is_optional)
		return LOAD_OK;
	for (uint32_t at = 8; at + 4 <= tag->size; at += 4) {
		uint32_t type = bytes_get32(tag->bytes + at);

		if (type >= 32 || !(INFO_SUPPORTED & 1u << type))
			return LOAD_ERROR_MULTIBOOT2_INFORMATION;
	}
	return LOAD_OK;
}

static enum load_error read_address(struct header *header, const struct tag *tag)
{
	header->has_addresses = true;
	header->addresses.header = bytes_get32(tag->bytes + 8);
	header->addresses.load = bytes_get32(tag->bytes + 12);
	header->addresses.load_end = bytes_get32(tag->bytes + 16);
	header->addresses.bss_end = bytes_get32(tag->bytes + 20);
	return LOAD_OK;
}

static enum load_error read_entry(struct header *header, const struct tag *tag)
{
	header->has_entry = true;
	header->entry = bytes_get32(tag->bytes + 8);
	return LOAD_OK;
}

static enum load_error read_console_flags(struct header *header, const struct tag *tag)
{
	(void)header;
	return !tag->is_optional && bytes_get32(tag->bytes + 8) & CONSOLE_REQUIRED
		   ? LOAD_ERROR_MULTIBOOT2_DISPLAY
		   : LOAD_OK;
}

static enum load_error read_framebuffer(struct header *header, const struct tag *tag)
{
	(void)header;
	return tag->is_optional ? LOAD_OK : LOAD_ERROR_MULTIBOOT2_DISPLAY;
}

/* EFI entries count only under EFI; a relocatable kernel may stay where it is linked; modules are
 * page-aligned. */
static enum load_error read_nothing(struct header *header, const struct tag *tag)
{
	(void)header, (void)tag;
	return LOAD_OK;
}

static enum load_error read_unknown(struct header *header, const struct tag *tag)
{
	(void)header;
	return tag->is_optional ? LOAD_OK : LOAD_ERROR_MULTIBOOT2_REQUIRED;
}

struct tag_reader {
	enum load_error (*read)(struct header *header, const struct tag *tag);
	uint32_t least_bytes;
};

static const struct tag_reader readers[TAG_COUNT] = {
	[TAG_INFORMATION_REQUEST] = { read_information_request, 8 },
	[TAG_ADDRESS] = { read_address, 24 },
	[TAG_ENTRY_ADDRESS] = { read_entry, 12 },
	[TAG_CONSOLE_FLAGS] = { read_console_flags, 12 },
	[TAG_FRAMEBUFFER] = { read_framebuffer, 8 },
	[TAG_MODULE_ALIGN] = { read_nothing, 8 },
	[TAG_EFI_BOOT_SERVICES] = { read_unknown, 8 },
	[TAG_ENTRY_EFI32] = { read_nothing, 8 },
	[TAG_ENTRY_EFI64] = { read_nothing, 8 },
	[TAG_RELOCATABLE] = { read_nothing, 8 },
};

static enum load_error find_header(const struct load_part *file, struct header *header)
{
	uint64_t limit = file->size < HEADER_SEARCH ? file->size : HEADER_SEARCH;

	for (uint32_t offset = 0; offset + HEADER_BYTES <= limit; offset += 8) {
		const uint8_t *p = file->bytes + offset;
		uint32_t sum =
		    bytes_get32(p) + bytes_get32(p + 4) + bytes_get32(p + 8) + bytes_get32(p + 12);

		if (bytes_get32(p) != HEADER_MAGIC || sum)
			continue;
		if (bytes_get32(p + 4) != ARCHITECTURE_I386)
			return LOAD_ERROR_MULTIBOOT2_ARCHITECTURE;
		header->bytes = p;
		header->size = bytes_get32(p + 8);
		header->addresses.header_offset = offset;
		return range_fits(offset, header->size, limit) ? LOAD_OK
							       : LOAD_ERROR_MULTIBOOT2_TAG;
	}
	return LOAD_ERROR_MULTIBOOT2_HEADER;
}

static enum load_error read_tag(struct header *header, const struct tag *tag)
{
	uint16_t type = bytes_get16(tag->bytes);

	if (type >= TAG_COUNT)
		return read_unknown(header, tag);
	return tag->size < readers[type].least_bytes ? LOAD_ERROR_MULTIBOOT2_TAG
						     : readers[type].read(header, tag);
}

static enum load_error read_tags(struct header *header)
{
	uint32_t at = HEADER_BYTES;

	while (range_fits(at, 8, header->size)) {
		struct tag tag = { .bytes = header->bytes + at };

		tag.size = bytes_get32(tag.bytes + 4);
		tag.is_optional = bytes_get16(tag.bytes + 2) & TAG_OPTIONAL;
		if (tag.size < 8 || !range_fits(at, tag.size, header->size))
			return LOAD_ERROR_MULTIBOOT2_TAG;
		if (bytes_get16(tag.bytes) == TAG_END)
			return LOAD_OK;
		enum load_error error = read_tag(header, &tag);
		if (error)
			return error;
		at += (tag.size + 7) & ~7u;
	}
	return LOAD_ERROR_MULTIBOOT2_TAG;
}

static enum load_error parse_kernel(const struct load_part *file, const struct header *header,
				    struct elf_image *image)
{
	if (!header->has_addresses) {
		enum load_error error = elf_parse(file, image);

		if (error)
			return error;
	} else if (!multiboot_flat(file, &header->addresses, image)) {
		return LOAD_ERROR_MULTIBOOT2_ADDRESSES;
	}
	if (header->has_entry)
		image->entry = header->entry;
	return elf_contains(image, image->entry) ? LOAD_OK : LOAD_ERROR_MULTIBOOT2_ENTRY;
}

static enum load_error decode(const struct load_part *file, struct elf_image *image)
{
	struct header header = { 0 };
	enum load_error error = find_header(file, &header);

	if (!error)
		error = read_tags(&header);
	return error ? error : parse_kernel(file, &header, image);
}

/* A tag with room for `count` bytes of contents; returns where they go. */
static uint8_t *put_tag(struct multiboot_info *info, enum information_tag type, uint32_t count)
{
	uint8_t *tag = multiboot_take(info, 8 + count);

	bytes_put32(tag, type);
	bytes_put32(tag + 4, 8 + count);
	return tag + 8;
}

static void put_text(struct multiboot_info *info, enum information_tag type, const char *text)
{
	uint32_t bytes = (uint32_t)strlen(text) + 1;

	memcpy(put_tag(info, type, bytes), text, bytes);
}

static void put_modules(const struct loader *loader, struct multiboot_info *info)
{
	for (uint32_t i = 0; i < loader->module_count; i++) {
		const struct load_part *module = &loader->modules[i];
		uint32_t text_bytes = (uint32_t)strlen(module->text) + 1;
		uint8_t *tag = put_tag(info, INFO_MODULE, 8 + text_bytes);

		bytes_put32(tag, (uint32_t)module->gpa);
		bytes_put32(tag + 4, (uint32_t)(module->gpa + module->size));
		memcpy(tag + 8, module->text, text_bytes);
	}
}

static void put_memory(const struct loader *loader, struct multiboot_info *info)
{
	uint8_t *basic = put_tag(info, INFO_MEMORY, 8);
	uint8_t *row = put_tag(info, INFO_MMAP, 8 + loader->map.count * MULTIBOOT_MMAP_ENTRY_BYTES);

	bytes_put32(basic, (uint32_t)(E820_LOW_END >> 10));
	bytes_put32(basic + 4, multiboot_upper_kib(loader));
	bytes_put32(row, MULTIBOOT_MMAP_ENTRY_BYTES);
	row += 8;
	for (uint32_t i = 0; i < loader->map.count; i++, row += MULTIBOOT_MMAP_ENTRY_BYTES) {
		bytes_put64(row, loader->map.entries[i].base);
		bytes_put64(row + 8, loader->map.entries[i].bytes);
		bytes_put32(row + 16, loader->map.entries[i].type);
	}
}

static void put_acpi(struct loader *loader, struct multiboot_info *info)
{
	if (!loader->rsdp)
		return;
	const uint8_t *rsdp = loader_at(loader, loader->rsdp, ACPI_RSDP_BYTES);

	memcpy(put_tag(info, INFO_ACPI_OLD, ACPI_RSDP_OLD_BYTES), rsdp, ACPI_RSDP_OLD_BYTES);
	memcpy(put_tag(info, INFO_ACPI_NEW, ACPI_RSDP_BYTES), rsdp, ACPI_RSDP_BYTES);
}

static void write_information(struct loader *loader, struct multiboot_info *info)
{
	uint8_t *root = multiboot_take(info, 8);

	put_text(info, INFO_COMMAND_LINE, loader->command_line);
	put_text(info, INFO_LOADER_NAME, LOADER_NAME);
	put_modules(loader, info);
	put_memory(loader, info);
	put_acpi(loader, info);
	put_tag(info, INFO_END, 0);
	bytes_put32(root, info->used);
}

enum load_error multiboot2_load(struct loader *loader, struct boot_state *boot)
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

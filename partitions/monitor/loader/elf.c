/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One reader for both ELF classes: they differ in where fields are and how long, which is a table.
 */
#include "loader/elf.h"

#include <string.h>

#include "image/bytes.h"

#define ELF_MAGIC 0x464C457Fu
#define LIMIT_4G 0x100000000ull

enum {
	DATA_LITTLE_ENDIAN = 1,
	VERSION_CURRENT = 1,
	TYPE_EXEC = 2,
	MACHINE_386 = 3,
	MACHINE_X86_64 = 62,
	SEGMENT_LOAD = 1
};
enum {
	IDENT_CLASS = 4,
	IDENT_DATA = 5,
	HEADER_TYPE = 16,
	HEADER_MACHINE = 18,
	HEADER_VERSION = 20,
	HEADER_ENTRY = 24
};

struct elf_class {
	uint8_t header_bytes, segment_bytes, word_bytes;
	/* fields of the file header */
	uint8_t segments_offset, segment_size, segment_count;
	/* fields of a program header */
	uint8_t offset, virtual_address, address, file_bytes, memory_bytes;
};

static const struct elf_class classes[] = {
	{ 52, 32, 4, 28, 42, 44, 4, 8, 12, 16, 20 },
	{ 64, 56, 8, 32, 54, 56, 8, 16, 24, 32, 40 },
};

static uint64_t word(const struct elf_class *class, const uint8_t *p)
{
	return class->word_bytes == 8 ? bytes_get64(p) : bytes_get32(p);
}

static enum load_error find_class(const struct load_part *file, const struct elf_class **class)
{
	if (file->size < 20 || bytes_get32(file->bytes) != ELF_MAGIC)
		return LOAD_ERROR_ELF_MAGIC;
	uint8_t number = file->bytes[IDENT_CLASS];
	if (number < 1 || number > 2 || file->bytes[IDENT_DATA] != DATA_LITTLE_ENDIAN)
		return LOAD_ERROR_ELF_CLASS;
	*class = &classes[number - 1];
	return file->size >= (*class)->header_bytes ? LOAD_OK : LOAD_ERROR_ELF_SEGMENTS;
}

static enum load_error check_header(const struct load_part *file, const struct elf_class *class)
{
	const uint8_t *header = file->bytes;
	uint16_t machine = bytes_get16(header + HEADER_MACHINE);
	uint16_t count = bytes_get16(header + class->segment_count);

	if (machine != MACHINE_386 && machine != MACHINE_X86_64)
		return LOAD_ERROR_ELF_CLASS;
	if (bytes_get16(header + HEADER_TYPE) != TYPE_EXEC ||
	    bytes_get32(header + HEADER_VERSION) != VERSION_CURRENT)
		return LOAD_ERROR_ELF_TYPE;
	if (!count || count > ELF_MAX_SEGMENTS ||
	    bytes_get16(header + class->segment_size) != class->segment_bytes)
		return LOAD_ERROR_ELF_SEGMENTS;
	if (!range_fits(word(class, header + class->segments_offset),
			(uint64_t)count * class->segment_bytes, file->size))
		return LOAD_ERROR_ELF_SEGMENTS;
	return LOAD_OK;
}

static enum load_error read_segment(const struct load_part *file, const struct elf_class *class,
				    const uint8_t *row, struct elf_segment *segment)
{
	segment->offset = word(class, row + class->offset);
	segment->virtual_address = word(class, row + class->virtual_address);
	segment->address = word(class, row + class->address);
	segment->file_bytes = word(class, row + class->file_bytes);
	segment->memory_bytes = word(class, row + class->memory_bytes);
	if (segment->file_bytes > segment->memory_bytes ||
	    !range_fits(segment->offset, segment->file_bytes, file->size))
		return LOAD_ERROR_ELF_SEGMENT_RANGE;
	if (!range_fits(segment->address, segment->memory_bytes, LIMIT_4G))
		return LOAD_ERROR_ELF_ABOVE_4G;
	return LOAD_OK;
}

static enum load_error read_segments(const struct load_part *file, const struct elf_class *class,
				     struct elf_image *image)
{
	const uint8_t *row = file->bytes + word(class, file->bytes + class->segments_offset);
	uint32_t count = bytes_get16(file->bytes + class->segment_count);

	image->count = 0;
	for (uint32_t i = 0; i < count; i++, row += class->segment_bytes) {
		struct elf_segment *segment = &image->segments[image->count];

		if (bytes_get32(row) != SEGMENT_LOAD)
			continue;
		enum load_error error = read_segment(file, class, row, segment);
		if (error)
			return error;
		if (segment->memory_bytes)
			image->count++;
	}
	return image->count ? LOAD_OK : LOAD_ERROR_ELF_SEGMENTS;
}

bool elf_contains(const struct elf_image *image, uint64_t address)
{
	for (uint32_t i = 0; i < image->count; i++)
		if (address - image->segments[i].address < image->segments[i].memory_bytes)
			return true;
	return false;
}

/* The entry may be a virtual address, or already a physical one where the two differ. */
static enum load_error find_entry(struct elf_image *image, uint64_t entry)
{
	for (uint32_t i = 0; i < image->count; i++) {
		const struct elf_segment *segment = &image->segments[i];

		if (entry - segment->virtual_address < segment->memory_bytes) {
			image->entry =
			    (uint32_t)(entry - segment->virtual_address + segment->address);
			return LOAD_OK;
		}
	}
	image->entry = (uint32_t)entry;
	return elf_contains(image, entry) ? LOAD_OK : LOAD_ERROR_ELF_ENTRY;
}

enum load_error elf_parse(const struct load_part *file, struct elf_image *image)
{
	const struct elf_class *class = NULL;
	enum load_error error = find_class(file, &class);

	if (!error)
		error = check_header(file, class);
	if (!error)
		error = read_segments(file, class, image);
	return error ? error : find_entry(image, word(class, file->bytes + HEADER_ENTRY));
}

enum load_error elf_claim(const struct elf_image *image, struct placement *placement)
{
	enum load_error error = LOAD_OK;

	for (uint32_t i = 0; i < image->count && !error; i++)
		error = placement_claim(placement, image->segments[i].address,
					image->segments[i].memory_bytes, OWNER_PLACED);
	return error;
}

void elf_copy(const struct elf_image *image, struct loader *loader)
{
	for (uint32_t i = 0; i < image->count; i++) {
		const struct elf_segment *segment = &image->segments[i];
		uint8_t *place = loader_at(loader, segment->address, segment->memory_bytes);

		memcpy(place, loader->kernel.bytes + segment->offset, segment->file_bytes);
		memset(place + segment->file_bytes, 0, segment->memory_bytes - segment->file_bytes);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common half of Multiboot 1 and 2.
 */
#include "loader/multiboot.h"

#include <string.h>

#include "image/bytes.h"

#define FROM_FILE_START 0xFFFFFFFFu /* load address: the file from its first byte */
#define SELECTOR_CODE 0x10u
#define SELECTOR_DATA 0x18u
#define LIMIT_4G 0x100000000ull

/* Fixed part, rows and rounding are below 96 bytes a module and 1 KiB in all; texts are what they
 * can be. */
_Static_assert(MULTIBOOT_INFO_BYTES >= 1024 + E820_MAX * MULTIBOOT_MMAP_ENTRY_BYTES +
					   LOADER_MAX_COMMAND_LINE +
					   PAYLOAD_MAX_PARTS * (96 + PAYLOAD_TEXT_BYTES),
	       "the largest information fits");

bool multiboot_flat(const struct load_part *file, const struct multiboot_addresses *fields,
		    struct elf_image *image)
{
	uint32_t load =
	    fields->load == FROM_FILE_START ? fields->header - fields->header_offset : fields->load;

	if (load > fields->header || fields->header - load > fields->header_offset)
		return false;
	uint64_t offset = fields->header_offset - (fields->header - load);
	uint64_t bytes = file->size - offset;
	if (fields->load_end) {
		if (fields->load_end <= load || fields->load_end - load > bytes)
			return false;
		bytes = fields->load_end - load;
	}
	uint64_t memory = fields->bss_end ? (uint64_t)fields->bss_end - load : bytes;
	if ((fields->bss_end && fields->bss_end < load) || memory < bytes ||
	    !range_fits(load, memory, LIMIT_4G))
		return false;
	image->count = 1;
	image->entry = 0;
	image->segments[0] = (struct elf_segment){ offset, load, load, bytes, memory };
	return true;
}

enum load_error multiboot_place(struct loader *loader, const struct elf_image *image,
				uint64_t *info_gpa)
{
	enum load_error error = elf_claim(image, &loader->placement);

	/* Modules stay where loader_stage() put them: pages below 2 GiB, which is all Multiboot
	 * asks. */
	return error ? error : loader_claim_low(loader, MULTIBOOT_INFO_BYTES, info_gpa);
}

struct multiboot_info multiboot_begin(struct loader *loader, const struct elf_image *image,
				      uint64_t info_gpa)
{
	struct multiboot_info info = {
		.bytes = loader_at(loader, info_gpa, MULTIBOOT_INFO_BYTES),
		.gpa = (uint32_t)info_gpa,
	};

	elf_copy(image, loader);
	memset(info.bytes, 0, MULTIBOOT_INFO_BYTES);
	return info;
}

uint8_t *multiboot_take(struct multiboot_info *info, uint32_t count)
{
	uint8_t *place = info->bytes + info->used;

	/* The assertion above says it fits; if that is ever wrong, stop before writing over the
	 * guest. */
	if (count > MULTIBOOT_INFO_BYTES - info->used)
		__builtin_trap();
	info->used += (count + 7) & ~7u;
	if (info->used > MULTIBOOT_INFO_BYTES)
		info->used = MULTIBOOT_INFO_BYTES;
	return place;
}

uint32_t multiboot_upper_kib(const struct loader *loader)
{
	return (uint32_t)((guest_ram_low_bytes(&loader->ram) - E820_RAM_AGAIN) >> 10);
}

void multiboot_start(struct boot_state *boot, uint32_t magic, uint32_t entry,
		     const struct multiboot_info *info)
{
	*boot = (struct boot_state){
		.mode = BOOT_FLAT32,
		.rip = entry,
		.rax = magic,
		.rbx = info->gpa,
		.cs = SELECTOR_CODE,
		.ds = SELECTOR_DATA,
	};
}

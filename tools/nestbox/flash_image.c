/* SPDX-License-Identifier: Apache-2.0 */
/* A disk image as a disk; see flash_image.h. */
#include "flash_image.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "image_policy.h"

#define SMALLEST_BYTES (4u << 20)

static bool file_read(void *context, uint64_t sector, uint32_t count, void *bytes)
{
	const struct input_file *file = context;
	uint64_t sectors = file->size / FLASH_SECTOR;

	if (sector > sectors || count > sectors - sector)
		return false;
	memcpy(bytes, file->bytes + sector * FLASH_SECTOR, (size_t)count * FLASH_SECTOR);
	return true;
}

static uint64_t file_seek(const struct flash_image *image, uint64_t from, int what)
{
	off_t at = lseek(image->fd, (off_t)from, what);

	return at < 0 ? image->file.size : (uint64_t)at;
}

static uint64_t next_data(const void *context, uint64_t from)
{
	return file_seek(context, from, SEEK_DATA);
}

static uint64_t next_hole(const void *context, uint64_t from)
{
	return file_seek(context, from, SEEK_HOLE);
}

static enum exit_code table_read(struct flash_image *image)
{
	const struct flash_file file = { image->file.bytes, image->file.size, next_data, next_hole, image };
	enum update_error error;

	if (image->file.size < SMALLEST_BYTES || image->file.size % FLASH_SECTOR)
		return report_error(EXIT_REFUSED, "%s is no disk image; 'make image' makes one", image->file.path);
	image->device = (struct block_device){
		.read = file_read,
		.context = &image->file,
		.sector_bytes = FLASH_SECTOR,
		.sector_count = image->file.size / FLASH_SECTOR,
	};
	error = gpt_read(&image->gpt, &image->device);
	if (!error)
		error = image->gpt.primary_error;
	if (error)
		return report_error(EXIT_REFUSED, "%s: %s", image->file.path, update_error_text(error));
	if (!flash_map_make(&image->map, &file, &image->gpt))
		return report_error(EXIT_REFUSED, "%s is in too many pieces: copy it with 'cp --sparse=never'", image->file.path);
	return EXIT_OK;
}

enum exit_code flash_image_open(const char *path, struct flash_image *image)
{
	enum exit_code code = input_open(path, &image->file);

	if (code)
		return code;
	image->fd = open(path, O_RDONLY | O_CLOEXEC);
	code = image->fd < 0 ? report_system_error("cannot open %s", path) : table_read(image);
	if (code)
		flash_image_close(image);
	return code;
}

void flash_image_close(struct flash_image *image)
{
	if (image->fd >= 0)
		close(image->fd);
	input_close(&image->file);
}

enum exit_code flash_image_verify(struct flash_image *image, const struct keyring *keyring, const uint8_t *role)
{
	struct verify_policy policy = { .keyring = keyring };
	struct image_source slot = { .is_slot = true };
	struct block_region region;
	enum update_error missing = gpt_find(&image->gpt, gpt_type_guest, FLASH_SLOT, &region);
	enum image_error error;

	if (missing)
		return report_error(EXIT_REFUSED, "%s has no partition " FLASH_SLOT ": %s", image->file.path,
				    update_error_text(missing));
	slot.bytes = image->file.bytes + region.first * FLASH_SECTOR;
	slot.size = region.bytes;
	policy_from_image(slot.bytes, (size_t)slot.size, &policy);
	if (role)
		memcpy(policy.role_uuid, role, UUID_BYTES);
	error = image_verify_manifest(&slot, &policy, &image->result);
	if (!error)
		error = image_verify_whole(&slot, &image->result, NULL);
	if (error)
		return report_error(EXIT_REFUSED, "%s is not written anywhere: partition " FLASH_SLOT " in it is refused: %s: %s",
				    image->file.path, image_error_name(error), image_error_text(error));
	return EXIT_OK;
}

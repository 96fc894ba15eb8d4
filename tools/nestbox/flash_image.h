/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disk image that is to be flashed: its partition table, and whether a box with these keys would start what is in its first slot.
 */
#ifndef NESTBOX_FLASH_IMAGE_H
#define NESTBOX_FLASH_IMAGE_H

#include "file.h"
#include "flash_gpt.h"
#include "flash_map.h"
#include "image/verify.h"

#define FLASH_SLOT "guest-a" /* the name of the partition a new box starts from */

struct flash_image {
	struct input_file file;
	int fd; /* to ask for its holes */
	struct block_device device;
	struct gpt gpt;
	struct flash_map map;
	struct verify_result result;
};

/* Opens the file, checks its partition table and finds what has to be written. Must be closed if it returns EXIT_OK. */
enum exit_code flash_image_open(const char *path, struct flash_image *image);
void flash_image_close(struct flash_image *image);

/*
 * Verifies the image in the first slot, all of it, by the code the box uses. A `role` ties it to a partition; null: any.
 */
enum exit_code flash_image_verify(struct flash_image *image, const struct keyring *keyring, const uint8_t *role);

#endif

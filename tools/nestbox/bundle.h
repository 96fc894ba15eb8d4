/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles as files: an image in the frames of update/frame.h, packed.
 */
#ifndef NESTBOX_BUNDLE_H
#define NESTBOX_BUNDLE_H

#include "file.h"
#include "image/manifest.h"

/* An image that was unpacked, or the reason why a bundle is none. */
struct bundle {
	struct manifest manifest; /* as it is in the bundle: not verified */
	uint8_t *image;		  /* manifest to the end of the hash tree */
	uint64_t image_bytes;
	uint64_t frames, packed_frames;
};

/*
 * Writes the frames of an image with a hash tree to `path`. The image is checked against its tree, so
 * that no box gets blocks it must refuse; its signatures are copied, not checked.
 */
enum exit_code bundle_create(const struct input_file *image, const char *path);

/*
 * Unpacks: START, MANIFEST, every block of the tree and of the payload once and in order, FINISH, and
 * nothing behind it. What was unpacked is not verified. With EXIT_OK bundle_free() must be called.
 */
enum exit_code bundle_read(const struct input_file *input, struct bundle *bundle);
void bundle_free(struct bundle *bundle);

#endif

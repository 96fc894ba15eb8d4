/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image to be made: what goes into it and where, then the writing.
 */
#ifndef NESTBOX_IMAGE_PLAN_H
#define NESTBOX_IMAGE_PLAN_H

#include "file.h"
#include "image/manifest.h"
#include "image/payload.h"
#include "private_key.h"

struct image_plan {
	struct manifest manifest;
	struct payload payload; /* type, size, text as added; offsets by plan_lay_out() */
	struct input_file sources[PAYLOAD_MAX_PARTS]; /* of each part */
	bool has_tree; /* give it a hash tree, whatever its size */
	const struct private_key *key;                /* null: leave it unsigned */
};

/*
 * Opens a file and adds it as a part; a kernel's type is detected when `type` is 0. Without a
 * `text` it gets the file's name.
 */
enum exit_code plan_add_file(struct image_plan *plan, uint32_t type, const char *path,
			     const char *text);

/* Adds the command line; `text` must outlive the plan. */
enum exit_code plan_add_command_line(struct image_plan *plan, const char *text);

/* Places the parts and the payload; refuses what does not belong together. */
enum exit_code plan_lay_out(struct image_plan *plan);

/* Writes the image: parts, table, digest, manifest, signature; then it appears under `path`. */
enum exit_code plan_write(struct image_plan *plan, const char *path);

void plan_close(struct image_plan *plan);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpacking: stricter than a box, which takes blocks in any order.
 */
#include <stdlib.h>
#include <string.h>

#include "bundle.h"
#include "image/bytes.h"
#include "update/frame.h"

struct unpacking {
	const struct input_file *input;
	uint64_t at;
	struct frame frame;
	const uint8_t *body;
	struct bundle *bundle;
};

static enum exit_code refuse(const struct unpacking *u, enum update_error error)
{
	return report_error(EXIT_REFUSED, "%s is refused at byte %llu: %s: %s", u->input->path, (unsigned long long)u->at,
			    update_error_name(error), update_error_text(error));
}

/* The next frame, which must be of the type. */
static enum exit_code frame_get(struct unpacking *u, enum frame_type type)
{
	enum update_error error = UPDATE_ERROR_FRAME_LENGTH;

	if (range_fits(u->at, FRAME_HEAD_BYTES, u->input->size))
		error = frame_read(u->input->bytes + u->at, &u->frame);
	if (!error && !range_fits(u->at + FRAME_HEAD_BYTES, u->frame.body_bytes, u->input->size))
		error = UPDATE_ERROR_FRAME_LENGTH;
	if (!error && u->frame.type != type)
		error = UPDATE_ERROR_ORDER;
	if (error)
		return refuse(u, error);
	u->body = u->input->bytes + u->at + FRAME_HEAD_BYTES;
	u->at += FRAME_HEAD_BYTES + u->frame.body_bytes;
	u->bundle->frames++;
	u->bundle->packed_frames += u->frame.encoding == FRAME_LZ4;
	return EXIT_OK;
}

/* All blocks of [offset, offset + bytes) of the image; what fills up the last one is zero. */
static enum exit_code range_get(struct unpacking *u, enum frame_type type, uint64_t offset, uint64_t bytes)
{
	static uint8_t room[FRAME_MAX_BODY];
	uint64_t done = 0;

	while (done < bytes) {
		enum exit_code code = frame_get(u, type);
		uint64_t count = (uint64_t)u->frame.blocks * FRAME_BLOCK_BYTES;
		uint64_t wanted = bytes - done < count ? bytes - done : count;
		const uint8_t *blocks;

		if (code)
			return code;
		if (u->frame.number != done / FRAME_BLOCK_BYTES || count - wanted >= FRAME_BLOCK_BYTES)
			return refuse(u, UPDATE_ERROR_BLOCK_PLACE);
		blocks = frame_blocks(&u->frame, u->body, room);
		if (!blocks || !bytes_are_zero(blocks + wanted, count - wanted))
			return refuse(u, UPDATE_ERROR_BLOCK_ALTERED);
		memcpy(u->bundle->image + offset + done, blocks, wanted);
		done += wanted;
	}
	return EXIT_OK;
}

static enum exit_code manifest_get(struct unpacking *u)
{
	struct bundle *bundle = u->bundle;
	enum exit_code code = frame_get(u, FRAME_MANIFEST);
	enum image_error error;

	if (code)
		return code;
	error = manifest_parse(u->body, MANIFEST_BYTES_TOTAL, &bundle->manifest);
	if (error)
		return report_error(EXIT_REFUSED, "%s is refused: %s: %s", u->input->path, image_error_name(error),
				    image_error_text(error));
	if (!bundle->manifest.tree_bytes)
		return refuse(u, UPDATE_ERROR_NO_TREE);
	bundle->image_bytes = manifest_image_bytes(&bundle->manifest);
	/* every frame has a head: what is shorter than its frames' heads need not be made room for */
	if ((bundle->image_bytes - bundle->manifest.payload_offset) / FRAME_MAX_BODY > u->input->size / FRAME_HEAD_BYTES)
		return refuse(u, UPDATE_ERROR_FRAME_LENGTH);
	bundle->image = calloc(1, bundle->image_bytes);
	if (!bundle->image)
		return report_error(EXIT_IO, "no memory for an image of %llu bytes", (unsigned long long)bundle->image_bytes);
	memcpy(bundle->image, u->body, MANIFEST_BYTES_TOTAL);
	return EXIT_OK;
}

static enum exit_code frames_get(struct unpacking *u)
{
	const struct manifest *m = &u->bundle->manifest;
	enum exit_code code = frame_get(u, FRAME_START);

	if (!code)
		code = manifest_get(u);
	if (!code)
		code = range_get(u, FRAME_TREE, m->tree_offset, m->tree_bytes);
	if (!code)
		code = range_get(u, FRAME_LEAVES, m->payload_offset, m->payload_bytes);
	if (!code)
		code = frame_get(u, FRAME_FINISH);
	if (!code && u->at != u->input->size)
		code = refuse(u, UPDATE_ERROR_FRAME_LENGTH);
	return code;
}

enum exit_code bundle_read(const struct input_file *input, struct bundle *bundle)
{
	struct unpacking u = { .input = input, .bundle = bundle };
	enum exit_code code;

	memset(bundle, 0, sizeof(*bundle));
	code = frames_get(&u);
	if (code)
		bundle_free(bundle);
	return code;
}

void bundle_free(struct bundle *bundle)
{
	free(bundle->image);
	bundle->image = NULL;
}

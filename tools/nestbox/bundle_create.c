/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packing: sixteen blocks at a time, as LZ4 where that is shorter.
 */
#include <lz4hc.h>
#include <string.h>

#include "bundle.h"
#include "image/signature.h"
#include "image/source.h"
#include "image/verify.h"
#include "update/frame.h"

struct packing {
	const struct input_file *image;
	struct manifest manifest;
	struct output_file out;
	uint64_t at;
};

static enum exit_code frame_put(struct packing *p, struct frame frame, const void *body)
{
	uint8_t head[FRAME_HEAD_BYTES];
	enum exit_code code;

	frame_write(&frame, head);
	code = output_write(&p->out, p->at, head, sizeof(head));
	if (!code && frame.body_bytes)
		code = output_write(&p->out, p->at + sizeof(head), body, frame.body_bytes);
	p->at += sizeof(head) + frame.body_bytes;
	return code;
}

static enum exit_code blocks_put(struct packing *p, struct frame frame, const uint8_t *blocks)
{
	static char packed[FRAME_MAX_BODY];
	uint32_t whole = frame.blocks * FRAME_BLOCK_BYTES;
	int length = LZ4_compress_HC((const char *)blocks, packed, (int)whole, (int)whole - 1, LZ4HC_CLEVEL_MAX);

	frame.encoding = length > 0 ? FRAME_LZ4 : FRAME_RAW;
	frame.body_bytes = length > 0 ? (uint32_t)length : whole;
	return frame_put(p, frame, length > 0 ? (const void *)packed : blocks);
}

/* `bytes` of the image from `offset` on, the end filled up with zeros. */
static enum exit_code range_put(struct packing *p, enum frame_type type, uint64_t offset, uint64_t bytes)
{
	static uint8_t blocks[FRAME_MAX_BODY];
	enum exit_code code = EXIT_OK;

	for (uint64_t at = 0; at < bytes && !code; at += FRAME_MAX_BODY) {
		uint64_t count = bytes - at < FRAME_MAX_BODY ? bytes - at : FRAME_MAX_BODY;
		struct frame frame = {
			.type = type,
			.blocks = (uint32_t)((count + FRAME_BLOCK_BYTES - 1) / FRAME_BLOCK_BYTES),
			.number = at / FRAME_BLOCK_BYTES,
		};

		memset(blocks, 0, sizeof(blocks));
		memcpy(blocks, p->image->bytes + offset + at, count);
		code = blocks_put(p, frame, blocks);
		report_progress("packing", at + count, bytes);
	}
	return code;
}

static enum exit_code image_put(struct packing *p)
{
	const struct manifest *m = &p->manifest;
	enum exit_code code = frame_put(p, (struct frame){ .type = FRAME_START, .number = FRAME_VERSION }, NULL);

	if (!code)
		code = frame_put(p, (struct frame){ .type = FRAME_MANIFEST, .body_bytes = MANIFEST_BYTES_TOTAL }, p->image->bytes);
	if (!code)
		code = range_put(p, FRAME_TREE, m->tree_offset, m->tree_bytes);
	if (!code)
		code = range_put(p, FRAME_LEAVES, m->payload_offset, m->payload_bytes);
	return code ? code : frame_put(p, (struct frame){ .type = FRAME_FINISH }, NULL);
}

static enum exit_code refuse(const struct input_file *image, enum image_error error)
{
	return report_error(EXIT_REFUSED, "%s is refused: %s: %s", image->path, image_error_name(error), image_error_text(error));
}

/* By the box's own code, all but the keys. */
static enum exit_code image_check(const struct input_file *image, struct manifest *m)
{
	static struct payload_check check;
	struct image_source source = { .bytes = image->bytes, .size = image->size };
	struct signatures signatures;
	enum image_error error = manifest_parse(image->bytes, image->size, m);

	if (!error && (image->size < MANIFEST_BYTES_TOTAL || image->size != manifest_image_bytes(m)))
		error = IMAGE_ERROR_TRUNCATED;
	if (!error)
		error = signatures_parse(image->bytes + SIGNATURE_AREA_OFFSET, &signatures);
	if (error)
		return refuse(image, error);
	if (!m->tree_bytes)
		return report_error(EXIT_REFUSED, "%s has no hash tree; make it with 'nestbox image create --tree'", image->path);
	payload_check_start(&check, m, &source);
	error = payload_check_take(&check, image->bytes + m->payload_offset, m->payload_bytes);
	if (!error)
		error = payload_check_finish(&check);
	return error ? refuse(image, error) : EXIT_OK;
}

enum exit_code bundle_create(const struct input_file *image, const char *path)
{
	static struct packing p;
	enum exit_code code;

	p = (struct packing){ .image = image };
	code = image_check(image, &p.manifest);
	if (!code)
		code = output_open(path, 0666, &p.out);
	if (code)
		return code;
	return output_end(&p.out, image_put(&p));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads of frames.
 */
#include "update/frame.h"

#include "image/bytes.h"
#include "update/lz4.h"

#define FRAME_EMPTY 0u
#define FRAME_BLOCKS UINT32_MAX

#define FRAME(number, name, body, meaning) { number, #name, body },
static const struct {
	uint8_t type;
	const char *name;
	uint32_t body;
} kinds[] = {
#include "update/frame.def"
};
#undef FRAME

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static size_t kind_of(unsigned int type)
{
	size_t at = 0;

	while (at < KINDS && kinds[at].type != type)
		at++;
	return at;
}

static bool is_blocks_sound(const struct frame *frame)
{
	uint32_t whole = frame->blocks * FRAME_BLOCK_BYTES;

	if (!frame->blocks || frame->blocks > FRAME_MAX_BLOCKS || frame->number > UINT32_MAX - FRAME_MAX_BLOCKS)
		return false;
	return frame->encoding == FRAME_LZ4 ? frame->body_bytes && frame->body_bytes < whole : frame->body_bytes == whole;
}

static bool is_body_sound(const struct frame *frame, uint32_t body)
{
	if (body == FRAME_BLOCKS)
		return is_blocks_sound(frame);
	return frame->encoding == FRAME_RAW && !frame->blocks && frame->body_bytes == body &&
	       (frame->type == FRAME_START || !frame->number);
}

enum update_error frame_read(const uint8_t head[FRAME_HEAD_BYTES], struct frame *frame)
{
	size_t kind = kind_of(head[4]);

	if (bytes_get32(head) != FRAME_MAGIC)
		return UPDATE_ERROR_FRAME_MAGIC;
	if (kind == KINDS || head[5] > FRAME_LZ4)
		return UPDATE_ERROR_FRAME_TYPE;
	*frame = (struct frame){ .type = (enum frame_type)head[4],
				 .encoding = (enum frame_encoding)head[5],
				 .blocks = bytes_get16(head + 6),
				 .number = bytes_get64(head + 8),
				 .body_bytes = bytes_get32(head + 16) };
	if (bytes_get32(head + 20) || !is_body_sound(frame, kinds[kind].body))
		return UPDATE_ERROR_FRAME_LENGTH;
	if (frame->type == FRAME_START && frame->number != FRAME_VERSION)
		return UPDATE_ERROR_FRAME_VERSION;
	return UPDATE_OK;
}

void frame_write(const struct frame *frame, uint8_t head[FRAME_HEAD_BYTES])
{
	bytes_put32(head, FRAME_MAGIC);
	head[4] = (uint8_t)frame->type;
	head[5] = (uint8_t)frame->encoding;
	bytes_put16(head + 6, (uint16_t)frame->blocks);
	bytes_put64(head + 8, frame->number);
	bytes_put32(head + 16, frame->body_bytes);
	bytes_put32(head + 20, 0);
}

const uint8_t *frame_blocks(const struct frame *frame, const uint8_t *body, uint8_t blocks[FRAME_MAX_BODY])
{
	if (frame->encoding == FRAME_RAW)
		return body;
	return lz4_decode(body, frame->body_bytes, blocks, frame->blocks * FRAME_BLOCK_BYTES) ? blocks : NULL;
}

const char *frame_name(enum frame_type type)
{
	size_t kind = kind_of(type);

	return kind < KINDS ? kinds[kind].name : "UNKNOWN";
}

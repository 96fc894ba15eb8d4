/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads of frames, and LZ4 blocks against the library that makes them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lz4.h>
#include <lz4hc.h>

#include "image/bytes.h"
#include "update/frame.h"
#include "update/lz4.h"

static const struct frame leaves = { .type = FRAME_LEAVES, .blocks = 3, .number = 77, .body_bytes = 3 * FRAME_BLOCK_BYTES };

static void assert_read(const uint8_t *head, enum update_error expected)
{
	struct frame frame;

	assert_string_equal(update_error_name(frame_read(head, &frame)), update_error_name(expected));
}

static void frames_are_read_as_written(void **state)
{
	static const struct frame frames[] = {
		{ .type = FRAME_START, .number = FRAME_VERSION },
		{ .type = FRAME_MANIFEST, .body_bytes = 16384 },
		{ .type = FRAME_TREE, .blocks = 16, .body_bytes = 65536 },
		{ .type = FRAME_LEAVES, .encoding = FRAME_LZ4, .blocks = 16, .number = 9, .body_bytes = 1 },
		{ .type = FRAME_REVERT },
	};
	uint8_t head[FRAME_HEAD_BYTES];
	struct frame found;

	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		frame_write(&frames[i], head);
		assert_int_equal(frame_read(head, &found), UPDATE_OK);
		assert_int_equal(found.type, frames[i].type);
		assert_int_equal(found.encoding, frames[i].encoding);
		assert_int_equal(found.blocks, frames[i].blocks);
		assert_int_equal(found.number, frames[i].number);
		assert_int_equal(found.body_bytes, frames[i].body_bytes);
	}
	assert_string_equal(frame_name(FRAME_MANIFEST), "MANIFEST");
	assert_string_equal(frame_name((enum frame_type)99), "UNKNOWN");
}

static void every_field_is_checked(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum update_error error;
	} wrong[] = {
		{ 0, 0, UPDATE_ERROR_FRAME_MAGIC },   { 3, 0, UPDATE_ERROR_FRAME_MAGIC },   { 4, 0, UPDATE_ERROR_FRAME_TYPE },
		{ 4, 7, UPDATE_ERROR_FRAME_TYPE },    { 4, 255, UPDATE_ERROR_FRAME_TYPE },  { 5, 2, UPDATE_ERROR_FRAME_TYPE },
		{ 5, 1, UPDATE_ERROR_FRAME_LENGTH },  { 6, 0, UPDATE_ERROR_FRAME_LENGTH },  { 6, 2, UPDATE_ERROR_FRAME_LENGTH },
		{ 6, 17, UPDATE_ERROR_FRAME_LENGTH }, { 7, 1, UPDATE_ERROR_FRAME_LENGTH },  { 12, 1, UPDATE_ERROR_FRAME_LENGTH },
		{ 16, 1, UPDATE_ERROR_FRAME_LENGTH }, { 19, 1, UPDATE_ERROR_FRAME_LENGTH }, { 20, 1, UPDATE_ERROR_FRAME_LENGTH },
		{ 23, 1, UPDATE_ERROR_FRAME_LENGTH }, { 4, 2, UPDATE_ERROR_FRAME_LENGTH },  { 4, 16, UPDATE_ERROR_FRAME_LENGTH },
	};
	uint8_t head[FRAME_HEAD_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		frame_write(&leaves, head);
		head[wrong[i].at] = wrong[i].value;
		assert_read(head, wrong[i].error);
	}
	frame_write(&(struct frame){ .type = FRAME_START, .number = 2 }, head);
	assert_read(head, UPDATE_ERROR_FRAME_VERSION);
	frame_write(&(struct frame){ .type = FRAME_STATUS, .number = 2 }, head);
	assert_read(head, UPDATE_ERROR_FRAME_LENGTH);
}

static void blocks_come_raw_or_packed(void **state)
{
	static uint8_t body[FRAME_MAX_BODY], packed[FRAME_MAX_BODY], blocks[FRAME_MAX_BODY];
	struct frame frame = leaves;

	(void)state;
	memset(body, 7, sizeof(body));
	assert_ptr_equal(frame_blocks(&frame, body, blocks), body);
	frame.encoding = FRAME_LZ4;
	frame.body_bytes = (uint32_t)LZ4_compress_default((char *)body, (char *)packed, 3 * FRAME_BLOCK_BYTES, sizeof(packed));
	assert_ptr_equal(frame_blocks(&frame, packed, blocks), blocks);
	assert_memory_equal(blocks, body, 3 * FRAME_BLOCK_BYTES);
	frame.blocks = 2;
	assert_null(frame_blocks(&frame, packed, blocks));
	frame.blocks = 4;
	assert_null(frame_blocks(&frame, packed, blocks));
}

/* Text, rubbish and runs, in turn. */
static void content_fill(uint8_t *bytes, size_t count, unsigned int kind)
{
	for (size_t i = 0; i < count; i++)
		bytes[i] = kind % 3 == 0 ? (uint8_t)rand() :
			   kind % 3 == 1 ? (uint8_t)(i / (1 + kind)) :
					   (uint8_t)(rand() % 2 ? 'a' : rand() % 4);
}

static void decodes_what_the_library_makes(void **state)
{
	static uint8_t content[FRAME_MAX_BODY], packed[LZ4_COMPRESSBOUND(FRAME_MAX_BODY)];
	static uint8_t found[FRAME_MAX_BODY];

	(void)state;
	srand(1);
	for (unsigned int i = 0; i < 300; i++) {
		size_t count = 1 + (size_t)rand() % sizeof(content);
		int length;

		content_fill(content, count, i);
		length = i & 1 ? LZ4_compress_HC((char *)content, (char *)packed, (int)count, sizeof(packed), 9) :
				 LZ4_compress_default((char *)content, (char *)packed, (int)count, sizeof(packed));
		assert_true(length > 0);
		assert_true(lz4_decode(packed, (size_t)length, found, count));
		assert_memory_equal(found, content, count);
		assert_false(lz4_decode(packed, (size_t)length - 1, found, count));
		assert_false(lz4_decode(packed, (size_t)length, found, count - 1));
		assert_false(lz4_decode(packed, (size_t)length, found, count + 1));
	}
}

/* Exactly sized memory, so that one byte too far is seen; what is accepted is what the library says. */
static void damaged_blocks_stay_inside(void **state)
{
	static uint8_t content[5000], packed[LZ4_COMPRESSBOUND(5000)];
	uint8_t *input, *ours = malloc(sizeof(content)), *theirs = malloc(sizeof(content));
	unsigned int agreed = 0;
	int length;

	(void)state;
	srand(2);
	for (unsigned int i = 0; i < 3000; i++) {
		content_fill(content, sizeof(content), i % 2 + 1);
		length = LZ4_compress_default((char *)content, (char *)packed, sizeof(content), sizeof(packed));
		input = malloc((size_t)length);
		memcpy(input, packed, (size_t)length);
		input[rand() % length] ^= (uint8_t)(1 << rand() % 8);
		if (lz4_decode(input, (size_t)length, ours, sizeof(content)) &&
		    LZ4_decompress_safe((char *)input, (char *)theirs, length, sizeof(content)) == sizeof(content)) {
			assert_memory_equal(ours, theirs, sizeof(content));
			agreed++;
		}
		free(input);
	}
	assert_true(agreed > 0);
	free(ours);
	free(theirs);
}

static void hostile_blocks_are_refused(void **state)
{
	static const struct {
		size_t count;
		uint8_t bytes[8];
	} blocks[] = {
		{ 0, { 0 } },			/* nothing */
		{ 1, { 0x40 } },		/* literals that do not come */
		{ 1, { 0xF0 } },		/* a length that does not come */
		{ 4, { 0xF0, 255, 255, 255 } }, /* a length that does not end */
		{ 4, { 0x10, 'a', 0, 0 } },	/* a copy from nowhere */
		{ 4, { 0x10, 'a', 2, 0 } },	/* from before the start */
		{ 3, { 0x10, 'a', 1 } },	/* half a distance */
		{ 5, { 0x1F, 'a', 1, 0, 255 } },
		{ 4, { 0x10, 'a', 1, 0 } }, /* no last literals */
		{ 2, { 0x00, 0x00 } },
	};
	uint8_t to[16];

	(void)state;
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		assert_false(lz4_decode(blocks[i].bytes, blocks[i].count, to, sizeof(to)));
	assert_true(lz4_decode((const uint8_t[]){ 0x17, 'a', 1, 0, 0x40, 'b', 'b', 'b', 'b' }, 9, to, 16));
	assert_memory_equal(to, "aaaaaaaaaaaabbbb", 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_read_as_written), cmocka_unit_test(every_field_is_checked),
		cmocka_unit_test(blocks_come_raw_or_packed),  cmocka_unit_test(decodes_what_the_library_makes),
		cmocka_unit_test(damaged_blocks_stay_inside), cmocka_unit_test(hostile_blocks_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

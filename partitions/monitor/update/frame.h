/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames: what a bundle consists of, and what a client sends. Little-endian, a head of 24 bytes and a
 * body of at most 64 KiB. A bundle is START, MANIFEST, TREE..., LEAVES..., FINISH, and nothing else; it
 * can be made, checked and sent without the key of an image, because every block answers to the
 * manifest's signature.
 *
 *	 0 4 magic "NBU1"       4 1 type        5 1 encoding      6 2 blocks (TREE, LEAVES)
 *	 8 8 number            16 4 body bytes 20 4 zero
 */
#ifndef UPDATE_FRAME_H
#define UPDATE_FRAME_H

#include "image/keyring_file.h"
#include "image/manifest.h"
#include "update/error.h"

#define FRAME_HEAD_BYTES 24u
#define FRAME_MAGIC 0x3155424Eu
#define FRAME_VERSION 1u /* in START's number */
#define FRAME_BLOCK_BYTES 4096u
#define FRAME_MAX_BLOCKS 16u
#define FRAME_MAX_BODY (FRAME_MAX_BLOCKS * FRAME_BLOCK_BYTES)

#define FRAME(number, name, body, meaning) FRAME_##name = number,
enum frame_type {
#include "update/frame.def"
};
#undef FRAME

enum frame_encoding {
	FRAME_RAW = 0,
	FRAME_LZ4 = 1, /* one LZ4 block, shorter than what it stands for */
};

struct frame {
	enum frame_type type;
	enum frame_encoding encoding;
	uint32_t blocks;
	uint64_t number;
	uint32_t body_bytes;
};

/* Decodes and checks; FRAME_MAGIC, FRAME_TYPE, FRAME_LENGTH, FRAME_VERSION. */
enum update_error frame_read(const uint8_t head[FRAME_HEAD_BYTES], struct frame *frame);

void frame_write(const struct frame *frame, uint8_t head[FRAME_HEAD_BYTES]);

/*
 * The blocks of a TREE or LEAVES frame, decoded into `blocks` if they must be; null when the body does
 * not decode to exactly as many as the head says.
 */
const uint8_t *frame_blocks(const struct frame *frame, const uint8_t *body, uint8_t blocks[FRAME_MAX_BODY]);

/* "MANIFEST"; never null. */
const char *frame_name(enum frame_type type);

#endif

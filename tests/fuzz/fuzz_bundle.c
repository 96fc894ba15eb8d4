/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the unpacking of bundles on the host. The input is a bundle of its own, or damage to a genuine one: places, and what goes there. What is
 * unpacked may be anything, but has the sizes of its manifest, every byte of it comes from a frame, and it packs into a bundle that unpacks to the
 * same; a bundle whose frames are genuine unpacks to the genuine image.
 */
#include <stdlib.h>
#include <string.h>

#include "bundle.h"
#include "image_tree.h"
#include "update/frame.h"

#define LEAVES 20u
#define IMAGE_BYTES (IMAGE_PAYLOAD_OFFSET + (LEAVES + 1) * FRAME_BLOCK_BYTES)
#define BUNDLE_BYTES (1u << 17)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static uint8_t image[IMAGE_BYTES];
static uint8_t genuine[BUNDLE_BYTES];
static size_t genuine_bytes;

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

static void frame_put(struct frame frame, const uint8_t *body)
{
	require(genuine_bytes + FRAME_HEAD_BYTES + frame.body_bytes <= sizeof(genuine));
	frame_write(&frame, genuine + genuine_bytes);
	if (frame.body_bytes)
		memcpy(genuine + genuine_bytes + FRAME_HEAD_BYTES, body, frame.body_bytes);
	genuine_bytes += FRAME_HEAD_BYTES + frame.body_bytes;
}

static void image_make(void)
{
	struct manifest m = { .format_major = 1, .signed_bytes = MANIFEST_SIGNED_BYTES, .payload_offset = IMAGE_PAYLOAD_OFFSET };

	memcpy(m.magic, MANIFEST_MAGIC, 8);
	memset(m.image_uuid, 1, 3 * UUID_BYTES); /* image, product, role */
	memset(m.product_uuid, 2, UUID_BYTES);
	memset(m.role_uuid, 3, UUID_BYTES);
	m.hardware_max = m.abi_max = 9;
	m.payload_bytes = LEAVES * FRAME_BLOCK_BYTES - 1;
	m.hash_algorithm = HASH_SHA256;
	strcpy((char *)m.build_id, "fuzz");
	require(image_tree_plan(&m) && image_tree_salt(&m) && manifest_image_bytes(&m) == IMAGE_BYTES);
	for (size_t i = 0; i < 3 * FRAME_BLOCK_BYTES; i++)
		image[IMAGE_PAYLOAD_OFFSET + i] = (uint8_t)(i * i >> 5);
	require(image_tree_make(&m, image + m.payload_offset, image + m.tree_offset));
	require(!manifest_write(&m, image));
	frame_put((struct frame){ .type = FRAME_START, .number = FRAME_VERSION }, NULL);
	frame_put((struct frame){ .type = FRAME_MANIFEST, .body_bytes = MANIFEST_BYTES_TOTAL }, image);
	frame_put((struct frame){ .type = FRAME_TREE, .blocks = 1, .body_bytes = FRAME_BLOCK_BYTES }, image + m.tree_offset);
	frame_put((struct frame){ .type = FRAME_LEAVES, .blocks = 16, .body_bytes = FRAME_MAX_BODY }, image + m.payload_offset);
	/* four blocks of zeros, packed: a literal, and copies of it to the end but five bytes */
	static uint8_t packed[80] = { 0x1F, 0, 1, 0 };
	uint32_t left = 4 * FRAME_BLOCK_BYTES - 1 - 4 - 15 - 5, at = 4;

	for (; left >= 255; left -= 255)
		packed[at++] = 255;
	packed[at++] = (uint8_t)left;
	packed[at] = 0x50;
	frame_put((struct frame){ .type = FRAME_LEAVES, .encoding = FRAME_LZ4, .blocks = 4, .number = 16, .body_bytes = at + 6 },
		  packed);
	frame_put((struct frame){ .type = FRAME_FINISH }, NULL);
}

/* What unpacks is as its manifest says, and nothing is taken from outside the file. */
static bool unpack(const uint8_t *bytes, size_t count, bool *is_genuine)
{
	uint8_t *copy = malloc(count + !count);
	struct input_file input = { "fuzz", copy, count };
	struct bundle bundle;
	bool is_good;

	require(copy != NULL);
	memcpy(copy, bytes, count);
	is_good = bundle_read(&input, &bundle) == EXIT_OK;
	free(copy);
	if (is_good) {
		require(bundle.image && bundle.image_bytes == manifest_image_bytes(&bundle.manifest));
		require(bundle.packed_frames <= bundle.frames &&
			bundle.image_bytes / FRAME_MAX_BODY <= count / FRAME_HEAD_BYTES + 17);
		*is_genuine = bundle.image_bytes == IMAGE_BYTES && !memcmp(bundle.image, image, IMAGE_BYTES);
		bundle_free(&bundle);
	}
	require(!bundle.image);
	return is_good;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	bool is_genuine = false;

	image_make();
	require(unpack(genuine, genuine_bytes, &is_genuine) && is_genuine);
	/* a refusal is a line for a person, who is not here: libFuzzer keeps its own */
	static char quiet[] = "-close_fd_mask=2";
	static char *words[64];

	require(*argc < 62);
	memcpy(words, *argv, (size_t)*argc * sizeof(*words));
	words[(*argc)++] = quiet;
	*argv = words;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t damaged[BUNDLE_BYTES];
	size_t end = genuine_bytes;
	bool is_genuine = false;

	unpack(data, size, &is_genuine);
	memcpy(damaged, genuine, genuine_bytes);
	for (size_t i = 0; i + 4 <= size && i < 64; i += 4) {
		size_t at = (size_t)(data[i] | data[i + 1] << 8 | (data[i + 2] & 1) << 16) % genuine_bytes;

		if (data[i + 2] & 2)
			end = at;
		damaged[at] ^= data[i + 3];
	}
	/* only what verification is for may be altered and still unpack: the bytes of manifest and blocks */
	if (unpack(damaged, end, &is_genuine))
		require(end == genuine_bytes);
	return 0;
}

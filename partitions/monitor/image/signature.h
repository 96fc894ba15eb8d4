/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signature area of a manifest: bytes 4096 to 16383 of an image. It is not signed itself, so
 * nothing but the signatures is taken from it, and every byte of it has one allowed value or is
 * part of one.
 *
 *	u32 count, 1 to 4
 *	{u32 alg, u8 key_id[32], u32 length, signature} one after the other
 *	the rest zero
 */
#ifndef IMAGE_SIGNATURE_H
#define IMAGE_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#include "image/crypto.h"
#include "image/error.h"

#define SIGNATURE_AREA_OFFSET 4096
#define SIGNATURE_AREA_BYTES 12288
#define SIGNATURE_MAX_COUNT 4
#define SIGNATURE_HEADER_BYTES 40
#define KEY_ID_BYTES 32

struct signature {
	uint32_t algorithm; /* as claimed: compared with the key's, never used */
	uint8_t key_id[KEY_ID_BYTES];
	uint32_t length;
	const uint8_t *bytes; /* length bytes inside the area */
};

struct signatures {
	size_t count;
	struct signature entries[SIGNATURE_MAX_COUNT];
};

/*
 * Reads the area. Returns IMAGE_OK, UNSIGNED (count 0, all zero), SIGNATURE_COUNT, SIGNATURE_LAYOUT
 * or SIGNATURE_TWICE; *signatures points into `area` and may be used only with IMAGE_OK.
 */
enum image_error signatures_parse(const uint8_t area[SIGNATURE_AREA_BYTES],
				  struct signatures *signatures);

/*
 * Encodes 0 to 4 signatures, whose lengths fit together into the area; `area` must not hold their
 * bytes.
 */
void signatures_write(const struct signatures *signatures, uint8_t area[SIGNATURE_AREA_BYTES]);

/*
 * What is signed: SHA-384 of "nestbox-image-v1\0" and the manifest's first 4096 bytes. 48 bytes and
 * zeros into `digest`; false when the library fails.
 */
bool signature_digest(const uint8_t *manifest, uint8_t digest[CRYPTO_MAX_DIGEST_BYTES]);
#define SIGNATURE_DIGEST_BYTES 48

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keyrings that travel: a file that a threshold of root keys has signed takes the place of the keys a box was built with. It lies in nbmeta, in
 * two copies; the valid one with the highest version counts. Fixed offsets, one signed range, no clock: a version is newer because its number
 * is higher.
 *
 *	keyring_file_parse()     what a file says, whoever wrote it
 *	keyring_file_verify()    a file that this box may use
 *	keyring_file_succeeds()  a file that may take another one's place
 *	keyring_newest()         what a box does when it starts
 */
#ifndef IMAGE_KEYRING_FILE_H
#define IMAGE_KEYRING_FILE_H

#include "image/error.h"
#include "image/keyring.h"

#define KEYRING_MAGIC "NESTKEYS" /* 8 bytes, without the terminating zero */
#define KEYRING_SIGNED_BYTES 8192u
#define KEYRING_FILE_BYTES (KEYRING_SIGNED_BYTES + SIGNATURE_AREA_BYTES)
#define KEYRING_MAX_KEYS 16u
#define KEYRING_MAX_REVOKED 32u
#define KEYRING_FLAG_HASH_BASED 1u /* an image needs a signature by an LMS key besides another one */

#define KEYRING_U16(offset, name) uint16_t name;
#define KEYRING_U32(offset, name) uint32_t name;
#define KEYRING_U64(offset, name) uint64_t name;
#define KEYRING_BYTES(offset, bytes, name) uint8_t name[bytes];
/* Some 6 KiB: not for a stack on the box. */
struct keyring_file {
#include "image/keyring_fields.def"
	struct trusted_key keys[KEYRING_MAX_KEYS];
	uint8_t revoked[KEYRING_MAX_REVOKED][KEY_ID_BYTES];
	struct keyring keyring; /* of these keys; the parser fills it */
};
#undef KEYRING_U16
#undef KEYRING_U32
#undef KEYRING_U64
#undef KEYRING_BYTES

/* Whom a box believes about keyrings: built in, made by 'nestbox keyring c --root'. */
struct keyring_roots {
	const struct trusted_key *keys; /* of role KEY_ROOT or KEY_DEV_ROOT */
	size_t count;			/* 0: the keyring cannot change */
	size_t threshold;		/* 1 to count: as many of them must have signed */
	uint64_t version_floor;		/* a keyring below is refused */
};
extern const struct keyring_roots box_roots;

struct keyring_policy {
	const struct keyring_roots *roots;
	uint8_t product_uuid[UUID_BYTES];
	uint64_t version_floor; /* what the box remembers; the roots' own counts if it is higher */
};

/* Decodes and checks KEYRING_SIGNED_BYTES by the rows of keyring_file.def. *file is complete only with IMAGE_OK. */
enum image_error keyring_file_parse(const uint8_t *bytes, struct keyring_file *file);

/* Encodes, and parses it back, so that what does not parse is not written. */
enum image_error keyring_file_write(const struct keyring_file *file, uint8_t bytes[KEYRING_SIGNED_BYTES]);

/* What roots sign: SHA-384 of "nestbox-keyring-v1\0" and the first 8192 bytes. False when the library fails. */
bool keyring_file_digest(const uint8_t *bytes, uint8_t digest[CRYPTO_MAX_DIGEST_BYTES]);

/*
 * Signatures first, then what they are over: distinct roots, as many as the threshold says, every signature by a root valid; the rows; product
 * and version; roles this build accepts. *file may be used only with IMAGE_OK.
 */
enum image_error keyring_file_verify(const uint8_t bytes[KEYRING_FILE_BYTES], const struct keyring_policy *policy,
				     struct keyring_file *file);

/* A verified file in place of a verified one: its version is higher and it forgets no revocation. */
enum image_error keyring_file_succeeds(const struct keyring_file *next, const struct keyring_file *now);

/*
 * The newer valid one of two copies (null: cannot be read), into *file; null when neither is valid, and *errors says why. `scratch` is for
 * the other one.
 */
const struct keyring *keyring_newest(const uint8_t *const copies[2], const struct keyring_policy *policy,
				     struct keyring_file files[2], enum image_error errors[2]);

#endif

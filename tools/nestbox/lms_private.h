/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private side of LMS (image/lms.h). A leaf that signs twice gives the key away, so a key is a file that counts: the number is written and
 * synced, under a lock, before a signature with it exists. Never copy such a file, and never restore one from a backup.
 *
 *	nestbox-lms-key 1
 *	id HEX       16 bytes
 *	seed HEX     32 bytes, the secret
 *	root HEX     32 bytes
 *	next NNNN    the next leaf, 0000 to 1024
 */
#ifndef NESTBOX_LMS_PRIVATE_H
#define NESTBOX_LMS_PRIVATE_H

#include <stdbool.h>

#include "image/lms.h"
#include "report.h"

#define LMS_KEY_TEXT_BYTES 512

struct lms_private {
	uint8_t id[LMS_ID_BYTES], seed[LMS_HASH_BYTES], root[LMS_HASH_BYTES];
	uint32_t next;
};

/* Fills the root from id and seed: some ten million hashes. False when the library fails. */
bool lms_private_complete(struct lms_private *key);

void lms_private_public(const struct lms_private *key, uint8_t public_key[LMS_PUBLIC_BYTES]);

/* Signs with a leaf, which the caller has taken. As slow as lms_private_complete(); false also when the root is not the key's. */
bool lms_private_sign(const struct lms_private *key, uint32_t leaf, const uint8_t digest[48],
		      uint8_t signature[LMS_SIGNATURE_BYTES]);

void lms_private_format(const struct lms_private *key, char text[LMS_KEY_TEXT_BYTES]);

/* False for what is not exactly such a text. */
bool lms_private_parse(const char *text, struct lms_private *key);

/* Takes the next leaf out of the file: *leaf is nobody else's. EXIT_REFUSED when all are used. */
enum exit_code lms_private_take(const char *path, uint32_t *leaf);

#endif

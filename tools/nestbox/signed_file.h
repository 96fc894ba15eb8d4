/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be signed: an image or a keyring, whole and sound, told apart by how it begins.
 */
#ifndef NESTBOX_SIGNED_FILE_H
#define NESTBOX_SIGNED_FILE_H

#include "file.h"
#include "image/keyring_file.h"
#include "image/manifest.h"

#define SIGNED_HEAD_BYTES 20480 /* of a keyring; of an image 16384 */

struct signed_file {
	struct input_file input;
	bool is_keyring;
	size_t area, head_bytes;		 /* where the signature area starts, and ends */
	uint8_t head[SIGNED_HEAD_BYTES];	 /* a copy, for signatures to be added to */
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES]; /* what is signed: SIGNATURE_DIGEST_BYTES */
};

/* A signature vouches for the whole file: one that a box would refuse anyway is not opened. To be closed if it returns EXIT_OK. */
enum exit_code signed_file_open(const char *path, struct signed_file *file);
void signed_file_close(struct signed_file *file);

/* Adds a signature after verifying it. */
enum exit_code signed_file_add(struct signed_file *file, const struct trusted_key *key, const uint8_t *signature);

/* Writes the file with its new signature area, whole or not at all; `path` may be its own. */
enum exit_code signed_file_write(const struct signed_file *file, const char *path);

#endif

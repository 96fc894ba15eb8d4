/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public key files (.pub): lines of text, each a word and a value, in this order:
 *
 *	nestbox-public-key 1
 *	algorithm ecdsa-p384            or ecdsa-p256, lms
 *	role dev                        or release, root, dev-root
 *	partition UUID                  up to 8 lines; none: any partition
 *	key-id HEX                      SHA-256, see image/keyring.h
 *	point HEX                       X || Y, or the LMS public key
 */
#ifndef NESTBOX_PUBLIC_KEY_H
#define NESTBOX_PUBLIC_KEY_H

#include "image/keyring.h"
#include "options.h"

#define PUBLIC_KEY_TEXT_BYTES 1024

/*
 * "ecdsa-p384", "release": null for an unknown value; 0 for an unknown word. Short forms "p384",
 * "p256" are known too.
 */
const char *key_algorithm_name(uint32_t algorithm);
uint32_t key_algorithm_from_name(const char *name);
const char *key_role_name(uint32_t role);
uint32_t key_role_from_name(const char *name);

/* Writes the text of a key, terminated. */
void public_key_format(const struct trusted_key *key, char text[PUBLIC_KEY_TEXT_BYTES]);

/* Reads a file; anything unexpected in it is refused. */
enum exit_code public_key_load(const char *path, struct trusted_key *key);

/*
 * Reads the public half of an EC key on P-256 or P-384 as other tools write it (PEM or DER, RFC 5480): algorithm, point and id; the rest stays
 * as it is.
 */
enum exit_code public_key_import(const char *path, struct trusted_key *key);

/* Reads all of them, image keys or roots; the same key twice is refused, and one of the other kind. */
enum exit_code public_keys_load(const struct text_list *paths, struct trusted_key keys[LIST_MAX]);
enum exit_code public_roots_load(const struct text_list *paths, struct trusted_key keys[LIST_MAX]);

#endif

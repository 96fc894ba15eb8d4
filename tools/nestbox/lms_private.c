/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 8554 algorithms 1, 3, 5, secrets by appendix A; see lms_private.h. */
#include "lms_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "image/crypto.h"
#include "text.h"

#define NEXT_FORMAT "next %04u\n"
#define NEXT_BYTES 10u

static uint8_t nodes[2 * LMS_LEAVES][LMS_HASH_BYTES]; /* number 1 is the root */

/* Appendix A: H(I || u32(q) || u16(i) || 0xff || SEED). */
static bool secret_of(const struct lms_private *key, uint32_t leaf, uint32_t chain, uint8_t secret[LMS_HASH_BYTES])
{
	const uint8_t numbers[7] = { (uint8_t)(leaf >> 24),
				     (uint8_t)(leaf >> 16),
				     (uint8_t)(leaf >> 8),
				     (uint8_t)leaf,
				     (uint8_t)(chain >> 8),
				     (uint8_t)chain,
				     0xFF };
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];
	struct crypto_hash hash;

	crypto_hash_start(&hash, HASH_SHA256);
	crypto_hash_update(&hash, key->id, LMS_ID_BYTES);
	crypto_hash_update(&hash, numbers, sizeof(numbers));
	crypto_hash_update(&hash, key->seed, LMS_HASH_BYTES);
	if (!crypto_hash_finish(&hash, digest))
		return false;
	memcpy(secret, digest, LMS_HASH_BYTES);
	explicit_bzero(digest, sizeof(digest));
	return true;
}

static bool leaf_make(const struct lms_private *key, uint32_t leaf)
{
	const struct lms_place place = { key->id, leaf };
	uint8_t ends[LMS_CHAINS * LMS_HASH_BYTES];

	for (uint32_t i = 0; i < LMS_CHAINS; i++)
		if (!secret_of(key, leaf, i, ends + i * LMS_HASH_BYTES) ||
		    !lms_chain(&place, i, 0, LMS_CHAIN_LAST, ends + i * LMS_HASH_BYTES))
			return false;
	return lms_leaf(&place, ends, nodes[LMS_LEAVES + leaf]);
}

static bool tree_make(const struct lms_private *key)
{
	for (uint32_t leaf = 0; leaf < LMS_LEAVES; leaf++)
		if (!leaf_make(key, leaf))
			return false;
	for (uint32_t number = LMS_LEAVES - 1; number; number--)
		if (!lms_node(key->id, number, nodes[2 * number], nodes[2 * number + 1], nodes[number]))
			return false;
	return true;
}

bool lms_private_complete(struct lms_private *key)
{
	if (!tree_make(key))
		return false;
	memcpy(key->root, nodes[1], LMS_HASH_BYTES);
	return true;
}

void lms_private_public(const struct lms_private *key, uint8_t public_key[LMS_PUBLIC_BYTES])
{
	memset(public_key, 0, 8);
	public_key[3] = LMS_TYPE;
	public_key[7] = LMS_OTS_TYPE;
	memcpy(public_key + 8, key->id, LMS_ID_BYTES);
	memcpy(public_key + 8 + LMS_ID_BYTES, key->root, LMS_HASH_BYTES);
}

static bool chains_sign(const struct lms_private *key, const struct lms_place *place, const uint8_t digest[48], uint8_t *signature)
{
	uint8_t digits[LMS_CHAINS], *value = signature + LMS_AT_CHAINS;

	/* the randomizer is a secret of a chain there is not, so that the same digest and leaf give the same signature */
	if (!secret_of(key, place->leaf, 0xFFFD, signature + LMS_AT_RANDOMIZER) ||
	    !lms_message_digits(place, signature + LMS_AT_RANDOMIZER, digest, 48, digits))
		return false;
	for (uint32_t i = 0; i < LMS_CHAINS; i++, value += LMS_HASH_BYTES)
		if (!secret_of(key, place->leaf, i, value) || !lms_chain(place, i, 0, digits[i], value))
			return false;
	return true;
}

bool lms_private_sign(const struct lms_private *key, uint32_t leaf, const uint8_t digest[48],
		      uint8_t signature[LMS_SIGNATURE_BYTES])
{
	const struct lms_place place = { key->id, leaf };
	uint8_t *sibling = signature + LMS_AT_PATH;

	memset(signature, 0, LMS_SIGNATURE_BYTES);
	if (leaf >= LMS_LEAVES || !tree_make(key) || memcmp(nodes[1], key->root, LMS_HASH_BYTES))
		return false;
	signature[2] = (uint8_t)(leaf >> 8);
	signature[3] = (uint8_t)leaf;
	signature[7] = LMS_OTS_TYPE;
	signature[LMS_AT_TYPE + 3] = LMS_TYPE;
	for (uint32_t number = LMS_LEAVES + leaf; number > 1; number /= 2, sibling += LMS_HASH_BYTES)
		memcpy(sibling, nodes[number ^ 1], LMS_HASH_BYTES);
	return chains_sign(key, &place, digest, signature);
}

void lms_private_format(const struct lms_private *key, char text[LMS_KEY_TEXT_BYTES])
{
	char id[2 * LMS_ID_BYTES + 1], seed[2 * LMS_HASH_BYTES + 1], root[2 * LMS_HASH_BYTES + 1];

	text_hex(key->id, LMS_ID_BYTES, id);
	text_hex(key->seed, LMS_HASH_BYTES, seed);
	text_hex(key->root, LMS_HASH_BYTES, root);
	snprintf(text, LMS_KEY_TEXT_BYTES, "nestbox-lms-key 1\nid %s\nseed %s\nroot %s\n" NEXT_FORMAT, id, seed, root, key->next);
	explicit_bzero(seed, sizeof(seed));
}

/* A text in hexadecimal behind a word at the start of `at`, which is stepped over. */
static bool hex_take(const char **at, const char *word, uint8_t *bytes, size_t count)
{
	char text[2 * LMS_HASH_BYTES + 1] = "";
	size_t length = strlen(word);

	if (strncmp(*at, word, length) || strlen(*at) < length + 2 * count + 1 || (*at)[length + 2 * count] != '\n')
		return false;
	memcpy(text, *at + length, 2 * count);
	*at += length + 2 * count + 1;
	return text_hex_parse(text, bytes, count);
}

bool lms_private_parse(const char *text, struct lms_private *key)
{
	static const char first[] = "nestbox-lms-key 1\n";
	char again[LMS_KEY_TEXT_BYTES];
	const char *at = text + sizeof(first) - 1;

	if (strncmp(text, first, sizeof(first) - 1) || !hex_take(&at, "id ", key->id, LMS_ID_BYTES) ||
	    !hex_take(&at, "seed ", key->seed, LMS_HASH_BYTES) || !hex_take(&at, "root ", key->root, LMS_HASH_BYTES) ||
	    strncmp(at, "next ", 5))
		return false;
	key->next = (uint32_t)strtoul(at + 5, NULL, 10);
	lms_private_format(key, again);
	return key->next <= LMS_LEAVES && !strcmp(again, text);
}

static enum exit_code leaf_take(int fd, const char *path, uint32_t *leaf)
{
	char text[LMS_KEY_TEXT_BYTES] = "", number[NEXT_BYTES + 1];
	struct lms_private key;
	ssize_t count = pread(fd, text, sizeof(text) - 1, 0);
	bool is_key = count > (ssize_t)NEXT_BYTES && lms_private_parse(text, &key);

	explicit_bzero(text, sizeof(text));
	if (!is_key)
		return report_error(EXIT_REFUSED, "%s is not an intact LMS key", path);
	*leaf = key.next;
	explicit_bzero(&key, sizeof(key));
	if (*leaf >= LMS_LEAVES)
		return report_error(EXIT_REFUSED, "%s has made all of its %u signatures; make a new key and rotate to it", path,
				    LMS_LEAVES);
	snprintf(number, sizeof(number), NEXT_FORMAT, *leaf + 1);
	if (pwrite(fd, number, NEXT_BYTES, count - (ssize_t)NEXT_BYTES) != (ssize_t)NEXT_BYTES || fsync(fd))
		return report_system_error("cannot count in %s, so nothing is signed", path);
	return EXIT_OK;
}

enum exit_code lms_private_take(const char *path, uint32_t *leaf)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	enum exit_code code;

	if (fd < 0)
		return report_system_error("cannot open %s for writing: a key of this kind counts its signatures", path);
	code = flock(fd, LOCK_EX) ? report_system_error("cannot lock %s", path) : leaf_take(fd, path, leaf);
	close(fd);
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 8554 "Leighton-Micali Hash-Based Signatures", algorithms 4b, 6a and 6b. All numbers of it are big-endian. */
#include "image/lms.h"

#include <string.h>

#include "image/crypto.h"

/* What a hash is of: RFC 8554 section 4.2 and 5.3. */
enum { D_PUBLIC = 0x8080, D_MESSAGE = 0x8181, D_LEAF = 0x8282, D_NODE = 0x8383 };

static void put16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static void put32(uint8_t *to, uint32_t value)
{
	put16(to, value >> 16);
	put16(to + 2, value);
}

static uint32_t get32(const uint8_t *from)
{
	return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

/* Every hash starts with identifier, number, purpose. */
static void hash_start(struct crypto_hash *hash, const uint8_t *id, uint32_t number, uint32_t purpose)
{
	uint8_t head[LMS_ID_BYTES + 6];

	memcpy(head, id, LMS_ID_BYTES);
	put32(head + LMS_ID_BYTES, number);
	put16(head + LMS_ID_BYTES + 4, purpose);
	crypto_hash_start(hash, HASH_SHA256);
	crypto_hash_update(hash, head, sizeof(head));
}

static bool hash_finish(struct crypto_hash *hash, uint8_t value[LMS_HASH_BYTES])
{
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];
	bool is_done = crypto_hash_finish(hash, digest);

	memcpy(value, digest, LMS_HASH_BYTES);
	return is_done;
}

bool lms_message_digits(const struct lms_place *place, const uint8_t *randomizer, const uint8_t *message, size_t count,
			uint8_t digits[LMS_CHAINS])
{
	struct crypto_hash hash;
	uint32_t sum = 0;

	hash_start(&hash, place->id, place->leaf, D_MESSAGE);
	crypto_hash_update(&hash, randomizer, LMS_HASH_BYTES);
	crypto_hash_update(&hash, message, count);
	if (!hash_finish(&hash, digits))
		return false;
	for (size_t i = 0; i < LMS_HASH_BYTES; i++)
		sum += LMS_CHAIN_LAST - digits[i];
	put16(digits + LMS_HASH_BYTES, sum);
	return true;
}

bool lms_chain(const struct lms_place *place, uint32_t chain, uint32_t from, uint32_t to, uint8_t value[LMS_HASH_BYTES])
{
	struct crypto_hash hash;
	bool is_done = true;

	for (uint32_t step = from; is_done && step < to; step++) {
		const uint8_t number = (uint8_t)step;

		hash_start(&hash, place->id, place->leaf, chain);
		crypto_hash_update(&hash, &number, 1);
		crypto_hash_update(&hash, value, LMS_HASH_BYTES);
		is_done = hash_finish(&hash, value);
	}
	return is_done;
}

bool lms_leaf(const struct lms_place *place, const uint8_t ends[LMS_CHAINS * LMS_HASH_BYTES], uint8_t node[LMS_HASH_BYTES])
{
	struct crypto_hash hash;

	hash_start(&hash, place->id, place->leaf, D_PUBLIC);
	crypto_hash_update(&hash, ends, LMS_CHAINS * LMS_HASH_BYTES);
	if (!hash_finish(&hash, node))
		return false;
	hash_start(&hash, place->id, LMS_LEAVES + place->leaf, D_LEAF);
	crypto_hash_update(&hash, node, LMS_HASH_BYTES);
	return hash_finish(&hash, node);
}

bool lms_node(const uint8_t *id, uint32_t number, const uint8_t *left, const uint8_t *right, uint8_t node[LMS_HASH_BYTES])
{
	struct crypto_hash hash;

	hash_start(&hash, id, number, D_NODE);
	crypto_hash_update(&hash, left, LMS_HASH_BYTES);
	crypto_hash_update(&hash, right, LMS_HASH_BYTES);
	return hash_finish(&hash, node);
}

bool lms_public_is_known(const uint8_t public_key[LMS_PUBLIC_BYTES])
{
	return get32(public_key) == LMS_TYPE && get32(public_key + 4) == LMS_OTS_TYPE;
}

/* The leaf that the signature's chains lead to. */
static bool candidate_leaf(const struct lms_place *place, const uint8_t *message, size_t count, const uint8_t *signature,
			   uint8_t node[LMS_HASH_BYTES])
{
	uint8_t digits[LMS_CHAINS], ends[LMS_CHAINS * LMS_HASH_BYTES];

	if (!lms_message_digits(place, signature + LMS_AT_RANDOMIZER, message, count, digits))
		return false;
	memcpy(ends, signature + LMS_AT_CHAINS, sizeof(ends));
	for (uint32_t i = 0; i < LMS_CHAINS; i++)
		if (!lms_chain(place, i, digits[i], LMS_CHAIN_LAST, ends + i * LMS_HASH_BYTES))
			return false;
	return lms_leaf(place, ends, node);
}

bool lms_verify(const uint8_t public_key[LMS_PUBLIC_BYTES], const uint8_t *message, size_t count,
		const uint8_t signature[LMS_SIGNATURE_BYTES])
{
	const struct lms_place place = { public_key + 8, get32(signature) };
	const uint8_t *sibling = signature + LMS_AT_PATH;
	uint8_t node[LMS_HASH_BYTES];

	if (!lms_public_is_known(public_key) || place.leaf >= LMS_LEAVES || get32(signature + 4) != LMS_OTS_TYPE ||
	    get32(signature + LMS_AT_TYPE) != LMS_TYPE || !candidate_leaf(&place, message, count, signature, node))
		return false;
	for (uint32_t number = LMS_LEAVES + place.leaf; number > 1; number /= 2, sibling += LMS_HASH_BYTES)
		if (!lms_node(place.id, number / 2, number % 2 ? sibling : node, number % 2 ? node : sibling, node))
			return false;
	return crypto_equal(node, public_key + 8 + LMS_ID_BYTES, LMS_HASH_BYTES);
}

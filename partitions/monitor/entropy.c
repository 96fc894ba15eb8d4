/* SPDX-License-Identifier: Apache-2.0 */
/* The generator; see entropy.h. */
#include "entropy.h"

#include <string.h>

#include "image/crypto.h"

/* What a digest of the key is for; no two uses share their input. */
enum use { USE_SEED = 1, USE_OUTPUT, USE_NEXT_KEY };

static void digest(const struct entropy *entropy, enum use use, const void *more,
		   uint8_t out[CRYPTO_MAX_DIGEST_BYTES])
{
	struct crypto_hash hash;
	uint8_t tag = (uint8_t)use;

	crypto_hash_start(&hash, HASH_SHA256);
	crypto_hash_update(&hash, &tag, 1);
	crypto_hash_update(&hash, entropy->key, sizeof(entropy->key));
	crypto_hash_update(&hash, more, ENTROPY_KEY_BYTES);
	/* SHA-256 has no step that fails; a digest of zeros would stay zero. */
	if (!crypto_hash_finish(&hash, out))
		__builtin_trap();
}

static void step(struct entropy *entropy, enum use use, const void *more)
{
	uint8_t out[CRYPTO_MAX_DIGEST_BYTES];

	digest(entropy, use, more, out);
	memcpy(entropy->key, out, sizeof(entropy->key));
}

void entropy_seed(struct entropy *entropy, const uint8_t seed[ENTROPY_KEY_BYTES])
{
	step(entropy, USE_SEED, seed);
}

void entropy_get(struct entropy *entropy, void *bytes, uint32_t count, uint64_t ticks)
{
	uint64_t more[ENTROPY_KEY_BYTES / sizeof(uint64_t)] = { 0, ticks };
	uint8_t out[CRYPTO_MAX_DIGEST_BYTES];

	for (uint32_t done = 0; done < count; more[0]++) {
		uint32_t part = count - done < ENTROPY_KEY_BYTES ? count - done : ENTROPY_KEY_BYTES;

		digest(entropy, USE_OUTPUT, more, out);
		memcpy((uint8_t *)bytes + done, out, part);
		done += part;
	}
	step(entropy, USE_NEXT_KEY, more);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks, padding, and the choice; see sha256.h. FIPS 180-4 section 5.1.1, 5.3.3, 6.2. */
#include "image/sha256.h"

#include <cpuid.h>
#include <string.h>

#include "image/crypto_mbedtls.h"

#define LENGTH_AT 56u
#define SSSE3 (1u << 9)	  /* leaf 1, ECX */
#define SSE4_1 (1u << 19) /* leaf 1, ECX */
#define SHA (1u << 29)	  /* leaf 7, EBX */

bool sha256_has_instructions(void)
{
	unsigned int a, b, c, d, leaf7;

	if (!__get_cpuid_count(7, 0, &a, &leaf7, &c, &d) || !__get_cpuid(1, &a, &b, &c, &d))
		return false;
	return (leaf7 & SHA) && (c & SSSE3) && (c & SSE4_1);
}

sha256_blocks sha256_best(void)
{
	static sha256_blocks best;

	if (!best)
		best = sha256_has_instructions() ? sha256_blocks_cpu : sha256_blocks_c;
	return best;
}

bool sha256_blocks_c(uint32_t state[8], const uint8_t *bytes, size_t blocks)
{
	mbedtls_sha256_context context;
	bool is_done = true;

	mbedtls_sha256_init(&context);
	memcpy(context.MBEDTLS_PRIVATE(state), state, SHA256_DIGEST_BYTES);
	for (; is_done && blocks; blocks--, bytes += SHA256_BLOCK_BYTES)
		is_done = mbedtls_internal_sha256_process(&context, bytes) == 0;
	memcpy(state, context.MBEDTLS_PRIVATE(state), SHA256_DIGEST_BYTES);
	mbedtls_sha256_free(&context);
	return is_done;
}

void sha256_start(struct sha256 *hash, sha256_blocks blocks)
{
	static const uint32_t initial[8] = { 0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
					     0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19 };

	memcpy(hash->state, initial, sizeof(initial));
	hash->count = 0;
	hash->blocks = blocks;
}

bool sha256_update(struct sha256 *hash, const uint8_t *bytes, size_t count)
{
	size_t held = hash->count % SHA256_BLOCK_BYTES, whole;
	bool is_done = true;

	hash->count += count;
	if (held) {
		size_t taken = count < SHA256_BLOCK_BYTES - held ? count : SHA256_BLOCK_BYTES - held;

		memcpy(hash->rest + held, bytes, taken);
		if (held + taken < SHA256_BLOCK_BYTES)
			return true;
		is_done = hash->blocks(hash->state, hash->rest, 1);
		bytes += taken;
		count -= taken;
	}
	whole = count / SHA256_BLOCK_BYTES;
	if (is_done && whole)
		is_done = hash->blocks(hash->state, bytes, whole);
	memcpy(hash->rest, bytes + whole * SHA256_BLOCK_BYTES, count % SHA256_BLOCK_BYTES);
	return is_done;
}

static void put32(uint8_t *to, uint32_t value)
{
	value = __builtin_bswap32(value);
	memcpy(to, &value, sizeof(value));
}

bool sha256_finish(struct sha256 *hash, uint8_t digest[SHA256_DIGEST_BYTES])
{
	uint8_t last[2 * SHA256_BLOCK_BYTES] = { 0 };
	size_t held = hash->count % SHA256_BLOCK_BYTES, blocks = held < LENGTH_AT ? 1 : 2;
	uint8_t *length = last + (blocks - 1) * SHA256_BLOCK_BYTES + LENGTH_AT;
	uint64_t bits = hash->count * 8;

	memcpy(last, hash->rest, held);
	last[held] = 0x80;
	put32(length, (uint32_t)(bits >> 32));
	put32(length + 4, (uint32_t)bits);
	if (!hash->blocks(hash->state, last, blocks))
		return false;
	for (size_t i = 0; i < 8; i++)
		put32(digest + 4 * i, hash->state[i]);
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256, whose blocks are hashed by mbedtls's C code or, where CPUID says so, by the CPU's own instructions (FIPS 180-4; SDM volume 2,
 * "SHA256RNDS2"). Which one makes no difference but in time.
 */
#ifndef IMAGE_SHA256_H
#define IMAGE_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_BLOCK_BYTES 64u
#define SHA256_DIGEST_BYTES 32u

typedef bool (*sha256_blocks)(uint32_t state[8], const uint8_t *bytes, size_t blocks);

struct sha256 {
	uint32_t state[8];
	uint64_t count; /* bytes so far */
	uint8_t rest[SHA256_BLOCK_BYTES];
	sha256_blocks blocks;
};

/* The C code; false when the library fails. */
bool sha256_blocks_c(uint32_t state[8], const uint8_t *bytes, size_t blocks);

/* The CPU's instructions: only where sha256_has_instructions(). Always true. */
bool sha256_blocks_cpu(uint32_t state[8], const uint8_t *bytes, size_t blocks);
bool sha256_has_instructions(void);

/* What this CPU does best. */
sha256_blocks sha256_best(void);

void sha256_start(struct sha256 *hash, sha256_blocks blocks);
bool sha256_update(struct sha256 *hash, const uint8_t *bytes, size_t count);
bool sha256_finish(struct sha256 *hash, uint8_t digest[SHA256_DIGEST_BYTES]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256's blocks by the CPU's SHA extensions: four rounds at a time, the state kept as the instructions want it (ABEF and CDGH).
 * Manuals: SDM volume 2, "SHA256RNDS2", "SHA256MSG1", "SHA256MSG2"; FIPS 180-4 section 4.2.2 (the constants), 6.2.2.
 */
#include <immintrin.h>

#include "image/sha256.h"

/* gcc forgets where the box has its canary in a function with a target of its own; there is nothing to overrun in these. */
#define USES_SHA __attribute__((target("sha,sse4.1,ssse3"), no_stack_protector))
#define QUADS 16u /* of rounds, of message words */

static const uint32_t constants[4 * QUADS] __attribute__((aligned(16))) = {
	0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5, 0xD807AA98, 0x12835B01,
	0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174, 0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC,
	0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA, 0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147,
	0x06CA6351, 0x14292967, 0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
	0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070, 0x19A4C116, 0x1E376C08,
	0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3, 0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208,
	0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
};

/* The next four words of the message schedule from the sixteen before. */
USES_SHA static inline __m128i schedule(const __m128i *w)
{
	__m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[-4], w[-3]), _mm_alignr_epi8(w[-1], w[-2], 4));

	return _mm_sha256msg2_epu32(sum, w[-1]);
}

USES_SHA static inline void block(__m128i *abef, __m128i *cdgh, const uint8_t *bytes)
{
	const __m128i big_endian = _mm_set_epi64x(0x0C0D0E0F08090A0B, 0x0405060700010203);
	__m128i s0 = *abef, s1 = *cdgh, w[QUADS];

	for (unsigned int i = 0; i < QUADS; i++) {
		if (i < 4)
			w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(bytes + 16 * i)), big_endian);
		else
			w[i] = schedule(w + i);
		__m128i rounds = _mm_add_epi32(w[i], _mm_load_si128((const __m128i *)(constants + 4 * i)));
		s1 = _mm_sha256rnds2_epu32(s1, s0, rounds);
		s0 = _mm_sha256rnds2_epu32(s0, s1, _mm_shuffle_epi32(rounds, 0x0E));
	}
	*abef = _mm_add_epi32(s0, *abef);
	*cdgh = _mm_add_epi32(s1, *cdgh);
}

USES_SHA bool sha256_blocks_cpu(uint32_t state[8], const uint8_t *bytes, size_t blocks)
{
	__m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xB1);
	__m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1B);
	__m128i abef = _mm_alignr_epi8(cdab, hgfe, 8), cdgh = _mm_blend_epi16(hgfe, cdab, 0xF0);

	for (; blocks; blocks--, bytes += SHA256_BLOCK_BYTES)
		block(&abef, &cdgh, bytes);
	__m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
	_mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xF0));
	_mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
	return true;
}

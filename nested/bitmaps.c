/* SPDX-License-Identifier: Apache-2.0 */
/* See bitmaps.h. */
#include "nested/bitmaps.h"

#define HIGH_RANGE_FIRST 0xC0000000u
#define RANGE_COUNT 0x2000u
#define HIGH_RANGE_BYTES 1024u
#define WRITE_BYTES 2048u

bool bitmap_msr_place(u32 msr, bool write, struct bitmap_place *place)
{
	bool is_high = msr >= HIGH_RANGE_FIRST;
	u32 index = is_high ? msr - HIGH_RANGE_FIRST : msr;

	if (index >= RANGE_COUNT)
		return false;
	place->byte = index / 8 + (is_high ? HIGH_RANGE_BYTES : 0) + (write ? WRITE_BYTES : 0);
	place->bit = index & 7;
	return true;
}

void bitmap_find_open(struct bitmap_open *open, const u8 *ours)
{
	open->count = 0;
	for (u32 i = 0; i < BITMAP_WORDS && open->count < BITMAP_MAX_OPEN; i++) {
		u64 word;

		__builtin_memcpy(&word, ours + 8 * i, sizeof(word));
		if (~word)
			open->word[open->count++] = (struct bitmap_word){ .ours = word, .at = i };
	}
}

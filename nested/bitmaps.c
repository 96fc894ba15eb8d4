/* SPDX-License-Identifier: Apache-2.0 */
/* See bitmaps.h. */
#include "nested/bitmaps.h"

static u64 word_of(const u8 *bitmap, u32 at)
{
	u64 word;

	__builtin_memcpy(&word, bitmap + 8 * at, sizeof(word));
	return word;
}

void bitmap_find_open(struct bitmap_open *open, const u8 *ours)
{
	open->count = 0;
	for (u32 i = 0; i < BITMAP_WORDS && open->count < BITMAP_MAX_OPEN; i++)
		if (~word_of(ours, i))
			open->word[open->count++] = (struct bitmap_word){ .ours = word_of(ours, i), .at = i };
	while (open->count % BITMAP_STEP) {
		open->word[open->count] = open->word[0];
		open->count++;
	}
}

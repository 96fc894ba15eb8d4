/* SPDX-License-Identifier: Apache-2.0 */
/* See bitmaps.h. */
#include "nested/bitmaps.h"

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

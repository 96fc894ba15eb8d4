/* SPDX-License-Identifier: Apache-2.0 */
/* See bitmaps.h. */
#include "nested/bitmaps.h"

_Static_assert(BITMAP_MAX_OPEN % BITMAP_STEP == 0 && BITMAP_MAX_ADDED % BITMAP_STEP == 0, "a full list needs no filling up");

static u64 word_of(const u8 *bitmap, u32 at)
{
	u64 word;

	__builtin_memcpy(&word, bitmap + 8 * at, sizeof(word));
	return word;
}

static void fill_up(struct bitmap_open *open)
{
	while (open->count % BITMAP_STEP) {
		open->word[open->count] = open->word[0];
		open->count++;
	}
}

void bitmap_find_open(struct bitmap_open *open, const u8 *ours)
{
	open->count = 0;
	for (u32 i = 0; i < BITMAP_WORDS && open->count < BITMAP_MAX_OPEN; i++)
		if (~word_of(ours, i))
			open->word[open->count++] = (struct bitmap_word){ .ours = word_of(ours, i), .at = i };
	fill_up(open);
}

void bitmap_add_open(struct bitmap_open *open, const struct bitmap_word *added, u32 count)
{
	for (u32 i = 0; i < count && open->count < ARRAY_SIZE(open->word); i++)
		open->word[open->count++] = added[i];
	fill_up(open);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSR bitmaps: where an MSR's bit is, and the union of ours with L1's. Pure. Our own bitmap lets few MSRs through, so that only the words
 * with a clear bit of ours need L1's: they are found once. Source: Intel SDM volume 3 "MSR-Bitmap Address".
 */
#ifndef NESTED_BITMAPS_H
#define NESTED_BITMAPS_H

#include "bsp/types.h"

#define BITMAP_BYTES 4096u
#define BITMAP_WORDS (BITMAP_BYTES / 8)
#define BITMAP_MAX_OPEN 16
#define BITMAP_MAX_ADDED 8
#define BITMAP_STEP 4

#define BITMAP_NO_BIT ~0u

/* The bit for an MSR, counted from the start of the bitmap; BITMAP_NO_BIT: the MSR is outside both ranges and always exits. */
static inline u32 bitmap_msr_bit(u32 msr, bool write)
{
	const u32 range = 0x2000, high_first = 0xC0000000, high_bits = 1024 * 8, write_bits = 2048 * 8;
	bool is_high = msr >= high_first;
	u32 index = is_high ? msr - high_first : msr;

	return index < range ? index + (is_high ? high_bits : 0) + (write ? write_bits : 0) : BITMAP_NO_BIT;
}

/* The 64-bit words of our bitmap that are not all ones, filled up with others to a multiple of BITMAP_STEP. */
struct bitmap_open {
	u32 count;
	struct bitmap_word { u64 ours; u32 at; } word[BITMAP_MAX_OPEN + BITMAP_MAX_ADDED];
};

/* Finds them; words beyond BITMAP_MAX_OPEN are left out and so stay all ones in the union. */
void bitmap_find_open(struct bitmap_open *open, const u8 *ours);
/* Adds words to those found; what does not fit into BITMAP_MAX_ADDED stays as it is. */
void bitmap_add_open(struct bitmap_open *open, const struct bitmap_word *added, u32 count);

static inline void bitmap_merge_word(u64 *merged, const struct bitmap_word *w, const u64 *theirs)
{
	merged[w->at] = w->ours | __atomic_load_n(&theirs[w->at], __ATOMIC_RELAXED);
}

/* merged starts as all ones; the open words become ours | theirs, each read once. Four at a time: this runs at every entry to L2. */
static inline void bitmap_merge(u64 *merged, const struct bitmap_open *open, const u64 *theirs)
{
	const struct bitmap_word *end = open->word + open->count;

	for (const struct bitmap_word *w = open->word; w < end; w += BITMAP_STEP) {
		bitmap_merge_word(merged, w, theirs);
		bitmap_merge_word(merged, w + 1, theirs);
		bitmap_merge_word(merged, w + 2, theirs);
		bitmap_merge_word(merged, w + 3, theirs);
	}
}

#endif

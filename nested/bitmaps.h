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

struct bitmap_place { u32 byte, bit; };

/* False: the MSR is outside both ranges and always exits. */
bool must_check bitmap_msr_place(u32 msr, bool write, struct bitmap_place *place);

/* The 64-bit words of our bitmap that are not all ones, in ascending order. */
struct bitmap_open {
	u32 count;
	struct bitmap_word { u64 ours; u32 at; } word[BITMAP_MAX_OPEN];
};

/* Finds them; words beyond BITMAP_MAX_OPEN are left out and so stay all ones in the union. */
void bitmap_find_open(struct bitmap_open *open, const u8 *ours);

/* merged starts as all ones; the open words become ours | theirs, each read once. */
static inline void bitmap_merge(u64 *merged, const struct bitmap_open *open, const volatile u64 *theirs)
{
	const struct bitmap_word *end = open->word + open->count;

	for (const struct bitmap_word *w = open->word; w < end; w++)
		merged[w->at] = w->ours | theirs[w->at];
}

#endif

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
	for (u32 i = 0; i < BITMAP_BYTES && open->count < BITMAP_MAX_OPEN; i++)
		if (ours[i] != 0xFF)
			open->byte[open->count++] = (u16)i;
}

void bitmap_merge(u8 *merged, const struct bitmap_open *open, const u8 *ours, const volatile u8 *theirs)
{
	for (u32 i = 0; i < open->count; i++) {
		u32 at = open->byte[i];

		merged[at] = ours[at] | theirs[at];
	}
}

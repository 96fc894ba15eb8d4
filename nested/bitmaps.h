/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSR bitmaps: where an MSR's bit is, and the union of ours with L1's. Pure. Our own bitmap lets few MSRs through, so that only the bytes
 * with a clear bit of ours need L1's: they are found once. Source: Intel SDM volume 3 "MSR-Bitmap Address".
 */
#ifndef NESTED_BITMAPS_H
#define NESTED_BITMAPS_H

#include "bsp/types.h"

#define BITMAP_BYTES 4096u
#define BITMAP_MAX_OPEN 64

struct bitmap_place { u32 byte, bit; };

/* False: the MSR is outside both ranges and always exits. */
bool must_check bitmap_msr_place(u32 msr, bool write, struct bitmap_place *place);

/* The bytes of a bitmap that are not all ones, in ascending order. */
struct bitmap_open { u16 byte[BITMAP_MAX_OPEN]; u32 count; };

/* Finds them; bytes beyond BITMAP_MAX_OPEN are left out and so stay all ones in the union. */
void bitmap_find_open(struct bitmap_open *open, const u8 *ours);
/* merged starts as all ones; the open bytes become ours | theirs. */
void bitmap_merge(u8 *merged, const struct bitmap_open *open, const u8 *ours, const volatile u8 *theirs);

#endif

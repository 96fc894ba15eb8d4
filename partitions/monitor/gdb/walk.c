/* SPDX-License-Identifier: Apache-2.0 */
/* Linear addresses of a guest; see walk.h. */
#include "gdb/walk.h"

#include <string.h>

#define CR0_PG (1ull << 31)
#define CR4_PSE (1ull << 4)
#define CR4_PAE (1ull << 5)
#define CR4_LA57 (1ull << 12)
#define EFER_LMA (1ull << 10)
#define PRESENT 1ull
#define LARGE (1ull << 7)
#define ADDRESS 0x000FFFFFFFFFF000ull
#define LARGE_SHIFT_MOST 30u

/* A kind of paging: how a walk begins, and how many bits each table decides. */
struct mode { unsigned int levels, index_bits, entry_bytes; uint64_t root_mask; bool has_large; };

static struct mode mode_of(const struct walk *w)
{
	if (w->efer & EFER_LMA)
		return (struct mode){ w->cr4 & CR4_LA57 ? 5 : 4, 9, 8, ADDRESS, true };
	if (w->cr4 & CR4_PAE)
		return (struct mode){ 3, 9, 8, 0xFFFFFFE0ull, true };
	return (struct mode){ 2, 10, 4, 0xFFFFF000ull, w->cr4 & CR4_PSE };
}

static bool read_entry(const struct walk *w, uint64_t gpa, unsigned int bytes, uint64_t *entry)
{
	const void *from = w->ram(w->context, gpa, bytes);

	*entry = 0;
	if (from)
		memcpy(entry, from, bytes);
	return from && *entry & PRESENT;
}

/* 32-bit entries of 4 MiB pages keep address bits 39:32 in 20:13. */
static uint64_t large_base(const struct mode *mode, uint64_t entry, unsigned int shift)
{
	if (mode->entry_bytes == 4)
		return (entry & 0xFFC00000ull) | (entry >> 13 & 0xFF) << 32;
	return entry & ADDRESS & ~((1ull << shift) - 1);
}

/* The guest-physical address, and how far the page goes. */
static bool translate(const struct walk *w, uint64_t linear, uint64_t *gpa, uint64_t *left)
{
	const struct mode mode = mode_of(w);
	uint64_t table = w->cr3 & mode.root_mask, entry;

	for (unsigned int level = mode.levels; level--;) {
		unsigned int shift = 12 + level * mode.index_bits;
		uint64_t index = linear >> shift & ((1u << mode.index_bits) - 1);

		if (!read_entry(w, table + index * mode.entry_bytes, mode.entry_bytes, &entry))
			return false;
		bool is_large = level && mode.has_large && entry & LARGE && shift <= LARGE_SHIFT_MOST && !(mode.levels == 3 && level == 2);

		if (!level || is_large) {
			*left = (1ull << shift) - (linear & ((1ull << shift) - 1));
			*gpa = large_base(&mode, entry, shift) + (linear & ((1ull << shift) - 1));
			if (!level)
				*gpa = (entry & (mode.entry_bytes == 4 ? 0xFFFFF000ull : ADDRESS)) + (linear & 0xFFF);
			return true;
		}
		table = entry & (mode.entry_bytes == 4 ? 0xFFFFF000ull : ADDRESS);
	}
	return false;
}

uint8_t *walk_at(const struct walk *w, uint64_t linear, size_t *count)
{
	uint64_t gpa = linear, left = 4096 - linear % 4096;

	if (!(w->efer & EFER_LMA))
		gpa = linear &= UINT32_MAX;
	if (w->cr0 & CR0_PG && !translate(w, linear, &gpa, &left))
		return NULL;
	/* RAM ends somewhere; a page of it does not begin and end in different pieces */
	uint64_t in_page = 4096 - gpa % 4096;

	left = left < in_page ? left : in_page;
	*count = *count < left ? *count : (size_t)left;
	return w->ram(w->context, gpa, *count);
}

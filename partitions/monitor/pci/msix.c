/* SPDX-License-Identifier: Apache-2.0 */
/* Message-signalled interrupts of a function; see msix.h. */
#include "pci/msix.h"

#include <string.h>

#define WORD_ADDRESS 0
#define WORD_ADDRESS_HIGH 1
#define WORD_DATA 2
#define WORD_CONTROL 3
#define WORDS 4u

#define ENTRY_MASKED 1u

void msix_reset(struct msix *msix)
{
	msix->pending = 0;
	msix->is_on = false;
	msix->is_masked = false;
	memset(msix->entries, 0, sizeof(msix->entries));
	for (uint32_t i = 0; i < MSIX_MAX_VECTORS; i++)
		msix->entries[i].word[WORD_CONTROL] = ENTRY_MASKED;
}

static void deliver(struct msix *msix, uint32_t vector)
{
	const uint32_t *word = msix->entries[vector].word;

	if (!(msix->pending & 1u << vector) || !msix->is_on || msix->is_masked ||
	    (word[WORD_CONTROL] & ENTRY_MASKED))
		return;
	msix->pending &= ~(1u << vector);
	msix->send(msix->context, (uint64_t)word[WORD_ADDRESS_HIGH] << 32 | word[WORD_ADDRESS],
		   word[WORD_DATA]);
}

void msix_control(struct msix *msix, bool is_on, bool is_masked)
{
	msix->is_on = is_on;
	msix->is_masked = is_masked;
	for (uint32_t i = 0; i < msix->count; i++)
		deliver(msix, i);
}

void msix_raise(struct msix *msix, uint32_t vector)
{
	if (vector >= msix->count || !msix->is_on)
		return;
	msix->pending |= 1u << vector;
	deliver(msix, vector);
}

static bool is_inside(const struct msix *msix, uint32_t offset, uint32_t size)
{
	return (size == 4 || size == 8) && !(offset % size) &&
	       offset < msix->count * MSIX_ENTRY_BYTES;
}

uint64_t msix_table_read(const struct msix *msix, uint32_t offset, uint32_t size)
{
	const uint32_t *word;

	if (!is_inside(msix, offset, size))
		return 0;
	word = &msix->entries[offset / MSIX_ENTRY_BYTES].word[offset / 4 % WORDS];
	return size == 8 ? word[0] | (uint64_t)word[1] << 32 : word[0];
}

static void write_word(struct msix *msix, uint32_t offset, uint32_t value)
{
	uint32_t vector = offset / MSIX_ENTRY_BYTES;
	uint32_t which = offset / 4 % WORDS;

	if (which == WORD_ADDRESS)
		value &= ~3u;
	if (which == WORD_CONTROL)
		value &= ENTRY_MASKED;
	msix->entries[vector].word[which] = value;
	deliver(msix, vector);
}

void msix_table_write(struct msix *msix, uint32_t offset, uint32_t size, uint64_t value)
{
	if (!is_inside(msix, offset, size))
		return;
	write_word(msix, offset, (uint32_t)value);
	if (size == 8)
		write_word(msix, offset + 4, (uint32_t)(value >> 32));
}

uint64_t msix_pending_read(const struct msix *msix, uint32_t offset, uint32_t size)
{
	return size <= 8 && offset < 8 ? (uint64_t)msix->pending >> 8 * offset : 0;
}

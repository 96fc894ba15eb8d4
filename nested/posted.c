/* SPDX-License-Identifier: Apache-2.0 */
/* See posted.h. */
#include "nested/posted.h"

#define OUTSTANDING 1ull
#define IRR 0x200u

static u32 *irr_of(struct virtual_apic_page *page, u32 register_number)
{
	return &page->word[(IRR + 16 * register_number) / 4];
}

/* The highest vector of one word of requests, -1 for none. */
static int move(u64 *requests, struct virtual_apic_page *page, u32 word)
{
	u64 taken = __atomic_exchange_n(requests, 0, __ATOMIC_SEQ_CST);

	if (!taken)
		return -1;
	__atomic_or_fetch(irr_of(page, 2 * word), (u32)taken, __ATOMIC_SEQ_CST);
	__atomic_or_fetch(irr_of(page, 2 * word + 1), (u32)(taken >> 32), __ATOMIC_SEQ_CST);
	return (int)(64 * word) + 63 - __builtin_clzll(taken);
}

u16 posted_process(struct posted_descriptor *descriptor, struct virtual_apic_page *page, u16 status)
{
	int highest = status & 0xFF;

	/* first: who posts after this sends a notification again */
	__atomic_and_fetch(&descriptor->control, ~OUTSTANDING, __ATOMIC_SEQ_CST);
	for (u32 i = 0; i < ARRAY_SIZE(descriptor->requests); i++) {
		int vector = move(&descriptor->requests[i], page, i);

		if (vector > highest)
			highest = vector;
	}
	return (u16)((status & 0xFF00) | highest);
}

bool posted_is_deliverable(u16 status, u8 vtpr)
{
	u32 requested = status >> 4 & 15, in_service = status >> 12;
	u32 priority = vtpr >> 4u > in_service ? vtpr >> 4u : in_service;

	return requested > priority;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a CPU does with virtual interrupts on its own, done in software on L1's virtual-APIC page and posted-interrupt descriptor. Both lie in L1's
 * RAM and change under us: every word is taken with one atomic operation. Runs on the host under test.
 * Source: Intel SDM volume 3 "Posted-Interrupt Processing", "Evaluation and Delivery of Virtual Interrupts".
 */
#ifndef NESTED_POSTED_H
#define NESTED_POSTED_H

#include "bsp/types.h"

struct posted_descriptor {
	u64 requests[4];         /* a bit a vector */
	u64 control;             /* bit 0: a notification is outstanding; the rest is software's */
	u64 unused[3];
};
_Static_assert(sizeof(struct posted_descriptor) == 64, "SDM: 64 bytes, on their own boundary");

/* By 32-bit words, as the APIC page has its registers. */
struct virtual_apic_page { u32 word[PAGE_SIZE / 4]; };

/*
 * Guest interrupt status: RVI in the low byte, SVI in the high. Clears the notification, moves the requests into the page's IRR; returns the status
 * with RVI raised to the highest of them.
 */
u16 posted_process(struct posted_descriptor *descriptor, struct virtual_apic_page *page, u16 status);

/* Is the requested vector of a class above the processor priority? vtpr: byte 80H of the page. */
bool posted_is_deliverable(u16 status, u8 vtpr);

#endif

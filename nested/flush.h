/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which cached translations must go, and when: decided here, executed elsewhere. Emulators flush at every entry and exit, so a mistake would show
 * on silicon only: hence pure, and tested. L1 runs as vpid01, all its L2 guests on this CPU as vpid02, one at a time.
 * Source: Intel SDM volume 3 "Invalidation of TLBs and Paging-Structure Caches", "Operations That Invalidate Cached Mappings".
 */
#ifndef NESTED_FLUSH_H
#define NESTED_FLUSH_H

#include "bsp/types.h"

/* Whose translations vpid02 holds. NONE: nobody's; also what it is before the first use. */
struct flush_state { bool vpid02_is_used; u16 vpid12; };

struct flush_decision { bool vpid01, vpid02; };

/* Entry to L2. Without a VPID of L1's, each entry and exit flushes, for L1 as well: it then runs with VPID 0 as L2 does. */
static inline struct flush_decision flush_at_entry(struct flush_state *state, bool l1_uses_vpid, u16 vpid12)
{
	bool is_same = l1_uses_vpid && state->vpid02_is_used && state->vpid12 == vpid12;

	state->vpid02_is_used = l1_uses_vpid;
	state->vpid12 = vpid12;
	return (struct flush_decision){ .vpid01 = !l1_uses_vpid, .vpid02 = !is_same };
}

static inline struct flush_decision flush_at_exit(bool l1_uses_vpid)
{
	return (struct flush_decision){ .vpid01 = !l1_uses_vpid, .vpid02 = false };
}

/* INVVPID by L1 for one VPID (all types but all-context): does vpid02 hold anything of it? */
bool flush_for_invvpid(const struct flush_state *state, u16 vpid12);
/* L1 left VMX operation or was reset: nothing in vpid02 counts any more. */
void flush_forget(struct flush_state *state);

static inline u16 flush_vpid01(u64 cpu) { return (u16)(1 + 2 * cpu); }
static inline u16 flush_vpid02(u64 cpu) { return (u16)(2 + 2 * cpu); }

#endif

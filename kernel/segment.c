/* SPDX-License-Identifier: Apache-2.0 */
/* See segment.h. */
#include "kernel/segment.h"

#define RIGHTS_CODE        BIT(3)
#define RIGHTS_EXPAND_DOWN BIT(2) /* data */
#define RIGHTS_ACCESSIBLE  BIT(1) /* data: writable, code: readable */
#define RIGHTS_BIG         BIT(14)
#define RIGHTS_UNUSABLE    BIT(16)

static bool rights_allow(u32 rights, bool is_write)
{
	if (rights & RIGHTS_UNUSABLE)
		return false;
	if (rights & RIGHTS_CODE)
		return !is_write && rights & RIGHTS_ACCESSIBLE;
	return !is_write || rights & RIGHTS_ACCESSIBLE;
}

static bool limit_allows(const struct segment_bounds *segment, const struct segment_access *access)
{
	u64 last = access->address + access->bytes - 1;
	bool expands_down = !(segment->rights & RIGHTS_CODE) && segment->rights & RIGHTS_EXPAND_DOWN;
	u64 top = segment->rights & RIGHTS_BIG ? 0xFFFFFFFF : 0xFFFF;

	return expands_down ? access->address > segment->limit && last <= top : last <= segment->limit;
}

bool segment_allows(const struct segment_bounds *segment, const struct segment_access *access)
{
	if (access->is_long_mode)
		return segment_is_canonical(access->address) && segment_is_canonical(access->address + access->bytes - 1);
	return rights_allow(segment->rights, access->is_write) && limit_allows(segment, access);
}

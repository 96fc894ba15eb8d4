/* SPDX-License-Identifier: Apache-2.0 */
/* Negotiation of VMX controls from capability.def; pure but for vmx_capabilities_read(), which lives in vmx.c. */
#include "kernel/vmx/capability.h"

#include "kernel/vmx/vmcs.h"

enum need { REQUIRED, WANTED, FORBIDDEN };
enum group { GROUP_pin, GROUP_primary, GROUP_secondary, GROUP_exit, GROUP_entry, GROUP_COUNT };

static const struct row {
	enum group group;
	u32 bit;
	enum need need;
	struct vmx_requirement requirement;
} rows[] = {
#define ROW(group, bit, need) { GROUP_##group, bit, need, \
	{ "the CPU lacks the VMX control " #bit, "use a CPU with EPT, VPID and unrestricted guest" } },
#include "kernel/vmx/capability.def"
#undef ROW
};

static const struct ept_row {
	u64 bit;
	struct vmx_requirement requirement;
} ept_rows[] = {
	{ EPT_CAP_WALK_4, { "the CPU's EPT lacks 4-level walks", "use a CPU with 4-level EPT" } },
	{ EPT_CAP_WRITE_BACK, { "the CPU's EPT lacks write-back paging structures", "use another CPU" } },
	{ EPT_CAP_2M, { "the CPU's EPT lacks 2 MiB pages", "use a CPU with large EPT pages" } },
	{ EPT_CAP_INVEPT | EPT_CAP_INVEPT_ALL, { "the CPU lacks INVEPT for all contexts", "use another CPU" } },
	{ VPID_CAP_INVVPID | VPID_CAP_SINGLE, { "the CPU lacks INVVPID for one context", "use another CPU" } },
};

/* The bits that must be 1 are taken as they are; a row that cannot have its way is returned. */
static const struct row *choose(u64 capability, enum group group, u32 *field)
{
	u32 must = (u32)capability, may = (u32)(capability >> 32);

	*field = must;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];

		if (row->group != group)
			continue;
		bool possible = row->need == FORBIDDEN ? !(must & row->bit) : (may & row->bit) != 0;
		if (!possible && row->need != WANTED)
			return row;
		if (possible && row->need != FORBIDDEN)
			*field |= row->bit;
	}
	return NULL;
}

const struct vmx_requirement *vmx_negotiate(const struct vmx_capabilities *c, struct vmx_controls *controls)
{
	const u64 capability[GROUP_COUNT] = { c->pin, c->primary, c->secondary, c->exit, c->entry };
	u32 *const field[GROUP_COUNT] = { &controls->pin, &controls->primary, &controls->secondary, &controls->exit,
					  &controls->entry };

	for (enum group group = 0; group < GROUP_COUNT; group++) {
		const struct row *refused = choose(capability[group], group, field[group]);

		if (refused)
			return &refused->requirement;
	}
	for (u32 i = 0; i < ARRAY_SIZE(ept_rows); i++)
		if ((c->ept_vpid & ept_rows[i].bit) != ept_rows[i].bit)
			return &ept_rows[i].requirement;
	return NULL;
}

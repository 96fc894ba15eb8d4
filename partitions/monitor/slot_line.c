/* SPDX-License-Identifier: Apache-2.0 */
/* What a person reads about a slot; see slot_line.h. */
#include "slot_line.h"

#include <inttypes.h>
#include <string.h>

static const char *state_text(const struct record_role *role, enum slot_id slot)
{
	static const char *const texts[] = {
		[SLOT_EMPTY] = "empty", [SLOT_INSTALLED] = "installed, not confirmed", [SLOT_CONFIRMED] = "confirmed", [SLOT_FAILED] = "failed",
	};
	unsigned int state = role_state(role, slot);

	return state < sizeof(texts) / sizeof(texts[0]) ? texts[state] : "unknown";
}

void slot_line_state(const struct sink *out, const struct record_role *role, enum slot_id slot)
{
	sink_print(out, "slot %s: %s", slot_name(slot), role ? state_text(role, slot) : "not recorded");
	if (!role)
		return;
	if (role_state(role, slot) == SLOT_FAILED)
		sink_print(out, " (%s)", slot_fail_text((enum slot_fail)role->reason[slot - 1]));
	if (role->try_slot == slot)
		sink_print(out, ", to be tried, %u left", (unsigned int)role->tries_left);
	if (role->active == slot)
		sink_print(out, ", active");
}

/* An empty slot has no image the record could know. */
static bool is_another_image(const struct record_role *role, enum slot_id slot, const struct verdict *verdict)
{
	return role && role_state(role, slot) != SLOT_EMPTY && memcmp(verdict->digest, role_digest(role, slot), RECORD_DIGEST_BYTES) != 0;
}

void slot_line_verdict(const struct sink *out, const struct record_role *role, enum slot_id slot, const struct verdict *verdict)
{
	if (verdict->kind == VERDICT_BAD)
		sink_print(out, "; not verified: %s", slot_fail_text(verdict->reason));
	if (verdict->kind != VERDICT_GOOD)
		return;
	sink_print(out, "; version %u.%u.%" PRIu32 ", verified", (unsigned int)(verdict->version >> 48), (unsigned int)(verdict->version >> 32 & 0xFFFF),
		   (uint32_t)verdict->version);
	if (is_another_image(role, slot, verdict))
		sink_print(out, ", but %s", slot_fail_text(SLOT_FAIL_CHANGED));
}

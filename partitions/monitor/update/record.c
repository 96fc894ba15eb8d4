/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interpreter over record_fields.def, role_fields.def (what lies where) and record.def (what must
 * hold).
 */
#include "update/record.h"

#include <assert.h>
#include <string.h>

#include "image/bytes.h"
#include "update/crc.h"

static_assert(RECORD_COVERED + 4 <= RECORD_BYTES, "the record and its checksum fit");

#define FIELD_BYTES(offset, count, name) memcpy(to->name, bytes + (offset), count);
#define FIELD_U8(offset, name) to->name = bytes[offset];
#define FIELD_U16(offset, name) to->name = bytes_get16(bytes + (offset));
#define FIELD_U32(offset, name) to->name = bytes_get32(bytes + (offset));
#define FIELD_U64(offset, name) to->name = bytes_get64(bytes + (offset));
static void head_decode(const uint8_t *bytes, struct record *to)
{
#include "update/record_fields.def"
}

static void role_decode(const uint8_t *bytes, struct record_role *to)
{
#include "update/role_fields.def"
}
#undef FIELD_BYTES
#undef FIELD_U8
#undef FIELD_U16
#undef FIELD_U32
#undef FIELD_U64

#define FIELD_BYTES(offset, count, name) memcpy(bytes + (offset), from->name, count);
#define FIELD_U8(offset, name) bytes[offset] = from->name;
#define FIELD_U16(offset, name) bytes_put16(bytes + (offset), from->name);
#define FIELD_U32(offset, name) bytes_put32(bytes + (offset), from->name);
#define FIELD_U64(offset, name) bytes_put64(bytes + (offset), from->name);
static void head_encode(const struct record *from, uint8_t *bytes)
{
#include "update/record_fields.def"
}

static void role_encode(const struct record_role *from, uint8_t *bytes)
{
#include "update/role_fields.def"
}
#undef FIELD_BYTES
#undef FIELD_U8
#undef FIELD_U16
#undef FIELD_U32
#undef FIELD_U64

static bool roles_are_distinct(const struct record *h)
{
	for (size_t i = 0; i < h->role_count; i++)
		for (size_t j = i + 1; j < h->role_count; j++)
			if (!memcmp(h->roles[i].role_uuid, h->roles[j].role_uuid, UUID_BYTES))
				return false;
	return true;
}

/* What no row of record_fields.def names in the head, and the places of roles that are not there. */
static bool record_reserved_is_zero(const struct record *h, const uint8_t *bytes)
{
	size_t end = RECORD_ROLES + h->role_count * RECORD_ROLE_BYTES;

	return bytes_are_zero(bytes + 10, 2) && bytes_are_zero(bytes + 40, 24) && bytes_are_zero(bytes + end, RECORD_COVERED - end);
}

static bool reason_fits(const struct record_role *r, enum slot_id slot)
{
	uint8_t reason = r->reason[slot - 1];

	return reason < SLOT_FAIL_END && (role_state(r, slot) == SLOT_FAILED) == (reason != 0);
}

/* An empty slot has none; what failed may never have had one. */
static bool digest_fits(const struct record_role *r, enum slot_id slot)
{
	bool is_zero = bytes_are_zero(role_digest(r, slot), RECORD_DIGEST_BYTES);

	return role_state(r, slot) == SLOT_FAILED || is_zero == (role_state(r, slot) == SLOT_EMPTY);
}

#define RECORD_CHECK(name, expression) \
	static bool holds_##name(const struct record *h, const uint8_t *bytes) \
	{ \
		(void)h, (void)bytes; \
		return expression; \
	}
#define ROLE_CHECK(name, expression) \
	static bool role_holds_##name(const struct record_role *r, const uint8_t *bytes) \
	{ \
		(void)r, (void)bytes; \
		return expression; \
	}
#include "update/record.def"
#undef RECORD_CHECK
#undef ROLE_CHECK

#define RECORD_CHECK(name, expression) { #name, holds_##name },
#define ROLE_CHECK(name, expression)
static const struct {
	const char *name;
	bool (*holds)(const struct record *h, const uint8_t *bytes);
} record_checks[] = {
#include "update/record.def"
};
#undef RECORD_CHECK
#undef ROLE_CHECK

#define RECORD_CHECK(name, expression)
#define ROLE_CHECK(name, expression) { "ROLE_" #name, role_holds_##name },
static const struct {
	const char *name;
	bool (*holds)(const struct record_role *r, const uint8_t *bytes);
} role_checks[] = {
#include "update/record.def"
};
#undef RECORD_CHECK
#undef ROLE_CHECK

/* The first row that does not hold, or null. */
static const char *rules_check(const struct record *h, const uint8_t *bytes)
{
	for (size_t i = 0; i < sizeof(record_checks) / sizeof(record_checks[0]); i++)
		if (!record_checks[i].holds(h, bytes))
			return record_checks[i].name;
	for (size_t role = 0; role < h->role_count; role++)
		for (size_t i = 0; i < sizeof(role_checks) / sizeof(role_checks[0]); i++)
			if (!role_checks[i].holds(&h->roles[role], bytes + RECORD_ROLES + role * RECORD_ROLE_BYTES))
				return role_checks[i].name;
	return NULL;
}

/* What every version has in common: magic, length, checksum behind it, zeros behind that. */
static bool is_whole(const uint8_t *bytes, const struct record *h)
{
	return !memcmp(h->magic, RECORD_MAGIC, sizeof(h->magic)) && h->covered >= RECORD_HEAD_BYTES &&
	       h->covered <= RECORD_BYTES - 4 && h->covered % 4 == 0 &&
	       crc32c(0, bytes, h->covered) == bytes_get32(bytes + h->covered) &&
	       bytes_are_zero(bytes + h->covered + 4, RECORD_BYTES - 4 - h->covered);
}

enum record_verdict record_read(const uint8_t bytes[RECORD_BYTES], struct record *record)
{
	memset(record, 0, sizeof(*record));
	head_decode(bytes, record);
	if (!is_whole(bytes, record))
		return RECORD_DAMAGED;
	if (record->version != RECORD_VERSION)
		return RECORD_FOREIGN;
	for (size_t i = 0; i < RECORD_MAX_ROLES && i < record->role_count; i++)
		role_decode(bytes + RECORD_ROLES + i * RECORD_ROLE_BYTES, &record->roles[i]);
	return rules_check(record, bytes) ? RECORD_DAMAGED : RECORD_GOOD;
}

static const char *encode(const struct record *record, uint8_t *bytes)
{
	struct record head = *record;

	memset(bytes, 0, RECORD_BYTES);
	memcpy(head.magic, RECORD_MAGIC, sizeof(head.magic));
	head.version = RECORD_VERSION;
	head.covered = RECORD_COVERED;
	head_encode(&head, bytes);
	for (size_t i = 0; i < RECORD_MAX_ROLES && i < record->role_count; i++)
		role_encode(&record->roles[i], bytes + RECORD_ROLES + i * RECORD_ROLE_BYTES);
	bytes_put32(bytes + RECORD_COVERED, crc32c(0, bytes, RECORD_COVERED));
	return rules_check(&head, bytes);
}

bool record_write(const struct record *record, uint8_t bytes[RECORD_BYTES])
{
	return encode(record, bytes) == NULL;
}

const char *record_broken_rule(const struct record *record)
{
	uint8_t bytes[RECORD_BYTES];

	return encode(record, bytes);
}

struct record_role *record_role(struct record *record, const uint8_t role_uuid[UUID_BYTES])
{
	for (size_t i = 0; i < record->role_count && i < RECORD_MAX_ROLES; i++)
		if (!memcmp(record->roles[i].role_uuid, role_uuid, UUID_BYTES))
			return &record->roles[i];
	return NULL;
}

void record_init(struct record *record, const uint8_t role_uuid[UUID_BYTES])
{
	memset(record, 0, sizeof(*record));
	record->role_count = 1;
	memcpy(record->roles[0].role_uuid, role_uuid, UUID_BYTES);
}

const char *slot_name(enum slot_id slot)
{
	return slot == SLOT_A ? "a" : slot == SLOT_B ? "b" : "none";
}

#define SLOT_FAIL(number, name, words) [number] = words,
const char *slot_fail_text(enum slot_fail fail)
{
	static const char *const texts[SLOT_FAIL_END] = {
		[SLOT_FAIL_NONE] = "nothing is wrong with it",
#include "update/fail.def"
	};

	return (unsigned int)fail < SLOT_FAIL_END ? texts[fail] : "unknown";
}
#undef SLOT_FAIL

void role_set(struct record_role *role, enum slot_id slot, enum slot_state state, enum slot_fail reason)
{
	role->state[slot - 1] = (uint8_t)state;
	role->reason[slot - 1] = (uint8_t)reason;
	if (state == SLOT_EMPTY)
		memset(role->digests + (slot - 1) * RECORD_DIGEST_BYTES, 0, RECORD_DIGEST_BYTES);
}

void role_set_digest(struct record_role *role, enum slot_id slot, const uint8_t *digest)
{
	memcpy(role->digests + (slot - 1) * RECORD_DIGEST_BYTES, digest, RECORD_DIGEST_BYTES);
}

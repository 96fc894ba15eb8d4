/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slot record: which slot runs, which is tried, what is known about both, and the lowest
 * security version. 4096 bytes, written whole; a CRC-32C tells a torn one. Fields are
 * record_fields.def and role_fields.def, what must hold is record.def. Numbers in it are on disks
 * in the field: they never change.
 */
#ifndef UPDATE_RECORD_H
#define UPDATE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/uuid.h"

#define RECORD_BYTES 4096u
#define RECORD_MAGIC "NBSLOTS" /* 8 bytes with the terminating zero */
#define RECORD_VERSION 1
#define RECORD_HEAD_BYTES 64
#define RECORD_ROLES 64
#define RECORD_ROLE_BYTES 128
#define RECORD_MAX_ROLES 8
#define RECORD_COVERED (RECORD_ROLES + RECORD_MAX_ROLES * RECORD_ROLE_BYTES)
#define RECORD_MAX_TRIES 15
#define RECORD_SEQUENCE_END (1ull << 56) /* nobody counts this far; what did would wrap, and never be in force again */
#define RECORD_DIGEST_BYTES 48

enum slot_id { SLOT_NONE = 0, SLOT_A = 1, SLOT_B = 2 };

enum slot_state {
	SLOT_EMPTY = 0,	    /* nothing was ever installed */
	SLOT_INSTALLED = 1, /* written and verified, never confirmed */
	SLOT_CONFIRMED = 2,
	SLOT_FAILED = 3, /* for the reason beside it */
};

#define SLOT_FAIL(number, name, words) SLOT_FAIL_##name = number,
enum slot_fail {
	SLOT_FAIL_NONE = 0,
#include "update/fail.def"
	SLOT_FAIL_END
};
#undef SLOT_FAIL

enum record_flag {
	RECORD_RECOVERED = 1, /* both copies had been lost: the floor may have been, too */
	RECORD_FLAGS_KNOWN = 1,
};

#define FIELD_BYTES(offset, count, name) uint8_t name[count];
#define FIELD_U8(offset, name) uint8_t name;
#define FIELD_U16(offset, name) uint16_t name;
#define FIELD_U32(offset, name) uint32_t name;
#define FIELD_U64(offset, name) uint64_t name;
struct record_role {
#include "update/role_fields.def"
};

struct record {
#include "update/record_fields.def"
	struct record_role roles[RECORD_MAX_ROLES]; /* the first role_count of them */
};
#undef FIELD_BYTES
#undef FIELD_U8
#undef FIELD_U16
#undef FIELD_U32
#undef FIELD_U64

enum record_verdict {
	RECORD_GOOD,
	RECORD_DAMAGED, /* torn, never written, or written by nobody who knows the rules */
	RECORD_FOREIGN, /* whole, but of another version: not ours to overwrite */
};

/*
 * Reads a record out of 4096 bytes. *record is complete only with RECORD_GOOD; with RECORD_FOREIGN
 * it has the sequence, which lies at the same place in every version, as magic, covered and
 * checksum do.
 */
enum record_verdict record_read(const uint8_t bytes[RECORD_BYTES], struct record *record);

/* Writes it, with magic, version and checksum. False, and nothing usable, when a row of record.def fails. */
bool record_write(const struct record *record, uint8_t bytes[RECORD_BYTES]);

/* The name of the first row of record.def that does not hold, or null. For tests and the log. */
const char *record_broken_rule(const struct record *record);

/* The role's entry, or null. */
struct record_role *record_role(struct record *record, const uint8_t role_uuid[UUID_BYTES]);

/* A record with one role, all slots empty, sequence 0. */
void record_init(struct record *record, const uint8_t role_uuid[UUID_BYTES]);

static inline enum slot_id slot_other(enum slot_id slot)
{
	return slot == SLOT_A ? SLOT_B : SLOT_A;
}

/* "a", "b", "none". */
const char *slot_name(enum slot_id slot);

/* What happened to a slot, in words; never null. */
const char *slot_fail_text(enum slot_fail fail);

/* Of one slot of a role, which is SLOT_A or SLOT_B. */
static inline enum slot_state role_state(const struct record_role *role, enum slot_id slot)
{
	return (enum slot_state)role->state[slot - 1];
}

static inline const uint8_t *role_digest(const struct record_role *role, enum slot_id slot)
{
	return role->digests + (slot - 1) * RECORD_DIGEST_BYTES;
}

/* The reason is SLOT_FAIL_NONE unless the state is SLOT_FAILED; SLOT_EMPTY clears the digest. */
void role_set(struct record_role *role, enum slot_id slot, enum slot_state state, enum slot_fail reason);
void role_set_digest(struct record_role *role, enum slot_id slot, const uint8_t *digest);

#endif

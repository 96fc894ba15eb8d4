/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slot record: what is torn, flipped or of another version is told from what is whole; every rule broken
 * once names itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "image/bytes.h"
#include "update/crc.h"
#include "update/record.h"

static const uint8_t role_uuid[UUID_BYTES] = { 1, 2, 3 };

static void record_fill(struct record *record)
{
	struct record_role *role = &record->roles[0];
	uint8_t digest[RECORD_DIGEST_BYTES];

	record_init(record, role_uuid);
	record->sequence = 0x123456789ABCull;
	record->flags = RECORD_RECOVERED;
	record->keyring_version = 7;
	memset(digest, 0xA5, sizeof(digest));
	role_set_digest(role, SLOT_A, digest);
	role_set(role, SLOT_A, SLOT_CONFIRMED, SLOT_FAIL_NONE);
	memset(digest, 0x5A, sizeof(digest));
	role_set_digest(role, SLOT_B, digest);
	role_set(role, SLOT_B, SLOT_INSTALLED, SLOT_FAIL_NONE);
	role->active = SLOT_A;
	role->try_slot = SLOT_B;
	role->tries_left = 3;
	role->floor = 0xFFFFFFFF;
}

static void what_is_written_is_read(void **state)
{
	uint8_t bytes[RECORD_BYTES], again[RECORD_BYTES];
	struct record record, back;

	(void)state;
	record_fill(&record);
	assert_true(record_write(&record, bytes));
	assert_int_equal(record_read(bytes, &back), RECORD_GOOD);
	assert_int_equal(back.sequence, record.sequence);
	assert_int_equal(back.flags, RECORD_RECOVERED);
	assert_int_equal(back.keyring_version, 7);
	assert_int_equal(back.role_count, 1);
	assert_memory_equal(&back.roles[0], &record.roles[0], sizeof(record.roles[0]));
	assert_true(record_write(&back, again));
	assert_memory_equal(again, bytes, sizeof(bytes));
	assert_ptr_equal(record_role(&back, role_uuid), &back.roles[0]);
	assert_null(record_role(&back, (const uint8_t[UUID_BYTES]){ 9 }));
}

/* The numbers on disks in the field, once more. */
static void places_never_change(void **state)
{
	uint8_t bytes[RECORD_BYTES];
	struct record record;

	(void)state;
	record_fill(&record);
	assert_true(record_write(&record, bytes));
	assert_memory_equal(bytes,
			    "NBSLOTS\0\1\0\0\0\x40\4\0\0\xBC\x9A\x78\x56\x34\x12\0\0\1\0\0\0"
			    "\1\0\0\0\7\0\0\0\0\0\0\0",
			    40);
	assert_memory_equal(bytes + 64, role_uuid, 16);
	assert_memory_equal(bytes + 80, "\1\2\3\0\2\1\0\0\xFF\xFF\xFF\xFF\0\0\0\0\xA5", 17);
	assert_int_equal(bytes[64 + 32 + 48], 0x5A);
	assert_int_equal(bytes_get32(bytes + 1088), crc32c(0, bytes, 1088));
	assert_int_equal(SLOT_FAIL_TRIES, 1);
	assert_int_equal(SLOT_FAIL_DOES_NOT_FIT, 10);
}

static void every_flipped_bit_is_found(void **state)
{
	uint8_t bytes[RECORD_BYTES];
	struct record record;

	(void)state;
	record_fill(&record);
	assert_true(record_write(&record, bytes));
	for (size_t bit = 0; bit < 8 * RECORD_BYTES; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(record_read(bytes, &record), RECORD_DAMAGED);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(record_read(bytes, &record), RECORD_GOOD);
}

/* At every byte, either way: the result is the old record, the new one, or none. */
static void torn_writes_are_found(void **state)
{
	uint8_t old[RECORD_BYTES], new[RECORD_BYTES], torn[RECORD_BYTES];
	struct record record, back;
	unsigned int whole = 0;

	(void)state;
	record_fill(&record);
	assert_true(record_write(&record, old));
	record.sequence += 2;
	record.roles[0].tries_left = 2;
	assert_true(record_write(&record, new));
	for (size_t at = 0; at <= RECORD_BYTES; at++)
		for (int backwards = 0; backwards < 2; backwards++) {
			memcpy(torn, backwards ? new : old, RECORD_BYTES);
			memcpy(torn, backwards ? old : new, at);
			if (record_read(torn, &back) == RECORD_GOOD) {
				whole++;
				assert_true(!memcmp(torn, old, RECORD_BYTES) || !memcmp(torn, new, RECORD_BYTES));
			}
		}
	assert_true(whole >= 4);
	memset(torn, 0, sizeof(torn));
	assert_int_equal(record_read(torn, &back), RECORD_DAMAGED);
	memset(torn, 0xFF, sizeof(torn));
	assert_int_equal(record_read(torn, &back), RECORD_DAMAGED);
}

static void checksum_set(uint8_t *bytes)
{
	uint32_t covered = bytes_get32(bytes + 12);

	bytes_put32(bytes + covered, crc32c(0, bytes, covered));
}

/* Another version may be longer or shorter; what is common to all still says that it is whole. */
static void other_versions_are_foreign(void **state)
{
	static const uint32_t lengths[] = { 64, 1088, 2048, 4092 };
	static const uint32_t bad_lengths[] = { 0, 60, 1087, 4093, 4096, 0x80000000, 0xFFFFFFFC };
	uint8_t bytes[RECORD_BYTES];
	struct record record;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes, "NBSLOTS", 8);
		bytes_put16(bytes + 8, (uint16_t)(i ? 2 : 0));
		bytes_put32(bytes + 12, lengths[i]);
		bytes_put64(bytes + 16, 99);
		checksum_set(bytes);
		assert_int_equal(record_read(bytes, &record), RECORD_FOREIGN);
		assert_int_equal(record.sequence, 99);
		bytes[lengths[i] - 1] ^= 1;
		assert_int_equal(record_read(bytes, &record), RECORD_DAMAGED);
	}
	for (size_t i = 0; i < sizeof(bad_lengths) / sizeof(bad_lengths[0]); i++) {
		bytes_put32(bytes + 12, bad_lengths[i]);
		assert_int_equal(record_read(bytes, &record), RECORD_DAMAGED);
	}
}

/* One way to break each rule: in the bytes, before the checksum is made. */
static const struct {
	const char *rule;
	size_t at;
	uint8_t value;
} breakages[] = {
	{ "COVERED", 12, 0x44 },
	{ "SEQUENCE", 23, 1 },
	{ "FLAGS", 24, 2 },
	{ "FLAGS", 27, 0x80 },
	{ "ROLE_COUNT", 28, 0 },
	{ "ROLE_COUNT", 28, 9 },
	{ "ROLE_COUNT", 31, 0xFF },
	{ "ROLES_DISTINCT", 28, 3 }, /* two that are all zero */
	{ "RESERVED", 10, 1 },
	{ "RESERVED", 40, 1 },
	{ "RESERVED", 63, 1 },
	{ "RESERVED", 192, 1 },
	{ "RESERVED", 1087, 1 },
	{ "ROLE_UUID", 28, 2 },
	{ "ROLE_SLOTS", 80, 3 },
	{ "ROLE_SLOTS", 81, 0xFF },
	{ "ROLE_STATES", 84, 4 },
	{ "ROLE_STATES", 85, 0x80 },
	{ "ROLE_REASONS", 86, 1 },
	{ "ROLE_REASONS", 87, SLOT_FAIL_END },
	{ "ROLE_DIGESTS", 84, SLOT_EMPTY },
	{ "ROLE_ACTIVE", 80, SLOT_B },
	{ "ROLE_ACTIVE", 84, SLOT_INSTALLED },
	{ "ROLE_TRY", 81, SLOT_A },
	{ "ROLE_TRY", 85, SLOT_CONFIRMED },
	{ "ROLE_TRIES", 81, SLOT_NONE },
	{ "ROLE_TRIES", 82, 16 },
	{ "ROLE_RESERVED", 83, 1 },
	{ "ROLE_RESERVED", 95, 1 },
};

#define BREAKAGE_COUNT (sizeof(breakages) / sizeof(breakages[0]))

/* A reader that lets all fields through, so that the writer's check can name the rule. */
static const char *rule_of(const uint8_t *bytes)
{
	struct record record;

	if (record_read(bytes, &record) == RECORD_GOOD)
		return "none";
	record.version = RECORD_VERSION;
	return record_broken_rule(&record);
}

static void every_rule_refuses(void **state)
{
	uint8_t bytes[RECORD_BYTES];
	struct record record;

	(void)state;
	for (size_t i = 0; i < BREAKAGE_COUNT; i++) {
		const char *rule;

		record_fill(&record);
		assert_true(record_write(&record, bytes));
		bytes[breakages[i].at] = breakages[i].value;
		memset(bytes + RECORD_COVERED, 0, 4);
		checksum_set(bytes);
		assert_int_equal(record_read(bytes, &record), RECORD_DAMAGED);
		rule = rule_of(bytes);
		/* what lies between fields cannot come back out of the struct */
		if (strstr(breakages[i].rule, "RESERVED") || !strcmp(breakages[i].rule, "COVERED"))
			assert_null(rule);
		else
			assert_string_equal(rule, breakages[i].rule);
		assert_int_equal(record_write(&record, bytes), rule == NULL);
	}
}

#define RECORD_CHECK(name, holds) #name,
#define ROLE_CHECK(name, holds) "ROLE_" #name,
static const char *const rules[] = {
#include "update/record.def"
};

static void no_rule_is_left_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		size_t j = 0;

		while (j < BREAKAGE_COUNT && strcmp(breakages[j].rule, rules[i]))
			j++;
		if (j == BREAKAGE_COUNT)
			fail_msg("%s has no breakage", rules[i]);
	}
}

static void words_are_there(void **state)
{
	(void)state;
	for (int fail = 0; fail < SLOT_FAIL_END; fail++)
		assert_true(strlen(slot_fail_text((enum slot_fail)fail)) > 10);
	assert_string_equal(slot_fail_text((enum slot_fail)200), "unknown");
	assert_string_equal(slot_name(SLOT_B), "b");
	assert_string_equal(slot_name(SLOT_NONE), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),    cmocka_unit_test(places_never_change),
		cmocka_unit_test(every_flipped_bit_is_found), cmocka_unit_test(torn_writes_are_found),
		cmocka_unit_test(other_versions_are_foreign), cmocka_unit_test(every_rule_refuses),
		cmocka_unit_test(no_rule_is_left_out),	      cmocka_unit_test(words_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manifest's tables: the fields tile the format, every row of manifest.def violated once names
 * itself, values at the limits pass, and no byte is ignored.
 */
#include "fixture.h"

#include <string.h>

#include "image/bytes.h"

struct field_row {
	size_t offset;
	size_t size;
};

#define MANIFEST_U16(offset, name) { offset, 2 },
#define MANIFEST_U32(offset, name) { offset, 4 },
#define MANIFEST_U64(offset, name) { offset, 8 },
#define MANIFEST_BYTES(offset, bytes, name) { offset, bytes },
static const struct field_row fields[] = {
#include "image/manifest_fields.def"
};
#undef MANIFEST_U16
#undef MANIFEST_U32
#undef MANIFEST_U64
#undef MANIFEST_BYTES

static void fields_tile_the_format(void **state)
{
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		assert_int_equal(fields[i].offset, at);
		at += fields[i].size;
	}
	assert_int_equal(at, MANIFEST_DEPENDENCIES);
	assert_int_equal(MANIFEST_DEPENDENCIES +
				 MANIFEST_MAX_DEPENDENCIES * MANIFEST_DEPENDENCY_BYTES,
			 MANIFEST_RESERVED);
}

/* One way to break each row: a change to a valid manifest's fields or to its bytes. */
struct breakage {
	enum image_error error;
	bool has_tree;
	void (*fields)(struct manifest *m);
	size_t byte; /* without `fields`: the byte that becomes 1 */
};

#define BREAK(name, statement)                       \
	static void break_##name(struct manifest *m) \
	{                                            \
		statement;                           \
	}
BREAK(magic, m->magic[7] = 'X')
BREAK(major, m->format_major = 2)
BREAK(minor, m->format_minor = 1)
BREAK(signed_short, m->signed_bytes = 4095)
BREAK(signed_none, m->signed_bytes = 0)
BREAK(image_uuid, memset(m->image_uuid, 0, 16))
BREAK(role_uuid, memset(m->role_uuid, 0, 16))
BREAK(hardware, m->hardware_min = m->hardware_max + 1)
BREAK(abi, m->abi_min = m->abi_max + 1)
BREAK(flag_low, m->flags = 1)
BREAK(flag_high, m->flags = 0x80000000u)
BREAK(payload_low, m->payload_offset = IMAGE_PAYLOAD_OFFSET - 4096)
BREAK(payload_zero, m->payload_offset = 0)
BREAK(payload_alignment, m->payload_offset += 512)
BREAK(payload_empty, m->payload_bytes = 0)
BREAK(payload_wrap, m->payload_bytes = UINT64_MAX - IMAGE_PAYLOAD_OFFSET + 1)
BREAK(payload_wrap_far, m->payload_offset = UINT64_MAX - 4095; m->payload_bytes = 4096)
BREAK(tree_absent, m->tree_offset = IMAGE_PAYLOAD_OFFSET)
BREAK(tree_wrap, m->tree_offset = UINT64_MAX - 4095; m->tree_bytes = 4096)
BREAK(tree_low, m->tree_offset = 4096)
BREAK(tree_overlap, m->tree_offset = IMAGE_PAYLOAD_OFFSET + 999 * 4096)
BREAK(tree_alignment, m->tree_offset += 2048)
BREAK(tree_gap, m->tree_offset += 4096)
BREAK(tree_far, m->payload_bytes = UINT64_MAX - IMAGE_PAYLOAD_OFFSET)
BREAK(hash_zero, m->hash_algorithm = 0)
BREAK(hash_unknown, m->hash_algorithm = 4)
BREAK(hash_far, m->hash_algorithm = 0xFFFF)
BREAK(leaf_small, m->leaf_log2 = 11)
BREAK(leaf_large, m->leaf_log2 = 13)
BREAK(leaf_shift, m->leaf_log2 = 64)
BREAK(leaf_without_tree, m->leaf_log2 = 12)
BREAK(count_more, m->leaf_count++)
BREAK(count_less, m->leaf_count--)
BREAK(count_without_tree, m->leaf_count = 1)
BREAK(tree_size, m->tree_bytes += 4096)
BREAK(tree_size_less, m->tree_bytes -= 1)
BREAK(tree_one_leaf, m->payload_bytes = 4096; m->tree_offset = IMAGE_PAYLOAD_OFFSET + 4096;
      m->leaf_count = 1; m->tree_bytes = 4096)
BREAK(salt, m->salt[31] = 1)
BREAK(root_without_tree, m->root_hash[0] = 1)
BREAK(root_long, m->root_hash[32] = 1)
BREAK(digest_long, m->payload_digest[63] = 1)
BREAK(digest_with_tree, m->payload_digest[0] = 1)
BREAK(digest_long_384, m->hash_algorithm = HASH_SHA384; m->payload_digest[48] = 1)
BREAK(build_control, m->build_id[2] = '\033')
BREAK(build_high, m->build_id[0] = 0x80)
BREAK(build_behind, m->build_id[63] = 'x')
BREAK(build_full, memset(m->build_id, 'x', 64))
BREAK(gap, memset(m->dependencies[1].role_uuid, 1, 16))
BREAK(gap_last, memset(m->dependencies[15].role_uuid, 1, 16))
BREAK(gap_version, m->dependencies[0].version_patch = 1)
BREAK(gap_security, m->dependencies[9].security_version = 1)
BREAK(reserved_used, memset(m->dependencies[0].role_uuid, 1, 16); m->dependencies[0].reserved = 1)
BREAK(reserved_unused, m->dependencies[15].reserved = 0x01000000)
BREAK(twice, memset(m->dependencies[0].role_uuid, 1, 16);
      memset(m->dependencies[1].role_uuid, 1, 16))

#define ROW(name, how)                                             \
	{                                                          \
		IMAGE_ERROR_MANIFEST_##name, false, break_##how, 0 \
	}
#define TREE_ROW(name, how)                                       \
	{                                                         \
		IMAGE_ERROR_MANIFEST_##name, true, break_##how, 0 \
	}
#define BYTE_ROW(name, byte)                                   \
	{                                                      \
		IMAGE_ERROR_MANIFEST_##name, false, NULL, byte \
	}
static const struct breakage breakages[] = {
	ROW(MAGIC, magic),
	BYTE_ROW(MAGIC, 0),
	ROW(FORMAT, major),
	ROW(FORMAT, minor),
	ROW(SIGNED_LENGTH, signed_short),
	ROW(SIGNED_LENGTH, signed_none),
	ROW(IMAGE_UUID, image_uuid),
	ROW(ROLE_UUID, role_uuid),
	ROW(HARDWARE_RANGE, hardware),
	ROW(ABI_RANGE, abi),
	ROW(FLAG_UNKNOWN, flag_low),
	ROW(FLAG_UNKNOWN, flag_high),
	ROW(PAYLOAD_LOW, payload_low),
	ROW(PAYLOAD_LOW, payload_zero),
	ROW(PAYLOAD_ALIGNMENT, payload_alignment),
	ROW(PAYLOAD_EMPTY, payload_empty),
	ROW(PAYLOAD_WRAP, payload_wrap),
	ROW(PAYLOAD_WRAP, payload_wrap_far),
	ROW(TREE_ABSENT, tree_absent),
	TREE_ROW(TREE_WRAP, tree_wrap),
	TREE_ROW(TREE_PLACE, tree_low),
	TREE_ROW(TREE_PLACE, tree_overlap),
	TREE_ROW(TREE_PLACE, tree_alignment),
	TREE_ROW(TREE_PLACE, tree_gap),
	TREE_ROW(TREE_PLACE, tree_far),
	ROW(HASH_ALGORITHM, hash_zero),
	ROW(HASH_ALGORITHM, hash_unknown),
	TREE_ROW(HASH_ALGORITHM, hash_far),
	TREE_ROW(LEAF_SIZE, leaf_small),
	TREE_ROW(LEAF_SIZE, leaf_large),
	TREE_ROW(LEAF_SIZE, leaf_shift),
	ROW(LEAF_SIZE, leaf_without_tree),
	TREE_ROW(LEAF_COUNT, count_more),
	TREE_ROW(LEAF_COUNT, count_less),
	ROW(LEAF_COUNT, count_without_tree),
	TREE_ROW(TREE_SIZE, tree_size),
	TREE_ROW(TREE_SIZE, tree_size_less),
	TREE_ROW(TREE_SIZE, tree_one_leaf),
	ROW(SALT, salt),
	ROW(ROOT_HASH, root_without_tree),
	TREE_ROW(ROOT_HASH, root_long),
	ROW(PAYLOAD_DIGEST, digest_long),
	ROW(PAYLOAD_DIGEST, digest_long_384),
	TREE_ROW(PAYLOAD_DIGEST, digest_with_tree),
	ROW(BUILD_ID, build_control),
	ROW(BUILD_ID, build_high),
	ROW(BUILD_ID, build_behind),
	ROW(BUILD_ID, build_full),
	ROW(DEPENDENCY_GAP, gap),
	ROW(DEPENDENCY_GAP, gap_last),
	ROW(DEPENDENCY_GAP, gap_version),
	ROW(DEPENDENCY_GAP, gap_security),
	ROW(DEPENDENCY_RESERVED, reserved_used),
	ROW(DEPENDENCY_RESERVED, reserved_unused),
	ROW(DEPENDENCY_TWICE, twice),
	BYTE_ROW(RESERVED, MANIFEST_RESERVED),
	BYTE_ROW(RESERVED, 2000),
	BYTE_ROW(RESERVED, MANIFEST_SIGNED_BYTES - 1),
};

#define BREAKAGE_COUNT (sizeof(breakages) / sizeof(breakages[0]))

static enum image_error breakage_run(const struct breakage *breakage)
{
	uint8_t bytes[MANIFEST_SIGNED_BYTES];
	struct manifest m;

	if (breakage->has_tree)
		fixture_manifest_with_tree(&m);
	else
		fixture_manifest(&m);
	if (breakage->fields) {
		breakage->fields(&m);
		return manifest_write(&m, bytes);
	}
	assert_error(manifest_write(&m, bytes), IMAGE_OK);
	bytes[breakage->byte] = 1;
	return manifest_parse(bytes, sizeof(bytes), &m);
}

static void every_row_names_itself(void **state)
{
	(void)state;
	for (size_t i = 0; i < BREAKAGE_COUNT; i++)
		assert_error(breakage_run(&breakages[i]), breakages[i].error);
}

#define MANIFEST_CHECK(name, holds, sentence) IMAGE_ERROR_MANIFEST_##name,
static const enum image_error rows[] = {
#include "image/manifest.def"
};
#undef MANIFEST_CHECK

static void no_row_is_left_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t j = 0;

		while (j < BREAKAGE_COUNT && breakages[j].error != rows[i])
			j++;
		if (j == BREAKAGE_COUNT)
			fail_msg("%s has no breakage", image_error_name(rows[i]));
	}
}

static void assert_valid(const struct manifest *m)
{
	uint8_t bytes[MANIFEST_SIGNED_BYTES];
	struct manifest back;

	assert_error(manifest_write(m, bytes), IMAGE_OK);
	memset(&back, 0xAA, sizeof(back));
	assert_error(manifest_parse(bytes, sizeof(bytes), &back), IMAGE_OK);
	assert_int_equal(back.payload_bytes, m->payload_bytes);
	assert_int_equal(back.version_patch, m->version_patch);
	assert_int_equal(back.dependencies[15].security_version,
			 m->dependencies[15].security_version);
}

static void limits_pass(void **state)
{
	struct manifest m;

	(void)state;
	fixture_manifest(&m);
	m.payload_bytes = UINT64_MAX - IMAGE_PAYLOAD_OFFSET;
	assert_valid(&m);
	m.payload_bytes = 0x100000001ull; /* more than 32 bits */
	m.hardware_min = m.hardware_max = UINT32_MAX;
	m.abi_min = m.abi_max = 0;
	m.hash_algorithm = HASH_SHA512;
	memset(m.payload_digest, 0xFF, 64);
	memset(m.build_id, '~', 63);
	for (uint8_t i = 0; i < MANIFEST_MAX_DEPENDENCIES; i++) {
		memset(m.dependencies[i].role_uuid, i + 1, UUID_BYTES);
		m.dependencies[i].security_version = UINT32_MAX;
	}
	assert_valid(&m);
	assert_int_equal(manifest_dependency_count(&m), 16);
}

static void trees_pass(void **state)
{
	struct manifest m;

	(void)state;
	fixture_manifest_with_tree(&m);
	assert_valid(&m);
	m.hash_algorithm = HASH_SHA384; /* 64 digests to a block: 16 blocks and the top one */
	m.tree_bytes = 17 * 4096;
	assert_valid(&m);
	assert_int_equal(manifest_image_bytes(&m), IMAGE_PAYLOAD_OFFSET + 1017 * 4096);
}

/* The 32-bit leaf count cannot describe a payload of more leaves, whatever it wraps to. */
static void leaf_count_does_not_wrap(void **state)
{
	uint8_t bytes[MANIFEST_SIGNED_BYTES];
	struct manifest m;

	(void)state;
	fixture_manifest_with_tree(&m);
	m.payload_bytes = (0x100000000ull + 1000) << 12;
	m.tree_offset = IMAGE_PAYLOAD_OFFSET + m.payload_bytes;
	assert_error(manifest_write(&m, bytes), IMAGE_ERROR_MANIFEST_LEAF_COUNT);
}

static void truncation_is_refused(void **state)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 12, 96, 432, 944, 4095 };
	uint8_t bytes[MANIFEST_SIGNED_BYTES];
	struct manifest m;

	(void)state;
	fixture_manifest(&m);
	assert_error(manifest_write(&m, bytes), IMAGE_OK);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_error(manifest_parse(bytes, sizes[i], &m), IMAGE_ERROR_TRUNCATED);
}

/* Decoding and encoding again gives back every bit of whatever parses: no bit is ignored. */
static void every_bit_is_kept(void **state)
{
	uint8_t bytes[MANIFEST_SIGNED_BYTES], again[MANIFEST_SIGNED_BYTES];
	struct manifest m;
	size_t accepted = 0;

	(void)state;
	fixture_manifest(&m);
	assert_error(manifest_write(&m, bytes), IMAGE_OK);
	for (size_t bit = 0; bit < 8 * MANIFEST_SIGNED_BYTES; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (manifest_parse(bytes, sizeof(bytes), &m) == IMAGE_OK) {
			assert_error(manifest_write(&m, again), IMAGE_OK);
			assert_memory_equal(bytes, again, sizeof(bytes));
			accepted++;
		}
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_in_range(accepted, 1000, 4000); /* UUIDs, digests, versions */
}

static void errors_have_names_and_sentences(void **state)
{
	(void)state;
	for (int i = 0; i < IMAGE_ERROR_COUNT; i++) {
		const char *text = image_error_text((enum image_error)i);

		assert_string_not_equal(image_error_name((enum image_error)i), "UNKNOWN");
		assert_in_range(strlen(text), 10, 140);
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(image_error_name((enum image_error)i),
						image_error_name((enum image_error)j));
			assert_string_not_equal(text, image_error_text((enum image_error)j));
		}
	}
	assert_string_equal(image_error_name(IMAGE_ERROR_COUNT), "UNKNOWN");
	assert_string_equal(image_error_name((enum image_error) - 1), "UNKNOWN");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_tile_the_format),
		cmocka_unit_test(every_row_names_itself),
		cmocka_unit_test(no_row_is_left_out),
		cmocka_unit_test(limits_pass),
		cmocka_unit_test(trees_pass),
		cmocka_unit_test(leaf_count_does_not_wrap),
		cmocka_unit_test(truncation_is_refused),
		cmocka_unit_test(every_bit_is_kept),
		cmocka_unit_test(errors_have_names_and_sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the port of a running box. The input is a script: frames of a genuine image in any order,
 * some packed, some damaged, words of every other kind, among bytes of the fuzzer's own. Whatever
 * comes: the slot that runs is never written, nor is anything outside the slot and the record; the
 * floor does not move; what the record says is to be tried is the genuine image, whole. Nor does one
 * call do more than a little.
 */
#include <stdlib.h>
#include <string.h>

#include "image_sign.h"
#include "image_tree.h"
#include "update/protocol.h"
#include "update/slot.h"

#define LEAVES 3u
#define SLOT_BYTES (IMAGE_PAYLOAD_OFFSET + 8 * TREE_BLOCK_BYTES)
#define META_BYTES NBMETA_BYTES
#define READ_AT_ONCE (2u << 20)
#define DISK_BYTES (META_BYTES + 2 * SLOT_BYTES)
#define SLOT_OFFSET(slot) (META_BYTES + ((slot)-1) * SLOT_BYTES)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t disk[DISK_BYTES];
static uint8_t image[SLOT_BYTES];
static struct manifest manifest;
static struct private_key private_key;
static struct keyring keyring;
static struct verify_policy policy;
static struct nbmeta meta;
static struct block_region slots[2], meta_region;
static struct update_box box;
static struct install install;
static struct protocol protocol;

static uint64_t bytes_read; /* in this call of the protocol */

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

static bool disk_read(void *context, uint64_t sector, uint32_t count, void *bytes)
{
	bytes_read += count * 512u;
	require(range_fits(sector * 512, count * 512ull, DISK_BYTES));
	memcpy(bytes, disk + sector * 512, count * 512u);
	return true;
}

static bool disk_write(void *context, uint64_t sector, uint32_t count, const void *bytes)
{
	uint64_t at = sector * 512, end = at + count * 512ull;

	require(range_fits(at, count * 512ull, DISK_BYTES));
	require(end <= META_BYTES || at >= SLOT_OFFSET(SLOT_B));
	memcpy(disk + at, bytes, count * 512u);
	return true;
}

static bool disk_flush(void *context)
{
	return true;
}

static const struct block_device device = {
	.read = disk_read, .write = disk_write, .flush = disk_flush, .sector_bytes = 512, .sector_count = DISK_BYTES / 512
};

static void hear(void *context, const char *line, size_t length)
{
	require(length && line[length - 1] == '\n');
}

static void image_make(void)
{
	static char pem[PRIVATE_KEY_PEM_BYTES];
	struct manifest *m = &manifest;

	require(!private_key_make(KEY_ECDSA_P256, &private_key, pem));
	private_key.public.role = KEY_DEV;
	keyring = (struct keyring){ .keys = &private_key.public, .count = 1 };
	memcpy(m->magic, MANIFEST_MAGIC, 8);
	m->format_major = 1;
	m->signed_bytes = MANIFEST_SIGNED_BYTES;
	memset(m->image_uuid, 1, UUID_BYTES);
	memset(m->product_uuid, 2, UUID_BYTES);
	memset(m->role_uuid, 3, UUID_BYTES);
	m->version_major = 2;
	m->security_version = 5;
	m->hardware_max = 9;
	m->abi_max = 9;
	m->payload_offset = IMAGE_PAYLOAD_OFFSET;
	m->payload_bytes = LEAVES * TREE_BLOCK_BYTES - 1;
	m->hash_algorithm = HASH_SHA256;
	strcpy((char *)m->build_id, "fuzz");
	require(image_tree_plan(m) && image_tree_salt(m));
	memset(image + m->payload_offset, 'x', TREE_BLOCK_BYTES);
	require(image_tree_make(m, image + m->payload_offset, image + m->tree_offset));
	require(!manifest_write(m, image) && !head_sign(image, &private_key));
	policy = (struct verify_policy){ .keyring = &keyring, .abi_version = 1 };
	memcpy(policy.role_uuid, m->role_uuid, UUID_BYTES);
	memcpy(policy.product_uuid, m->product_uuid, UUID_BYTES);
}

/* Slot a runs, confirmed; slot b is empty: its manifest, and payload and tree. */
static void box_make(void)
{
	static struct record record;

	memset(disk + SLOT_OFFSET(SLOT_B), 0, MANIFEST_BYTES_TOTAL);
	memset(disk + SLOT_OFFSET(SLOT_B) + IMAGE_PAYLOAD_OFFSET, 0, SLOT_BYTES - IMAGE_PAYLOAD_OFFSET);
	meta_region = (struct block_region){ &device, 0, META_BYTES };
	slots[0] = (struct block_region){ &device, SLOT_OFFSET(SLOT_A) / 512, SLOT_BYTES };
	slots[1] = (struct block_region){ &device, SLOT_OFFSET(SLOT_B) / 512, SLOT_BYTES };
	record_init(&record, policy.role_uuid);
	record.roles[0].active = SLOT_A;
	role_set(&record.roles[0], SLOT_A, SLOT_CONFIRMED, SLOT_FAIL_NONE);
	memset(record.roles[0].digests, 9, RECORD_DIGEST_BYTES);
	require(!nbmeta_format(&meta_region, &record) && !nbmeta_load(&meta, &meta_region));
	box = (struct update_box){ .meta = &meta, .slots = slots, .policy = &policy, .running = { .slot = SLOT_A }, .tries = 3 };
	box.running.verdict.kind = VERDICT_GOOD;
	memset(box.running.verdict.digest, 9, RECORD_DIGEST_BYTES);
	protocol = (struct protocol){ .install = &install, .box = &box, .emit = hear };
	protocol_open(&protocol);
}

static void bytes_send(const uint8_t *bytes, size_t count)
{
	while (count) {
		size_t taken;

		bytes_read = 0;
		taken = protocol_take(&protocol, bytes, count);
		require(taken <= count && bytes_read <= READ_AT_ONCE);
		bytes += taken;
		count -= taken;
		if (count)
			require(protocol_work(&protocol));
	}
}

static void frame_send(struct frame frame, const uint8_t *body, uint8_t damage)
{
	static uint8_t bytes[FRAME_HEAD_BYTES + FRAME_MAX_BODY];

	frame_write(&frame, bytes);
	if (frame.body_bytes)
		memcpy(bytes + FRAME_HEAD_BYTES, body, frame.body_bytes);
	if (damage)
		bytes[damage * 64u % (FRAME_HEAD_BYTES + frame.body_bytes)] ^= damage;
	bytes_send(bytes, FRAME_HEAD_BYTES + frame.body_bytes);
}

static void genuine_send(uint8_t kind, uint8_t damage)
{
	uint32_t block = TREE_BLOCK_BYTES;

	if (kind < 4)
		frame_send((struct frame){ .type = kind % 2 ? FRAME_FINISH : FRAME_START, .number = kind % 2 ? 0 : FRAME_VERSION },
			   NULL, damage);
	else if (kind < 6)
		frame_send((struct frame){ .type = FRAME_MANIFEST, .body_bytes = MANIFEST_BYTES_TOTAL }, image, damage);
	else if (kind < 8)
		frame_send((struct frame){ .type = FRAME_TREE, .blocks = 1, .body_bytes = block }, image + manifest.tree_offset,
			   damage);
	else
		frame_send((struct frame){ .type = FRAME_LEAVES, .blocks = 1, .number = kind % LEAVES, .body_bytes = block },
			   image + manifest.payload_offset + kind % LEAVES * block, damage);
}

/* The image's first leaf, 4096 times the same, as LZ4 has it: one literal, a copy of 4090 from one byte before, five literals. */
static void packed_send(uint8_t damage)
{
	uint8_t packed[26] = { 0x1F, 'x', 1, 0 };

	memset(packed + 4, 255, 15);
	packed[19] = 4090 - 4 - 15 - 15 * 255;
	memcpy(packed + 20, "\x50xxxxx", 6);
	frame_send((struct frame){ .type = FRAME_LEAVES, .encoding = FRAME_LZ4, .blocks = 1, .body_bytes = 26 }, packed, damage);
}

static void word_send(uint8_t kind, uint8_t damage)
{
	static const enum frame_type words[] = { FRAME_QUERY, FRAME_STATUS, FRAME_CONFIRM, FRAME_REVERT, FRAME_KEYRING };
	static const uint8_t keyring_bytes[KEYRING_FILE_BYTES] = KEYRING_MAGIC;

	if (kind >= sizeof(words) / sizeof(words[0]))
		packed_send(damage);
	else
		frame_send((struct frame){ .type = words[kind],
					   .body_bytes = words[kind] == FRAME_KEYRING ? KEYRING_FILE_BYTES : 0 },
			   keyring_bytes, damage);
}

/* An instruction: below 16 a frame of the image, below 24 another one, else so many bytes of the input. */
static void script_run(const uint8_t *data, size_t size)
{
	while (size >= 2) {
		uint8_t what = data[0] & 63, damage = data[1] > 200 ? data[1] : 0;
		size_t count;

		data += 2;
		size -= 2;
		if (what < 16) {
			genuine_send(what, damage);
			continue;
		}
		if (what < 24) {
			word_send(what - 16, damage);
			continue;
		}
		count = what < size ? what : size;
		bytes_send(data, count);
		data += count;
		size -= count;
		if (data[-1] == 0xFE)
			protocol_open(&protocol);
	}
	while (protocol_work(&protocol))
		;
}

static void box_require(void)
{
	static struct verify_result result;
	static uint8_t ram[LEAVES * TREE_BLOCK_BYTES];
	struct image_source source = slot_source(&slots[1]);
	const struct record_role *role;

	require(!nbmeta_load(&meta, &meta_region) && meta.state == NBMETA_SOUND);
	role = record_role(&meta.record, policy.role_uuid);
	require(role->active == SLOT_A && role->floor == 0);
	if (!role->try_slot)
		return;
	require(role->try_slot == SLOT_B && role->tries_left == 3);
	/* the next installation has begun: then there is no image, and the next start says so */
	if (bytes_are_zero(disk + SLOT_OFFSET(SLOT_B), MANIFEST_BYTES_TOTAL))
		return;
	require(!image_verify_manifest(&source, &policy, &result) && !image_load_payload(&source, ram, &result, NULL));
	require(!memcmp(ram, image + manifest.payload_offset, manifest.payload_bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!keyring.count)
		image_make();
	box_make();
	script_run(data, size);
	box_require();
	return 0;
}

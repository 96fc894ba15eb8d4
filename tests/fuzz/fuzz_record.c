/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the slot record: any bytes as both copies and the anchor, checksums mended. A record that is
 * read is written back to the same bytes; selection over it always ends, launches only what verified,
 * and never changes the floor.
 */
#include <stdlib.h>
#include <string.h>

#include "image/bytes.h"
#include "update/crc.h"
#include "update/select.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t disk[NBMETA_BYTES];
static unsigned int slots_good;
static enum slot_id loaded;

static bool disk_read(void *context, uint64_t sector, uint32_t count, void *bytes)
{
	if (!range_fits(sector * 512, count * 512ull, sizeof(disk)))
		abort();
	memcpy(bytes, disk + sector * 512, count * 512u);
	return true;
}

static bool disk_write(void *context, uint64_t sector, uint32_t count, const void *bytes)
{
	if (!range_fits(sector * 512, count * 512ull, sizeof(disk)))
		abort();
	memcpy(disk + sector * 512, bytes, count * 512u);
	return true;
}

static bool disk_flush(void *context)
{
	return true;
}

static void look(void *context, enum slot_id slot, uint32_t floor, struct verdict *verdict)
{
	if (slot != SLOT_A && slot != SLOT_B)
		abort();
	memset(verdict, 0, sizeof(*verdict));
	verdict->kind = slots_good & slot ? VERDICT_GOOD : VERDICT_BAD;
	verdict->reason = slots_good & slot ? SLOT_FAIL_NONE : SLOT_FAIL_ALTERED;
	verdict->security_version = floor;
	memset(verdict->digest, slot, sizeof(verdict->digest));
}

static void load(void *context, enum slot_id slot, uint32_t floor, struct verdict *verdict)
{
	look(context, slot, floor, verdict);
	loaded = verdict->kind == VERDICT_GOOD ? slot : SLOT_NONE;
}

/* The first bytes of the input become a place's record, with magic, length and checksum. */
static void place_fill(unsigned int place, const uint8_t *data, size_t size, bool is_mended)
{
	uint8_t *to = disk + place * NBMETA_PLACE_BYTES;

	memcpy(to, data, size < RECORD_BYTES ? size : RECORD_BYTES);
	if (!is_mended)
		return;
	memcpy(to, RECORD_MAGIC, 8);
	bytes_put16(to + 8, RECORD_VERSION);
	bytes_put32(to + 12, RECORD_COVERED);
	memset(to + RECORD_COVERED + 4, 0, RECORD_BYTES - RECORD_COVERED - 4);
	bytes_put32(to + RECORD_COVERED, crc32c(0, to, RECORD_COVERED));
}

static void record_require(const uint8_t *bytes)
{
	static struct record record;
	uint8_t again[RECORD_BYTES];

	if (record_read(bytes, &record) == RECORD_GOOD && (!record_write(&record, again) || memcmp(bytes, again, RECORD_BYTES)))
		abort();
}

static void boot_require(void)
{
	static const struct block_device device = {
		.read = disk_read, .write = disk_write, .flush = disk_flush, .sector_bytes = 512, .sector_count = sizeof(disk) / 512
	};
	static struct nbmeta meta;
	static struct choice choice;
	struct slot_access access = { .inspect = look, .load = load, .role_uuid = { 1 }, .tries = 3 };
	struct block_region region = block_whole(&device);
	const struct record_role *role;
	uint32_t floor = 0;
	bool has_role;

	loaded = SLOT_NONE;
	if (nbmeta_load(&meta, &region))
		abort();
	role = meta.has_record ? record_role(&meta.record, access.role_uuid) : NULL;
	has_role = role != NULL;
	floor = has_role ? role->floor : 0;
	if (select_slot(&meta, &access, &choice) != (slots_good != 0))
		abort();
	if (slots_good && (choice.running.slot != loaded || !(slots_good & loaded)))
		abort();
	role = meta.has_record ? record_role(&meta.record, access.role_uuid) : NULL;
	if (has_role && (!role || role->floor != floor))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t third;

	if (size < 4)
		return 0;
	slots_good = data[0] & 3;
	third = (size - 1) / 3;
	memset(disk, 0, sizeof(disk));
	for (unsigned int i = 0; i < 3; i++) {
		place_fill(i, data + 1 + i * third, third, data[0] & 4u << i);
		record_require(disk + i * NBMETA_PLACE_BYTES);
	}
	boot_require();
	boot_require();
	return 0;
}

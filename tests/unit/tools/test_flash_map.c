/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a disk image is written, where its partition table goes on a larger disk, and what progress says. Images of zeros with the few bytes
 * that matter.
 */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#include "flash_gpt.h"
#include "flash_map.h"
#include "flash_progress.h"
#include "flash_target.h"
#include "image/bytes.h"
#include "update/crc.h"

#define SECTOR 512u
#define MIB (1u << 20)
#define DISK_BYTES (64u * MIB)

static uint8_t *bytes;
static struct flash_map map;
static struct gpt gpt;
static struct block_device device;
static struct flash_range data[2]; /* what of the file is no hole */

static uint64_t next(uint64_t from, bool wants_data)
{
	for (size_t i = 0; i < 2; i++) {
		if (wants_data && from < data[i].end)
			return from > data[i].first ? from : data[i].first;
		if (!wants_data && from >= data[i].first && from < data[i].end)
			return data[i].end;
	}
	return wants_data ? DISK_BYTES : from;
}

static uint64_t next_data(const void *context, uint64_t from)
{
	return next(from, true);
}

static uint64_t next_hole(const void *context, uint64_t from)
{
	return next(from, false);
}

static void add(const uint8_t *type, uint64_t first_mib, uint64_t mib)
{
	struct gpt_partition *p = &gpt.partitions[gpt.count++];

	memcpy(p->type, type, UUID_BYTES);
	p->first = first_mib * MIB / SECTOR;
	p->last = p->first + mib * MIB / SECTOR - 1;
}

static int set_up(void **state)
{
	bytes = calloc(1, DISK_BYTES);
	device = (struct block_device){ .sector_bytes = SECTOR, .sector_count = DISK_BYTES / SECTOR };
	gpt = (struct gpt){ .device = &device };
	memset(data, 0, sizeof(data));
	return !bytes;
}

static int tear_down(void **state)
{
	free(bytes);
	return 0;
}

static bool make_map(void)
{
	const struct flash_file file = { bytes, DISK_BYTES, next_data, next_hole, NULL };

	return flash_map_make(&map, &file, &gpt);
}

static bool is_mapped(uint64_t at)
{
	for (size_t i = 0; i < map.count; i++)
		if (at >= map.ranges[i].first && at < map.ranges[i].end)
			return true;
	return false;
}

static void ranges_are_in_order(void)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < map.count; i++) {
		assert_true(map.ranges[i].first < map.ranges[i].end);
		assert_true(!i || map.ranges[i - 1].end < map.ranges[i].first);
		assert_int_equal(map.ranges[i].first % 4096, 0);
		sum += map.ranges[i].end - map.ranges[i].first;
	}
	assert_int_equal(sum, map.bytes);
	assert_true(map.ranges[map.count - 1].end <= DISK_BYTES - FLASH_TABLE_BYTES);
}

static const uint8_t type_other[UUID_BYTES] = { 1, 2, 3 };

static void every_partition_gets_what_it_needs(void **state)
{
	struct manifest m;

	fixture_manifest(&m);
	m.payload_bytes = 5000;
	assert_error(manifest_write(&m, bytes + 20 * MIB), IMAGE_OK);
	add(gpt_type_data, 40, 20); /* not in the disk's order */
	add(type_other, 1, 8);
	add(gpt_type_nbmeta, 9, 1);
	add(gpt_type_guest, 20, 10);
	add(gpt_type_guest, 30, 10);
	data[0] = (struct flash_range){ 45 * MIB, 46 * MIB };
	assert_true(make_map());
	ranges_are_in_order();
	assert_true(is_mapped(0) && is_mapped(MIB - 1));
	assert_true(is_mapped(MIB) && is_mapped(9 * MIB - 1));		/* holes of the ESP are zeros that count */
	assert_true(is_mapped(9 * MIB) && is_mapped(10 * MIB - 1));	/* an old record must not stay */
	assert_true(is_mapped(20 * MIB) && is_mapped(21 * MIB + 8191)); /* manifest and payload */
	assert_false(is_mapped(21 * MIB + 8192));
	assert_true(is_mapped(30 * MIB) && is_mapped(31 * MIB - 1)); /* an old image must not stay */
	assert_false(is_mapped(31 * MIB) || is_mapped(40 * MIB - 1));
	assert_true(is_mapped(40 * MIB) && is_mapped(41 * MIB - 1) && is_mapped(59 * MIB));
	assert_true(is_mapped(45 * MIB) && is_mapped(46 * MIB - 1));
	assert_false(is_mapped(41 * MIB) || is_mapped(46 * MIB) || is_mapped(59 * MIB - 1));
	assert_true(is_mapped(60 * MIB));
}

/* An image larger than its slot says so in its manifest: the map ends with the slot all the same. */
static void a_manifest_cannot_reach_out_of_its_slot(void **state)
{
	struct manifest m;

	fixture_manifest(&m);
	m.payload_bytes = 1ull << 40;
	assert_error(manifest_write(&m, bytes + 20 * MIB), IMAGE_OK);
	add(gpt_type_guest, 20, 10);
	add(gpt_type_data, 30, 30);
	assert_true(make_map());
	ranges_are_in_order();
	assert_true(is_mapped(30 * MIB - 1));
	assert_false(is_mapped(31 * MIB));
}

static uint32_t header_sum(const uint8_t *header)
{
	uint8_t copy[92];

	memcpy(copy, header, sizeof(copy));
	bytes_put32(copy + 16, 0);
	return crc32_ieee(0, copy, sizeof(copy));
}

/* A table of 128 entries for a disk of so many sectors. */
static void put_table(uint64_t sectors)
{
	uint8_t *header = bytes + SECTOR;

	bytes[450] = 0xEE;
	memset(bytes + 2 * SECTOR, 0x5A, 128 * 128);
	memcpy(header, "EFI PART\0\0\1\0", 12);
	bytes_put32(header + 12, 92);
	bytes_put64(header + 24, 1);
	bytes_put64(header + 32, sectors - 1);
	bytes_put64(header + 40, 34);
	bytes_put64(header + 48, sectors - 34);
	bytes_put64(header + 72, 2);
	bytes_put32(header + 80, 128);
	bytes_put32(header + 84, 128);
	bytes_put32(header + 88, crc32_ieee(0, bytes + 2 * SECTOR, 128 * 128));
	bytes_put32(header + 16, header_sum(header));
}

static void the_second_table_goes_to_the_end(void **state)
{
	static const uint64_t disks[] = { DISK_BYTES / SECTOR, DISK_BYTES / SECTOR + 1, 0xFFFFFFFF,	      0x100000000,
					  0x100000001,	       (4ull << 30) / SECTOR,	(1ull << 53) / SECTOR };
	uint8_t backup[FLASH_TABLE_BYTES], *copy = backup + FLASH_TABLE_BYTES - SECTOR;

	for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]); i++) {
		put_table(DISK_BYTES / SECTOR);
		assert_true(flash_gpt_move(bytes, backup, disks[i]));
		assert_int_equal(bytes_get64(bytes + SECTOR + 24), 1);
		assert_int_equal(bytes_get64(bytes + SECTOR + 32), disks[i] - 1);
		assert_int_equal(bytes_get64(bytes + SECTOR + 48), disks[i] - 34);
		assert_int_equal(bytes_get32(bytes + SECTOR + 16), header_sum(bytes + SECTOR));
		assert_int_equal(bytes_get32(bytes + 458), disks[i] - 1 < UINT32_MAX ? disks[i] - 1 : UINT32_MAX);
		assert_int_equal(bytes_get64(copy + 24), disks[i] - 1);
		assert_int_equal(bytes_get64(copy + 32), 1);
		assert_int_equal(bytes_get64(copy + 48), disks[i] - 34);
		assert_int_equal(bytes_get64(copy + 72), disks[i] - 33);
		assert_int_equal(bytes_get32(copy + 16), header_sum(copy));
		assert_memory_equal(backup, bytes + 2 * SECTOR, 128 * 128);
	}
}

static void tables_that_cannot_move(void **state)
{
	uint8_t backup[FLASH_TABLE_BYTES];

	put_table(DISK_BYTES / SECTOR);
	assert_false(flash_gpt_move(bytes, backup, DISK_BYTES / SECTOR - 1));
	assert_false(flash_gpt_move(bytes, backup, 0));
	bytes_put64(bytes + SECTOR + 72, 3);
	assert_false(flash_gpt_move(bytes, backup, DISK_BYTES / SECTOR));
	put_table(DISK_BYTES / SECTOR);
	bytes_put32(bytes + SECTOR + 80, 129);
	assert_false(flash_gpt_move(bytes, backup, DISK_BYTES / SECTOR));
	put_table(DISK_BYTES / SECTOR);
	bytes_put32(bytes + SECTOR + 12, 513);
	assert_false(flash_gpt_move(bytes, backup, DISK_BYTES / SECTOR));
}

static void a_hundred_percent_is_said_of_what_is_synced(void **state)
{
	struct flash_progress p = { .step = "writing", .total = 1000000000, .seconds = 10 };
	char text[FLASH_PROGRESS_TEXT];
	unsigned int before = 0;

	for (p.done = 0; p.done <= p.total; p.done += 1000000) {
		assert_true(flash_progress_percent(&p) >= before && flash_progress_percent(&p) < 100);
		before = flash_progress_percent(&p);
	}
	p.done = p.total / 2;
	flash_progress_text(&p, text);
	assert_string_equal(text, "writing    50 %     50.0 MB/s  0:10 left");
	p.done = p.total;
	flash_progress_text(&p, text);
	assert_non_null(strstr(text, " 99 %"));
	p.is_final = true;
	flash_progress_text(&p, text);
	assert_string_equal(text, "writing   100 %    100.0 MB/s");
	p = (struct flash_progress){ .step = "writing" };
	assert_int_equal(flash_progress_percent(&p), 0);
	flash_progress_text(&p, text);
}

static void the_word_that_confirms(void **state)
{
	struct target t = { .name = "sdq", .serial = "S4EVNX0M901234A" };

	assert_string_equal(target_word(&t), "234A");
	strcpy(t.serial, "12");
	assert_string_equal(target_word(&t), "12");
	t.serial[0] = 0;
	assert_string_equal(target_word(&t), "sdq");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_partition_gets_what_it_needs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_manifest_cannot_reach_out_of_its_slot, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_second_table_goes_to_the_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tables_that_cannot_move, set_up, tear_down),
		cmocka_unit_test(a_hundred_percent_is_said_of_what_is_synced),
		cmocka_unit_test(the_word_that_confirms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

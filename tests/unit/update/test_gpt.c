/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partition tables, right and wrong: each row of gpt.def is violated once, with good checksums, and
 * names itself; the table at the disk's end takes over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "image/bytes.h"
#include "model_disk.h"
#include "update/crc.h"
#include "update/gpt.h"

#define SIZE (4u << 20)

static struct model_disk disk;
static struct gpt gpt;
static uint32_t sector = 512;

static uint64_t last_sector(void)
{
	return SIZE / sector - 1;
}

static uint8_t *header(bool is_backup)
{
	return disk.bytes + (is_backup ? last_sector() : 1) * sector;
}

static uint8_t *entry(bool is_backup, size_t index)
{
	return disk.bytes + bytes_get64(header(is_backup) + 72) * sector + index * GPT_ENTRY_BYTES;
}

static void seal(bool is_backup)
{
	uint8_t *h = header(is_backup);

	bytes_put32(h + 88, crc32_ieee(0, entry(is_backup, 0), 128 * GPT_ENTRY_BYTES));
	bytes_put32(h + 16, 0);
	bytes_put32(h + 16, crc32_ieee(0, h, 92));
}

/* The type is written with its first three fields turned round. */
static void entry_put(bool is_backup, size_t index, const uint8_t *type, uint64_t first, uint64_t bytes, const char *name)
{
	static const uint8_t order[UUID_BYTES] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	uint8_t *e = entry(is_backup, index);

	memset(e, 0, GPT_ENTRY_BYTES);
	for (size_t i = 0; i < UUID_BYTES; i++)
		e[i] = type[order[i]];
	bytes_put64(e + 32, first / sector);
	bytes_put64(e + 40, (first + bytes) / sector - 1);
	for (size_t i = 0; name[i]; i++)
		e[56 + 2 * i] = (uint8_t)name[i];
}

static void table_make(bool is_backup)
{
	uint8_t *h = header(is_backup);
	uint64_t sectors = 128 * GPT_ENTRY_BYTES / sector;

	memcpy(h, "EFI PART", 8);
	bytes_put32(h + 8, 0x00010000);
	bytes_put32(h + 12, 92);
	bytes_put64(h + 24, is_backup ? last_sector() : 1);
	bytes_put64(h + 32, is_backup ? 1 : last_sector());
	bytes_put64(h + 40, 2 + sectors);
	bytes_put64(h + 48, last_sector() - 1 - sectors);
	bytes_put64(h + 72, is_backup ? last_sector() - sectors : 2);
	bytes_put32(h + 80, 128);
	bytes_put32(h + 84, GPT_ENTRY_BYTES);
	entry_put(is_backup, 0, gpt_type_nbmeta, 1 << 20, 512 << 10, "nbmeta");
	entry_put(is_backup, 1, gpt_type_guest, 2 << 20, 256 << 10, "guest-a");
	entry_put(is_backup, 5, gpt_type_guest, 3 << 20, 256 << 10, "guest-b");
	seal(is_backup);
}

static int disk_make(void **state)
{
	(void)state;
	disk_open(&disk, SIZE, sector);
	table_make(false);
	table_make(true);
	return 0;
}

static int disk_drop(void **state)
{
	(void)state;
	disk_close(&disk);
	return 0;
}

static void assert_gpt(enum update_error found, enum update_error expected)
{
	assert_string_equal(update_error_name(found), update_error_name(expected));
}

static void partitions_are_found(void **state)
{
	struct block_region region;

	for (sector = 512; sector <= 4096; sector *= 2) {
		disk_drop(state);
		disk_make(state);
		assert_gpt(gpt_read(&gpt, &disk.device), UPDATE_OK);
		assert_false(gpt.is_backup);
		assert_int_equal(gpt.count, 3);
		assert_gpt(gpt_find(&gpt, gpt_type_nbmeta, NULL, &region), UPDATE_OK);
		assert_int_equal(region.first * sector, 1 << 20);
		assert_int_equal(region.bytes, 512 << 10);
		assert_gpt(gpt_find(&gpt, gpt_type_guest, "guest-b", &region), UPDATE_OK);
		assert_int_equal(region.first * sector, 3 << 20);
		assert_gpt(gpt_find(&gpt, gpt_type_guest, NULL, &region), UPDATE_ERROR_GPT_TWICE);
		assert_gpt(gpt_find(&gpt, gpt_type_data, NULL, &region), UPDATE_ERROR_GPT_MISSING);
		assert_gpt(gpt_find(&gpt, NULL, "guest-c", &region), UPDATE_ERROR_GPT_MISSING);
	}
	sector = 512;
}

/* Both tables alike, so that the first one's fault is the answer. */
static void every_row_is_violated(void **state)
{
	static const struct {
		size_t at, bytes;
		uint64_t value;
		enum update_error error;
	} wrong[] = {
		{ 0, 4, 0, UPDATE_ERROR_GPT_SIGNATURE },	 { 8, 4, 0x00020000, UPDATE_ERROR_GPT_REVISION },
		{ 12, 4, 91, UPDATE_ERROR_GPT_HEADER_SIZE },	 { 12, 4, 513, UPDATE_ERROR_GPT_HEADER_SIZE },
		{ 20, 4, 1, UPDATE_ERROR_GPT_RESERVED },	 { 24, 8, 3, UPDATE_ERROR_GPT_PLACE },
		{ 84, 4, 256, UPDATE_ERROR_GPT_ENTRY_SIZE },	 { 80, 4, 0, UPDATE_ERROR_GPT_ENTRY_COUNT },
		{ 80, 4, 129, UPDATE_ERROR_GPT_ENTRY_COUNT },	 { 80, 4, 0x80000000, UPDATE_ERROR_GPT_ENTRY_COUNT },
		{ 48, 8, SIZE / 512, UPDATE_ERROR_GPT_USABLE },	 { 48, 8, UINT64_MAX, UPDATE_ERROR_GPT_USABLE },
		{ 40, 8, SIZE / 512, UPDATE_ERROR_GPT_USABLE },	 { 72, 8, 1, UPDATE_ERROR_GPT_ENTRIES_PLACE },
		{ 72, 8, 2048, UPDATE_ERROR_GPT_ENTRIES_PLACE }, { 72, 8, UINT64_MAX - 3, UPDATE_ERROR_GPT_ENTRIES_PLACE },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint8_t *h;

		disk_drop(state);
		disk_make(state);
		memset(header(true), 0, 8);
		h = header(false);
		if (wrong[i].bytes == 8)
			bytes_put64(h + wrong[i].at, wrong[i].value);
		else
			bytes_put32(h + wrong[i].at, (uint32_t)wrong[i].value);
		bytes_put32(h + 16, 0);
		bytes_put32(h + 16, crc32_ieee(0, h, 92));
		assert_gpt(gpt_read(&gpt, &disk.device), wrong[i].error);
	}
}

static void wrong_partitions_are_refused(void **state)
{
	static const struct {
		uint64_t first, last;
		enum update_error error;
	} wrong[] = {
		{ 5000, 4999, UPDATE_ERROR_GPT_RANGE },	  { 33, 2000, UPDATE_ERROR_GPT_RANGE },
		{ 7000, 8191, UPDATE_ERROR_GPT_RANGE },	  { 7000, UINT64_MAX, UPDATE_ERROR_GPT_RANGE },
		{ 4000, 4096, UPDATE_ERROR_GPT_OVERLAP }, { 4607, 4608, UPDATE_ERROR_GPT_OVERLAP },
		{ 2000, 7000, UPDATE_ERROR_GPT_OVERLAP },
	};

	(void)state;
	memset(header(true), 0, 8);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		entry_put(false, 9, gpt_type_data, 0, 0, "data");
		bytes_put64(entry(false, 9) + 32, wrong[i].first);
		bytes_put64(entry(false, 9) + 40, wrong[i].last);
		seal(false);
		assert_gpt(gpt_read(&gpt, &disk.device), wrong[i].error);
	}
}

static void damage_is_seen_and_the_backup_serves(void **state)
{
	struct block_region region;

	(void)state;
	header(false)[57] ^= 1;
	assert_gpt(gpt_read(&gpt, &disk.device), UPDATE_OK);
	assert_true(gpt.is_backup);
	assert_gpt(gpt.primary_error, UPDATE_ERROR_GPT_HEADER_CRC);
	assert_gpt(gpt_find(&gpt, gpt_type_nbmeta, "nbmeta", &region), UPDATE_OK);
	header(false)[57] ^= 1;
	entry(false, 1)[60] ^= 1;
	assert_gpt(gpt_read(&gpt, &disk.device), UPDATE_OK);
	assert_gpt(gpt.primary_error, UPDATE_ERROR_GPT_ENTRIES_CRC);
	entry(true, 1)[60] ^= 1;
	assert_gpt(gpt_read(&gpt, &disk.device), UPDATE_ERROR_GPT_ENTRIES_CRC);
	disk.fail_read_to = SIZE;
	assert_gpt(gpt_read(&gpt, &disk.device), UPDATE_ERROR_DISK_READ);
	disk.fail_read_from = 2 * 512;
	assert_gpt(gpt_read(&gpt, &disk.device), UPDATE_ERROR_GPT_ENTRIES_CRC);
}

static void what_cannot_be_written_at_once_is_no_partition(void **state)
{
	struct block_region region;

	(void)state;
	entry_put(false, 0, gpt_type_nbmeta, (1 << 20) + 512, 512 << 10, "nbmeta");
	seal(false);
	assert_gpt(gpt_read(&gpt, &disk.device), UPDATE_OK);
	assert_gpt(gpt_find(&gpt, gpt_type_nbmeta, NULL, &region), UPDATE_ERROR_GPT_UNALIGNED);
	entry_put(false, 0, gpt_type_nbmeta, 1 << 20, (512 << 10) - 512, "nbm\xe9ta");
	seal(false);
	assert_gpt(gpt_read(&gpt, &disk.device), UPDATE_OK);
	assert_string_equal(gpt.partitions[0].name, "nbm?ta");
	assert_gpt(gpt_find(&gpt, gpt_type_nbmeta, NULL, &region), UPDATE_ERROR_GPT_UNALIGNED);
}

static void impossible_devices_are_not_read(void **state)
{
	static const struct {
		uint32_t bytes;
		uint64_t count;
	} devices[] = { { 0, 100 }, { 256, 100 }, { 1000, 100 }, { 8192, 100 }, { 512, 2 }, { 4096, UINT64_MAX } };

	(void)state;
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		disk.device.sector_bytes = devices[i].bytes;
		disk.device.sector_count = devices[i].count;
		assert_gpt(gpt_read(&gpt, &disk.device), UPDATE_ERROR_DISK_READ);
	}
	assert_int_equal(disk.reads, 0);
}

static bool (*honest_read)(void *context, uint64_t lba, uint32_t count, void *bytes);
static unsigned int entry_reads;

/* Entries that change once their checksum has been made. */
static bool fickle_read(void *context, uint64_t lba, uint32_t count, void *bytes)
{
	bool is_fine = honest_read(context, lba, count, bytes);

	if (lba == 2 && entry_reads++)
		((uint8_t *)bytes)[40] ^= 7;
	return is_fine;
}

static void entries_that_change_do_not_count(void **state)
{
	(void)state;
	honest_read = disk.device.read;
	disk.device.read = fickle_read;
	assert_gpt(gpt_read(&gpt, &disk.device), UPDATE_OK);
	assert_true(entry_reads > 1);
	assert_true(gpt.is_backup);
	assert_gpt(gpt.primary_error, UPDATE_ERROR_GPT_ENTRIES_CRC);
}

/* The check values of the catalogues: CRC-32/ISO-HDLC and CRC-32/ISCSI of "123456789". */
static void checksums_are_the_published_ones(void **state)
{
	const uint8_t *digits = (const uint8_t *)"123456789";

	(void)state;
	assert_int_equal(crc32_ieee(0, digits, 9), 0xCBF43926);
	assert_int_equal(crc32c(0, digits, 9), 0xE3069283);
	assert_int_equal(crc32c(crc32c(0, digits, 4), digits + 4, 5), 0xE3069283);
}

int main(void)
{
#define ON_A_DISK(test) cmocka_unit_test_setup_teardown(test, disk_make, disk_drop)
	const struct CMUnitTest tests[] = {
		ON_A_DISK(partitions_are_found),
		ON_A_DISK(every_row_is_violated),
		ON_A_DISK(wrong_partitions_are_refused),
		ON_A_DISK(damage_is_seen_and_the_backup_serves),
		ON_A_DISK(what_cannot_be_written_at_once_is_no_partition),
		ON_A_DISK(impossible_devices_are_not_read),
		ON_A_DISK(entries_that_change_do_not_count),
		cmocka_unit_test(checksums_are_the_published_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

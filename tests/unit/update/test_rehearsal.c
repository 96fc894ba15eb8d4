/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot selection in front of a disk that takes nothing: it decides as it would, and not a byte of the disk changes.
 */
#include <stdlib.h>
#include <string.h>

#include "model_disk.h"
#include "update/rehearsal.h"
#include "world.h"

static struct model_disk disk;
static struct world world;
static struct rehearsal rehearsal;
static struct test_image v1, v2;
static uint8_t *before;

static int box_open(void **state)
{
	static const struct image_spec specs[] = { { 1, 1, 4, { 1, 2, 3, 4 } }, { 2, 1, 4, { 1, 2, 3, 5 } } };

	(void)state;
	disk_open(&disk, WORLD_DISK_BYTES, 512);
	world_open(&world, &disk.device);
	world_image(&world, &specs[0], &v1);
	world_image(&world, &specs[1], &v2);
	world_flash(&world, &v1);
	before = malloc(disk.size);
	return !before;
}

static int box_close(void **state)
{
	(void)state;
	free(before);
	world_image_free(&v1);
	world_image_free(&v2);
	disk_close(&disk);
	return 0;
}

static void use(const struct block_device *device)
{
	world.meta_region.device = world.slots[0].device = world.slots[1].device = device;
}

/* Selection in front of the disk; nothing reaches it. Then the box has the disk itself again. */
static void rehearse(enum slot_id runs)
{
	unsigned int writes = disk.writes, flushes = disk.flushes;

	memcpy(before, disk.bytes, disk.size);
	use(rehearsal_open(&rehearsal, &disk.device));
	assert_int_equal(world_boot(&world), runs != SLOT_NONE);
	assert_int_equal(world.choice.running.slot, runs);
	assert_memory_equal(disk.bytes, before, disk.size);
	assert_int_equal(disk.writes, writes);
	assert_int_equal(disk.flushes, flushes);
	use(&disk.device);
}

static void no_try_is_spent(void **state)
{
	(void)state;
	assert_true(world_boot(&world));
	assert_update(world_install(&world, &v2), UPDATE_OK);
	for (unsigned int i = 0; i < 2 * WORLD_TRIES; i++) {
		rehearse(SLOT_B);
		assert_int_equal(update_role(&world.box)->tries_left, WORLD_TRIES - 1);
	}
	assert_true(world_boot(&world));
	assert_int_equal(world.choice.running.slot, SLOT_B);
	assert_int_equal(update_role(&world.box)->tries_left, WORLD_TRIES - 1);
}

static void a_bad_slot_is_not_recorded(void **state)
{
	(void)state;
	assert_true(world_boot(&world));
	assert_update(world_install(&world, &v2), UPDATE_OK);
	disk.bytes[WORLD_SLOT_OFFSET(SLOT_B) + IMAGE_PAYLOAD_OFFSET] ^= 1;
	rehearse(SLOT_A);
	assert_int_equal(world.choice.verdicts[1].kind, VERDICT_BAD);
	assert_int_equal(role_state(update_role(&world.box), SLOT_B), SLOT_FAILED);
	/* mended, it is still to be tried */
	disk.bytes[WORLD_SLOT_OFFSET(SLOT_B) + IMAGE_PAYLOAD_OFFSET] ^= 1;
	rehearse(SLOT_B);
}

static void a_lost_record_stays_lost(void **state)
{
	(void)state;
	memset(disk.bytes + WORLD_META_OFFSET, 0xAA, NBMETA_BYTES);
	rehearse(SLOT_A);
	assert_true(world.choice.is_recovered);
	rehearse(SLOT_A);
	assert_true(world.choice.is_recovered);
}

static void nothing_sound_is_nothing_to_run(void **state)
{
	(void)state;
	disk.bytes[WORLD_SLOT_OFFSET(SLOT_A) + IMAGE_PAYLOAD_OFFSET] ^= 1;
	rehearse(SLOT_NONE);
}

static void fill(uint8_t *bytes, uint8_t value)
{
	memset(bytes, value, BLOCK_BYTES);
}

/* What was written reads back, whole or in part, among what the disk has. */
static void reads_see_what_was_written(void **state)
{
	static uint8_t block[BLOCK_BYTES], wide[3 * BLOCK_BYTES];
	const struct block_device *device = rehearsal_open(&rehearsal, &disk.device);

	(void)state;
	memset(disk.bytes, 0x11, 6 * BLOCK_BYTES);
	fill(block, 0x22);
	assert_true(device->write(device->context, 12, 8, block));
	fill(block, 0x33);
	assert_true(device->write(device->context, 12, 8, block));
	assert_true(device->flush(device->context));
	assert_true(device->read(device->context, 4, 24, wide));
	for (size_t i = 0; i < sizeof(wide); i++)
		assert_int_equal(wide[i], i / BLOCK_BYTES == 1 ? 0x33 : 0x11);
	assert_true(device->read(device->context, 19, 2, wide));
	assert_int_equal(wide[511], 0x33);
	assert_int_equal(wide[512], 0x11);
	assert_true(device->read(device->context, 20, 1, wide));
	assert_int_equal(wide[0], 0x11);
	assert_int_equal(disk.bytes[12 * 512], 0x11);
}

static void other_writes_fail(void **state)
{
	static const struct { uint64_t sector; uint32_t count; } rows[] = {
		{ 0, 7 }, { 0, 16 }, { 0, 0 }, { 15, 8 }, { 9, 8 }, { WORLD_DISK_BYTES / 512 - 7, 8 }, { UINT64_MAX - 3, 8 },
	};
	static uint8_t block[2 * BLOCK_BYTES];
	const struct block_device *device = rehearsal_open(&rehearsal, &disk.device);

	(void)state;
	assert_true(device->write(device->context, 16, 8, block));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_false(device->write(device->context, rows[i].sector, rows[i].count, block));
	for (uint64_t i = 1; i < REHEARSAL_BLOCKS; i++)
		assert_true(device->write(device->context, 16 + 8 * i, 8, block));
	assert_false(device->write(device->context, 16 + 8 * REHEARSAL_BLOCKS, 8, block));
	assert_true(device->write(device->context, 16, 8, block));
	assert_null(device->discard);
}

static void a_failing_disk_fails(void **state)
{
	static uint8_t block[BLOCK_BYTES];
	const struct block_device *device = rehearsal_open(&rehearsal, &disk.device);

	(void)state;
	disk.fail_read_from = 4096;
	disk.fail_read_to = 4097;
	assert_false(device->read(device->context, 8, 8, block));
	assert_true(device->read(device->context, 16, 8, block));
}

int main(void)
{
#define ON_A_BOX(test) cmocka_unit_test_setup_teardown(test, box_open, box_close)
	const struct CMUnitTest tests[] = {
		ON_A_BOX(no_try_is_spent),
		ON_A_BOX(a_bad_slot_is_not_recorded),
		ON_A_BOX(a_lost_record_stays_lost),
		ON_A_BOX(nothing_sound_is_nothing_to_run),
		ON_A_BOX(reads_see_what_was_written),
		ON_A_BOX(other_writes_fail),
		ON_A_BOX(a_failing_disk_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing and reading back, on a file that stands for the disk: what is left when it is cut short, and a medium that gives back something else.
 */
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>

#include "flash_write.h"

#define MIB (1u << 20)
#define IMAGE_BYTES (8u * MIB)
#define DISK_BYTES (12u * MIB)

static struct flash_map map;
static struct flash_job job;
static struct input_file image;
static uint8_t *disk;

static int set_up(void **state)
{
	uint8_t *bytes = malloc(IMAGE_BYTES);
	FILE *file = tmpfile();

	if (!bytes || !file)
		return 1;
	memset(bytes, 0x11, IMAGE_BYTES);
	image = (struct input_file){ .path = "image", .bytes = bytes, .size = IMAGE_BYTES };
	map = (struct flash_map){ .count = 2, .ranges = { { 0, 2 * MIB }, { 5 * MIB, 7 * MIB + 512 } }, .bytes = 4 * MIB + 512 };
	job = (struct flash_job){ .image = &image, .map = &map, .path = "disk", .fd = dup(fileno(file)), .disk_bytes = DISK_BYTES };
	memset(job.head, 0x22, sizeof(job.head));
	memset(job.backup, 0x33, sizeof(job.backup));
	fclose(file);
	if (ftruncate(job.fd, DISK_BYTES))
		return 1;
	disk = mmap(NULL, DISK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, job.fd, 0);
	if (disk == MAP_FAILED)
		return 1;
	memset(disk, 0xEE, DISK_BYTES);
	return 0;
}

static int tear_down(void **state)
{
	munmap(disk, DISK_BYTES);
	free((void *)(uintptr_t)image.bytes);
	return close(job.fd);
}

static void is_all(uint64_t from, uint64_t to, uint8_t value)
{
	for (uint64_t at = from; at < to; at++)
		if (disk[at] != value)
			fail_msg("byte %llu is %02x, not %02x", (unsigned long long)at, disk[at], value);
}

static void only_what_is_mapped(void **state)
{
	assert_int_equal(flash_write(&job), EXIT_OK);
	is_all(0, FLASH_HEAD_BYTES, 0x22);
	is_all(FLASH_HEAD_BYTES, 2 * MIB, 0x11);
	is_all(2 * MIB, 5 * MIB, 0xEE);
	is_all(5 * MIB, 7 * MIB + 512, 0x11);
	is_all(7 * MIB + 512, DISK_BYTES - FLASH_TABLE_BYTES, 0xEE);
	is_all(DISK_BYTES - FLASH_TABLE_BYTES, DISK_BYTES, 0x33);
	assert_int_equal(flash_read_back(&job), EXIT_OK);
}

/* Any byte that was written, at the edges of what was written and inside. */
static void a_medium_that_lies(void **state)
{
	static const uint64_t places[] = { 0,
					   FLASH_HEAD_BYTES - 1,
					   FLASH_HEAD_BYTES,
					   2 * MIB - 1,
					   5 * MIB,
					   7 * MIB + 511,
					   DISK_BYTES - FLASH_TABLE_BYTES,
					   DISK_BYTES - 1 };

	assert_int_equal(flash_write(&job), EXIT_OK);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		disk[places[i]] ^= 0x80;
		assert_int_equal(flash_read_back(&job), EXIT_REFUSED);
		disk[places[i]] ^= 0x80;
	}
	assert_int_equal(flash_read_back(&job), EXIT_OK);
}

/* The disk stops taking anything in the middle: neither the old partition table nor the new one is there. */
static void cut_short(void **state)
{
	const struct rlimit no_more = { 6 * MIB, RLIM_INFINITY };
	struct rlimit before;

	signal(SIGXFSZ, SIG_IGN);
	job.disk_bytes = 6 * MIB;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &no_more), 0);
	assert_int_equal(flash_write(&job), EXIT_IO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	is_all(0, MIB, 0);
	is_all(6 * MIB - FLASH_TABLE_BYTES, 6 * MIB, 0x11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_what_is_mapped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_medium_that_lies, set_up, tear_down),
		cmocka_unit_test_setup_teardown(cut_short, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

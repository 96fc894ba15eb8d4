/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel detection: the three kinds are told apart, what cannot be started is refused, no byte
 * beyond the file is read.
 */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#include "image/bytes.h"
#include "kernel.h"

static uint8_t buffer[65536];
static uint32_t type;

/* Detection on a heap block of exactly the size. */
static enum exit_code detect(size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct input_file file = { "kernel", copy, size };
	enum exit_code code;

	memcpy(copy, buffer, size);
	type = 0;
	code = kernel_detect(&file, &type);
	free(copy);
	return code;
}

static void make_linux(void)
{
	memset(buffer, 0, sizeof(buffer));
	bytes_put16(buffer + 0x1FE, 0xAA55);
	memcpy(buffer + 0x202, "HdrS", 4);
	bytes_put16(buffer + 0x206, 0x020F);
	buffer[0x211] = 1;
	bytes_put16(buffer + 0x236, 1);
}

static void make_elf(uint32_t magic, size_t at, size_t words)
{
	memset(buffer, 0, sizeof(buffer));
	memcpy(buffer, "\177ELF", 4);
	bytes_put32(buffer + at, magic);
	bytes_put32(buffer + at + 4, 3);
	bytes_put32(buffer + at + 4 * (words - 1), -(magic + 3));
}

static void linux_is_found(void **state)
{
	(void)state;
	make_linux();
	assert_int_equal(detect(1024), EXIT_OK);
	assert_int_equal(type, PART_KERNEL_LINUX);
	assert_int_equal(detect(0x267), EXIT_REFUSED);
	bytes_put16(buffer + 0x236, 2);
	assert_int_equal(detect(1024), EXIT_REFUSED); /* 32-bit */
	make_linux();
	bytes_put16(buffer + 0x206, 0x020B);
	assert_int_equal(detect(1024), EXIT_REFUSED); /* old */
	make_linux();
	buffer[0x211] = 0;
	assert_int_equal(detect(1024), EXIT_REFUSED); /* zImage */
}

static void multiboot_is_found_where_it_may_be(void **state)
{
	(void)state;
	make_elf(0x1BADB002, 8192 - 12, 3);
	assert_int_equal(detect(8192), EXIT_OK);
	assert_int_equal(type, PART_KERNEL_MULTIBOOT1);
	assert_int_equal(detect(8191), EXIT_REFUSED);
	make_elf(0x1BADB002, 8192 - 8, 3);
	assert_int_equal(detect(65536), EXIT_REFUSED);
	make_elf(0x1BADB002, 66, 3);
	assert_int_equal(detect(65536), EXIT_REFUSED);
	make_elf(0xE85250D6, 32768 - 16, 4);
	assert_int_equal(detect(65536), EXIT_OK);
	assert_int_equal(type, PART_KERNEL_MULTIBOOT2);
	make_elf(0xE85250D6, 32768 - 8, 4);
	assert_int_equal(detect(65536), EXIT_REFUSED);
	make_elf(0xE85250D6, 100, 4);
	assert_int_equal(detect(65536), EXIT_REFUSED);
}

static void checksum_counts(void **state)
{
	(void)state;
	make_elf(0x1BADB002, 64, 3);
	buffer[64 + 8] ^= 1;
	assert_int_equal(detect(4096), EXIT_REFUSED);
	make_elf(0xE85250D6, 64, 4);
	buffer[64 + 4] ^= 1;
	assert_int_equal(detect(4096), EXIT_REFUSED);
}

static void other_files_are_refused(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 4, 15, 0x268, 65536 };

	(void)state;
	memset(buffer, 0, sizeof(buffer));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_int_equal(detect(sizes[i]), EXIT_REFUSED);
	make_elf(0x1BADB002, 64, 3);
	buffer[0] = 0; /* not an ELF file any more */
	assert_int_equal(detect(4096), EXIT_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(linux_is_found),
		cmocka_unit_test(multiboot_is_found_where_it_may_be),
		cmocka_unit_test(checksum_counts),
		cmocka_unit_test(other_files_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

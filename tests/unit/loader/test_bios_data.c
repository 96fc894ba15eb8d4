/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BIOS data area: what kernels read of it is there, all else is zero, nothing behind it is
 * touched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "image/bytes.h"
#include "loader/bios_data.h"
#include "loader/e820.h"

static uint8_t memory[2 * E820_BIOS_DATA_END];

static void write_over_noise(void)
{
	const struct guest_ram ram = { memory, sizeof(memory) };

	memset(memory, 0xA5, sizeof(memory));
	bios_data_write(&ram);
}

/* Xen puts the code that starts it below the end of base memory, and below the EBDA if it is told
 * of one above 256 KiB. */
static void base_memory_ends_where_the_map_says(void **state)
{
	(void)state;
	write_over_noise();
	assert_int_equal(bytes_get16(memory + 0x413) << 10, E820_LOW_END);
	assert_int_equal(bytes_get16(memory + 0x40E), 0);
}

static void there_is_one_serial_port(void **state)
{
	(void)state;
	write_over_noise();
	assert_int_equal(bytes_get16(memory + 0x400), 0x3F8);
	assert_int_equal(bytes_get16(memory + 0x410) >> 9 & 7, 1);
}

static void the_rest_is_zero_and_nothing_else_is_written(void **state)
{
	(void)state;
	write_over_noise();
	memset(memory + 0x400, 0, 0x15);
	for (size_t i = 0; i < sizeof(memory); i++)
		assert_int_equal(memory[i], i < E820_BIOS_DATA_END ? 0 : 0xA5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base_memory_ends_where_the_map_says),
		cmocka_unit_test(there_is_one_serial_port),
		cmocka_unit_test(the_rest_is_zero_and_nothing_else_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

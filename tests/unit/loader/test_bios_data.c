/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BIOS data area: what kernels read of it is there, what they call refuses, all else is zero, nothing behind it is
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

static void every_vector_leads_to_the_refusal(void **state)
{
	static const uint8_t stc_retf_2[] = { 0xF9, 0xCA, 0x02, 0x00 };

	(void)state;
	write_over_noise();
	for (size_t i = 0; i < 256; i++) {
		size_t target = (size_t)bytes_get16(memory + 4 * i + 2) * 16 + bytes_get16(memory + 4 * i);

		assert_in_range(target, 0x500, E820_BIOS_DATA_END - sizeof(stc_retf_2));
		assert_memory_equal(memory + target, stc_retf_2, sizeof(stc_retf_2));
	}
}

static void the_rest_is_zero_and_nothing_else_is_written(void **state)
{
	(void)state;
	write_over_noise();
	memset(memory, 0, 0x504);
	for (size_t i = 0; i < sizeof(memory); i++)
		assert_int_equal(memory[i], i < E820_BIOS_DATA_END ? 0 : 0xA5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base_memory_ends_where_the_map_says),
		cmocka_unit_test(there_is_one_serial_port),
		cmocka_unit_test(every_vector_leads_to_the_refusal),
		cmocka_unit_test(the_rest_is_zero_and_nothing_else_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

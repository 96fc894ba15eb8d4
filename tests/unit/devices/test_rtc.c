/* SPDX-License-Identifier: Apache-2.0 */
/* The real-time clock: formats, setting, updates, the three interrupts, hostile contents. */
#include "recorder.h"

#define A 0x0A
#define B 0x0B
#define C 0x0C
#define CENTURY 0x32

static uint8_t get(uint8_t index)
{
	out8(0x70, index);
	return in8(0x71);
}

static void put(uint8_t index, uint8_t value)
{
	out8(0x70, index);
	out8(0x71, value);
}

static int setup(void **state)
{
	recorder_setup(state);
	ioapic_put(0x20, 0x38); /* pin 8, edge */
	return 0;
}

static void shows_the_platform_time_in_bcd(void **state)
{
	(void)state;
	assert_int_equal(get(0), 0x20);
	assert_int_equal(get(2), 0x13);
	assert_int_equal(get(4), 0x22);
	assert_int_equal(get(6), 3);
	assert_int_equal(get(7), 0x14);
	assert_int_equal(get(8), 0x11);
	assert_int_equal(get(9), 0x23);
	assert_int_equal(get(CENTURY), 0x20);
	assert_int_equal(get(B), 0x02);
	assert_int_equal(get(0x0D), 0x80);
}

static void time_passes(void **state)
{
	(void)state;
	world.now += 3 * 3600 * SECOND;
	assert_int_equal(get(4), 0x01);
	assert_int_equal(get(7), 0x15);
	assert_int_equal(get(6), 4);
}

static void binary_and_12_hours(void **state)
{
	(void)state;
	put(B, 0x04);
	assert_int_equal(get(4), 0x8A); /* 10 pm */
	assert_int_equal(get(9), 23);
	put(B, 0x00);
	assert_int_equal(get(4), 0x90);
	world.now += 2 * 3600 * SECOND;
	assert_int_equal(get(4), 0x12); /* midnight is 12 am */
}

/* As Linux does it: SET, divider held, fields, release. */
static void setting_holds_until_released(void **state)
{
	static const uint8_t fields[][2] = { { 9, 0x00 }, { 8, 0x02 }, { 7, 0x29 }, { 4, 0x23 },
					     { 2, 0x59 }, { 0, 0x59 }, { CENTURY, 0x20 } };

	(void)state;
	put(B, 0x82);
	put(A, 0x66);
	for (uint32_t i = 0; i < 7; i++)
		put(fields[i][0], fields[i][1]);
	world.now += 5 * SECOND;
	assert_int_equal(get(0), 0x59);
	put(B, 0x02);
	put(A, 0x26);
	assert_int_equal(get(0), 0x59);
	world.now += SECOND;
	assert_int_equal(get(0), 0x00);
	assert_int_equal(get(4), 0x00);
	assert_int_equal(get(7), 0x01); /* 2000 was a leap year */
	assert_int_equal(get(8), 0x03);
	assert_int_equal(get(6), 4);
}

static void update_in_progress_shows_before_the_second(void **state)
{
	(void)state;
	assert_int_equal(get(A), 0x26);
	world.now = START_TICKS + SECOND - 300 * MICROSECOND;
	assert_int_equal(get(A), 0x26);
	world.now = START_TICKS + SECOND - 200 * MICROSECOND;
	assert_int_equal(get(A), 0xA6);
	put(B, 0x82);
	assert_int_equal(get(A), 0x26);
	put(B, 0x02);
	world.now = START_TICKS + SECOND;
	assert_int_equal(get(A), 0x26);
}

static void update_interrupt_comes_each_second(void **state)
{
	(void)state;
	put(B, 0x12);
	for (uint32_t i = 1; i <= 3; i++) {
		assert_int_equal(pass(SECOND), 1);
		assert_int_equal(world.msi_count, i);
		assert_int_equal(get(C) & 0xB0, 0x90);
		assert_int_equal(get(C), 0);
	}
}

static void unread_flag_fires_no_second_time(void **state)
{
	(void)state;
	put(B, 0x52);
	pass(100 * SECOND);
	assert_int_equal(world.msi_count, 1);
	assert_true(board_next_deadline(&world.board) == DEADLINE_NONE);
	assert_int_equal(get(C) & 0xD0, 0xD0);
	assert_true(board_next_deadline(&world.board) != DEADLINE_NONE);
}

static void periodic_rates(void **state)
{
	(void)state;
	put(B, 0x42);
	for (uint8_t rate = 1; rate < 16; rate++) {
		uint32_t expected = rate < 3 ? 512u >> rate : 65536u >> rate;
		uint32_t count = 0;

		put(A, 0x20 | rate);
		get(C);
		for (uint64_t end = world.now + SECOND; world.now <= end; count++) {
			world.now = board_next_deadline(&world.board);
			board_run_timers(&world.board);
			assert_int_equal(get(C) & 0xC0, 0xC0);
		}
		assert_in_range(count, expected - 1, expected + 1);
		assert_true(count <= MINIMUM_PERIOD_HZ);
	}
	put(A, 0x20);
	get(C);
	assert_true(board_next_deadline(&world.board) == DEADLINE_NONE);
}

static void alarm_at_a_time_of_day(void **state)
{
	(void)state;
	put(1, 0x00);
	put(3, 0x00);
	put(5, 0x01);
	put(B, 0x22);
	/* 22:13:20 to 01:00:00 */
	assert_true(board_next_deadline(&world.board) == START_TICKS + 10000 * SECOND);
	assert_int_equal(pass(10001 * SECOND), 1);
	assert_int_equal(world.msi_count, 1);
	assert_int_equal(get(C) & 0xA0, 0xA0);
	assert_true(board_next_deadline(&world.board) == START_TICKS + (10000 + 86400) * SECOND);
}

static void alarm_wildcards(void **state)
{
	(void)state;
	put(1, 0x05);
	put(3, 0xFF);
	put(5, 0xC0);
	put(B, 0x22);
	assert_true(board_next_deadline(&world.board) == START_TICKS + 45 * SECOND);
	put(1, 0xFF);
	assert_true(board_next_deadline(&world.board) == START_TICKS + SECOND);
}

static void impossible_alarm_never_comes(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 5; i += 2) {
		setup(state);
		put((uint8_t)i, 0x99);
		put(B, 0x22);
		assert_true(board_next_deadline(&world.board) == DEADLINE_NONE);
		world.now += 200000 * SECOND;
		assert_int_equal(get(C) & 0x20, 0);
	}
}

static void flags_rise_without_their_enables(void **state)
{
	(void)state;
	world.now += 2 * SECOND;
	assert_int_equal(get(C) & 0xD0, 0x50);
	assert_int_equal(world.msi_count, 0);
}

static void hostile_contents_are_brought_into_range(void **state)
{
	(void)state;
	for (uint32_t value = 0; value < 256; value += 5)
		for (uint8_t mode = 0; mode < 8; mode += 2) {
			put(B, 0x80 | mode);
			for (uint8_t i = 0; i < 10; i++)
				put(i, (uint8_t)value);
			put(CENTURY, (uint8_t)value);
			put(B, mode);
			world.now += SECOND;
			put(B, 0x06);
			assert_in_range(get(8), 1, 12);
			assert_in_range(get(7), 1, 31);
			assert_in_range(get(4), 0, 23);
		}
}

static void memory_keeps_what_is_written(void **state)
{
	(void)state;
	assert_int_equal(get(0x15) | get(0x16) | get(0x17) | get(0x18) | get(0x34), 0);
	put(0x0F, 0x0A);
	put(0xFF, 0x55); /* the top bit of the index masks NMIs */
	assert_int_equal(get(0x0F), 0x0A);
	assert_int_equal(get(0x7F), 0x55);
	put(0x0D, 0x00);
	assert_int_equal(get(0x0D), 0x80);
}

static void unknown_time_is_a_plausible_one(void **state)
{
	(void)state;
	world.platform.unix_time = 0;
	board_reset(&world.board, &world.platform);
	assert_int_equal(get(9), 0x26);
	assert_int_equal(get(8), 0x01);
}

static void restart_keeps_the_time(void **state)
{
	(void)state;
	world.now += 100 * SECOND;
	board_reset(&world.board, &world.platform);
	assert_int_equal(get(2), 0x15);
	assert_int_equal(get(0), 0x00);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(shows_the_platform_time_in_bcd, setup),
		cmocka_unit_test_setup(time_passes, setup),
		cmocka_unit_test_setup(binary_and_12_hours, setup),
		cmocka_unit_test_setup(setting_holds_until_released, setup),
		cmocka_unit_test_setup(update_in_progress_shows_before_the_second, setup),
		cmocka_unit_test_setup(update_interrupt_comes_each_second, setup),
		cmocka_unit_test_setup(unread_flag_fires_no_second_time, setup),
		cmocka_unit_test_setup(periodic_rates, setup),
		cmocka_unit_test_setup(alarm_at_a_time_of_day, setup),
		cmocka_unit_test_setup(alarm_wildcards, setup),
		cmocka_unit_test_setup(impossible_alarm_never_comes, setup),
		cmocka_unit_test_setup(flags_rise_without_their_enables, setup),
		cmocka_unit_test_setup(hostile_contents_are_brought_into_range, setup),
		cmocka_unit_test_setup(memory_keeps_what_is_written, setup),
		cmocka_unit_test_setup(unknown_time_is_a_plausible_one, setup),
		cmocka_unit_test_setup(restart_keeps_the_time, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

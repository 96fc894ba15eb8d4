/* SPDX-License-Identifier: Apache-2.0 */
/* Every way to reset, the stop latch, the health port and the debug exit. */
#include "recorder.h"

#include "kernel/monitor_abi.h"

static void each_way_resets(void **state)
{
	static const uint16_t ways[][2] = {
		{ 0xCF9, 0x06 }, { 0xCF9, 0x0E }, { 0x64, 0xFE }, { 0x92, 0x01 },
	};

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		recorder_power_on(false);
		out8(ways[i][0], (uint8_t)ways[i][1]);
		assert_int_equal(world.stops, 1);
		assert_int_equal(world.stop_reason, STOP_RESET);
		assert_true(world.stop_detail == ways[i][0]);
	}
}

static void nothing_else_resets(void **state)
{
	(void)state;
	out8(0xCF9, 0x02); /* the first step of two */
	assert_int_equal(in8(0xCF9), 0x02);
	for (uint32_t command = 0; command < 0x100; command++)
		if ((command & 0xF1) != 0xF0)
			out8(0x64, (uint8_t)command);
	out8(0x60, 0xFE);
	out8(0x92, 0x02);
	board_port_out(&world.board, 0xCF8, 4, 0x80000600);
	assert_int_equal(world.stops, 0);
}

static void first_stop_wins(void **state)
{
	(void)state;
	out8(0xCF9, 0x06);
	board_port_out(&world.board, 0x604, 2, 5 << 10 | 1 << 13);
	out8(0x92, 0x01);
	assert_int_equal(world.stops, 1);
	assert_int_equal(world.stop_reason, STOP_RESET);
	board_reset(&world.board, &world.platform);
	out8(0x92, 0x01);
	assert_int_equal(world.stops, 2);
}

static void keyboard_probe_gives_up(void **state)
{
	(void)state;
	assert_int_equal(in8(0x64) & 0x03, 0x01); /* output never drains, input is free */
	assert_int_equal(in8(0x60), 0xFF);
	assert_int_equal(in8(0x92), 0x02);
}

static void health_port_tells_events(void **state)
{
	(void)state;
	assert_int_equal(in8(0x510), HEALTH_PRESENT);
	out8(0x510, 2);
	assert_int_equal(world.health, HEALTH_HEARTBEAT);
	out8(0x510, 1);
	assert_int_equal(world.health, HEALTH_GOAL);
	assert_int_equal(world.health_events, 2);
	out8(0x510, 0);
	out8(0x510, 3);
	out8(0x511, 1);
	board_port_out(&world.board, 0x510, 2, 1); /* a firmware-configuration probe */
	board_port_out(&world.board, 0x50F, 2, 0x300);
	assert_int_equal(world.health_events, 2);
	assert_int_equal(in8(0x511), 0xFF);
}

static void debug_exit_tells_its_value(void **state)
{
	(void)state;
	recorder_power_on(true);
	out8(0xF4, 0x2A);
	assert_int_equal(world.stop_reason, STOP_POWER_OFF);
	assert_true(world.stop_detail == (DEBUG_EXIT_FLAG | 0x2A));
	assert_int_equal(world.reports, 0);
}

static void debug_exit_is_not_there_without_the_option(void **state)
{
	(void)state;
	out8(0xF4, 0x2A);
	assert_int_equal(world.stops, 0);
	assert_int_equal(world.reports, 1);
	assert_int_equal(in8(0xF4), 0xFF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_way_resets, recorder_setup),
		cmocka_unit_test_setup(nothing_else_resets, recorder_setup),
		cmocka_unit_test_setup(first_stop_wins, recorder_setup),
		cmocka_unit_test_setup(keyboard_probe_gives_up, recorder_setup),
		cmocka_unit_test_setup(health_port_tells_events, recorder_setup),
		cmocka_unit_test_setup(debug_exit_tells_its_value, recorder_setup),
		cmocka_unit_test_setup(debug_exit_is_not_there_without_the_option, recorder_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

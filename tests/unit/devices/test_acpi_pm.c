/* SPDX-License-Identifier: Apache-2.0 */
/* ACPI fixed hardware: power-off, the timer and its wrap, event bits and the SCI. */
#include "recorder.h"

#include "kernel/monitor_abi.h"

static uint16_t get(uint16_t port)
{
	return (uint16_t)board_port_in(&world.board, port, 2);
}

static void put(uint16_t port, uint16_t value)
{
	board_port_out(&world.board, port, 2, value);
}

static int setup(void **state)
{
	recorder_setup(state);
	ioapic_put(0x22, 0x8039); /* pin 9, level */
	return 0;
}

static void acpi_mode_is_on(void **state)
{
	(void)state;
	assert_int_equal(get(0x604), 0x0001);
	put(0x604, 0x0000);
	assert_int_equal(get(0x604), 0x0001);
}

static void s5_powers_off(void **state)
{
	(void)state;
	put(0x604, 5 << 10);
	assert_int_equal(get(0x604), 5 << 10 | 1);
	assert_int_equal(world.stops, 0);
	put(0x604, 5 << 10 | 1 << 13);
	assert_int_equal(world.stops, 1);
	assert_int_equal(world.stop_reason, STOP_POWER_OFF);
	assert_true(world.stop_detail == 0);
	assert_int_equal(get(0x604) & 1 << 13, 0);
}

static void s5_by_bytes_powers_off(void **state)
{
	(void)state;
	out8(0x605, 5 << 2);
	out8(0x605, 5 << 2 | 1 << 5);
	assert_int_equal(world.stop_reason, STOP_POWER_OFF);
}

static void other_sleep_types_do_nothing(void **state)
{
	(void)state;
	for (uint32_t type = 0; type < 8; type++)
		if (type != ACPI_S5_SLEEP_TYPE)
			put(0x604, (uint16_t)(type << 10 | 1 << 13));
	put(0x600, 5 << 10 | 1 << 13);
	put(0x602, 5 << 10 | 1 << 13);
	put(0x606, 5 << 10 | 1 << 13);
	assert_int_equal(world.stops, 0);
}

static void timer_runs_at_its_rate(void **state)
{
	(void)state;
	world.now += SECOND;
	assert_int_equal(board_port_in(&world.board, 0x608, 4), 3579545);
	assert_int_equal(board_port_in(&world.board, 0x609, 1), 3579545 >> 8 & 0xFF);
	assert_int_equal(board_port_in(&world.board, 0x60A, 2), 3579545 >> 16);
	board_port_out(&world.board, 0x608, 4, 0);
	assert_int_equal(board_port_in(&world.board, 0x608, 4), 3579545);
}

static void timer_wraps_at_32_bits(void **state)
{
	struct timebase *timebase = &world.board.timebase;

	(void)state;
	world.now = timebase_deadline(timebase, 0x100000000ull, ACPI_PM_TIMER_HZ) - 1;
	assert_int_equal(board_port_in(&world.board, 0x608, 4), 0xFFFFFFFF);
	world.now++;
	assert_int_equal(board_port_in(&world.board, 0x608, 4), 0);
}

static void timer_overflow_raises_the_sci_once(void **state)
{
	uint64_t half;

	(void)state;
	half = timebase_deadline(&world.board.timebase, 0x80000000ull, ACPI_PM_TIMER_HZ);
	put(0x602, 0x0001);
	assert_true(board_next_deadline(&world.board) == half);
	assert_int_equal(pass(2000 * SECOND), 1);
	assert_int_equal(world.msi_count, 1);
	assert_int_equal(get(0x600), 0x0001);
	put(0x600, 0x0001);
	assert_int_equal(get(0x600), 0);
	board_eoi(&world.board, 0x39);
	assert_int_equal(world.msi_count, 1);
}

static void power_button_asks_through_the_sci(void **state)
{
	(void)state;
	board_press_power_button(&world.board);
	assert_int_equal(world.msi_count, 0);
	put(0x602, 0xFFFF);
	assert_int_equal(get(0x602), 0x0721);
	assert_int_equal(world.msi_count, 1);
	board_eoi(&world.board, 0x39);
	assert_int_equal(world.msi_count, 2); /* still there */
	out8(0x601, 0x01);
	board_eoi(&world.board, 0x39);
	assert_int_equal(world.msi_count, 2);
}

static void long_access_reaches_both_halves(void **state)
{
	(void)state;
	board_press_power_button(&world.board);
	board_port_out(&world.board, 0x600, 4, 0x01000000);
	assert_int_equal(board_port_in(&world.board, 0x600, 4), 0x01000100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(acpi_mode_is_on, setup),
		cmocka_unit_test_setup(s5_powers_off, setup),
		cmocka_unit_test_setup(s5_by_bytes_powers_off, setup),
		cmocka_unit_test_setup(other_sleep_types_do_nothing, setup),
		cmocka_unit_test_setup(timer_runs_at_its_rate, setup),
		cmocka_unit_test_setup(timer_wraps_at_32_bits, setup),
		cmocka_unit_test_setup(timer_overflow_raises_the_sci_once, setup),
		cmocka_unit_test_setup(power_button_asks_through_the_sci, setup),
		cmocka_unit_test_setup(long_access_reaches_both_halves, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

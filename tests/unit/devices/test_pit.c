/* SPDX-License-Identifier: Apache-2.0 */
/* The 8254: modes, latching, read-back, gate and output of counter 2, rate limits, no drift. */
#include "recorder.h"

static void program(uint16_t port, uint8_t word, uint16_t count)
{
	out8(0x43, word);
	out8(port, (uint8_t)count);
	out8(port, (uint8_t)(count >> 8));
}

static uint16_t latch(uint16_t port)
{
	uint8_t low;

	out8(0x43, (uint8_t)((port & 3) << 6));
	low = in8(port);
	return (uint16_t)(low | in8(port) << 8);
}

/* Moves time to the start of PIT clock `count` since reset. */
static void at_clock(uint64_t count)
{
	world.now = timebase_deadline(&world.board.timebase, count, PIT_HZ);
}

static int setup(void **state)
{
	recorder_setup(state);
	ioapic_put(0x14, 0x30); /* pin 2, edge: every interrupt is a message */
	return 0;
}

static void nothing_ticks_before_it_is_programmed(void **state)
{
	(void)state;
	assert_int_equal(pass(10 * SECOND), 0);
	out8(0x43, 0x34);
	out8(0x40, 0x10); /* half a count */
	assert_int_equal(pass(SECOND), 0);
}

static void rate_generator_does_not_drift(void **state)
{
	(void)state;
	program(0x40, 0x34, 11932); /* Linux at 100 Hz */
	pass(100 * SECOND);
	assert_in_range(world.msi_count, 9999, 9999); /* 99.998 Hz */
	assert_int_equal(world.msi_data, 0x30);
}

static void late_ticks_are_one(void **state)
{
	uint64_t deadline;

	(void)state;
	program(0x40, 0x36, 11932);
	world.now += 5 * SECOND;
	board_run_timers(&world.board);
	assert_int_equal(world.msi_count, 1);
	deadline = board_next_deadline(&world.board);
	assert_in_range(deadline, world.now + 1, world.now + 10 * MILLISECOND);
}

static void hostile_rate_is_limited(void **state)
{
	static const uint16_t counts[] = { 1, 2, 3, 50, 119, 120 };

	(void)state;
	for (uint32_t i = 0; i < 6; i++) {
		setup(state);
		program(0x40, i & 1 ? 0x34 : 0x36, counts[i]);
		assert_in_range(pass(SECOND), 4000, MINIMUM_PERIOD_HZ);
	}
}

static void terminal_count_fires_once(void **state)
{
	(void)state;
	program(0x40, 0x30, 1193);
	assert_int_equal(pass(MILLISECOND - 10 * MICROSECOND), 0);
	assert_int_equal(pass(SECOND), 1);
	assert_int_equal(world.msi_count, 1);
	program(0x40, 0x30, 0); /* how Linux shuts it down: 65536 */
	assert_int_equal(pass(SECOND), 1);
}

static void strobe_fires_once(void **state)
{
	(void)state;
	program(0x40, 0x38, 1193);
	assert_int_equal(pass(SECOND), 1);
	assert_int_equal(world.msi_count, 1);
}

static void triggered_modes_wait_for_ever_on_counter_0(void **state)
{
	(void)state;
	program(0x40, 0x32, 100);
	program(0x40, 0x3A, 100);
	assert_int_equal(pass(SECOND), 0);
}

static void latched_count_stands_still(void **state)
{
	uint8_t low;

	(void)state;
	program(0x40, 0x34, 1000);
	at_clock(1);
	assert_int_equal(latch(0x40), 999);
	at_clock(999);
	assert_int_equal(latch(0x40), 1);
	at_clock(1000);
	assert_int_equal(latch(0x40), 1000);
	out8(0x43, 0x00);
	at_clock(1500);
	out8(0x43, 0x00); /* the second latch is ignored */
	low = in8(0x40);
	assert_int_equal(low | in8(0x40) << 8, 1000);
	low = in8(0x40); /* not latched any more */
	assert_int_equal(low | in8(0x40) << 8, 500);
}

static void square_wave_counts_by_two(void **state)
{
	(void)state;
	program(0x40, 0x36, 1000);
	at_clock(100);
	assert_int_equal(latch(0x40), 800);
	at_clock(600);
	assert_int_equal(latch(0x40), 800);
}

static void read_back_gives_status_then_count(void **state)
{
	uint8_t low;

	(void)state;
	out8(0x43, 0x34);
	out8(0x43, 0xE2);
	assert_int_equal(in8(0x40), 0xF4); /* output high, no count yet, both bytes, mode 2 */
	out8(0x40, 1000 & 0xFF);
	out8(0x40, 1000 >> 8);
	at_clock(10);
	out8(0x43, 0xC2);
	at_clock(20);
	assert_int_equal(in8(0x40), 0xB4);
	low = in8(0x40);
	assert_int_equal(low | in8(0x40) << 8, 990);
	at_clock(999);
	out8(0x43, 0xE2);
	assert_int_equal(in8(0x40), 0x34); /* low for the last clock of a period */
}

static void read_back_names_several_counters(void **state)
{
	(void)state;
	program(0x40, 0x30, 100);
	out8(0x43, 0x90); /* counter 2, low byte only, mode 0 */
	out8(0x43, 0xEE);
	assert_int_equal(in8(0x40), 0x30);
	assert_int_equal(in8(0x42), 0x50);
}

static void single_byte_access_modes(void **state)
{
	(void)state;
	out8(0x43, 0x14);
	out8(0x40, 200);
	at_clock(50);
	assert_int_equal(in8(0x40), 150);
	recorder_power_on(false);
	out8(0x43, 0x24);
	out8(0x40, 0x10);
	at_clock(0x200);
	assert_int_equal(in8(0x40), 0x0E);
}

static void bcd_counts_in_decimal(void **state)
{
	(void)state;
	program(0x40, 0x35, 0x1000);
	at_clock(1);
	assert_int_equal(latch(0x40), 0x0999);
	program(0x40, 0x31, 0xFFFF); /* not decimal */
	assert_int_equal(latch(0x40) & 0xF000, 0x6000);
	program(0x40, 0x31, 0);
	assert_int_equal(latch(0x40), 0);
}

/* Linux measures the TSC like this: gate up, mode 0, wait for the output. */
static void speaker_counter_times_through_port_61(void **state)
{
	(void)state;
	out8(0x61, (in8(0x61) & 0xFC) | 0x01);
	program(0x42, 0xB0, 11931);
	assert_int_equal(in8(0x61) & 0x23, 0x01);
	world.now += 9990 * MICROSECOND;
	assert_int_equal(in8(0x61) & 0x20, 0);
	world.now += 20 * MICROSECOND;
	assert_int_equal(in8(0x61) & 0x20, 0x20);
	assert_int_equal(world.msi_count, 0);
}

static void gate_pauses_and_triggers(void **state)
{
	(void)state;
	program(0x42, 0xB0, 1000);
	at_clock(500);
	assert_int_equal(latch(0x42), 1000); /* gate low */
	out8(0x61, 1);
	at_clock(600);
	assert_int_equal(latch(0x42), 900);
	out8(0x61, 0);
	at_clock(5000);
	assert_int_equal(latch(0x42), 900);
	out8(0x61, 1);
	at_clock(5100);
	assert_int_equal(latch(0x42), 800);
	out8(0x61, 0);
	program(0x42, 0xB2, 100); /* one-shot */
	assert_int_equal(in8(0x61) & 0x20, 0x20);
	out8(0x61, 1);
	assert_int_equal(in8(0x61) & 0x20, 0);
	at_clock(5200);
	assert_int_equal(in8(0x61) & 0x20, 0x20);
}

static void refresh_bit_toggles(void **state)
{
	uint8_t before = in8(0x61) & 0x10;

	(void)state;
	world.now += 16 * MICROSECOND;
	assert_int_not_equal(in8(0x61) & 0x10, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_ticks_before_it_is_programmed, setup),
		cmocka_unit_test_setup(rate_generator_does_not_drift, setup),
		cmocka_unit_test_setup(late_ticks_are_one, setup),
		cmocka_unit_test_setup(hostile_rate_is_limited, setup),
		cmocka_unit_test_setup(terminal_count_fires_once, setup),
		cmocka_unit_test_setup(strobe_fires_once, setup),
		cmocka_unit_test_setup(triggered_modes_wait_for_ever_on_counter_0, setup),
		cmocka_unit_test_setup(latched_count_stands_still, setup),
		cmocka_unit_test_setup(square_wave_counts_by_two, setup),
		cmocka_unit_test_setup(read_back_gives_status_then_count, setup),
		cmocka_unit_test_setup(read_back_names_several_counters, setup),
		cmocka_unit_test_setup(single_byte_access_modes, setup),
		cmocka_unit_test_setup(bcd_counts_in_decimal, setup),
		cmocka_unit_test_setup(speaker_counter_times_through_port_61, setup),
		cmocka_unit_test_setup(gate_pauses_and_triggers, setup),
		cmocka_unit_test_setup(refresh_bit_toggles, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

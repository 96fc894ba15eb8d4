/* SPDX-License-Identifier: Apache-2.0 */
/* Scaling of ticks: exact at any rate, inverse to itself, monotonic. */
#include "recorder.h"

static void deadline_is_the_first_tick_of_its_count(void **state)
{
	static const uint64_t rates[] = { 1, 1000, 1193182, 50000000, 999999937,
					  3000000000, 5500000000 };
	static const uint32_t clocks[] = { 32768, 1193182, 3579545 };

	(void)state;
	for (uint32_t i = 0; i < 7 * 3; i++) {
		struct platform platform = world.platform;
		struct timebase timebase;
		uint32_t hz = clocks[i % 3];

		platform.ticks_hz = rates[i / 3];
		timebase_reset(&timebase, &platform);
		for (uint64_t count = 1; count < 1ull << 40; count = count * 5 / 3 + 7) {
			uint64_t deadline = timebase_deadline(&timebase, count, hz);

			timebase.elapsed_ticks = deadline - timebase.start_ticks;
			assert_true(timebase_count(&timebase, hz) >= count);
			timebase.elapsed_ticks--;
			assert_true(timebase_count(&timebase, hz) < count);
		}
	}
}

static void time_never_goes_back(void **state)
{
	(void)state;
	world.now += SECOND;
	timebase_update(&world.board.timebase);
	world.now -= MILLISECOND; /* the other CPU's counter is behind */
	timebase_update(&world.board.timebase);
	assert_true(timebase_now(&world.board.timebase) == START_TICKS + SECOND);
	world.now = START_TICKS - SECOND; /* before reset */
	timebase_update(&world.board.timebase);
	assert_true(timebase_now(&world.board.timebase) == START_TICKS + SECOND);
}

static void a_rate_of_nothing_divides_nothing(void **state)
{
	(void)state;
	world.platform.ticks_hz = 0;
	board_reset(&world.board, &world.platform);
	world.now += 3;
	assert_int_equal(board_port_in(&world.board, 0x608, 4), 3 * 3579545);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(deadline_is_the_first_tick_of_its_count, recorder_setup),
		cmocka_unit_test_setup(time_never_goes_back, recorder_setup),
		cmocka_unit_test_setup(a_rate_of_nothing_divides_nothing, recorder_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The 8259A pair: initialisation, priorities, cascade, both EOI modes, spurious, polling. */
#include "recorder.h"

static void initialise(uint8_t icw4)
{
	out8(0x20, 0x11);
	out8(0x21, 0x30);
	out8(0x21, 0x04);
	out8(0x21, icw4);
	out8(0xA0, 0x11);
	out8(0xA1, 0x38);
	out8(0xA1, 0x02);
	out8(0xA1, icw4);
	out8(0x21, 0x00);
	out8(0xA1, 0x00);
}

static int setup(void **state)
{
	recorder_setup(state);
	initialise(0x01);
	return 0;
}

static void raise(uint32_t input)
{
	pic_set(&world.board.pic, input, true);
}

static void drop(uint32_t input)
{
	pic_set(&world.board.pic, input, false);
}

static void linux_probe_reads_its_mask_back(void **state)
{
	(void)state;
	out8(0xA1, 0xFF);
	out8(0x21, 0xFB);
	assert_int_equal(in8(0x21), 0xFB);
}

static void nothing_comes_before_the_guest_asks(void **state)
{
	(void)state;
	recorder_power_on(false);
	for (uint32_t i = 0; i < PIC_INPUTS; i++)
		raise(i);
	assert_false(world.is_pic_high);
}

static void request_is_taken_once(void **state)
{
	(void)state;
	raise(4);
	assert_true(world.is_pic_high);
	assert_int_equal(in8(0x20), 0x10);
	assert_int_equal(board_intack(&world.board), 0x34);
	assert_false(world.is_pic_high);
	out8(0x20, 0x0B);
	assert_int_equal(in8(0x20), 0x10);
	drop(4);
	raise(4); /* waits for the end of the first */
	assert_false(world.is_pic_high);
	out8(0x20, 0x20);
	assert_true(world.is_pic_high);
}

static void short_pulse_is_not_lost(void **state)
{
	(void)state;
	raise(3);
	drop(3);
	assert_int_equal(board_intack(&world.board), 0x33);
}

static void slave_interrupts_through_the_cascade(void **state)
{
	(void)state;
	raise(12);
	raise(8);
	assert_int_equal(board_intack(&world.board), 0x38);
	assert_false(world.is_pic_high); /* 12 is below 8 */
	out8(0xA0, 0x20);
	out8(0x20, 0x62);
	assert_true(world.is_pic_high); /* and was not forgotten */
	assert_int_equal(board_intack(&world.board), 0x3C);
}

static void higher_priority_interrupts_lower(void **state)
{
	(void)state;
	raise(5);
	assert_int_equal(board_intack(&world.board), 0x35);
	raise(7);
	assert_false(world.is_pic_high);
	raise(1);
	assert_int_equal(board_intack(&world.board), 0x31);
}

static void masking_in_between_gives_the_spurious_vector(void **state)
{
	(void)state;
	raise(1);
	out8(0x21, 0xFF);
	assert_false(world.is_pic_high);
	assert_int_equal(board_intack(&world.board), 0x37);
	out8(0x20, 0x0B);
	assert_int_equal(in8(0x20), 0); /* and is not in service */
}

static void level_input_requests_until_dropped(void **state)
{
	(void)state;
	out8(0x4D1, 0xFF);
	assert_int_equal(in8(0x4D1), 0xDE);
	raise(9);
	assert_int_equal(board_intack(&world.board), 0x39);
	out8(0xA0, 0x20);
	out8(0x20, 0x20);
	assert_int_equal(board_intack(&world.board), 0x39);
	drop(9);
	out8(0xA0, 0x20);
	out8(0x20, 0x20);
	assert_false(world.is_pic_high);
}

static void automatic_eoi_leaves_nothing_in_service(void **state)
{
	(void)state;
	initialise(0x03);
	raise(6);
	assert_int_equal(board_intack(&world.board), 0x36);
	out8(0x20, 0x0B);
	assert_int_equal(in8(0x20), 0);
}

static void rotation_lowers_what_was_served(void **state)
{
	(void)state;
	raise(3);
	board_intack(&world.board);
	out8(0x20, 0xA0);
	drop(3);
	raise(3);
	raise(4);
	assert_int_equal(board_intack(&world.board), 0x34);
}

static void special_mask_lets_lower_ones_in(void **state)
{
	(void)state;
	raise(1);
	board_intack(&world.board);
	raise(6);
	assert_false(world.is_pic_high);
	out8(0x21, 0x02);
	out8(0x20, 0x68);
	assert_true(world.is_pic_high);
	assert_int_equal(board_intack(&world.board), 0x36);
}

static void poll_acknowledges(void **state)
{
	(void)state;
	out8(0x20, 0x0C);
	assert_int_equal(in8(0x20), 0);
	raise(5);
	out8(0x20, 0x0C);
	assert_int_equal(in8(0x20), 0x85);
	assert_false(world.is_pic_high);
	assert_int_equal(in8(0x20), 0); /* the mode lasts for one read */
}

static void hostile_words_leave_it_sane(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 0x10000; i++) {
		out8(i & 1 ? 0x20 : 0xA1, (uint8_t)(i >> 3));
		out8(i & 2 ? 0x21 : 0xA0, (uint8_t)(i >> 8));
		pic_set(&world.board.pic, i, i & 4);
		board_intack(&world.board);
	}
	initialise(0x01);
	for (uint32_t i = 0; i < PIC_INPUTS; i++)
		drop(i);
	raise(0);
	assert_int_equal(board_intack(&world.board), 0x30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(linux_probe_reads_its_mask_back, setup),
		cmocka_unit_test_setup(nothing_comes_before_the_guest_asks, setup),
		cmocka_unit_test_setup(request_is_taken_once, setup),
		cmocka_unit_test_setup(short_pulse_is_not_lost, setup),
		cmocka_unit_test_setup(slave_interrupts_through_the_cascade, setup),
		cmocka_unit_test_setup(higher_priority_interrupts_lower, setup),
		cmocka_unit_test_setup(masking_in_between_gives_the_spurious_vector, setup),
		cmocka_unit_test_setup(level_input_requests_until_dropped, setup),
		cmocka_unit_test_setup(automatic_eoi_leaves_nothing_in_service, setup),
		cmocka_unit_test_setup(rotation_lowers_what_was_served, setup),
		cmocka_unit_test_setup(special_mask_lets_lower_ones_in, setup),
		cmocka_unit_test_setup(poll_acknowledges, setup),
		cmocka_unit_test_setup(hostile_words_leave_it_sane, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

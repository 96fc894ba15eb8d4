/* SPDX-License-Identifier: Apache-2.0 */
/* The I/O APIC: register halves, edge and level, remote IRR, hostile entries; wiring of lines. */
#include "recorder.h"

#define PIN(n) (uint8_t)(0x10 + 2 * (n))
#define MASKED 0x10000u
#define LEVEL 0x8000u
#define REMOTE_IRR 0x4000u

static void set(uint32_t line, bool is_asserted)
{
	irq_set(&world.board.irq, line, is_asserted);
}

static void version_has_24_pins_and_an_eoi_register(void **state)
{
	(void)state;
	assert_int_equal(ioapic_get(1), 0x00170020);
	ioapic_put(1, 0xFFFFFFFF);
	assert_int_equal(ioapic_get(1), 0x00170020);
	ioapic_put(0, 0xFFFFFFFF);
	assert_int_equal(ioapic_get(0), 0x0F000000);
	assert_int_equal(board_mmio_read(&world.board, 0xFEC00003, 1), 0);
}

static void entries_are_masked_at_reset(void **state)
{
	(void)state;
	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++) {
		assert_int_equal(ioapic_get(PIN(pin)), MASKED);
		assert_int_equal(ioapic_get((uint8_t)(PIN(pin) + 1)), 0);
	}
}

static void halves_are_written_apart(void **state)
{
	(void)state;
	ioapic_put(PIN(5) + 1, 0xFFFFFFFF);
	ioapic_put(PIN(5), 0xFFFFFFFF);
	assert_int_equal(ioapic_get(PIN(5)), 0x1AFFF); /* no status bits */
	assert_int_equal(ioapic_get(PIN(5) + 1), 0xFF000000);
	ioapic_put(PIN(5) + 1, 0x02000000);
	assert_int_equal(ioapic_get(PIN(5)), 0x1AFFF);
}

static void edge_sends_one_message(void **state)
{
	(void)state;
	ioapic_put(PIN(4) + 1, 0x03000000);
	ioapic_put(PIN(4), 0x31);
	set(4, true);
	assert_int_equal(world.msi_count, 1);
	assert_true(world.msi_address == 0xFEE03000);
	assert_int_equal(world.msi_data, 0x31);
	set(4, true);
	assert_int_equal(world.msi_count, 1);
	set(4, false);
	set(4, true);
	assert_int_equal(world.msi_count, 2);
}

static void logical_lowest_priority_is_marked(void **state)
{
	(void)state;
	ioapic_put(PIN(4) + 1, 0xFF000000);
	ioapic_put(PIN(4), 0x0931);
	set(4, true);
	assert_true(world.msi_address == 0xFEEFF00C);
	assert_int_equal(world.msi_data, 0x131);
}

static void edge_while_masked_waits_if_the_line_stays(void **state)
{
	(void)state;
	set(4, true);
	ioapic_put(PIN(4), 0x31);
	assert_int_equal(world.msi_count, 1);
	ioapic_put(PIN(4), MASKED | 0x31);
	ioapic_put(PIN(4), 0x31);
	assert_int_equal(world.msi_count, 1); /* delivered already */
	ioapic_put(PIN(4), MASKED | 0x31);
	set(4, false);
	set(4, true);
	set(4, false);
	ioapic_put(PIN(4), 0x31);
	assert_int_equal(world.msi_count, 1); /* gone */
}

static void level_is_sent_again_after_its_eoi(void **state)
{
	(void)state;
	ioapic_put(PIN(9), LEVEL | 0x51);
	set(9, true);
	assert_int_equal(world.msi_count, 1);
	assert_int_equal(world.msi_data, 0xC051);
	assert_int_equal(ioapic_get(PIN(9)), LEVEL | REMOTE_IRR | 0x51);
	set(9, false);
	set(9, true);
	assert_int_equal(world.msi_count, 1);
	board_eoi(&world.board, 0x52);
	assert_int_equal(world.msi_count, 1);
	board_eoi(&world.board, 0x51);
	assert_int_equal(world.msi_count, 2);
	set(9, false);
	board_mmio_write(&world.board, 0xFEC00040, 4, 0x51);
	assert_int_equal(world.msi_count, 2);
	assert_int_equal(ioapic_get(PIN(9)), LEVEL | 0x51);
}

static void level_waits_for_the_unmask(void **state)
{
	(void)state;
	ioapic_put(PIN(9), MASKED | LEVEL | 0x51);
	set(9, true);
	assert_int_equal(world.msi_count, 0);
	ioapic_put(PIN(9), LEVEL | 0x51);
	assert_int_equal(world.msi_count, 1);
	ioapic_put(PIN(9), MASKED | LEVEL | 0x51);
	board_eoi(&world.board, 0x51);
	assert_int_equal(world.msi_count, 1);
}

static void turning_to_edge_drops_remote_irr(void **state)
{
	(void)state;
	ioapic_put(PIN(9), LEVEL | 0x51);
	set(9, true);
	ioapic_put(PIN(9), MASKED | 0x51);
	assert_int_equal(ioapic_get(PIN(9)), MASKED | 0x51);
}

static void meaningless_entries_deliver_nothing(void **state)
{
	static const uint32_t inert[] = { 0x00, 0x0F, 0x10F, 0x230, 0x330, 0x630, 0x730, 0x8230 };

	(void)state;
	for (uint32_t i = 0; i < sizeof(inert) / sizeof(inert[0]); i++) {
		ioapic_put(PIN(4), inert[i]);
		set(4, false);
		set(4, true);
		assert_int_equal(world.msi_count, 0);
	}
}

static void nmi_is_an_edge_whatever_it_says(void **state)
{
	(void)state;
	ioapic_put(PIN(4), LEVEL | 0x400);
	set(4, true);
	assert_int_equal(world.msi_count, 1);
	assert_int_equal(world.msi_data, 0x400);
	assert_int_equal(ioapic_get(PIN(4)) & REMOTE_IRR, 0);
}

static void hostile_indices_and_offsets_are_inert(void **state)
{
	(void)state;
	for (uint32_t index = 0x40; index < 0x100; index++) {
		ioapic_put((uint8_t)index, 0x31);
		assert_int_equal(ioapic_get((uint8_t)index), 0);
	}
	for (uint32_t offset = 0; offset < 0x1000; offset++)
		board_mmio_write(&world.board, 0xFEC00000 + offset, offset & 1 ? 1 : 8, UINT64_MAX);
	for (uint32_t pin = 0; pin <= 64; pin++) {
		ioapic_set(&world.board.ioapic, pin, true);
		set(pin, true);
	}
	assert_int_equal(world.msi_count, 0);
}

static void partial_write_of_the_window_is_ignored(void **state)
{
	(void)state;
	ioapic_put(PIN(4), 0x31);
	board_mmio_write(&world.board, 0xFEC00010, 1, 0x99);
	assert_int_equal(ioapic_get(PIN(4)), 0x31);
	assert_int_equal(board_mmio_read(&world.board, 0xFEC00010, 1), 0x31);
}

static void timer_comes_out_at_pin_2(void **state)
{
	(void)state;
	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++)
		ioapic_put(PIN(pin), 0x40 + pin);
	irq_pulse(&world.board.irq, IRQ_PIT);
	assert_int_equal(world.msi_count, 1);
	assert_int_equal(world.msi_data, 0x42);
	set(2, true); /* the cascade is nobody's line */
	assert_int_equal(world.msi_count, 1);
	for (uint32_t line = 3; line < IRQ_LINES; line++) {
		set(line, true);
		assert_int_equal(world.msi_data, 0x40 + line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(version_has_24_pins_and_an_eoi_register, recorder_setup),
		cmocka_unit_test_setup(entries_are_masked_at_reset, recorder_setup),
		cmocka_unit_test_setup(halves_are_written_apart, recorder_setup),
		cmocka_unit_test_setup(edge_sends_one_message, recorder_setup),
		cmocka_unit_test_setup(logical_lowest_priority_is_marked, recorder_setup),
		cmocka_unit_test_setup(edge_while_masked_waits_if_the_line_stays, recorder_setup),
		cmocka_unit_test_setup(level_is_sent_again_after_its_eoi, recorder_setup),
		cmocka_unit_test_setup(level_waits_for_the_unmask, recorder_setup),
		cmocka_unit_test_setup(turning_to_edge_drops_remote_irr, recorder_setup),
		cmocka_unit_test_setup(meaningless_entries_deliver_nothing, recorder_setup),
		cmocka_unit_test_setup(nmi_is_an_edge_whatever_it_says, recorder_setup),
		cmocka_unit_test_setup(hostile_indices_and_offsets_are_inert, recorder_setup),
		cmocka_unit_test_setup(partial_write_of_the_window_is_ignored, recorder_setup),
		cmocka_unit_test_setup(timer_comes_out_at_pin_2, recorder_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

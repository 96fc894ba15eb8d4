/* SPDX-License-Identifier: Apache-2.0 */
/* Dispatch: claimed and unclaimed addresses, odd sizes, straddling accesses, bounded reports. */
#include "recorder.h"

static struct {
	uint32_t reads, writes;
	uint64_t address, value;
	uint32_t size;
} seen;

static uint64_t probe_read(void *device, uint64_t address, uint32_t size)
{
	(void)device;
	seen.reads++;
	seen.address = address;
	seen.size = size;
	return 0x1122334455667788ull; /* more than asked for: the bus cuts */
}

static void probe_write(void *device, uint64_t address, uint32_t size, uint64_t value)
{
	(void)device;
	seen.writes++;
	seen.address = address;
	seen.size = size;
	seen.value = value;
}

static const struct bus_range rows[] = {
	{ .first = 0x10, .last = 0x13, .sizes = BUS_BYTE,
	  .read = probe_read, .write = probe_write },
	{ .first = 0x20, .last = 0x23, .sizes = BUS_LONG,
	  .read = probe_read, .write = probe_write },
	{ .first = 0x30, .last = 0x30, .sizes = BUS_BYTE, .option = BUS_DEBUG_EXIT,
	  .read = probe_read, .write = probe_write },
};

static struct bus small_bus(void)
{
	memset(&seen, 0, sizeof(seen));
	return (struct bus){
		.platform = &world.board.platform, .ranges = rows, .range_count = 3,
		.devices = &world, .granule_mask = UINT64_MAX, .max_size = 4,
	};
}

static void claimed_access_is_cut_to_its_size(void **state)
{
	struct bus bus = small_bus();

	(void)state;
	assert_int_equal(bus_read(&bus, 0x11, 1), 0x88);
	assert_int_equal(bus_read(&bus, 0x20, 4), 0x55667788);
	bus_write(&bus, 0x12, 1, 0xABCD);
	assert_int_equal(seen.value, 0xCD);
	assert_int_equal(world.reports, 0);
}

static void wide_access_to_a_byte_device_is_split(void **state)
{
	struct bus bus = small_bus();

	(void)state;
	assert_int_equal(bus_read(&bus, 0x10, 4), 0x88888888);
	assert_int_equal(seen.reads, 4);
	bus_write(&bus, 0x10, 2, 0xBEEF);
	assert_int_equal(seen.writes, 2);
	assert_int_equal(seen.address, 0x11);
	assert_int_equal(seen.value, 0xBE);
}

static bool is_there;

static bool claims_now(const void *device, uint64_t address, uint32_t size)
{
	(void)device;
	(void)address;
	(void)size;
	return is_there;
}

static void a_row_in_front_may_come_and_go(void **state)
{
	struct bus_range both[] = { rows[0], rows[0] };
	struct bus bus = small_bus();

	(void)state;
	both[0].read = bus_absent_read;
	both[0].claims = claims_now;
	bus.ranges = both;
	bus.range_count = 2;
	for (uint32_t i = 0; i < 6; i++) {
		is_there = i & 1;
		assert_int_equal(bus_read(&bus, 0x10 + i % 2, 1), is_there ? 0xFF : 0x88);
		assert_int_equal(bus_read(&bus, 0x10, 1), is_there ? 0xFF : 0x88);
	}
	/* the same lowest bits are not the same address */
	bus = small_bus();
	assert_int_equal(bus_read(&bus, 0x10, 1), 0x88);
	assert_int_equal(bus_read(&bus, 0x20, 4), 0x55667788);
	assert_int_equal(bus_read(&bus, 0x20, 1), 0xFF); /* nor is another size the same access */
	assert_int_equal(bus_read(&bus, 0x10, 1), 0x88);
	assert_int_equal(bus_read(&bus, 0x40, 1), 0xFF);
}

static void straddling_access_reaches_only_its_bytes(void **state)
{
	struct bus bus = small_bus();

	(void)state;
	assert_int_equal(bus_read(&bus, 0x12, 4), 0xFFFF8888);
	assert_int_equal(seen.reads, 2);
	/* A device of long registers never sees a part of one. */
	assert_int_equal(bus_read(&bus, 0x22, 4), 0xFFFFFFFF);
	assert_int_equal(bus_read(&bus, 0x21, 1), 0xFF);
	bus_write(&bus, 0x1E, 4, 0);
	assert_int_equal(seen.reads, 2);
	assert_int_equal(seen.writes, 0);
}

static void sizes_that_do_not_exist_are_refused(void **state)
{
	static const uint32_t sizes[] = { 0, 3, 5, 8, 16, 0xFFFFFFFF };
	struct bus bus = small_bus();

	(void)state;
	for (uint32_t i = 0; i < 6; i++) {
		bus_read(&bus, 0x10, sizes[i]);
		bus_write(&bus, 0x10, sizes[i], 1);
	}
	assert_int_equal(bus_read(&bus, UINT64_MAX - 1, 4), 0xFFFFFFFF);
	assert_int_equal(seen.reads + seen.writes, 0);
}

static void option_row_exists_only_with_the_option(void **state)
{
	struct bus bus = small_bus();

	(void)state;
	assert_int_equal(bus_read(&bus, 0x30, 1), 0xFF);
	assert_int_equal(seen.reads, 0);
	world.board.platform.has_debug_exit = true;
	assert_int_equal(bus_read(&bus, 0x30, 1), 0x88);
}

static void unclaimed_port_is_reported_once(void **state)
{
	(void)state;
	assert_int_equal(board_port_in(&world.board, 0x1234, 2), 0xFFFF);
	assert_int_equal(world.reports, 1);
	assert_int_equal(world.report.address, 0x1234);
	assert_int_equal(world.report.size, 2);
	assert_false(world.report.is_write);
	assert_false(world.report.is_mmio);
	board_port_out(&world.board, 0x1234, 2, 7);
	assert_int_equal(world.reports, 1);
	board_port_out(&world.board, 0x1235, 1, 7);
	assert_int_equal(world.reports, 2);
	assert_true(world.report.is_write);
	assert_int_equal(world.report.value, 7);
}

static void unclaimed_mmio_is_reported_once_a_page(void **state)
{
	(void)state;
	assert_true(board_mmio_read(&world.board, 0xC0000000, 8) == UINT64_MAX);
	board_mmio_write(&world.board, 0xC0000FF8, 8, 0);
	assert_int_equal(world.reports, 1);
	assert_true(world.report.is_mmio);
	board_mmio_write(&world.board, 0xC0001000, 4, 0);
	assert_int_equal(world.reports, 2);
}

static void reports_are_bounded(void **state)
{
	(void)state;
	for (uint32_t port = 0; port < 0x10000; port++)
		if (port != 0xCF9)
			board_port_in(&world.board, (uint16_t)port, 1);
	assert_int_equal(world.reports, BUS_MAX_REPORTS);
	board_port_in(&world.board, 0xFFFF, 4); /* past the end of the port space */
}

static void absent_ports_are_silent(void **state)
{
	(void)state;
	out8(0x80, 0);
	assert_int_equal(in8(0x2FA), 0xFF);
	out8(0xCFB, 1);
	assert_int_equal(world.reports, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(claimed_access_is_cut_to_its_size, recorder_setup),
		cmocka_unit_test_setup(a_row_in_front_may_come_and_go, recorder_setup),
		cmocka_unit_test_setup(wide_access_to_a_byte_device_is_split, recorder_setup),
		cmocka_unit_test_setup(straddling_access_reaches_only_its_bytes, recorder_setup),
		cmocka_unit_test_setup(sizes_that_do_not_exist_are_refused, recorder_setup),
		cmocka_unit_test_setup(option_row_exists_only_with_the_option, recorder_setup),
		cmocka_unit_test_setup(unclaimed_port_is_reported_once, recorder_setup),
		cmocka_unit_test_setup(unclaimed_mmio_is_reported_once_a_page, recorder_setup),
		cmocka_unit_test_setup(reports_are_bounded, recorder_setup),
		cmocka_unit_test_setup(absent_ports_are_silent, recorder_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

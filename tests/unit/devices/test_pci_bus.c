/* SPDX-License-Identifier: Apache-2.0 */
/* PCI configuration: mechanism 1 as Linux probes it, sizes, empty places, added functions. */
#include "recorder.h"

static uint32_t read_config(uint32_t address, uint32_t offset, uint32_t size)
{
	board_port_out(&world.board, 0xCF8, 4, 0x80000000 | address | (offset & 0xFC));
	return (uint32_t)board_port_in(&world.board, (uint16_t)(0xCFC + (offset & 3)), size);
}

static void write_config(uint32_t address, uint32_t offset, uint32_t size, uint32_t value)
{
	board_port_out(&world.board, 0xCF8, 4, 0x80000000 | address | (offset & 0xFC));
	board_port_out(&world.board, (uint16_t)(0xCFC + (offset & 3)), size, value);
}

static void linux_finds_mechanism_1(void **state)
{
	(void)state;
	out8(0xCFB, 0x01);
	board_port_out(&world.board, 0xCF8, 4, 0x80000000);
	assert_int_equal(board_port_in(&world.board, 0xCF8, 4), 0x80000000);
	board_port_out(&world.board, 0xCF8, 4, 0xFFFFFFFF);
	assert_int_equal(board_port_in(&world.board, 0xCF8, 4), 0x80FFFFFC);
	assert_int_equal(read_config(0, 0x0A, 2), 0x0600);
}

static void host_bridge_reads_in_all_sizes(void **state)
{
	(void)state;
	assert_int_equal(read_config(0, 0, 4), PCI_HOST_BRIDGE_ID);
	assert_int_equal(read_config(0, 0, 2), 0x8086);
	assert_int_equal(read_config(0, 2, 2), 0x1237);
	assert_int_equal(read_config(0, 3, 1), 0x12);
	assert_int_equal(read_config(0, 0x0E, 1), 0x00); /* one function, ordinary header */
	assert_int_equal(read_config(0, 0x10, 4), 0);
}

static void everything_else_is_empty(void **state)
{
	(void)state;
	for (uint32_t place = 1; place < 0x10000; place++)
		assert_int_equal(read_config(place << 8, 0, 4), 0xFFFFFFFF);
	board_port_out(&world.board, 0xCF8, 4, 0);
	assert_int_equal(board_port_in(&world.board, 0xCFC, 4), 0xFFFFFFFF);
	assert_int_equal(board_port_in(&world.board, 0xCFE, 4), 0xFFFFFFFF);
	assert_int_equal(world.reports, 0);
}

static void identity_is_read_only(void **state)
{
	(void)state;
	for (uint32_t offset = 0; offset < PCI_CONFIG_BYTES; offset += 4)
		write_config(0, offset, 4, 0xFFFFFFFF);
	assert_int_equal(read_config(0, 0, 4), PCI_HOST_BRIDGE_ID);
	assert_int_equal(read_config(0, 0x10, 4), 0);
	assert_int_equal(read_config(0, 0x3C, 2), 0x00FF);
}

static struct {
	uint32_t calls, offset, size;
} told;

static void written(void *device, uint32_t offset, uint32_t size)
{
	assert_ptr_equal(device, &told);
	told.calls++;
	told.offset = offset;
	told.size = size;
}

static void added_function_answers_and_sizes_its_bar(void **state)
{
	static struct pci_function function;
	static struct pci_function same;
	static const struct pci_ops ops = { .written = written };

	(void)state;
	function = (struct pci_function){ .devfn = 1 << 3, .device = &told, .ops = &ops };
	same = function;
	pci_define(&function, 0, 4, 0x10421AF4);
	pci_define(&function, 0xFE, 4, 0xFFFFFFFF); /* cut at the end */
	function.writable[0x11] = 0xF0;
	function.writable[0x12] = 0xFF;
	function.writable[0x13] = 0xFF;
	assert_true(pci_add(&world.board.pci, &function));
	assert_false(pci_add(&world.board.pci, &same));
	assert_int_equal(read_config(0x800, 0, 4), 0x10421AF4);
	write_config(0x800, 0x10, 4, 0xFFFFFFFF);
	assert_int_equal(read_config(0x800, 0x10, 4), 0xFFFFF000);
	write_config(0x800, 0x12, 2, 0xC000);
	assert_int_equal(read_config(0x800, 0x10, 4), 0xC000F000);
	assert_int_equal(told.calls, 2);
	assert_int_equal(told.offset, 0x12);
	assert_int_equal(told.size, 2);
}

static void table_of_functions_is_bounded(void **state)
{
	static struct pci_function functions[PCI_MAX_FUNCTIONS];

	(void)state;
	for (uint32_t i = 0; i < PCI_MAX_FUNCTIONS; i++) {
		bool has_room = i < PCI_MAX_FUNCTIONS - 1;

		functions[i].devfn = (uint8_t)(i + 1);
		assert_int_equal(pci_add(&world.board.pci, &functions[i]), has_room);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(linux_finds_mechanism_1, recorder_setup),
		cmocka_unit_test_setup(host_bridge_reads_in_all_sizes, recorder_setup),
		cmocka_unit_test_setup(everything_else_is_empty, recorder_setup),
		cmocka_unit_test_setup(identity_is_read_only, recorder_setup),
		cmocka_unit_test_setup(added_function_answers_and_sizes_its_bar, recorder_setup),
		cmocka_unit_test_setup(table_of_functions_is_bounded, recorder_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

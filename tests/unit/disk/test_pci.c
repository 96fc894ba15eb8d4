/* SPDX-License-Identifier: Apache-2.0 */
/* Finding PCI functions, their registers and capabilities on buses that are played, hostile ones among them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "bsp/pci/message.h"

#define AT(bus, device, function) ((uint32_t)(bus) << 16 | (device) << 11 | (function) << 8)

static struct { uint32_t address, id, class_code, header, buses; } functions[8];
static uint32_t reads;

static uint32_t config_read(void *context, uint32_t address, uint32_t offset)
{
	(void)context;
	reads++;
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (functions[i].id && functions[i].address == address)
			return offset == 0 ? functions[i].id : offset == 8 ? functions[i].class_code << 8 : offset == 0xC ? functions[i].header << 16
			     : offset == 0x18 ? functions[i].buses << 8 : 0;
	return UINT32_MAX;
}

static const struct pci_host buses = { .config_read = config_read };

static void add(size_t i, uint32_t address, uint32_t header, uint32_t secondary)
{
	functions[i].address = address;
	functions[i].id = 0x12340000 | 0x1AF4;
	functions[i].class_code = 0x010802;
	functions[i].header = header;
	functions[i].buses = secondary;
}

static int empty(void **state)
{
	(void)state;
	memset(functions, 0, sizeof(functions));
	reads = 0;
	return 0;
}

static uint32_t walk(uint32_t *found, uint32_t most)
{
	struct pci_walk walk = { 0 };
	struct pci_function f;
	uint32_t count = 0;

	while (count < most && pci_next(&buses, &walk, &f))
		found[count++] = f.address;
	assert_false(count < most && pci_next(&buses, &walk, &f)); /* and stays at the end */
	return count;
}

static void finds_functions_behind_bridges(void **state)
{
	uint32_t found[16];

	(void)state;
	add(0, AT(0, 1, 0), 0x80, 0);
	add(1, AT(0, 1, 5), 0, 0);
	add(2, AT(0, 2, 0), 0, 0);
	add(3, AT(0, 2, 1), 0, 0); /* hidden: its device has one function */
	add(4, AT(0, 31, 0), 1, 7);
	add(5, AT(7, 0, 0), 1, 255);
	add(6, AT(255, 31, 0), 0x80, 0);
	add(7, AT(255, 31, 7), 0, 0);
	assert_int_equal(walk(found, 16), 5);
	assert_int_equal(found[0], AT(0, 1, 0));
	assert_int_equal(found[1], AT(0, 1, 5));
	assert_int_equal(found[2], AT(0, 2, 0));
	assert_int_equal(found[3], AT(255, 31, 0));
	assert_int_equal(found[4], AT(255, 31, 7));
}

static void bridges_in_a_circle_end(void **state)
{
	uint32_t found[16];

	(void)state;
	add(0, AT(0, 1, 0), 1, 3);
	add(1, AT(3, 1, 0), 1, 3);
	add(2, AT(3, 2, 0), 0, 0);
	add(3, AT(3, 3, 0), 1, 0);
	assert_int_equal(walk(found, 16), 1);
	assert_true(reads < 2000);
}

static void no_bus_no_functions(void **state)
{
	uint32_t found[1];

	(void)state;
	assert_int_equal(walk(found, 1), 0);
}

static void reads_base_addresses(void **state)
{
	struct registers registers;
	uint64_t physical, bytes;

	(void)state;
	board_make(0x1AF4, 0x1042, 0x010000);
	board_set_bar(0, 0x1000);
	board_set_bar(2, 0x2000000);
	board_set_config(0x10 + 4 * 1, 4, 0xC001); /* ports */
	assert_true(pci_bar(&board.host, &board.function, 0, &physical, &bytes));
	assert_int_equal(physical, 0xE0000000);
	assert_int_equal(bytes, 0x1000);
	assert_true(pci_map(&board.host, &board.function, 2, 0x10000, &registers));
	assert_int_equal(registers.bytes, 0x10000);
	assert_false(pci_bar(&board.host, &board.function, 1, &physical, &bytes));
	assert_false(pci_bar(&board.host, &board.function, 3, &physical, &bytes));
	assert_false(pci_bar(&board.host, &board.function, 6, &physical, &bytes));
	assert_false(pci_bar(&board.host, &board.function, 255, &physical, &bytes));
	board_set_config(0x10, 4, 0xE0000800); /* not where its size allows */
	assert_false(pci_bar(&board.host, &board.function, 0, &physical, &bytes));
	assert_int_equal(board.bad_accesses, 0);
	/* outside: all ones, and no access */
	pci_enable(&board.host, &board.function);
	assert_int_equal(registers_read(&registers, 0xFFFE, 4), UINT32_MAX);
	assert_int_equal(registers_read(&registers, UINT32_MAX, 4), UINT32_MAX);
	write32(&registers, 0x10000, 1);
	assert_int_equal(board.bad_accesses, 0);
}

static void sends(enum pci_messages kind, bool is_sent)
{
	pci_enable(&board.host, &board.function);
	assert_int_equal(pci_messages_start(&board.host, &board.function), kind);
	board_interrupt();
	assert_int_equal(board.message_count, is_sent);
	assert_int_equal(board.bad_accesses, 0);
}

static void a_board(void)
{
	board_make(0x1AF4, 0x1042, 0x010000);
	board_set_bar(0, 0x1000);
}

static void interrupts_by_messages(void **state)
{
	static const uint32_t controls[] = { 0, 0x80, 0x100, 0x180, 0x1F1 };

	(void)state;
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		a_board();
		board_set_msi(0x40, controls[i]);
		sends(PCI_MESSAGES_MSI, true);
	}
	a_board();
	board_set_msi(0x40, 0);
	board_set_msix(0x60, 0, 0xFF0); /* which is preferred */
	sends(PCI_MESSAGES_MSIX, true);
	/* a table that is not there */
	static const struct { uint32_t bar, offset; } absurd[] = { { 0, 0xFF8 }, { 0, 0x1000 }, { 0, 0xFFFFFFF8 }, { 1, 0 }, { 5, 0 }, { 7, 0 } };

	for (size_t i = 0; i < sizeof(absurd) / sizeof(absurd[0]); i++) {
		a_board();
		board_set_msix(0x60, absurd[i].bar, absurd[i].offset);
		sends(PCI_MESSAGES_NONE, false);
	}
	/* nobody listens */
	a_board();
	board_set_msix(0x60, 0, 0);
	board.host.message.address = 0;
	sends(PCI_MESSAGES_NONE, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(finds_functions_behind_bridges, empty),
		cmocka_unit_test_setup(bridges_in_a_circle_end, empty),
		cmocka_unit_test_setup(no_bus_no_functions, empty),
		cmocka_unit_test(reads_base_addresses),
		cmocka_unit_test(interrupts_by_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The 16550A: probes of Linux's 8250 driver, interrupts and edges, FIFO, loopback, break. */
#include "recorder.h"

#define RBR 0x3F8
#define IER 0x3F9
#define IIR 0x3FA
#define FCR 0x3FA
#define LCR 0x3FB
#define MCR 0x3FC
#define LSR 0x3FD
#define MSR 0x3FE
#define SCR 0x3FF

static int setup(void **state)
{
	recorder_setup(state);
	ioapic_put(0x18, 0x34); /* pin 4, edge */
	return 0;
}

/* As a driver leaves it: FIFO on, trigger at one byte, OUT2 and the two modem outputs. */
static void start(uint8_t interrupts)
{
	out8(FCR, 0x07);
	out8(MCR, 0x0B);
	out8(IER, interrupts);
}

static void linux_finds_a_16550a(void **state)
{
	(void)state;
	out8(IER, 0);
	assert_int_equal(in8(IER) & 0x0F, 0);
	out8(IER, 0x0F);
	assert_int_equal(in8(IER) & 0x0F, 0x0F);
	out8(IER, 0);
	out8(MCR, 0x1A);
	assert_int_equal(in8(MSR) & 0xF0, 0x90);
	out8(MCR, 0x00);
	out8(LCR, 0xBF);
	out8(FCR, 0);
	out8(LCR, 0);
	out8(FCR, 0x01);
	assert_int_equal(in8(IIR) >> 6, 3);
	out8(LCR, 0x80);
	assert_int_not_equal(in8(IIR), 0); /* no enhanced feature register */
	out8(LCR, 0xBF);
	assert_int_not_equal(in8(IIR), 0);
	out8(LCR, 0xE0);
	assert_int_equal((in8(IIR) ^ in8(MCR)) & 0x10, 0); /* no EXCR1 */
	out8(LCR, 0x80);
	out8(FCR, 0x21);
	assert_int_equal(in8(IIR) >> 5, 6); /* not a 16750 */
	out8(LCR, 0);
	out8(IER, 0x40);
	assert_int_equal(in8(IER), 0); /* not an XScale */
}

static void linux_finds_no_transmit_bugs(void **state)
{
	(void)state;
	start(0);
	out8(IER, 0x02);
	assert_int_equal(in8(IIR) & 0x0F, 0x02);
	out8(IER, 0);
	assert_int_equal(in8(IIR) & 0x01, 0x01);
	out8(IER, 0x02); /* raised again although read above */
	assert_int_equal(in8(LSR) & 0x60, 0x60);
	assert_int_equal(in8(IIR) & 0x0F, 0x02);
	assert_int_equal(in8(IIR) & 0x0F, 0x01); /* reading took it */
}

static void divisor_hides_data_and_enables(void **state)
{
	(void)state;
	out8(IER, 0x05);
	out8(LCR, 0x83);
	out8(RBR, 0x0C);
	out8(IER, 0x01);
	assert_int_equal(in8(RBR), 0x0C);
	assert_int_equal(in8(IER), 0x01);
	out8(LCR, 0x03);
	assert_int_equal(in8(IER), 0x05);
	assert_int_equal(world.console_used, 0);
	out8(SCR, 0xA5);
	assert_int_equal(in8(SCR), 0xA5);
}

static void bytes_go_out_at_once(void **state)
{
	(void)state;
	out8(RBR, 'h');
	board_port_out(&world.board, RBR, 2, 'i' | 0x0F00); /* the second byte goes to IER */
	assert_memory_equal(world.console, "hi", 2);
	assert_int_equal(world.console_used, 2);
	assert_int_equal(in8(IER), 0x0F);
	assert_int_equal(in8(LSR), 0x60);
}

static void every_byte_sent_makes_an_edge(void **state)
{
	(void)state;
	start(0x02);
	assert_int_equal(world.msi_count, 1);
	assert_int_equal(in8(IIR), 0xC2);
	out8(RBR, 'a');
	assert_int_equal(world.msi_count, 2);
	out8(RBR, 'b'); /* without reading IIR in between */
	assert_int_equal(world.msi_count, 3);
	out8(IER, 0);
	out8(RBR, 'c');
	assert_int_equal(world.msi_count, 3);
}

static void interrupt_needs_out2(void **state)
{
	(void)state;
	out8(IER, 0x02);
	assert_int_equal(world.msi_count, 0);
	out8(MCR, 0x08);
	assert_int_equal(world.msi_count, 1);
	out8(MCR, 0x18);
	out8(RBR, 'x');
	assert_int_equal(world.msi_count, 1);
}

static void received_bytes_come_in_order(void **state)
{
	(void)state;
	start(0x01);
	assert_int_equal(in8(LSR), 0x60);
	assert_true(board_console_input(&world.board, 'o'));
	assert_int_equal(world.msi_count, 1);
	assert_true(board_console_input(&world.board, 'k'));
	assert_int_equal(in8(IIR), 0xC4);
	assert_int_equal(in8(LSR), 0x61);
	assert_int_equal(in8(RBR), 'o');
	assert_int_equal(in8(RBR), 'k');
	assert_int_equal(in8(LSR), 0x60);
	assert_int_equal(in8(IIR), 0xC1);
	assert_int_equal(in8(RBR), 0);
	board_console_input(&world.board, '!');
	assert_int_equal(world.msi_count, 2);
}

static void full_receiver_pushes_back(void **state)
{
	(void)state;
	assert_true(board_console_input(&world.board, 'a')); /* no FIFO yet: one byte */
	assert_false(board_console_input(&world.board, 'b'));
	assert_int_equal(in8(RBR), 'a');
	start(0);
	for (uint8_t i = 0; i < UART_FIFO_BYTES; i++)
		assert_true(board_console_input(&world.board, i));
	assert_false(board_console_input(&world.board, 99));
	assert_int_equal(in8(RBR), 0);
	assert_true(board_console_input(&world.board, UART_FIFO_BYTES));
	for (uint8_t i = 1; i <= UART_FIFO_BYTES; i++)
		assert_int_equal(in8(RBR), i);
	assert_int_equal(in8(LSR) & 0x02, 0);
}

static void bytes_below_the_trigger_time_out(void **state)
{
	(void)state;
	out8(FCR, 0x81);
	out8(IER, 0x01);
	for (uint8_t i = 0; i < 7; i++)
		board_console_input(&world.board, i);
	assert_int_equal(in8(IIR), 0xCC);
	board_console_input(&world.board, 7);
	assert_int_equal(in8(IIR), 0xC4);
}

static void causes_come_by_priority(void **state)
{
	(void)state;
	start(0);
	uart_receive_break(&world.board.uart);
	in8(MSR);
	out8(MCR, 0x1B); /* CTS and DSR stay, DCD stays: no change */
	assert_int_equal(in8(MSR), 0xB0);
	out8(MCR, 0x10);
	out8(MCR, 0x08);
	out8(IER, 0x0F);
	assert_int_equal(in8(IIR) & 0x0F, 0x06);
	assert_int_equal(in8(LSR), 0xF1);
	assert_int_equal(in8(LSR), 0x61); /* read once */
	assert_int_equal(in8(IIR) & 0x0F, 0x04);
	assert_int_equal(in8(RBR), 0);
	assert_int_equal(in8(IIR) & 0x0F, 0x02);
	assert_int_equal(in8(IIR) & 0x0F, 0x00);
	assert_int_equal(in8(MSR) & 0x0F, 0x0B);
	assert_int_equal(in8(IIR) & 0x0F, 0x01);
}

static void break_shows_at_the_top_of_the_fifo(void **state)
{
	(void)state;
	start(0x04);
	board_console_input(&world.board, 'x');
	uart_receive_break(&world.board.uart);
	assert_int_equal(in8(LSR), 0xE1); /* somewhere in the FIFO, not at its top */
	assert_int_equal(world.msi_count, 0);
	assert_int_equal(in8(RBR), 'x');
	assert_int_equal(world.msi_count, 1);
	assert_int_equal(in8(LSR), 0xF1);
}

static void loopback_stays_inside(void **state)
{
	(void)state;
	out8(FCR, 0x01);
	out8(MCR, 0x1F);
	assert_int_equal(in8(MSR) & 0xF0, 0xF0);
	assert_false(board_console_input(&world.board, 'z'));
	for (uint32_t i = 0; i < 17; i++)
		out8(RBR, (uint8_t)('A' + i));
	assert_int_equal(world.console_used, 0);
	assert_int_equal(in8(LSR) & 0x03, 0x03); /* overrun */
	assert_int_equal(in8(RBR), 'A');
	out8(FCR, 0x03);
	assert_int_equal(in8(LSR) & 0x01, 0);
	out8(LCR, 0x43);
	assert_int_equal(in8(LSR), 0xF1);
	out8(MCR, 0x1B);
	assert_int_equal(in8(MSR), 0xB4); /* ring indicator ended */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(linux_finds_a_16550a, setup),
		cmocka_unit_test_setup(linux_finds_no_transmit_bugs, setup),
		cmocka_unit_test_setup(divisor_hides_data_and_enables, setup),
		cmocka_unit_test_setup(bytes_go_out_at_once, setup),
		cmocka_unit_test_setup(every_byte_sent_makes_an_edge, setup),
		cmocka_unit_test_setup(interrupt_needs_out2, setup),
		cmocka_unit_test_setup(received_bytes_come_in_order, setup),
		cmocka_unit_test_setup(full_receiver_pushes_back, setup),
		cmocka_unit_test_setup(bytes_below_the_trigger_time_out, setup),
		cmocka_unit_test_setup(causes_come_by_priority, setup),
		cmocka_unit_test_setup(break_shows_at_the_top_of_the_fifo, setup),
		cmocka_unit_test_setup(loopback_stays_inside, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

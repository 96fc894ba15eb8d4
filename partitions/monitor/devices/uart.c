/* SPDX-License-Identifier: Apache-2.0 */
/* The 16550A; see uart.h. */
#include "devices/uart.h"

#include <string.h>

enum uart_register {
	UART_DATA, UART_IER, UART_IIR_FCR, UART_LCR, UART_MCR, UART_LSR, UART_MSR, UART_SCRATCH
};

#define IER_RECEIVED    0x01u
#define IER_TRANSMIT    0x02u
#define IER_LINE_STATUS 0x04u
#define IER_MODEM       0x08u
#define IER_WRITABLE    0x0Fu

#define IIR_NONE        0x01u
#define IIR_MODEM       0x00u
#define IIR_TRANSMIT    0x02u
#define IIR_RECEIVED    0x04u
#define IIR_LINE_STATUS 0x06u
#define IIR_TIMEOUT     0x0Cu
#define IIR_FIFO_ON     0xC0u

#define FCR_ENABLE         0x01u
#define FCR_CLEAR_RECEIVER 0x02u
#define FCR_TRIGGER_SHIFT  6

#define LCR_BREAK 0x40u
#define LCR_DIVISOR 0x80u

#define MCR_DTR      0x01u
#define MCR_RTS      0x02u
#define MCR_OUT1     0x04u
#define MCR_OUT2     0x08u
#define MCR_LOOPBACK 0x10u
#define MCR_WRITABLE 0x1Fu

#define LSR_DATA        0x01u
#define LSR_OVERRUN     0x02u
#define LSR_BREAK       0x10u
#define LSR_TRANSMITTER 0x60u /* holding register and shift register empty */
#define LSR_FIFO_ERROR  0x80u
#define LSR_ERRORS      0x1Eu
#define FIFO_ERROR_SHIFT 8

#define MSR_CTS 0x10u
#define MSR_DSR 0x20u
#define MSR_RI  0x40u
#define MSR_DCD 0x80u
#define MSR_RI_ENDED 0x04u

static const uint8_t triggers[4] = { 1, 4, 8, 14 };

static uint8_t cause(const struct uart *uart)
{
	uint8_t enabled = uart->interrupt_enable;

	if ((enabled & IER_LINE_STATUS) && uart->line_errors)
		return IIR_LINE_STATUS;
	if ((enabled & IER_RECEIVED) && uart->used >= uart->trigger)
		return IIR_RECEIVED;
	if ((enabled & IER_RECEIVED) && uart->used)
		return IIR_TIMEOUT;
	if ((enabled & IER_TRANSMIT) && uart->is_transmit_pending)
		return IIR_TRANSMIT;
	if ((enabled & IER_MODEM) && uart->modem_delta)
		return IIR_MODEM;
	return IIR_NONE;
}

static void update_line(const struct uart *uart)
{
	bool is_wired = (uart->modem_control & (MCR_OUT2 | MCR_LOOPBACK)) == MCR_OUT2;

	irq_set(uart->irq, IRQ_COM1, is_wired && cause(uart) != IIR_NONE);
}

/* Upper half of MSR: a terminal that is always ready, or our own outputs in loopback. */
static uint8_t modem_lines(uint8_t control)
{
	if (!(control & MCR_LOOPBACK))
		return MSR_DCD | MSR_DSR | MSR_CTS;
	return (control & MCR_RTS ? MSR_CTS : 0) | (control & MCR_DTR ? MSR_DSR : 0) |
	       (control & MCR_OUT1 ? MSR_RI : 0) | (control & MCR_OUT2 ? MSR_DCD : 0);
}

static void write_modem_control(struct uart *uart, uint8_t value)
{
	uint8_t before = modem_lines(uart->modem_control);
	uint8_t changed;

	uart->modem_control = value & MCR_WRITABLE;
	changed = before ^ modem_lines(uart->modem_control);
	uart->modem_delta |= changed >> 4 & (uint8_t)~MSR_RI_ENDED;
	if (changed & before & MSR_RI)
		uart->modem_delta |= MSR_RI_ENDED;
}

/* The status bits of a character show when it reaches the top of the FIFO. */
static void show_errors(struct uart *uart)
{
	if (uart->used)
		uart->line_errors |= uart->fifo[uart->head] >> FIFO_ERROR_SHIFT;
}

static uint32_t capacity(const struct uart *uart)
{
	return uart->is_fifo_on ? UART_FIFO_BYTES : 1;
}

static void push(struct uart *uart, uint16_t character)
{
	uart->fifo[(uart->head + uart->used) % UART_FIFO_BYTES] = character;
	uart->used++;
	if (uart->used == 1)
		show_errors(uart);
}

static uint8_t pop(struct uart *uart)
{
	uint8_t byte;

	if (!uart->used)
		return 0;
	byte = (uint8_t)uart->fifo[uart->head];
	uart->fifo[uart->head] = 0;
	uart->head = (uart->head + 1) % UART_FIFO_BYTES;
	uart->used--;
	show_errors(uart);
	return byte;
}

static void clear_receiver(struct uart *uart)
{
	uart->head = 0;
	uart->used = 0;
	memset(uart->fifo, 0, sizeof(uart->fifo));
}

static bool receive(struct uart *uart, uint16_t character)
{
	if ((uart->modem_control & MCR_LOOPBACK) || uart->used >= capacity(uart))
		return false;
	push(uart, character);
	update_line(uart);
	return true;
}

bool uart_receive(struct uart *uart, uint8_t byte)
{
	return receive(uart, byte);
}

bool uart_receive_break(struct uart *uart)
{
	return receive(uart, LSR_BREAK << FIFO_ERROR_SHIFT);
}

void uart_reset(struct uart *uart, const struct platform *platform, struct irq *irq)
{
	memset(uart, 0, sizeof(*uart));
	uart->platform = platform;
	uart->irq = irq;
	uart->trigger = triggers[0];
	uart->divisor = 1; /* 115200 */
	uart->is_transmit_pending = true;
}

static void transmit(struct uart *uart, uint8_t byte)
{
	/* The holding register fills and empties: an edge-triggered line must show both. */
	uart->is_transmit_pending = false;
	update_line(uart);
	if (!(uart->modem_control & MCR_LOOPBACK))
		uart->platform->ops->console_put(uart->platform->context, byte);
	else if (uart->used < capacity(uart))
		push(uart, byte);
	else
		uart->line_errors |= LSR_OVERRUN;
	uart->is_transmit_pending = true;
}

static void write_interrupt_enable(struct uart *uart, uint8_t value)
{
	/* Enabling the transmit interrupt with an empty transmitter raises it, every time. */
	if ((value & IER_TRANSMIT) && !(uart->interrupt_enable & IER_TRANSMIT))
		uart->is_transmit_pending = true;
	uart->interrupt_enable = value & IER_WRITABLE;
}

static void write_fifo_control(struct uart *uart, uint8_t value)
{
	bool turn_on = value & FCR_ENABLE;

	if (turn_on != uart->is_fifo_on || (turn_on && (value & FCR_CLEAR_RECEIVER)))
		clear_receiver(uart);
	uart->is_fifo_on = turn_on;
	uart->trigger = turn_on ? triggers[value >> FCR_TRIGGER_SHIFT & 3] : 1;
}

static void write_line_control(struct uart *uart, uint8_t value)
{
	bool begins_break = (value & ~uart->line_control) & LCR_BREAK;

	uart->line_control = value;
	if (begins_break && (uart->modem_control & MCR_LOOPBACK) && uart->used < capacity(uart))
		push(uart, LSR_BREAK << FIFO_ERROR_SHIFT);
}

static uint8_t read_interrupt_cause(struct uart *uart)
{
	uint8_t id = cause(uart);

	if (id == IIR_TRANSMIT) /* reading it takes it */
		uart->is_transmit_pending = false;
	return id | (uart->is_fifo_on ? IIR_FIFO_ON : 0);
}

static uint8_t read_line_status(struct uart *uart)
{
	uint8_t status = LSR_TRANSMITTER | uart->line_errors | (uart->used ? LSR_DATA : 0);

	for (uint32_t i = 0; uart->is_fifo_on && i < UART_FIFO_BYTES; i++)
		if (uart->fifo[i] >> FIFO_ERROR_SHIFT)
			status |= LSR_FIFO_ERROR;
	uart->line_errors = 0;
	if (uart->used) /* shown once */
		uart->fifo[uart->head] &= 0xFF;
	return status;
}

static uint8_t read_modem_status(struct uart *uart)
{
	uint8_t status = modem_lines(uart->modem_control) | uart->modem_delta;

	uart->modem_delta = 0;
	return status;
}

static uint8_t read_register(struct uart *uart, enum uart_register which)
{
	bool is_divisor = uart->line_control & LCR_DIVISOR;

	switch (which) {
	case UART_DATA:
		return is_divisor ? (uint8_t)uart->divisor : pop(uart);
	case UART_IER:
		return is_divisor ? (uint8_t)(uart->divisor >> 8) : uart->interrupt_enable;
	case UART_IIR_FCR:
		return read_interrupt_cause(uart);
	case UART_LCR:
		return uart->line_control;
	case UART_MCR:
		return uart->modem_control;
	case UART_LSR:
		return read_line_status(uart);
	case UART_MSR:
		return read_modem_status(uart);
	default:
		return uart->scratch;
	}
}

static void write_divisor(struct uart *uart, enum uart_register which, uint8_t value)
{
	if (which == UART_DATA)
		uart->divisor = (uart->divisor & 0xFF00) | value;
	else
		uart->divisor = (uint16_t)((uart->divisor & 0x00FF) | value << 8);
}

static void write_register(struct uart *uart, enum uart_register which, uint8_t value)
{
	switch (which) {
	case UART_DATA:
		transmit(uart, value);
		break;
	case UART_IER:
		write_interrupt_enable(uart, value);
		break;
	case UART_IIR_FCR:
		write_fifo_control(uart, value);
		break;
	case UART_LCR:
		write_line_control(uart, value);
		break;
	case UART_MCR:
		write_modem_control(uart, value);
		break;
	case UART_SCRATCH:
		uart->scratch = value;
		break;
	default: /* line and modem status are read-only */
		break;
	}
}

bool uart_listens(const struct uart *uart)
{
	return uart->interrupt_enable & IER_RECEIVED;
}

uint64_t uart_read(void *device, uint64_t port, uint32_t size)
{
	struct uart *uart = device;
	uint8_t value = read_register(uart, (enum uart_register)(port & 7));

	(void)size;
	update_line(uart);
	return value;
}

void uart_write(void *device, uint64_t port, uint32_t size, uint64_t value)
{
	struct uart *uart = device;
	enum uart_register which = (enum uart_register)(port & 7);

	(void)size;
	if ((uart->line_control & LCR_DIVISOR) && which <= UART_IER)
		write_divisor(uart, which, (uint8_t)value);
	else
		write_register(uart, which, (uint8_t)value);
	update_line(uart);
}

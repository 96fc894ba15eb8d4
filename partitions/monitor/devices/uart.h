/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 16550A serial port COM1 at 3F8h, interrupt 4. A byte sent is out at once, so the transmitter
 * is always empty; the receiver has a FIFO of 16 and says when it is full, so that nothing typed is
 * lost. The interrupt reaches the board only with OUT2 set, as a PC is wired. Received bytes below
 * the trigger level count as timed out at once.
 * Manual: National PC16550D data sheet, section 8 "Registers".
 */
#ifndef DEVICES_UART_H
#define DEVICES_UART_H

#include "devices/irq.h"

#define UART_PORT 0x3F8u
#define UART_FIFO_BYTES 16u

struct uart {
	const struct platform *platform;
	struct irq *irq;
	uint8_t interrupt_enable;
	uint8_t line_control;
	uint8_t modem_control;
	uint8_t modem_delta;       /* low half of MSR */
	uint8_t line_errors;       /* LSR bits that a read clears */
	uint8_t scratch;
	uint8_t trigger;           /* received bytes that make "data available" */
	bool is_fifo_on;
	bool is_transmit_pending;  /* THR-empty interrupt not yet taken */
	uint16_t divisor;
	uint32_t head, used;       /* of fifo */
	uint16_t fifo[UART_FIFO_BYTES]; /* byte, and its line status bits above */
};

void uart_reset(struct uart *uart, const struct platform *platform, struct irq *irq);

/* A byte, or a break, from the line; false: no room now, or in loopback; offer it again. */
bool uart_receive(struct uart *uart, uint8_t byte);
bool uart_receive_break(struct uart *uart);

/* Whether the guest wants to be told of received bytes. */
bool uart_listens(const struct uart *uart);

uint64_t uart_read(void *device, uint64_t port, uint32_t size);
void uart_write(void *device, uint64_t port, uint32_t size, uint64_t value);

#endif

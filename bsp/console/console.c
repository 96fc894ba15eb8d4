/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver of the first serial port. Owns the UART's registers and the lock in front of them.
 * Source: PC16550D data sheet, "Registers".
 */
#include "bsp/console/console.h"

#include "bsp/cpu.h"

#define COM1 0x3F8

enum uart_register {
	UART_DATA = 0,
	UART_IER = 1,
	UART_DIVISOR_LOW = 0,
	UART_DIVISOR_HIGH = 1,
	UART_IIR = 2,
	UART_FCR = 2,
	UART_LCR = 3,
	UART_MCR = 4,
	UART_LSR = 5,
};

#define IER_RECEIVED 0x01
#define FCR_ENABLE_AND_CLEAR 0x07
#define LCR_8N1 0x03
#define LCR_DIVISOR 0x80
#define MCR_DTR_RTS_OUT2 0x0B     /* OUT2 is the interrupt's gate on a PC */
#define LSR_RECEIVED 0x01
#define LSR_TRANSMIT_EMPTY 0x20
#define LSR_TRANSMITTER_IDLE 0x40
#define IIR_FIFO 0xC0

#define FIFO_BYTES 16
#define WAIT_READS 200000u        /* far longer than 16 bytes take at 115200 baud */

static u32 lock;
static u32 fifo_room;             /* bytes the transmitter takes without another look at it */
static u32 fifo_bytes = 1;
static char last_sent;

static void console_lock(void)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		cpu_pause();
}

static void console_unlock(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

void console_break_lock(void)
{
	console_unlock();
}

void console_init(void)
{
	port_outb(COM1 + UART_IER, 0);
	port_outb(COM1 + UART_LCR, LCR_DIVISOR);
	port_outb(COM1 + UART_DIVISOR_LOW, 1);
	port_outb(COM1 + UART_DIVISOR_HIGH, 0);
	port_outb(COM1 + UART_LCR, LCR_8N1);
	port_outb(COM1 + UART_FCR, FCR_ENABLE_AND_CLEAR);
	port_outb(COM1 + UART_MCR, MCR_DTR_RTS_OUT2);
	if ((port_inb(COM1 + UART_IIR) & IIR_FIFO) == IIR_FIFO)
		fifo_bytes = FIFO_BYTES;
}

static void wait_for(u8 status)
{
	for (u32 i = 0; i < WAIT_READS && !(port_inb(COM1 + UART_LSR) & status); i++)
		cpu_pause();
}

void console_flush(void)
{
	wait_for(LSR_TRANSMITTER_IDLE);
}

static void send(char byte)
{
	if (!fifo_room) {
		wait_for(LSR_TRANSMIT_EMPTY);
		fifo_room = fifo_bytes;
	}
	port_outb(COM1 + UART_DATA, (u8)byte);
	fifo_room--;
	last_sent = byte;
}

static void write_bytes(const char *bytes, u32 length)
{
	for (u32 i = 0; i < length; i++) {
		if (bytes[i] == '\n' && last_sent != '\r')
			send('\r');
		send(bytes[i]);
	}
}

void console_write(const char *bytes, u32 length)
{
	console_lock();
	fifo_room = 0;
	write_bytes(bytes, length);
	console_unlock();
}

void console_write_line(const char *bytes, u32 length)
{
	console_lock();
	fifo_room = 0;
	if (last_sent != '\n')
		write_bytes("\n", 1);
	write_bytes(bytes, length);
	console_unlock();
}

int console_read(void)
{
	int byte = -1;

	console_lock();
	u8 status = port_inb(COM1 + UART_LSR);
	/* A port that is not there reads as all ones. */
	if (status != 0xFF && (status & LSR_RECEIVED))
		byte = port_inb(COM1 + UART_DATA);
	console_unlock();
	return byte;
}

void console_irq_enable(void)
{
	console_lock();
	port_outb(COM1 + UART_IER, IER_RECEIVED);
	console_unlock();
}

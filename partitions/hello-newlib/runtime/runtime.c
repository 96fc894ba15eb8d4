/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime of a program without an operating system; see runtime.h. Owns the interrupt table, the LAPIC's timer, the serial port and the heap.
 * Source: Intel SDM volume 3 "Interrupt Descriptor Table", "Extended XAPIC (x2APIC)", "TSC-Deadline Mode"; volume 2 "CPUID", leaf 15H; PC16550D
 * data sheet.
 */
#include "runtime.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COM1 = 0x3F8, UART_STATUS = 5, UART_RECEIVED = 0x01, UART_EMPTY = 0x20 };
enum { POWER_CONTROL = 0x604, POWER_OFF = 0x2000 | 5 << 10, HEALTH = 0x510 };
enum { MSR_APIC_BASE = 0x1B, MSR_DEADLINE = 0x6E0, MSR_SPURIOUS = 0x80F, MSR_TIMER = 0x832 };
enum { APIC_X2 = 0x400, APIC_ON = 0x800, SPURIOUS_ON = 0x1FF, TIMER_DEADLINE = 2 << 17, TIMER_VECTOR = 0x20 };
enum { VECTORS = 0x21, GATE_CODE = 8, GATE_INTERRUPT = 0x8E00 };

#define HEAP_BYTES (4u << 20)

struct gate { uint16_t low, segment, kind, middle; uint32_t high, reserved; };

static struct gate gates[VECTORS];
static uint64_t start_ticks, ticks_per_ms;
static uint8_t heap[HEAP_BYTES] __attribute__((aligned(16)));
static size_t heap_used;

extern const uint8_t runtime_exceptions[][16];
void runtime_timer(void);
void runtime_main(void);
void runtime_exception(uint64_t vector, uint64_t error, uint64_t address);
int main(void);

static uint8_t in(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void out(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint64_t read_msr(uint32_t number)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
	return (uint64_t)high << 32 | low;
}

static void write_msr(uint32_t number, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(number) : "memory");
}

uint64_t runtime_milliseconds(void)
{
	return (__builtin_ia32_rdtsc() - start_ticks) / ticks_per_ms;
}

void runtime_sleep(uint32_t milliseconds)
{
	uint64_t end = __builtin_ia32_rdtsc() + milliseconds * ticks_per_ms;

	write_msr(MSR_DEADLINE, end);
	/* nothing comes between STI and HLT */
	while (__builtin_ia32_rdtsc() < end)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
}

int runtime_key(void)
{
	return in(COM1 + UART_STATUS) & UART_RECEIVED ? in(COM1) : -1;
}

void runtime_say(enum runtime_health health)
{
	out(HEALTH, (uint8_t)health);
}

void runtime_power_off(void)
{
	fflush(stdout);
	for (;;)
		__asm__ volatile("outw %0, %1; hlt" : : "a"((uint16_t)POWER_OFF), "Nd"((uint16_t)POWER_CONTROL));
}

void runtime_exception(uint64_t vector, uint64_t error, uint64_t address)
{
	printf("hello: exception %u (error %x) at %x%08x\n", (unsigned int)vector, (unsigned int)error, (unsigned int)(address >> 32), (unsigned int)address);
	runtime_power_off();
}

static void set_gate(uint32_t vector, const void *handler)
{
	uintptr_t at = (uintptr_t)handler;

	gates[vector] = (struct gate){ (uint16_t)at, GATE_CODE, GATE_INTERRUPT, (uint16_t)(at >> 16), (uint32_t)(at >> 32), 0 };
}

static void start_interrupts(void)
{
	struct { uint16_t limit; uint64_t base; } __attribute__((packed)) table = { sizeof(gates) - 1, (uintptr_t)gates };

	for (uint32_t i = 0; i < 32; i++)
		set_gate(i, runtime_exceptions[i]);
	set_gate(TIMER_VECTOR, (const void *)(uintptr_t)runtime_timer);
	__asm__ volatile("lidt %0" : : "m"(table));
	write_msr(MSR_APIC_BASE, read_msr(MSR_APIC_BASE) | APIC_ON | APIC_X2);
	write_msr(MSR_SPURIOUS, SPURIOUS_ON);
	write_msr(MSR_TIMER, TIMER_DEADLINE | TIMER_VECTOR);
}

/* Nestbox tells the clock: crystal in Hz times numerator by denominator. */
static uint64_t ticks_hz(void)
{
	uint32_t denominator, numerator, crystal, nothing;

	__asm__ volatile("cpuid" : "=a"(denominator), "=b"(numerator), "=c"(crystal), "=d"(nothing) : "a"(0x15), "c"(0));
	return denominator && crystal ? (uint64_t)crystal * numerator / denominator : 1000000000;
}

void runtime_main(void)
{
	ticks_per_ms = ticks_hz() / 1000;
	start_ticks = __builtin_ia32_rdtsc();
	start_interrupts();
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	exit(main());
}

/* What newlib asks of a system. */

void _exit(int code)
{
	(void)code;
	runtime_power_off();
}

void *sbrk(ptrdiff_t increment)
{
	uint8_t *old = heap + heap_used;

	if (increment < 0 ? (size_t)-increment > heap_used : (size_t)increment > HEAP_BYTES - heap_used) {
		errno = ENOMEM;
		return (void *)-1;
	}
	heap_used += (size_t)increment;
	return old;
}

static void put(char byte)
{
	while (!(in(COM1 + UART_STATUS) & UART_EMPTY))
		;
	out(COM1, (uint8_t)byte);
}

_READ_WRITE_RETURN_TYPE write(int file, const void *text, size_t count)
{
	const char *bytes = text;

	(void)file;
	for (size_t i = 0; i < count; i++)
		put(bytes[i]);
	return (_READ_WRITE_RETURN_TYPE)count;
}

_READ_WRITE_RETURN_TYPE read(int file, void *buffer, size_t count)
{
	int key;

	(void)file;
	if (!count)
		return 0;
	while ((key = runtime_key()) < 0)
		runtime_sleep(10);
	*(char *)buffer = (char)key;
	return 1;
}

int close(int file)
{
	(void)file;
	return 0;
}

int fstat(int file, struct stat *status)
{
	(void)file;
	*status = (struct stat){ .st_mode = S_IFCHR };
	return 0;
}

int isatty(int file)
{
	return file <= 2;
}

off_t lseek(int file, off_t offset, int whence)
{
	(void)file, (void)offset, (void)whence;
	return 0;
}

pid_t getpid(void)
{
	return 1;
}

int kill(pid_t process, int signal)
{
	(void)process, (void)signal;
	errno = EINVAL;
	return -1;
}

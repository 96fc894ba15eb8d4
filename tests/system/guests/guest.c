/* SPDX-License-Identifier: Apache-2.0 */
/* Printing, checking and ending of a test guest. */
#include "guest.h"

#include <stdarg.h>

#define SERIAL 0x3F8
#define DEBUG_EXIT 0xF4

static u32 print_lock, checks, failures;

static void put(char c)
{
	while (!(inb(SERIAL + 5) & 0x20))
		pause();
	outb(SERIAL, (u8)c);
}

static void put_number(u64 value, u32 base)
{
	char digits[20];
	int count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (count)
		put(digits[--count]);
}

static void put_text(const char *text)
{
	while (*text)
		put(*text++);
}

/* %s %u %x, the numbers with l or without */
static void print_arguments(const char *format, va_list arguments)
{
	for (; *format; format++) {
		if (*format != '%') {
			put(*format);
			continue;
		}
		bool is_long = *++format == 'l';
		format += is_long;
		if (*format == 's')
			put_text(va_arg(arguments, const char *));
		else
			put_number(is_long ? va_arg(arguments, u64) : va_arg(arguments, u32), *format == 'x' ? 16 : 10);
	}
}

static u64 lock(void)
{
	u64 flags;

	asm volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	while (__atomic_exchange_n(&print_lock, 1, __ATOMIC_ACQUIRE))
		pause();
	return flags;
}

static void unlock(u64 flags)
{
	__atomic_store_n(&print_lock, 0, __ATOMIC_RELEASE);
	if (flags & 0x200)
		interrupts_on();
}

void print(const char *format, ...)
{
	va_list arguments;
	u64 flags = lock();

	va_start(arguments, format);
	print_arguments(format, arguments);
	va_end(arguments);
	unlock(flags);
}

bool check(bool holds, const char *format, ...)
{
	va_list arguments;

	__atomic_add_fetch(&checks, 1, __ATOMIC_RELAXED);
	if (holds || __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED) > 20)
		return holds;
	u64 flags = lock();
	put_text("guest: WRONG ");
	va_start(arguments, format);
	print_arguments(format, arguments);
	va_end(arguments);
	put('\n');
	unlock(flags);
	return false;
}

void debug_exit(u8 status)
{
	for (;;)
		outb(DEBUG_EXIT, status);
}

void finish(const char *name)
{
	print("guest: %s: %u checks, %u wrong\n", name, checks, failures);
	debug_exit(failures ? 1 : 0);
}

const char *command_line(void)
{
	const u32 *information = (const u32 *)boot_information;

	return (information[0] & 4) ? (const char *)(u64)information[4] : "";
}

void *memcpy(void *to, const void *from, size_t count)
{
	u8 *out = to;
	const u8 *in = from;

	while (count--)
		*out++ = *in++;
	return to;
}

void *memset(void *to, int value, size_t count)
{
	u8 *out = to;

	while (count--)
		*out++ = (u8)value;
	return to;
}

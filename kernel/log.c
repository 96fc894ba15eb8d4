/* SPDX-License-Identifier: Apache-2.0 */
/* The log ring and the small formatter behind it. Owns the ring; serialised by a lock that a crash report may break. */
#include "kernel/log.h"

#include "bsp/console/console.h"
#include "kernel/lock.h"

static char ring[LOG_RING_BYTES];
static u64 ring_written;
static struct spinlock ring_lock;

struct text {
	char *out;
	u32 size, length;
};

static void put(struct text *text, char c)
{
	if (text->length + 1 < text->size)
		text->out[text->length++] = c;
}

struct number_style {
	u32 base, width;
	char pad;
	bool negative;
};

static void put_number(struct text *text, u64 value, struct number_style style)
{
	char digits[24];
	u32 count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % style.base];
		value /= style.base;
	} while (value);
	if (style.negative)
		digits[count++] = '-';
	for (u32 i = count; i < style.width; i++)
		put(text, style.pad);
	while (count)
		put(text, digits[--count]);
}

static void put_string(struct text *text, const char *string, u32 width)
{
	u32 length = 0;

	for (; string[length]; length++)
		put(text, string[length]);
	for (; length < width; length++)
		put(text, ' ');
}

static void put_signed(struct text *text, int64_t value, struct number_style style)
{
	style.negative = value < 0;
	put_number(text, value < 0 ? -(u64)value : (u64)value, style);
}

static const char *put_conversion(struct text *text, const char *f, va_list *arguments)
{
	struct number_style style = { .base = 10, .pad = ' ' };
	bool is_long = false;

	if (*f == '0')
		style.pad = '0', f++;
	while (*f >= '0' && *f <= '9')
		style.width = style.width * 10 + (u32)(*f++ - '0');
	while (*f == 'l')
		is_long = true, f++;
	switch (*f) {
	case 's':
		put_string(text, va_arg(*arguments, const char *), style.width);
		break;
	case 'c':
		put(text, (char)va_arg(*arguments, int));
		break;
	case 'd':
		put_signed(text, is_long ? va_arg(*arguments, long) : va_arg(*arguments, int), style);
		break;
	case 'p':
	case 'x':
		style.base = 16;
		is_long |= *f == 'p';
		__attribute__((fallthrough));
	case 'u':
		put_number(text, is_long ? va_arg(*arguments, u64) : va_arg(*arguments, u32), style);
		break;
	default:
		put(text, *f);
	}
	return *f ? f + 1 : f;
}

u32 format_arguments(char *out, u32 size, const char *format, va_list arguments)
{
	struct text text = { out, size, 0 };
	va_list copy;

	va_copy(copy, arguments);
	while (*format) {
		if (*format == '%')
			format = put_conversion(&text, format + 1, &copy);
		else
			put(&text, *format++);
	}
	va_end(copy);
	out[text.length] = 0;
	return text.length;
}

u32 format_text(char *out, u32 size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	u32 length = format_arguments(out, size, format, arguments);
	va_end(arguments);
	return length;
}

static void keep(const char *text, u32 length)
{
	spin_lock(&ring_lock);
	for (u32 i = 0; i < length; i++)
		ring[ring_written++ % LOG_RING_BYTES] = text[i];
	spin_unlock(&ring_lock);
}

void log_bytes(const char *text, u32 length)
{
	keep(text, length);
	console_write(text, length);
}

void log_bytes_line(const char *text, u32 length)
{
	keep(text, length);
	console_write_line(text, length);
}

void log_line(const char *format, ...)
{
	char line[256];
	va_list arguments;

	va_start(arguments, format);
	u32 length = format_arguments(line, sizeof(line) - 1, format, arguments);
	va_end(arguments);
	line[length++] = '\n';
	log_bytes(line, length);
}

void log_break_lock(void)
{
	spin_unlock(&ring_lock);
}

u64 log_written(void)
{
	return ring_written;
}

u32 log_read(char *buffer, u32 length, u64 offset)
{
	spin_lock(&ring_lock);
	u64 kept = min_u64(ring_written, LOG_RING_BYTES);
	u64 start = ring_written - kept;
	u32 copied = 0;

	while (copied < length && offset + copied < kept) {
		buffer[copied] = ring[(start + offset + copied) % LOG_RING_BYTES];
		copied++;
	}
	spin_unlock(&ring_lock);
	return copied;
}

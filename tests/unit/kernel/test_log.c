/* SPDX-License-Identifier: Apache-2.0 */
/* The formatter against the C library's, its truncation, and the ring: order, wrap, offsets. The console is a counter here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bsp/console/console.h"
#include "kernel/log.h"

#define RING 32768u

static char console[512];
static u32 console_length;

void console_write(const char *text, u32 length)
{
	console_length = length < sizeof(console) ? length : (u32)sizeof(console);
	memcpy(console, text, console_length);
}

void console_write_line(const char *text, u32 length)
{
	console_write(text, length);
}

#define SAME(format, ...)                                                                                  \
	do {                                                                                               \
		char expected[128], got[128];                                                              \
		int length = snprintf(expected, sizeof(expected), format, __VA_ARGS__);                    \
		memset(got, 'x', sizeof(got));                                                             \
		assert_int_equal(format_text(got, sizeof(got), format, __VA_ARGS__), length);              \
		assert_string_equal(got, expected);                                                        \
	} while (0)

static void formats_like_printf(void **state)
{
	static const unsigned long values[] = { 0, 1, 9, 10, 15, 16, 255, 4096, 0x7FFFFFFF, 0x80000000ul, 0xFFFFFFFFul, 0x123456789ABCDEFul,
						0x7FFFFFFFFFFFFFFFul, 0x8000000000000000ul, ~0ul };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(values); i++) {
		SAME("%lu|%lx|%ld", values[i], values[i], (long)values[i]);
		SAME("%u|%x|%d", (u32)values[i], (u32)values[i], (int)values[i]);
		SAME("%09lx|%20lu|%3u", values[i], values[i], (u32)values[i]);
		SAME("%016lx|%03u|%12d", values[i], (u32)values[i], (int)values[i]);
	}
	SAME("%s", "text");
	SAME("%s%s", "", "b");
	SAME("%c%c", 'a', '%');
	SAME("100%% %s", "sure");
}

static void pads_strings_on_the_right(void **state)
{
	char out[32];

	(void)state;
	format_text(out, sizeof(out), "%8s|", "abc");
	assert_string_equal(out, "abc     |");
	format_text(out, sizeof(out), "%2s|", "abc");
	assert_string_equal(out, "abc|");
}

static void prints_pointers_in_hex(void **state)
{
	char out[32];

	(void)state;
	format_text(out, sizeof(out), "%p", (void *)0xFFFF800000001000);
	assert_string_equal(out, "ffff800000001000");
}

static void truncates_at_every_length(void **state)
{
	(void)state;
	for (u32 size = 1; size < 40; size++) {
		char out[48];
		memset(out, '#', sizeof(out));
		u32 length = format_text(out, size, "value %016lx of %s", 0x123456789ABCDEFul, "something");

		assert_int_equal(length, size - 1 < 35 ? size - 1 : 35);
		assert_int_equal(out[length], 0);
		assert_memory_equal(out, "value 0123456789abcdef of something", length);
		for (u32 i = size; i < sizeof(out); i++)
			assert_int_equal(out[i], '#');
	}
}

static void survives_a_format_cut_short(void **state)
{
	static const char *const formats[] = { "a%", "a%0", "a%12", "a%l" };
	char out[64];

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(formats); i++) {
		memset(out, '#', sizeof(out));
		u32 length = format_text(out, sizeof(out), formats[i], 7ul);

		assert_true(length >= 1 && length < 20);
		assert_int_equal(out[0], 'a');
		assert_int_equal(out[length], 0);
	}
}

static void ends_every_line(void **state)
{
	char word[400];

	(void)state;
	memset(word, 'w', sizeof(word));
	word[sizeof(word) - 1] = 0;
	log_line("%s", word);
	assert_int_equal(console_length, 255);
	assert_int_equal(console[254], '\n');
	log_line("short");
	assert_int_equal(console_length, 6);
	assert_memory_equal(console, "short\n", 6);
}

static void reads_the_ring_oldest_first(void **state)
{
	char out[64];

	(void)state;
	/* fill it wholly with a counter pattern, not in step with its size */
	char piece[7];
	u32 total = 0;
	while (total < 3 * RING) {
		for (u32 i = 0; i < sizeof(piece); i++)
			piece[i] = (char)((total + i) % 251);
		log_bytes(piece, sizeof(piece));
		total += sizeof(piece);
	}
	for (u32 offset = 0; offset < RING; offset += 61) {
		u32 expected = RING - offset < sizeof(out) ? RING - offset : (u32)sizeof(out);

		assert_int_equal(log_read(out, sizeof(out), offset), expected);
		for (u32 i = 0; i < expected; i++)
			assert_int_equal((u8)out[i], (total - RING + offset + i) % 251);
	}
	assert_int_equal(log_read(out, sizeof(out), RING), 0);
	assert_int_equal(log_read(out, sizeof(out), ~0ull), 0);
	assert_int_equal(log_read(out, sizeof(out), ~0ull - 32), 0);
	assert_int_equal(log_read(out, 0, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_like_printf), cmocka_unit_test(pads_strings_on_the_right),
		cmocka_unit_test(prints_pointers_in_hex), cmocka_unit_test(truncates_at_every_length),
		cmocka_unit_test(survives_a_format_cut_short), cmocka_unit_test(ends_every_line),
		cmocka_unit_test(reads_the_ring_oldest_first),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}

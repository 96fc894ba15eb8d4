/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of the remote protocol: sums, lengths, noise in between, numbers at their limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gdb/packet.h"

static struct packet_reader reader;
static struct packet_writer writer;
static char sent[PACKET_BYTES + 4];

/* What the last byte gives. */
static enum packet_event feed(const char *text)
{
	enum packet_event event = PACKET_NOTHING;

	for (; *text; text++)
		event = packet_feed(&reader, (uint8_t)*text);
	return event;
}

static int setup(void **state)
{
	(void)state;
	memset(&reader, 0, sizeof(reader));
	packet_start(&writer);
	return 0;
}

static void takes_packets(void **state)
{
	(void)state;
	assert_int_equal(feed("noise + $g#67"), PACKET_WHOLE);
	assert_string_equal(reader.data, "g");
	assert_int_equal(feed("$#00"), PACKET_WHOLE);
	assert_string_equal(reader.data, "");
	assert_int_equal(feed("$vCont?#49"), PACKET_WHOLE);
	assert_int_equal(feed("-"), PACKET_AGAIN);
	assert_int_equal(feed("\003"), PACKET_BREAK);
	assert_int_equal(feed("$lost$g#67"), PACKET_WHOLE);
	assert_string_equal(reader.data, "g");
	assert_int_equal(feed("$g#6C"), PACKET_WRONG);
	assert_int_equal(feed("$g#zz"), PACKET_WRONG);
	assert_int_equal(feed("$g#6z"), PACKET_WRONG);
	assert_int_equal(feed("$k#6B"), PACKET_WHOLE); /* either case */
}

static void one_that_is_too_long_is_wrong(void **state)
{
	(void)state;
	for (uint32_t count = PACKET_BYTES - 1; count < PACKET_BYTES + 2; count++) {
		uint8_t sum = 0;
		char end[4];

		feed("$");
		for (uint32_t i = 0; i < count; i++)
			sum = (uint8_t)(sum + (packet_feed(&reader, 'a'), 'a'));
		snprintf(end, sizeof(end), "#%02x", sum);
		assert_int_equal(feed(end), count <= PACKET_BYTES ? PACKET_WHOLE : PACKET_WRONG);
	}
	assert_int_equal(feed("$g#67"), PACKET_WHOLE);
}

static const char *finished(void)
{
	sent[packet_finish(&writer, sent)] = 0;
	return sent;
}

static void writes_packets(void **state)
{
	(void)state;
	assert_string_equal(finished(), "$#00");
	packet_text(&writer, "OK");
	assert_string_equal(finished(), "$OK#9a");
	packet_start(&writer);
	packet_hex(&writer, "\x00\xFFz", 3);
	packet_number(&writer, 0);
	packet_text(&writer, ",");
	packet_number(&writer, UINT64_MAX);
	packet_text(&writer, ",");
	packet_number(&writer, 0x10);
	assert_memory_equal(finished(), "$00ff7a0,ffffffffffffffff,10#", 29);
	packet_start(&writer);
	for (uint32_t i = 0; i <= PACKET_BYTES; i++) {
		assert_false(writer.is_too_long);
		packet_text(&writer, "a");
	}
	assert_string_equal(finished(), "$E99#b7");
}

static void takes_numbers(void **state)
{
	static const struct { const char *text, *rest; uint64_t number; bool is_one; } rows[] = {
		{ "0,", ",", 0, true }, { "ffffffffffffffff", "", UINT64_MAX, true }, { "10000000000000000", NULL, 0, false }, { "", NULL, 0, false },
		{ "g", NULL, 0, false }, { "aF:", ":", 0xAF, true },
	};
	uint64_t number;
	uint8_t byte;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = rows[i].text;

		assert_int_equal(packet_take_number(&text, &number), rows[i].is_one);
		if (rows[i].is_one) {
			assert_true(number == rows[i].number);
			assert_string_equal(text, rows[i].rest);
		} else {
			assert_ptr_equal(text, rows[i].text);
		}
	}
	const char *text = "7f8";

	assert_true(packet_take_byte(&text, &byte));
	assert_int_equal(byte, 0x7F);
	assert_false(packet_take_byte(&text, &byte)); /* half of one */
	assert_false(packet_take(&text, 'x'));
	assert_true(packet_take(&text, '8'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(takes_packets, setup),
		cmocka_unit_test_setup(one_that_is_too_long_is_wrong, setup),
		cmocka_unit_test_setup(writes_packets, setup),
		cmocka_unit_test_setup(takes_numbers, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of gdb's remote protocol; see packet.h. */
#include "gdb/packet.h"

#include <string.h>

static const char digits[] = "0123456789abcdef";

static int digit(char c)
{
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static enum packet_event between(struct packet_reader *r, uint8_t byte)
{
	switch (byte) {
	case '$':
		*r = (struct packet_reader){ .state = PACKET_DATA };
		return PACKET_NOTHING;
	case '-':
		return PACKET_AGAIN;
	case 3:
		return PACKET_BREAK;
	default:
		return PACKET_NOTHING;
	}
}

static void take_data(struct packet_reader *r, uint8_t byte)
{
	r->sum = (uint8_t)(r->sum + byte);
	if (r->count < PACKET_BYTES)
		r->data[r->count++] = (char)byte;
	else
		r->is_too_long = true;
}

static enum packet_event whole(struct packet_reader *r, int low)
{
	r->state = PACKET_BETWEEN;
	r->data[r->count] = 0;
	return low < 0 || r->is_too_long || r->wanted + low != r->sum ? PACKET_WRONG : PACKET_WHOLE;
}

enum packet_event packet_feed(struct packet_reader *r, uint8_t byte)
{
	int value = digit((char)byte);

	switch (r->state) {
	case PACKET_BETWEEN:
		return between(r, byte);
	case PACKET_DATA:
		if (byte == '$') /* the end of the one before has been lost */
			return between(r, byte);
		if (byte == '#')
			r->state = PACKET_SUM_HIGH;
		else
			take_data(r, byte);
		return PACKET_NOTHING;
	case PACKET_SUM_HIGH:
		r->state = PACKET_SUM_LOW;
		r->wanted = (uint8_t)((unsigned int)value << 4);
		r->is_too_long = r->is_too_long || value < 0;
		return PACKET_NOTHING;
	case PACKET_SUM_LOW:
		return whole(r, value);
	}
	return PACKET_NOTHING;
}

void packet_start(struct packet_writer *w)
{
	w->count = 0;
	w->is_too_long = false;
}

static void put(struct packet_writer *w, char c)
{
	if (w->count < PACKET_BYTES)
		w->data[w->count++] = c;
	else
		w->is_too_long = true;
}

void packet_text(struct packet_writer *w, const char *text)
{
	while (*text)
		put(w, *text++);
}

void packet_hex(struct packet_writer *w, const void *bytes, size_t count)
{
	const uint8_t *from = bytes;

	for (size_t i = 0; i < count; i++) {
		put(w, digits[from[i] >> 4]);
		put(w, digits[from[i] & 0xF]);
	}
}

void packet_number(struct packet_writer *w, uint64_t number)
{
	int shift = 60;

	while (shift && !(number >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		put(w, digits[number >> shift & 0xF]);
}

size_t packet_finish(const struct packet_writer *w, char *to)
{
	const char *data = w->is_too_long ? "E99" : w->data;
	size_t count = w->is_too_long ? 3 : w->count;
	uint8_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum = (uint8_t)(sum + data[i]);
	to[0] = '$';
	memcpy(to + 1, data, count);
	to[count + 1] = '#';
	to[count + 2] = digits[sum >> 4];
	to[count + 3] = digits[sum & 0xF];
	return count + 4;
}

bool packet_take_number(const char **text, uint64_t *number)
{
	const char *at = *text;
	uint64_t value = 0;

	*number = 0;
	for (; digit(*at) >= 0; at++) {
		if (value >> 60)
			return false;
		value = value << 4 | (uint64_t)digit(*at);
	}
	if (at == *text)
		return false;
	*text = at;
	*number = value;
	return true;
}

bool packet_take_byte(const char **text, uint8_t *byte)
{
	int high = digit((*text)[0]), low = high < 0 ? -1 : digit((*text)[1]);

	if (low < 0)
		return false;
	*byte = (uint8_t)(high << 4 | low);
	*text += 2;
	return true;
}

bool packet_take(const char **text, char wanted)
{
	if (**text != wanted)
		return false;
	++*text;
	return true;
}

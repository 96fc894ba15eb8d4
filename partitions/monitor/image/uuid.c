/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UUID text and derivation. RFC 9562 section 4 "UUID Format", section 5.8 "UUID Version 8".
 */
#include "image/uuid.h"

#include <string.h>

static bool has_dash_before(unsigned int byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void uuid_format(const uint8_t uuid[UUID_BYTES], char text[UUID_TEXT_BYTES])
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned int i = 0; i < UUID_BYTES; i++) {
		if (has_dash_before(i))
			*text++ = '-';
		*text++ = digits[uuid[i] >> 4];
		*text++ = digits[uuid[i] & 15];
	}
	*text = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool uuid_parse(const char *text, uint8_t uuid[UUID_BYTES])
{
	for (unsigned int i = 0; i < UUID_BYTES; i++) {
		int high, low;

		if (has_dash_before(i) && *text++ != '-')
			return false;
		high = hex_value(text[0]);
		if (high < 0)
			return false;
		low = hex_value(text[1]);
		if (low < 0)
			return false;
		uuid[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return *text == '\0';
}

void uuid_from_digest(const uint8_t *digest, uint8_t uuid[UUID_BYTES])
{
	memcpy(uuid, digest, UUID_BYTES);
	uuid[6] = (uuid[6] & 0x0F) | 0x80;
	uuid[8] = (uuid[8] & 0x3F) | 0x80;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet addresses as text; see mac.h. */
#include "layout/mac.h"

#include <stdio.h>
#include <string.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool mac_parse(const char *text, uint8_t mac[MAC_BYTES])
{
	uint8_t parsed[MAC_BYTES];

	if (strlen(text) != MAC_TEXT_BYTES - 1)
		return false;
	for (unsigned int i = 0; i < MAC_BYTES; i++) {
		int high = digit(text[3 * i]), low = digit(text[3 * i + 1]);

		if (high < 0 || low < 0 || text[3 * i + 2] != (i == MAC_BYTES - 1 ? '\0' : ':'))
			return false;
		parsed[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(mac, parsed, MAC_BYTES);
	return true;
}

void mac_print(const uint8_t mac[MAC_BYTES], char text[MAC_TEXT_BYTES])
{
	snprintf(text, MAC_TEXT_BYTES, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

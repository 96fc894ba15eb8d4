/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Ethernet address of a partition's network port, from the words of the configuration. Pure; the host tool and the box compile it.
 * Source: IEEE 802, section 8 "Addresses": bit 0 of the first byte makes a group of it, bit 1 an address of local choice.
 */
#ifndef LAYOUT_MAC_H
#define LAYOUT_MAC_H

#include <stdbool.h>
#include <stdint.h>

#define MAC_BYTES 6u
#define MAC_TEXT_BYTES 18u /* with its terminator */

/* Six pairs of hexadecimal digits with colons in between, nothing else. False: mac is not touched. */
bool mac_parse(const char *text, uint8_t mac[MAC_BYTES]);
void mac_print(const uint8_t mac[MAC_BYTES], char text[MAC_TEXT_BYTES]);

static inline bool mac_is_group(const uint8_t *mac)
{
	return mac[0] & 1;
}

static inline bool mac_is_local(const uint8_t *mac)
{
	return mac[0] & 2;
}

static inline bool mac_is_zero(const uint8_t *mac)
{
	return !(mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]);
}

#endif

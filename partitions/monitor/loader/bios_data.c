/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All vectors lead to one refusal behind the BIOS data area; the area's words are a table. The EBDA segment at 0x40E stays 0: there is none, and a stale one
 * would send kernels looking for it.
 */
#include "loader/bios_data.h"

#include <stddef.h>
#include <string.h>

#include "image/bytes.h"
#include "loader/e820.h"

#define ONE_SERIAL_PORT (1u << 9)
#define VECTORS 256u
#define REFUSAL 0x500u /* the first byte behind the BIOS data area */
#define COM1_BASE 0x3F8u

static const struct {
	uint16_t at;
	uint16_t value;
} words[] = {
	{ 0x400, COM1_BASE },
	{ 0x410, ONE_SERIAL_PORT },    /* equipment */
	{ 0x413, E820_LOW_END >> 10 }, /* base memory, KiB */
};

/* stc; retf 2: returns with these flags, not the caller's */
static const uint8_t refusal[] = { 0xF9, 0xCA, 0x02, 0x00 };

void bios_data_write(const struct guest_ram *ram)
{
	uint8_t *page = guest_ram_at(ram, 0, E820_BIOS_DATA_END);

	memset(page, 0, E820_BIOS_DATA_END);
	memcpy(page + REFUSAL, refusal, sizeof(refusal));
	for (size_t i = 0; i < VECTORS; i++)
		bytes_put32(page + 4 * i, REFUSAL); /* segment 0 */
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		bytes_put16(page + words[i].at, words[i].value);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Headers made anew; see flash_gpt.h. */
#include "flash_gpt.h"

#include <string.h>

#include "image/bytes.h"
#include "update/crc.h"

/* Offsets in a header, and of the size in the first record of the protective MBR. */
enum {
	HEADER_BYTES = 12,
	HEADER_CRC = 16,
	MY_LBA = 24,
	OTHER_LBA = 32,
	LAST_USABLE = 48,
	ENTRIES_LBA = 72,
	ENTRY_COUNT = 80,
	ENTRY_BYTES = 84
};
enum { MBR_TYPE = 446 + 4, MBR_SECTORS = 446 + 12, MBR_TYPE_GPT = 0xEE };

static void header_seal(uint8_t *header)
{
	bytes_put32(header + HEADER_CRC, 0);
	bytes_put32(header + HEADER_CRC, crc32_ieee(0, header, bytes_get32(header + HEADER_BYTES)));
}

static bool has_usual_layout(const uint8_t *header)
{
	return bytes_get32(header + HEADER_BYTES) <= FLASH_SECTOR && bytes_get64(header + ENTRIES_LBA) == 2 &&
	       bytes_get32(header + ENTRY_COUNT) == 128 && bytes_get32(header + ENTRY_BYTES) == 128;
}

bool flash_gpt_move(uint8_t *head, uint8_t backup[FLASH_TABLE_BYTES], uint64_t disk_sectors)
{
	uint8_t *header = head + FLASH_SECTOR, *copy = backup + (FLASH_TABLE_BYTES - FLASH_SECTOR);
	uint64_t last = disk_sectors - 1;

	if (!has_usual_layout(header) || disk_sectors < 2 * FLASH_TABLE_SECTORS + 1 ||
	    disk_sectors - FLASH_TABLE_SECTORS <= bytes_get64(header + LAST_USABLE))
		return false;
	if (head[MBR_TYPE] == MBR_TYPE_GPT)
		bytes_put32(head + MBR_SECTORS, last < UINT32_MAX ? (uint32_t)last : UINT32_MAX);
	bytes_put64(header + OTHER_LBA, last);
	bytes_put64(header + LAST_USABLE, last - FLASH_TABLE_SECTORS);
	header_seal(header);
	memcpy(backup, head + 2 * FLASH_SECTOR, FLASH_TABLE_BYTES - FLASH_SECTOR);
	memcpy(copy, header, FLASH_SECTOR);
	bytes_put64(copy + MY_LBA, last);
	bytes_put64(copy + OTHER_LBA, 1);
	bytes_put64(copy + ENTRIES_LBA, disk_sectors - FLASH_TABLE_SECTORS);
	header_seal(copy);
	return true;
}

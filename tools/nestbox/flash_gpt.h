/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A partition table for a disk that is larger than its image: the second table belongs at the disk's end, and both say where the other one is.
 * UEFI 2.10 section 5.3.2 "GPT Header".
 */
#ifndef NESTBOX_FLASH_GPT_H
#define NESTBOX_FLASH_GPT_H

#include <stdbool.h>
#include <stdint.h>

#define FLASH_SECTOR 512u
#define FLASH_TABLE_SECTORS 33u /* 128 entries and the header */
#define FLASH_TABLE_BYTES (FLASH_TABLE_SECTORS * FLASH_SECTOR)

/*
 * From the image's first 34 sectors (protective MBR, header, entries; already checked by gpt_read()) makes in place those of a disk of so many
 * sectors, and in `backup` its last 33. False for a disk whose partitions would not fit before them, or entries that are not 128 of 128 bytes
 * right behind the header.
 */
bool flash_gpt_move(uint8_t *head, uint8_t backup[FLASH_TABLE_BYTES], uint64_t disk_sectors);

#endif

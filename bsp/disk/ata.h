/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver of the first disk on the first IDE channel: PIO, up to 2^48 sectors of 512 bytes; the channel is reset after a failure. Source:
 * ATA/ATAPI-7 volumes 1 and 2 (T13/1532D).
 */
#ifndef BSP_DISK_ATA_H
#define BSP_DISK_ATA_H

#include "bsp/disk/disk.h"

struct ata {
	struct disk disk;
	uint64_t ticks_hz; /* of the TSC, for time-outs */
	bool is_long;	   /* 48-bit commands */
	uint8_t control;   /* device control register: interrupts or none */
	uint8_t command;   /* the one under way */
	uint32_t moved;	   /* its sectors */
};

/* Finds the disk and fills ata->disk. False when there is none, or one with other sectors than 512 bytes. */
bool ata_open(struct ata *ata, uint64_t ticks_hz);

#endif

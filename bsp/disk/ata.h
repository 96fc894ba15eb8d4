/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver (ring 3) of the first disk on the first IDE channel: PIO, polled, up to 2^48 sectors of 512 bytes. A failed command is tried three
 * times, with a reset of the channel between. Source: ATA/ATAPI-7 volumes 1 and 2 (T13/1532D).
 */
#ifndef BSP_DISK_ATA_H
#define BSP_DISK_ATA_H

#include "update/block.h"

#define ATA_SECTOR_BYTES 512u
#define ATA_MODEL_BYTES 41 /* 40 characters and the terminating zero */
#define ATA_SERIAL_BYTES 21

struct ata_failure {
	uint64_t sector;
	uint8_t command, status, error; /* registers as they were; status 0xFF with error 0: it never got ready */
};

struct ata {
	struct block_device device;
	uint64_t ticks_hz; /* of the TSC, for time-outs */
	bool is_long;	   /* 48-bit commands */
	char model[ATA_MODEL_BYTES], serial[ATA_SERIAL_BYTES];
	uint32_t failures; /* commands that failed, also those that then worked */
	struct ata_failure last;
};

/* Finds the disk and fills ata->device. False when there is none, or one with other sectors than 512 bytes. */
bool ata_open(struct ata *ata, uint64_t ticks_hz);

#endif

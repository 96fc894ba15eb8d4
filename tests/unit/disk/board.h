/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A board with one PCI function that a test plays: its configuration space with a base address register, its registers, a clock that goes on a
 * millisecond at every look, and a medium of 700 sectors.
 */
#ifndef TESTS_DISK_BOARD_H
#define TESTS_DISK_BOARD_H

#include "bsp/disk/disk.h"
#include "bsp/pci/pci.h"

#define BOARD_SECTORS 700u
#define BOARD_DMA_PHYSICAL 0x2000000ull
#define BOARD_FUNCTION (3u << 11)

struct board {
	struct pci_host host;
	struct pci_function function;
	uint8_t config[256];
	uint32_t bar_bytes[6]; /* 0: none */
	uint32_t (*read)(uint32_t bar, uint32_t offset, uint32_t size);
	void (*write)(uint32_t bar, uint32_t offset, uint32_t size, uint32_t value);
	uint64_t now_ms;
	bool refuses_maps;
	uint8_t medium[BOARD_SECTORS * DISK_SECTOR_BYTES];
	uint64_t first; /* sector that the medium starts with */
	/* Interrupts as messages: where the capability is (0: none) and, of MSI-X, its table; those sent to where the host wants them. */
	struct { uint32_t at, bar, offset, entry[4]; bool is_msix; } messages;
	uint32_t message_count;
	/* What the device does wrong. */
	uint32_t discards; /* commands */
	uint32_t fail_next;
	bool hangs;
	uint32_t bad_accesses; /* of the driver: outside of the memory, or what the device forbids */
};

extern struct board board;

/* A fresh one; class_code, vendor and device of the function. */
void board_make(uint16_t vendor, uint16_t device, uint32_t class_code);
void board_set_config(uint32_t offset, uint32_t size, uint32_t value);
/* A base address register with so many bytes behind it. */
void board_set_bar(uint32_t number, uint32_t bytes);

/* Can send messages, and a host that wants them. */
void board_set_msi(uint32_t at, uint32_t control);
void board_set_msix(uint32_t at, uint32_t bar, uint32_t offset);
/* The device interrupts, if it may. */
void board_interrupt(void);

/* Memory that the device reaches by DMA; null, and a bad access, when some of it is not the driver's. */
void *board_dma(uint64_t physical, uint64_t bytes);
/* Bytes of the medium; null: not on it. */
uint8_t *board_sectors(uint64_t sector, uint64_t count);

/* What every driver has to do with a disk that is open: whole and partial transfers, errors and tries, time-outs, staying on the disk. */
void board_check_transfers(struct disk *disk);
void board_check_failures(struct disk *disk);
/* Whether it discards, and what: sectors of the medium become DISCARDED. */
#define DISCARDED 0xDD
void board_discard(uint64_t sector, uint64_t count);
void board_check_discards(struct disk *disk, uint32_t at_once);

/* One interrupt for every command, and nothing that looks at a disk before. */
void board_check_interrupts(struct disk *disk);

#endif

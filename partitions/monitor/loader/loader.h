/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts a verified payload into the partition's RAM in the way its kernel expects, and says how the
 * boot vCPU starts. The payload already lies in that RAM (its staging place); initrd and modules
 * are used where they are when the protocol allows it, so that a large one is never moved.
 */
#ifndef LOADER_LOADER_H
#define LOADER_LOADER_H

#include "image/payload.h"
#include "kernel/monitor_abi.h"
#include "loader/placement.h"

#define LOADER_MAX_COMMAND_LINE PAYLOAD_MAX_COMMAND_LINE
#define LOADER_NAME "Nestbox"

/*
 * Small things the loader hands to a kernel lie above this, below 640 KiB: under it kernels keep
 * the code that starts their other CPUs, above 0x90000 Linux's decompressor and Xen do.
 */
#define LOADER_LOW_MINIMUM 0x10000ull

struct load_part {
	const uint8_t *bytes;
	uint64_t size;
	uint64_t gpa;      /* where `bytes` lies in the partition's RAM */
	const char *text;  /* a module's command line */
};

struct loader {
	struct guest_ram ram;
	struct e820_map map;
	struct placement placement;
	uint64_t rsdp;     /* gpa of the ACPI root pointer, 0: none */
	struct load_part kernel;
	struct load_part modules[PAYLOAD_MAX_PARTS]; /* Linux: the initrd */
	uint32_t module_count;
	char command_line[LOADER_MAX_COMMAND_LINE + 1];
};

/* Makes the memory map. LOAD_ERROR_RAM_TOO_SMALL, or LOAD_OK. */
enum load_error loader_init(struct loader *loader, const struct guest_ram *ram);

/*
 * A page-aligned place for `bytes` of payload: as high as every protocol reaches (below 2 GiB), out
 * of the way of kernels. Returns LOAD_ERROR_NO_ROOM when there is none.
 */
enum load_error loader_stage(struct loader *loader, uint64_t bytes, uint64_t *gpa);

/*
 * Loads the parts of the payload that lies at `gpa`, after loader_stage(). LOAD_OK: *boot is filled
 * and all of it is in place; else nothing in RAM has changed.
 */
enum load_error loader_load(struct loader *loader, const struct payload *payload, uint64_t gpa,
			    struct boot_state *boot);

/* Takes `bytes` of low memory for boot information, 4096-byte aligned. Its contents may be
 * anything. */
enum load_error loader_claim_low(struct loader *loader, uint64_t bytes, uint64_t *gpa);

/* A claimed range; never null. */
void *loader_at(struct loader *loader, uint64_t gpa, uint64_t bytes);

#endif

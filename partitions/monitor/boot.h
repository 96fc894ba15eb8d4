/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the boot module to a partition that can start: verify, stage, verify the copy, load. Every
 * refusal is one line that begins with "image refused: ".
 */
#ifndef MONITOR_BOOT_H
#define MONITOR_BOOT_H

#include <stdbool.h>

#include "kernel/monitor_abi.h"

struct boot_source {
	const struct monitor_info *info;
	const uint8_t *module; /* info->module_bytes of it; cannot change */
	uint8_t *ram;          /* info->ram_bytes */
};

/* Fills *boot. False when the image was refused, with the reason printed: then nothing of it may
 * run. */
bool boot_partition(const struct boot_source *source, struct boot_state *boot);

/*
 * For a machine that cannot run the partition: verifies what it would run and says so, slot by slot. Nothing is written to the
 * disk, no try is spent.
 */
void boot_report(const struct boot_source *source);

/* Of the image that was accepted last; null when there is none. */
struct manifest;
const struct manifest *boot_manifest(void);

#endif

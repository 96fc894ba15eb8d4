/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an image may be flashed to: what the system knows about a block device, and the table of reasons to keep off it. Facts are gathered
 * below a root folder ("" for the system itself), so that a test can build any machine out of files. Linux only.
 * Source: Linux, Documentation/ABI/stable/sysfs-block, Documentation/filesystems/proc.rst.
 */
#ifndef NESTBOX_FLASH_TARGET_H
#define NESTBOX_FLASH_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TARGET_TEXT 128

struct target {
	char path[TARGET_TEXT];	 /* as given */
	char name[TARGET_TEXT];	 /* the kernel's: sda, nvme0n1; "" if it is no block device */
	char model[TARGET_TEXT]; /* "" where the device tells none */
	char serial[TARGET_TEXT];
	char whole[TARGET_TEXT];      /* of a partition: the disk it is on */
	char mounted_at[TARGET_TEXT]; /* it or a partition of it */
	char held_by[TARGET_TEXT];    /* device-mapper, md or bcache device on it or a partition of it */
	char member_of[TARGET_TEXT];  /* an inactive member's kind: "LVM", "RAID", ... */
	char contents[512];	      /* what would be lost: a line for each file system, ended by newlines */
	uint64_t bytes;
	uint32_t sector; /* logical, bytes */
	bool exists, is_block, is_partition, is_mapped, is_read_only, is_swap, is_system_disk, is_optical, is_memory, is_zoned,
		is_busy;
};

/* Everything the system knows about the device at path. Never fails: what is not known stays empty. */
void target_look_at(struct target *target, const char *root, const char *path);

/* Why an image of that many bytes must not be written there, in words with a remedy; NULL: it may. Pure. */
const char *target_refusal(const struct target *target, uint64_t image_bytes);

/* What a person must type so that it is this disk and no other: the serial number's last four characters; the device's name if it tells none. Pure. */
const char *target_word(const struct target *target);

#endif

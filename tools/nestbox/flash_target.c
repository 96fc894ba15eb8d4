/* SPDX-License-Identifier: Apache-2.0 */
/* The table of refusals and the word that confirms; see flash_target.h. */
#include "flash_target.h"

#include <string.h>

#define SECTOR 512u
#define WORD_LENGTH 4u

const char *target_refusal(const struct target *t, uint64_t image_bytes)
{
	/* in the order in which a person wants to hear them */
	const struct {
		bool applies;
		const char *words;
	} rows[] = {
		{ !t->exists, "there is no such file: look at 'lsblk' for the disk's name" },
		{ !t->is_block, "it is not a block device: name a disk such as /dev/sdX; to keep an image in a file, copy it" },
		{ t->is_partition, "it is a partition: name the whole disk" },
		{ t->is_memory, "it is memory and not a disk: what is in it goes with the power" },
		{ t->is_mapped, "it is made of other disks (device-mapper, RAID or bcache): name a disk itself" },
		{ t->is_optical, "it is an optical drive: name a disk, an SSD or a memory card" },
		{ t->is_system_disk, "the running system is on it: start from another medium to flash this disk" },
		{ t->mounted_at[0], "it is mounted: unmount all of its partitions first" },
		{ t->is_swap, "it is used as swap: turn that off first (swapoff)" },
		{ t->held_by[0],
		  "another device is built on it: stop that one first (vgchange -an, mdadm --stop, cryptsetup close)" },
		{ t->member_of[0],
		  "it is a member of a group of disks that is not running now: take it out of the group, then 'wipefs -a' it" },
		{ t->is_busy, "something has it or a part of it open for itself: stop that first (lsblk, fuser)" },
		{ !t->bytes, "there is no medium in it: insert one" },
		{ t->is_read_only, "it is write-protected: look for a switch on it, or 'blockdev --setrw'" },
		{ t->is_zoned, "it is a host-managed zoned disk: use an ordinary one" },
		{ t->sector != SECTOR, "its sectors are not 512 bytes long: images are laid out for 512" },
		{ t->bytes < image_bytes,
		  "it is too small for the image: use a larger disk, or make slots and data smaller in menuconfig" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].applies)
			return rows[i].words;
	return NULL;
}

const char *target_word(const struct target *t)
{
	size_t length = strlen(t->serial);

	if (!length)
		return t->name;
	return t->serial + (length > WORD_LENGTH ? length - WORD_LENGTH : 0);
}

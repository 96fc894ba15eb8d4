/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts about a block device, gathered from sysfs and procfs; see flash_target.h.
 * Source: Linux, Documentation/ABI/stable/sysfs-block, Documentation/filesystems/proc.rst.
 */
#include "flash_search.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SECTOR 512u
#define SCSI_TYPE_CD_ROM 5u

static uint64_t read_number(const struct search *s, const char *attribute)
{
	char text[TARGET_TEXT];

	search_line(s->root, text, sizeof(text), "%s/%s", s->target->name, attribute);
	return strtoull(text, NULL, 10);
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The kernel's name of a device file, "" if it is none. Below a test's root a device is any file with an entry in sysfs. */
static void find_name(const char *root, const char *path, char name[TARGET_TEXT])
{
	char below[PATH_MAX], entry[2 * PATH_MAX], real[PATH_MAX];
	struct stat status;

	name[0] = 0;
	if (snprintf(below, sizeof(below), "%s%s", root, path) >= (int)sizeof(below) || !realpath(below, real) ||
	    stat(real, &status))
		return;
	if (root[0])
		snprintf(entry, sizeof(entry), "%s/sys/class/block/%s", root, last_part(real));
	else if (S_ISBLK(status.st_mode))
		snprintf(entry, sizeof(entry), "/sys/dev/block/%u:%u", major(status.st_rdev), minor(status.st_rdev));
	else
		return;
	if (realpath(entry, real))
		search_copy(name, last_part(real));
}

/* The entries of a device's folder in sysfs; the caller frees the list. */
static int list_folder(const char *root, const char *name, const char *folder, struct dirent ***entries)
{
	char path[PATH_MAX];

	*entries = NULL;
	if (snprintf(path, sizeof(path), "%s/sys/class/block/%s/%s", root, name, folder) >= (int)sizeof(path))
		return 0;
	int count = scandir(path, entries, NULL, alphasort);
	return count < 0 ? 0 : count;
}

static void free_list(struct dirent **entries, int count)
{
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
}

static bool is_partition_of(const struct search *s, const char *name)
{
	char text[TARGET_TEXT];

	return !strncmp(name, s->target->name, strlen(s->target->name)) &&
	       search_line(s->root, text, sizeof(text), "%s/%s/partition", s->target->name, name);
}

/* Does a device lead to the target: is it the target, one of its partitions, or built on one (LVM, RAID, encryption)? */
static bool leads_to_target(const struct search *s, const char *name, int depth)
{
	struct dirent **below;
	bool found = !strcmp(name, s->target->name) || is_partition_of(s, name);
	int count = found || depth > 8 ? 0 : list_folder(s->root, name, "slaves", &below);

	for (int i = 0; i < count; i++)
		found |= below[i]->d_name[0] != '.' && leads_to_target(s, below[i]->d_name, depth + 1);
	if (count)
		free_list(below, count);
	return found;
}

static void look_for_holders(const struct search *s, const char *name)
{
	struct dirent **entries;
	int count = list_folder(s->root, name, "holders", &entries);

	for (int i = 0; i < count; i++)
		if (entries[i]->d_name[0] != '.')
			search_copy(s->target->held_by, entries[i]->d_name);
	free_list(entries, count);
}

static void look_at_partitions(const struct search *s)
{
	struct dirent **entries;
	int count = list_folder(s->root, s->target->name, "", &entries);

	for (int i = 0; i < count; i++)
		if (is_partition_of(s, entries[i]->d_name)) {
			look_for_holders(s, entries[i]->d_name);
			search_contents(s, entries[i]->d_name);
		}
	free_list(entries, count);
}

/* Lines of mountinfo: ... mount point (5th word) ... - type source. Its device numbers are no use where a file system makes up its own. */
static void look_at_mounts(const struct search *s)
{
	char path[PATH_MAX], line[PATH_MAX], at[PATH_MAX], source[PATH_MAX], name[TARGET_TEXT];

	snprintf(path, sizeof(path), "%s/proc/self/mountinfo", s->root);
	FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		const char *rest = strstr(line, " - ");

		if (!rest || sscanf(line, "%*s %*s %*s %*s %4095s", at) != 1 || sscanf(rest, " - %*s %4095s", source) != 1 ||
		    source[0] != '/')
			continue;
		find_name(s->root, source, name);
		if (!name[0] || !leads_to_target(s, name, 0))
			continue;
		search_copy(s->target->mounted_at, at);
		s->target->is_system_disk |= !strcmp(at, "/") || !strcmp(at, "/usr") || !strcmp(at, "/boot") ||
					     !strcmp(at, "/boot/efi");
	}
	if (file)
		fclose(file);
}

static void look_at_swaps(const struct search *s)
{
	char path[PATH_MAX], line[PATH_MAX], source[PATH_MAX], name[TARGET_TEXT];

	snprintf(path, sizeof(path), "%s/proc/swaps", s->root);
	FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%4095s", source) != 1 || source[0] != '/')
			continue;
		find_name(s->root, source, name);
		s->target->is_swap |= name[0] && leads_to_target(s, name, 0);
	}
	if (file)
		fclose(file);
}

/* The name of the disk a partition is on: its folder in sysfs lies in the disk's. */
static void find_whole(const struct search *s)
{
	char path[PATH_MAX], real[PATH_MAX];

	snprintf(path, sizeof(path), "%s/sys/class/block/%s", s->root, s->target->name);
	if (!realpath(path, real))
		return;
	*strrchr(real, '/') = 0;
	search_copy(s->target->whole, last_part(real));
}

/* The kernel's own answer: whatever has the disk or a part of it for itself. */
static bool is_taken(const struct search *s)
{
	int fd = s->root[0] ? -1 : open(s->target->path, O_RDONLY | O_EXCL | O_CLOEXEC);
	bool is_busy = fd < 0 && !s->root[0] && errno == EBUSY;

	if (fd >= 0)
		close(fd);
	return is_busy;
}

static void look_at_device(const struct search *s)
{
	struct target *t = s->target;
	char text[TARGET_TEXT];

	t->is_partition = search_line(s->root, text, sizeof(text), "%s/partition", t->name);
	t->bytes = read_number(s, "size") * SECTOR;
	t->sector = (uint32_t)read_number(s, "queue/logical_block_size");
	t->is_read_only = read_number(s, "ro") != 0;
	t->is_mapped = !strncmp(t->name, "dm-", 3) || !strncmp(t->name, "md", 2) || !strncmp(t->name, "bcache", 6);
	t->is_memory = !strncmp(t->name, "zram", 4) || !strncmp(t->name, "ram", 3);
	t->is_optical = !strncmp(t->name, "sr", 2) || read_number(s, "device/type") == SCSI_TYPE_CD_ROM;
	t->is_zoned = search_line(s->root, text, sizeof(text), "%s/queue/zoned", t->name) && !strcmp(text, "host-managed");
	t->is_busy = is_taken(s);
}

void target_look_at(struct target *target, const char *root, const char *path)
{
	const struct search s = { target, root };
	char below[PATH_MAX];
	struct stat status;

	memset(target, 0, sizeof(*target));
	search_copy(target->path, path);
	target->exists = snprintf(below, sizeof(below), "%s%s", root, path) < (int)sizeof(below) && !stat(below, &status);
	find_name(root, path, target->name);
	target->is_block = target->name[0];
	if (!target->is_block)
		return;
	look_at_device(&s);
	search_identity(&s);
	if (target->is_partition)
		find_whole(&s);
	look_for_holders(&s, target->name);
	search_contents(&s, target->name);
	look_at_partitions(&s);
	look_at_mounts(&s);
	look_at_swaps(&s);
}

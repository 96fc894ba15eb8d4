/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which disk it is and what lies on it: model and serial number by sysfs, file systems and members of groups by libblkid. All of it may be
 * chosen by whoever made the disk: only printable characters are kept.
 */
#include "flash_search.h"

#include <blkid/blkid.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cuts blanks and line ends off, and makes what a terminal could take for a command a '?'. */
static void clean(char *text)
{
	size_t length = strcspn(text, "\n");

	while (length && text[length - 1] == ' ')
		length--;
	text[length] = 0;
	for (; *text; text++)
		if (*text < 0x20 || *text >= 0x7F)
			*text = '?';
}

bool search_line(const char *root, char *text, size_t bytes, const char *format, ...)
{
	char path[PATH_MAX], relative[PATH_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(relative, sizeof(relative), format, arguments);
	va_end(arguments);
	text[0] = 0;
	if (snprintf(path, sizeof(path), "%s/sys/class/block/%s", root, relative) >= (int)sizeof(path))
		return false;
	FILE *file = fopen(path, "r");
	if (!file)
		return false;
	bool has_line = fgets(text, (int)bytes, file) != NULL;
	fclose(file);
	clean(text);
	return has_line;
}

void search_copy(char text[TARGET_TEXT], const char *from)
{
	snprintf(text, TARGET_TEXT, "%s", from);
	clean(text);
}

/* A line of what would be lost. */
static void contents_add(struct target *t, const char *name, const char *type, const char *label)
{
	size_t used = strlen(t->contents);

	snprintf(t->contents + used, sizeof(t->contents) - used, "%s: %s%s%s%s\n", name, type, label ? " \"" : "",
		 label ? label : "", label ? "\"" : "");
	for (char *c = t->contents + used; *c; c++)
		if (*c != '\n' && (*c < 0x20 || *c >= 0x7F))
			*c = '?';
}

/* Members of something that is not running now: libblkid knows them by what they begin with. */
static void note_contents(struct target *t, blkid_probe probe, const char *name)
{
	static const struct {
		const char *type, *kind;
	} kinds[] = {
		{ "LVM2_member", "LVM" },	  { "LVM1_member", "LVM" },
		{ "linux_raid_member", "RAID" },  { "zfs_member", "ZFS" },
		{ "ddf_raid_member", "RAID" },	  { "isw_raid_member", "RAID" },
		{ "bcache", "bcache" },		  { "drbd", "DRBD" },
		{ "VMFS_volume_member", "VMFS" },
	};
	const char *type = NULL, *label = NULL;

	if (blkid_probe_lookup_value(probe, "TYPE", &type, NULL))
		return;
	if (blkid_probe_lookup_value(probe, "LABEL", &label, NULL))
		label = NULL;
	contents_add(t, name, type, label);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(type, kinds[i].type))
			search_copy(t->member_of, kinds[i].kind);
}

void search_contents(const struct search *s, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/dev/%s", s->root, name);
	blkid_probe probe = blkid_new_probe_from_filename(path);
	if (!probe)
		return;
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL);
	if (!blkid_do_safeprobe(probe))
		note_contents(s->target, probe, name);
	blkid_free_probe(probe);
}

/* Page 80h of a SCSI device: four bytes of header, then the serial number. Source: SPC-4 7.8.15 "Unit Serial Number VPD page". */
static bool read_vpd_serial(const struct search *s, char serial[TARGET_TEXT])
{
	char path[PATH_MAX];
	uint8_t page[4 + TARGET_TEXT] = { 0 };

	snprintf(path, sizeof(path), "%s/sys/class/block/%s/device/vpd_pg80", s->root, s->target->name);
	FILE *file = fopen(path, "r");
	if (!file)
		return false;
	size_t count = fread(page, 1, sizeof(page) - 1, file);
	fclose(file);
	if (count <= 4 || page[1] != 0x80)
		return false;
	const char *from = (const char *)page + 4;
	while (*from == ' ')
		from++;
	search_copy(serial, from);
	return serial[0];
}

/* What a memory stick is plugged in by has the number: a folder above it. */
static void read_serial_above(const struct search *s, char serial[TARGET_TEXT])
{
	char path[PATH_MAX], real[PATH_MAX], file_name[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/sys/class/block/%s", s->root, s->target->name);
	if (!realpath(path, real))
		return;
	for (char *slash = strrchr(real, '/'); slash && strlen(real) > strlen(s->root) + sizeof("/sys/devices");
	     slash = strrchr(real, '/')) {
		snprintf(file_name, sizeof(file_name), "%s/serial", real);
		FILE *file = fopen(file_name, "r");
		if (file) {
			if (fgets(serial, TARGET_TEXT, file))
				clean(serial);
			fclose(file);
			return;
		}
		*slash = 0;
	}
}

void search_identity(const struct search *s)
{
	struct target *t = s->target;

	search_line(s->root, t->model, sizeof(t->model), "%s/device/model", t->name);
	if (!search_line(s->root, t->serial, sizeof(t->serial), "%s/device/serial", t->name) && !read_vpd_serial(s, t->serial))
		read_serial_above(s, t->serial);
}

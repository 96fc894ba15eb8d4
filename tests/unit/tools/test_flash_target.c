/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an image must not be written: machines made of files, each with one thing wrong, and the words a person gets. The good one beside them
 * differs in nothing else.
 */
#include "fixture.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flash_target.h"

#define IMAGE_BYTES (64u << 20)

static char root[PATH_MAX];

static void make_folders(const char *path)
{
	char text[2 * PATH_MAX];

	snprintf(text, sizeof(text), "%s", path);
	for (char *slash = strchr(text + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(text, 0755);
		*slash = '/';
	}
}

static void put(const char *path, const char *text)
{
	char full[2 * PATH_MAX];

	snprintf(full, sizeof(full), "%s/%s", root, path);
	make_folders(full);
	FILE *file = fopen(full, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void link_to(const char *path, const char *to)
{
	char full[2 * PATH_MAX];

	snprintf(full, sizeof(full), "%s/%s", root, path);
	make_folders(full);
	unlink(full);
	assert_int_equal(symlink(to, full), 0);
}

/* A disk of 1 GiB with two partitions, as Linux shows it. */
static void put_disk(const char *name)
{
	char path[PATH_MAX], to[PATH_MAX];
	static const struct {
		const char *attribute, *value;
	} disk[] = {
		{ "size", "2097152\n" },
		{ "ro", "0\n" },
		{ "queue/logical_block_size", "512\n" },
		{ "queue/zoned", "none\n" },
		{ "device/model", "Fast Disk 9    \n" },
		{ "device/serial", "SN0123456789\n" },
		{ "holders/.keep", "" },
		{ "slaves/.keep", "" },
	};

	for (size_t i = 0; i < sizeof(disk) / sizeof(disk[0]); i++) {
		snprintf(path, sizeof(path), "sys/devices/pci/%s/%s", name, disk[i].attribute);
		put(path, disk[i].value);
	}
	for (int part = 0; part <= 2; part++) {
		char number[4] = "";

		if (part)
			snprintf(number, sizeof(number), "%d", part);
		snprintf(path, sizeof(path), "dev/%s%s", name, number);
		put(path, "");
		if (part) {
			snprintf(path, sizeof(path), "sys/devices/pci/%s/%s%s/partition", name, name, number);
			put(path, number);
			snprintf(path, sizeof(path), "sys/devices/pci/%s/%s%s/size", name, name, number);
			put(path, "4096\n");
		}
		snprintf(path, sizeof(path), "sys/class/block/%s%s", name, number);
		snprintf(to, sizeof(to), part ? "../../devices/pci/%s/%s%s" : "../../devices/pci/%s", name, name, number);
		link_to(path, to);
	}
}

static int set_up(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "%s/nestbox-flash-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(root))
		return 1;
	put_disk("sda");
	put_disk("sdb");
	put("proc/swaps", "Filename Type Size Used Priority\n");
	put("proc/self/mountinfo",
	    "22 27 0:21 / /proc rw - proc proc rw\n26 1 8:17 / / rw,relatime shared:1 - ext4 /dev/sdb1 rw\n");
	return 0;
}

static int tear_down(void **state)
{
	char command[2 * PATH_MAX];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static const char *refusal(const char *path)
{
	struct target target;

	target_look_at(&target, root, path);
	return target_refusal(&target, IMAGE_BYTES);
}

static void a_good_disk(void **state)
{
	struct target target;

	(void)state;
	target_look_at(&target, root, "/dev/sda");
	assert_null(target_refusal(&target, IMAGE_BYTES));
	assert_string_equal(target.name, "sda");
	assert_string_equal(target.model, "Fast Disk 9");
	assert_string_equal(target.serial, "SN0123456789");
	assert_int_equal(target.bytes, 1u << 30);
	assert_null(target_refusal(&target, 1u << 30));
	assert_non_null(target_refusal(&target, (1u << 30) + 1));
}

/* What is put beside the good disk, where to flash to, a piece of the answer. */
static const struct wrong {
	const char *file, *text, *link, *device, *words;
} wrong_targets[] = {
	{ NULL, NULL, NULL, "/dev/sdz", "no such file" },
	{ NULL, NULL, NULL, "", "not a block device" },
	{ NULL, NULL, NULL, "/dev", "not a block device" },
	{ "home/me/disk.img", "x", NULL, "/home/me/disk.img", "not a block device" },
	{ "dev/null", "", NULL, "/dev/null", "not a block device" },
	{ NULL, NULL, NULL, "/dev/sda1", "name the whole disk" },
	{ "dev/disk/by-id/good", NULL, "../../sda2", "/dev/disk/by-id/good", "name the whole disk" },
	{ NULL, NULL, NULL, "/dev/sdb", "the running system is on it" },
	{ "proc/self/mountinfo", "30 1 8:1 / /mnt rw - vfat /dev/sda1 rw\n", NULL, "/dev/sda", "it is mounted" },
	{ "proc/self/mountinfo", "30 1 8:0 / /srv rw - ext4 /dev/sda rw\n", NULL, "/dev/sda", "it is mounted" },
	{ "proc/self/mountinfo", "30 1 0:45 / /data rw master:1 shared:2 - btrfs /dev/sda2 rw\n", NULL, "/dev/sda",
	  "it is mounted" },
	{ "proc/self/mountinfo", "30 1 8:1 / /boot/efi rw - vfat /dev/sda1 rw\n", NULL, "/dev/sda", "the running system is on it" },
	{ "proc/self/mountinfo", "30 1 8:1 / /usr rw - ext4 /dev/sda1 rw\n", NULL, "/dev/sda", "the running system is on it" },
	{ "proc/swaps", "Filename Type\n/dev/sda2 partition 1 0 -2\n", NULL, "/dev/sda", "used as swap" },
	{ "proc/swaps", "Filename Type\n/dev/sda partition 1 0 -2\n", NULL, "/dev/sda", "used as swap" },
	{ "sys/devices/pci/sda/sda1/holders/dm-0", "", NULL, "/dev/sda", "another device is built on it" },
	{ "sys/devices/pci/sda/holders/md127", "", NULL, "/dev/sda", "another device is built on it" },
	{ "sys/devices/pci/sda/ro", "1\n", NULL, "/dev/sda", "write-protected" },
	{ "sys/devices/pci/sda/size", "0\n", NULL, "/dev/sda", "no medium" },
	{ "sys/devices/pci/sda/size", "131071\n", NULL, "/dev/sda", "too small" },
	{ "sys/devices/pci/sda/queue/logical_block_size", "4096\n", NULL, "/dev/sda", "sectors" },
	{ "sys/devices/pci/sda/queue/zoned", "host-managed\n", NULL, "/dev/sda", "zoned" },
	{ "sys/devices/pci/sda/device/type", "5\n", NULL, "/dev/sda", "optical" },
};

static void wrong_targets_are_refused(void **state)
{
	for (size_t i = 0; i < sizeof(wrong_targets) / sizeof(wrong_targets[0]); i++) {
		const struct wrong *w = &wrong_targets[i];

		assert_int_equal(set_up(state), 0);
		if (w->link)
			link_to(w->file, w->link);
		else if (w->file)
			put(w->file, w->text);
		const char *words = refusal(w->device);
		if (!words || !strstr(words, w->words))
			fail_msg("%s with %s: '%s', not '%s'", w->device, w->file ? w->file : "nothing",
				 words ? words : "may be flashed", w->words);
		assert_int_equal(tear_down(state), 0);
	}
}

/* Devices that other names stand for. */
static void other_kinds_are_refused(void **state)
{
	static const struct {
		const char *name, *words;
	} kinds[] = {
		{ "dm-3", "made of other disks" },
		{ "md0", "made of other disks" },
		{ "bcache0", "made of other disks" },
		{ "zram0", "memory" },
		{ "ram1", "memory" },
		{ "sr0", "optical" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char path[64];

		put_disk(kinds[i].name);
		snprintf(path, sizeof(path), "/dev/%s", kinds[i].name);
		const char *words = refusal(path);
		assert_non_null(words);
		assert_non_null(strstr(words, kinds[i].words));
	}
}

/* The root file system on LVM on encryption on a partition: the disk below is the system's. */
static void the_systems_disk_below_layers(void **state)
{
	(void)state;
	put_disk("dm-0");
	put_disk("dm-1");
	put("sys/devices/pci/dm-0/slaves/sda2", "");
	put("sys/devices/pci/dm-1/slaves/dm-0", "");
	put("proc/self/mountinfo", "26 1 253:1 / / rw - ext4 /dev/dm-1 rw\n");
	assert_non_null(strstr(refusal("/dev/sda"), "the running system is on it"));
	assert_null(refusal("/dev/sdb"));
}

static void put_bytes(const char *path, size_t at, const char *bytes, size_t count)
{
	char full[2 * PATH_MAX];

	snprintf(full, sizeof(full), "%s/%s", root, path);
	assert_int_equal(truncate(full, 4 << 20), 0);
	FILE *file = fopen(full, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, 1, count, file), count);
	fclose(file);
}

/* A physical volume of LVM on a partition that nothing has activated: its label, with the CRC LVM computes over it. */
static void members_of_groups_at_rest(void **state)
{
	static const char squashed[] = "\x42\x43\x41\x43\x48\x45"; /* no member of anything */

	(void)state;
	put_bytes("dev/sda1", 0, squashed, sizeof(squashed) - 1);
	assert_null(refusal("/dev/sda"));
	/* an md superblock, version 1.2: magic, major version, at 4096 its own place (super_offset, in sectors) */
	char superblock[256] = { 0 };
	const uint32_t magic = 0xA92B4EFC, major = 1;
	const uint64_t own_place = 8;
	memcpy(superblock, &magic, 4);
	memcpy(superblock + 4, &major, 4);
	memcpy(superblock + 144, &own_place, 8);
	uint64_t sum = 0;
	for (size_t i = 0; i < sizeof(superblock); i += 4) {
		uint32_t word;

		memcpy(&word, superblock + i, 4);
		sum += word;
	}
	const uint32_t checksum = (uint32_t)((sum & 0xFFFFFFFF) + (sum >> 32));
	memcpy(superblock + 216, &checksum, 4);
	put_bytes("dev/sda1", 4096, superblock, sizeof(superblock));
	const char *words = refusal("/dev/sda");
	assert_non_null(words);
	assert_non_null(strstr(words, "member of a group"));
}

/* Where the number is found: page 80h of a SATA disk, the folder of a USB stick. What is not printable does not reach a terminal. */
static void serial_numbers(void **state)
{
	struct target target;
	char full[2 * PATH_MAX];

	(void)state;
	snprintf(full, sizeof(full), "%s/sys/devices/pci/sda/device/serial", root);
	assert_int_equal(unlink(full), 0);
	target_look_at(&target, root, "/dev/sda");
	assert_string_equal(target.serial, "");
	assert_string_equal(target_word(&target), "sda");
	put("sys/devices/pci/serial", "USB77\033[2J1\n");
	target_look_at(&target, root, "/dev/sda");
	assert_string_equal(target.serial, "USB77?[2J1");
	put("sys/devices/pci/sda/device/vpd_pg80", "");
	put_bytes("sys/devices/pci/sda/device/vpd_pg80", 0, "\0\x80\0\x0c    WD-1234  ", 16);
	target_look_at(&target, root, "/dev/sda");
	assert_string_equal(target.serial, "WD-1234");
	assert_string_equal(target_word(&target), "1234");
}

/* A file system with a label chosen to deceive: swap space has the simplest header. */
static void what_would_be_lost(void **state)
{
	char header[4096] = { 0 };
	const uint32_t version = 1, last_page = 1023;
	struct target target;

	(void)state;
	memcpy(header + 1024, &version, 4);
	memcpy(header + 1028, &last_page, 4);
	memcpy(header + 1052, "my\033]0;data", 11);
	memcpy(header + 4086, "SWAPSPACE2", 10);
	put_bytes("dev/sda2", 0, header, sizeof(header));
	target_look_at(&target, root, "/dev/sda");
	assert_string_equal(target.contents, "sda2: swap \"my?]0;data\"\n");
	assert_null(target_refusal(&target, IMAGE_BYTES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_good_disk, set_up, tear_down),
		cmocka_unit_test(wrong_targets_are_refused),
		cmocka_unit_test_setup_teardown(other_kinds_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_systems_disk_below_layers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(members_of_groups_at_rest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(serial_numbers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_would_be_lost, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

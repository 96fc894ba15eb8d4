/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox flash: a disk image onto a disk, after everything that could go wrong has been asked. Nothing is written before the image is verified,
 * the target has passed the table of refusals, and a person has named it.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "commands.h"
#include "flash_image.h"
#include "flash_target.h"
#include "flash_write.h"
#include "public_key.h"
#include "text.h"
#include "trust.h"

static struct {
	const char *confirm, *partition;
	struct trust_options trust;
	bool release, look;
} given;

static const struct option_row options[] = {
	TRUST_OPTIONS(given.trust),
	{ OPTION_TEXT, "partition", "NAME", "the partition the image must be for (the image's own)", &given.partition },
	{ OPTION_FLAG, "release", NULL, "take an image signed with a release key only", &given.release },
	{ OPTION_TEXT, "confirm", "WORD", "the last four characters of the disk's serial number (asked for on a terminal)",
	  &given.confirm },
	{ OPTION_FLAG, "look", NULL, "say what would be done, and write nothing", &given.look },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static struct flash_image image;
static struct target target;
static struct flash_job job;

static enum exit_code image_check(const char *path)
{
	static struct trust trust;
	uint8_t role[UUID_BYTES];
	enum exit_code code = trust_load(&given.trust, &trust);

	if (!code)
		code = text_role("partition", given.partition, role);
	if (!code)
		code = flash_image_verify(&image, &trust.keyring, given.partition ? role : NULL);
	if (!code && given.release && image.result.key->role != KEY_RELEASE)
		code = report_error(EXIT_REFUSED, "%s is signed with a development key; sign it with a release key", path);
	return code;
}

static enum exit_code target_check(const char *path)
{
	const char *refusal;

	target_look_at(&target, "", path);
	refusal = target_refusal(&target, image.file.size);
	return refusal ? report_error(EXIT_REFUSED, "%s is not flashed: %s", path, refusal) : EXIT_OK;
}

static void target_print(void)
{
	const struct manifest *m = &image.result.manifest;
	char id[2 * KEY_ID_BYTES + 1];

	text_hex(image.result.key->key_id, KEY_ID_BYTES, id);
	printf("image   %s, %" PRIu64 " MiB, of which %" PRIu64 " MiB are written\n", image.file.path, image.file.size >> 20,
	       image.map.bytes >> 20);
	printf("        version %u.%u.%u, signed by %s key %.16s\n", m->version_major, m->version_minor, m->version_patch,
	       key_role_name(image.result.key->role), id);
	printf("disk    %s, %s, serial number %s, %" PRIu64 ".%" PRIu64 " GB\n", target.path,
	       target.model[0] ? target.model : "no model name", target.serial[0] ? target.serial : "unknown",
	       target.bytes / 1000000000, target.bytes / 100000000 % 10);
	printf("lost    everything on it%s\n", target.contents[0] ? ":" : "; nothing known is there");
	for (const char *line = target.contents; *line; line += strcspn(line, "\n") + 1)
		printf("        %.*s\n", (int)strcspn(line, "\n"), line);
	fflush(stdout);
}

/* On a terminal a person types the word; elsewhere it has to be on the command line. */
static enum exit_code confirm(void)
{
	const char *word = target_word(&target),
		   *what = target.serial[0] ? "the serial number's last four characters" : "the disk's name";
	char typed[TARGET_TEXT] = "";

	if (!given.confirm && !isatty(STDIN_FILENO))
		return report_error(EXIT_USAGE, "say which disk you mean: --confirm with %s (make flash: CONFIRM=)", what);
	if (!given.confirm) {
		printf("To overwrite it, type %s: ", what);
		fflush(stdout);
		if (!fgets(typed, sizeof(typed), stdin))
			typed[0] = 0;
		typed[strcspn(typed, "\n")] = 0;
	}
	return strcmp(given.confirm ? given.confirm : typed, word) ?
		       report_error(EXIT_REFUSED, "that is not %s of %s: nothing was written", what, target.path) :
		       EXIT_OK;
}

/* For itself alone: from here on nobody can mount it. Its size is asked again, of what was opened. */
static enum exit_code target_open(void)
{
	const int flags = O_RDWR | O_EXCL | O_CLOEXEC;

	job.path = target.path;
	job.fd = open(target.path, flags | O_DIRECT);
	if (job.fd < 0)
		job.fd = open(target.path, flags);
	if (job.fd < 0)
		return report_system_error("cannot open %s", target.path);
	if (ioctl(job.fd, BLKGETSIZE64, &job.disk_bytes) || job.disk_bytes != target.bytes) {
		close(job.fd);
		return report_error(EXIT_REFUSED, "%s has just become another disk: nothing was written", target.path);
	}
	return EXIT_OK;
}

static enum exit_code target_flash(void)
{
	enum exit_code code;

	job.image = &image.file;
	job.map = &image.map;
	memcpy(job.head, image.file.bytes, sizeof(job.head));
	if (!flash_gpt_move(job.head, job.backup, job.disk_bytes / FLASH_SECTOR))
		return report_error(EXIT_REFUSED,
				    "%s has a partition table that cannot be moved; 'make image' makes the image anew",
				    image.file.path);
	code = flash_write(&job);
	if (!code)
		code = flash_read_back(&job);
	if (!code && ioctl(job.fd, BLKRRPART))
		report_warning("the system still knows the old partitions of %s; take it out and put it in again", target.path);
	return code;
}

static enum exit_code flash(void)
{
	enum exit_code code = target_open();

	if (code)
		return code;
	code = target_flash();
	if (close(job.fd) && !code)
		code = report_system_error("cannot close %s", target.path);
	if (code)
		return code;
	printf("%s: written, synced, read back and compared\n", target.path);
	return output_flush_stdout();
}

static enum exit_code run(const struct text_list *operands)
{
	enum exit_code code;

	code = flash_image_open(operands->items[0], &image);
	if (code)
		return code;
	code = image_check(operands->items[0]);
	if (!code)
		code = target_check(operands->items[1]);
	if (!code)
		target_print();
	if (!code && !given.look)
		code = confirm();
	if (!code && !given.look)
		code = flash();
	flash_image_close(&image);
	return code;
}

const struct command command_flash = {
	.name = "flash",
	.summary = "write a disk image to a disk",
	.operands = "IMAGE DISK",
	.operands_min = 2,
	.operands_max = 2,
	.options = options,
	.run = run,
	.notes = "Whole disks only, never one that is in use. What is on it is lost.",
};

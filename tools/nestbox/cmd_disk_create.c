/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox disk create: the disk of a box, as it is flashed. A partition table, the boot loader's partitions as they are given, the slot record,
 * one or two images in their slots, room for data. The file has holes where there is nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "disk_table.h"
#include "image/signature.h"
#include "image_policy.h"
#include "text.h"
#include "update/gpt.h"
#include "update/nbmeta.h"

#define MIB ((uint64_t)1 << 20)
#define META_BYTES MIB
#define DEFAULT_DATA_MIB 64u
#define LARGEST_MIB (1u << 30)
#define MBR_CODE_BYTES 440u

/* Where GRUB's two stages for a BIOS have the sector of the next one: boot.img, and the end of the core image's first sector. */
enum { MBR_CORE_LBA = 0x5C, CORE_REST_LBA = FLASH_SECTOR - 12 };

static struct {
	const char *slots[2], *slot_mib, *data_mib, *data, *esp, *bios_boot, *mbr, *out;
} given;

static const struct option_row options[] = {
	{ OPTION_TEXT, "out", "FILE", "the disk to write", &given.out },
	{ OPTION_TEXT, "slot-a", "IMAGE", "the image a new box starts", &given.slots[0] },
	{ OPTION_TEXT, "slot-b", "IMAGE", "one for the other slot (none)", &given.slots[1] },
	{ OPTION_TEXT, "slot-size", "MIB", "room for an image in each slot (the larger image and half of it again)", &given.slot_mib },
	{ OPTION_TEXT, "data-size", "MIB", "room for the partition's own data (64)", &given.data_mib },
	{ OPTION_TEXT, "data", "FILE", "what is there at first, such as a file system (nothing)", &given.data },
	{ OPTION_TEXT, "esp", "FILE", "an EFI system partition, a FAT file system", &given.esp },
	{ OPTION_TEXT, "bios-boot", "FILE", "GRUB's core image for a BIOS", &given.bios_boot },
	{ OPTION_TEXT, "mbr", "FILE", "GRUB's boot.img, which loads it", &given.mbr },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static struct job {
	struct input_file images[2], data, esp, bios_boot, mbr;
	struct verify_policy policy; /* of the first image */
	struct disk_plan plan;
	struct output_file out;
	uint8_t meta[META_BYTES];
	uint8_t head[DISK_HEAD_BYTES], backup[FLASH_TABLE_BYTES];
} job;

static enum exit_code input_open_given(const char *path, struct input_file *input)
{
	return path ? input_open(path, input) : EXIT_OK;
}

static enum exit_code inputs_open(void)
{
	enum exit_code code = input_open(given.slots[0], &job.images[0]);

	if (!code)
		code = input_open_given(given.slots[1], &job.images[1]);
	if (!code)
		code = input_open_given(given.data, &job.data);
	if (!code)
		code = input_open_given(given.esp, &job.esp);
	if (!code)
		code = input_open_given(given.bios_boot, &job.bios_boot);
	if (!code)
		code = input_open_given(given.mbr, &job.mbr);
	if (!code && given.mbr && (job.mbr.size < MBR_CODE_BYTES || job.bios_boot.size < FLASH_SECTOR))
		code = report_error(EXIT_REFUSED, "%s is no boot.img of GRUB's, or --bios-boot is missing", given.mbr);
	return code;
}

/* An image, and for the same partition as the first one. Its signature is for the box, and for 'nestbox flash', to check. */
static enum exit_code image_check(size_t which)
{
	const struct input_file *image = &job.images[which];
	struct verify_policy policy = { 0 };
	struct manifest manifest;

	if (image->size < MANIFEST_BYTES_TOTAL || manifest_parse(image->bytes, MANIFEST_BYTES_TOTAL, &manifest))
		return report_error(EXIT_REFUSED, "%s is no image; 'nestbox image create' makes one", image->path);
	policy_from_image(image->bytes, (size_t)image->size, &policy);
	if (!which)
		job.policy = policy;
	else if (memcmp(policy.role_uuid, job.policy.role_uuid, UUID_BYTES))
		return report_error(EXIT_REFUSED, "%s is for another partition than %s", image->path, job.images[0].path);
	return EXIT_OK;
}

static void partition_add(const char *name, const uint8_t *type, uint64_t bytes)
{
	job.plan.partitions[job.plan.count++] = (struct disk_partition){ .name = name, .type = type, .bytes = bytes };
}

static struct disk_partition *partition_named(const char *name)
{
	for (size_t i = 0; i < job.plan.count; i++)
		if (!strcmp(job.plan.partitions[i].name, name))
			return &job.plan.partitions[i];
	return NULL;
}

static enum exit_code plan_make(void)
{
	uint64_t larger = job.images[0].size > job.images[1].size ? job.images[0].size : job.images[1].size;
	uint64_t slot_mib = (larger + larger / 2) / MIB + 1, data_mib = job.data.size > DEFAULT_DATA_MIB * MIB ? job.data.size / MIB + 1 : DEFAULT_DATA_MIB;
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];
	enum exit_code code = text_number("slot-size", given.slot_mib, LARGEST_MIB, &slot_mib);

	if (!code)
		code = text_number("data-size", given.data_mib, LARGEST_MIB, &data_mib);
	if (code)
		return code;
	if (slot_mib * MIB < larger)
		return report_error(EXIT_REFUSED, "the image has %" PRIu64 " MiB: give --slot-size at least as many", (larger + MIB - 1) / MIB);
	if (data_mib * MIB < job.data.size)
		return report_error(EXIT_REFUSED, "%s has %" PRIu64 " MiB: give --data-size at least as many", given.data, (job.data.size + MIB - 1) / MIB);
	if (given.bios_boot)
		partition_add("bios-boot", disk_type_bios_boot, job.bios_boot.size);
	if (given.esp)
		partition_add("esp", disk_type_esp, job.esp.size);
	partition_add("nbmeta", gpt_type_nbmeta, META_BYTES);
	partition_add("guest-a", gpt_type_guest, slot_mib * MIB);
	partition_add("guest-b", gpt_type_guest, slot_mib * MIB);
	if (data_mib)
		partition_add("data", gpt_type_data, data_mib * MIB);
	if (!signature_digest(job.images[0].bytes, digest) || !disk_place(&job.plan))
		return report_error(EXIT_REFUSED, "this disk would be too large; give smaller sizes");
	memcpy(job.plan.seed, digest, sizeof(job.plan.seed));
	return EXIT_OK;
}

static bool meta_read(void *context, uint64_t sector, uint32_t count, void *bytes)
{
	(void)context;
	memcpy(bytes, job.meta + sector * FLASH_SECTOR, (size_t)count * FLASH_SECTOR);
	return true;
}

static bool meta_write(void *context, uint64_t sector, uint32_t count, const void *bytes)
{
	(void)context;
	memcpy(job.meta + sector * FLASH_SECTOR, bytes, (size_t)count * FLASH_SECTOR);
	return true;
}

static bool meta_flush(void *context)
{
	(void)context;
	return true;
}

/* Slot a is confirmed, by whoever flashes it; what is in slot b stands there for a return. */
static enum exit_code meta_make(void)
{
	static const struct block_device device = {
		.read = meta_read, .write = meta_write, .flush = meta_flush, .sector_bytes = FLASH_SECTOR,
		.sector_count = META_BYTES / FLASH_SECTOR,
	};
	const struct block_region region = block_whole(&device);
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];
	struct record record;
	struct manifest manifest;

	record_init(&record, job.policy.role_uuid);
	for (enum slot_id slot = SLOT_A; slot <= SLOT_B; slot++) {
		if (!job.images[slot - 1].size)
			continue;
		if (!signature_digest(job.images[slot - 1].bytes, digest))
			return report_error(EXIT_IO, "the image cannot be hashed");
		role_set_digest(&record.roles[0], slot, digest);
		role_set(&record.roles[0], slot, SLOT_CONFIRMED, SLOT_FAIL_NONE);
	}
	record.roles[0].active = SLOT_A;
	if (!manifest_parse(job.images[0].bytes, MANIFEST_BYTES_TOTAL, &manifest))
		record.roles[0].floor = manifest.security_version;
	enum update_error error = nbmeta_format(&region, &record);

	return error ? report_error(EXIT_IO, "the slot record cannot be made: %s", update_error_text(error)) : EXIT_OK;
}

/* Blocks of zeros stay holes, which flashing does not write. */
static enum exit_code partition_write(const char *name, const uint8_t *bytes, uint64_t count)
{
	struct disk_partition *p = partition_named(name);
	enum exit_code code = EXIT_OK;

	for (uint64_t at = 0; p && !code && at < count; at += BLOCK_BYTES) {
		uint64_t piece = count - at < BLOCK_BYTES ? count - at : BLOCK_BYTES;

		if (!bytes_are_zero(bytes + at, piece))
			code = output_write(&job.out, p->offset + at, bytes + at, piece);
	}
	return code;
}

/* GRUB's first stage names the sector of its core, and that one the sector behind. */
static enum exit_code boot_code_write(void)
{
	struct disk_partition *core = partition_named("bios-boot");
	uint8_t *first;
	enum exit_code code;

	if (!core || !given.mbr)
		return partition_write("bios-boot", job.bios_boot.bytes, job.bios_boot.size);
	memcpy(job.head, job.mbr.bytes, MBR_CODE_BYTES);
	bytes_put64(job.head + MBR_CORE_LBA, core->offset / FLASH_SECTOR);
	first = malloc((size_t)job.bios_boot.size);
	if (!first)
		return report_system_error("no memory");
	memcpy(first, job.bios_boot.bytes, (size_t)job.bios_boot.size);
	bytes_put64(first + CORE_REST_LBA, core->offset / FLASH_SECTOR + 1);
	code = partition_write("bios-boot", first, job.bios_boot.size);
	free(first);
	return code;
}

static enum exit_code disk_write(void)
{
	enum exit_code code = boot_code_write();

	if (!code)
		code = partition_write("esp", job.esp.bytes, job.esp.size);
	if (!code)
		code = partition_write("nbmeta", job.meta, sizeof(job.meta));
	if (!code)
		code = partition_write("guest-a", job.images[0].bytes, job.images[0].size);
	if (!code)
		code = partition_write("guest-b", job.images[1].bytes, job.images[1].size);
	if (!code)
		code = partition_write("data", job.data.bytes, job.data.size);
	if (!code)
		code = output_write(&job.out, 0, job.head, sizeof(job.head));
	if (!code)
		code = output_write(&job.out, job.plan.bytes - sizeof(job.backup), job.backup, sizeof(job.backup));
	return code;
}

static enum exit_code create(void)
{
	enum exit_code code = inputs_open();

	for (size_t i = 0; !code && i < 2; i++)
		code = job.images[i].size ? image_check(i) : EXIT_OK;
	if (!code)
		code = plan_make();
	if (!code)
		code = meta_make();
	if (!code && !disk_table_make(&job.plan, job.head, job.backup))
		code = report_error(EXIT_IO, "the partition table cannot be made");
	if (!code)
		code = output_open(given.out, 0666, &job.out);
	return code ? code : output_end(&job.out, disk_write());
}

static enum exit_code run(const struct text_list *operands)
{
	enum exit_code code;

	(void)operands;
	if (!given.out || !given.slots[0])
		return report_error(EXIT_USAGE, "say what to write and what goes into the first slot: --out FILE --slot-a IMAGE");
	code = create();
	if (code)
		return code;
	printf("%s: %" PRIu64 " MiB\n", given.out, job.plan.bytes / MIB);
	for (size_t i = 0; i < job.plan.count; i++)
		printf("  %-10s%6" PRIu64 " MiB at %" PRIu64 " MiB\n", job.plan.partitions[i].name, job.plan.partitions[i].bytes / MIB,
		       job.plan.partitions[i].offset / MIB);
	return output_flush_stdout();
}

const struct command command_disk_create = {
	.name = "disk create",
	.summary = "make the disk of a box, to be flashed",
	.operands = "",
	.options = options,
	.run = run,
	.notes = "The same input gives the same bytes. 'nestbox flash' writes it to a disk, after verifying the image in slot a.",
};

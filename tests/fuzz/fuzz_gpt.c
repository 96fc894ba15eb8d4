/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the partition table: a small disk made of the input, with checksums mended so that more of
 * the rows are reached. What is accepted must lie inside the disk, apart from each other.
 */
#include <stdlib.h>
#include <string.h>

#include "image/bytes.h"
#include "update/crc.h"
#include "update/gpt.h"

#define SECTORS 96u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t disk[SECTORS * 512];

static bool disk_read(void *context, uint64_t sector, uint32_t count, void *bytes)
{
	if (!range_fits(sector, count, SECTORS))
		abort();
	memcpy(bytes, disk + sector * 512, count * 512u);
	return true;
}

/* What every table has, then its checksums. */
static void mend(size_t header)
{
	uint8_t *h = disk + header * 512;
	uint64_t entries = bytes_get64(h + 72);
	uint32_t count = bytes_get32(h + 80) & 0xFF, length = 92;

	memcpy(h, "EFI PART\0\0\1\0\134\0\0\0", 16);
	bytes_put32(h + 20, 0);
	bytes_put64(h + 24, header);
	bytes_put64(h + 72, entries &= 0x3F);
	bytes_put32(h + 80, count);
	bytes_put32(h + 84, GPT_ENTRY_BYTES);
	if (entries < SECTORS && count <= GPT_MAX_PARTITIONS && range_fits(entries * 512, count * 128ull, sizeof(disk)))
		bytes_put32(h + 88, crc32_ieee(0, disk + entries * 512, count * 128));
	bytes_put32(h + 16, 0);
	bytes_put32(h + 16, crc32_ieee(0, h, length));
}

static void table_require(const struct gpt *gpt)
{
	for (size_t i = 0; i < gpt->count; i++) {
		const struct gpt_partition *p = &gpt->partitions[i];

		if (p->first > p->last || p->last >= SECTORS || memchr(p->name, 0, sizeof(p->name)) == NULL)
			abort();
		for (size_t k = 0; k < i; k++)
			if (gpt->partitions[k].first <= p->last && p->first <= gpt->partitions[k].last)
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct block_device device = { .read = disk_read, .sector_bytes = 512, .sector_count = SECTORS };
	static struct gpt gpt;
	struct block_region region;

	memset(disk, 0, sizeof(disk));
	memcpy(disk, data, size < sizeof(disk) ? size : sizeof(disk));
	if (size & 1) {
		mend(1);
		mend(SECTORS - 1);
	}
	if (gpt_read(&gpt, &device))
		return 0;
	table_require(&gpt);
	if (!gpt_find(&gpt, NULL, NULL, &region) && (region.bytes % BLOCK_BYTES || region.first + region.bytes / 512 > SECTORS))
		abort();
	return 0;
}

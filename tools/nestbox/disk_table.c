/* SPDX-License-Identifier: Apache-2.0 */
/* The partition table of a new disk; see disk_table.h. */
#include "disk_table.h"

#include <string.h>

#include "image/bytes.h"
#include "image/crypto.h"
#include "update/crc.h"

#define ENTRY_BYTES 128u
#define ENTRIES 128u
#define HEADER_BYTES 92u
#define LARGEST (1ull << 62)

const uint8_t disk_type_bios_boot[UUID_BYTES] = { 0x21, 0x68, 0x61, 0x48, 0x64, 0x49, 0x6e, 0x6f,
						  0x74, 0x4e, 0x65, 0x65, 0x64, 0x45, 0x46, 0x49 };
const uint8_t disk_type_esp[UUID_BYTES] = { 0xc1, 0x2a, 0x73, 0x28, 0xf8, 0x1f, 0x11, 0xd2,
					    0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b };

/* Offsets: in the header, in an entry, in the protective MBR. */
enum {
	HEADER_REVISION = 8,
	HEADER_SIZE = 12,
	HEADER_MY_LBA = 24,
	HEADER_FIRST_USABLE = 40,
	HEADER_LAST_USABLE = 48,
	HEADER_UUID = 56,
	HEADER_ENTRIES = 72,
	HEADER_COUNT = 80,
	HEADER_ENTRY_SIZE = 84,
	HEADER_ENTRIES_CRC = 88,
};
enum { ENTRY_UUID = 16, ENTRY_FIRST = 32, ENTRY_LAST = 40, ENTRY_NAME = 56 };
enum { MBR_RECORD = 446, MBR_MAGIC = 510 };

/* In the table the first three fields of a UUID are little-endian. */
static void uuid_put(uint8_t *to, const uint8_t *uuid)
{
	static const uint8_t order[UUID_BYTES] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

	for (size_t i = 0; i < UUID_BYTES; i++)
		to[i] = uuid[order[i]];
}

static bool uuid_derive(const struct disk_plan *plan, const char *what, uint8_t *to)
{
	static const char domain[] = "nestbox-disk-v1";
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES], uuid[UUID_BYTES];
	struct crypto_hash hash;

	if (!crypto_hash_start(&hash, HASH_SHA256))
		return false;
	crypto_hash_update(&hash, domain, sizeof(domain));
	crypto_hash_update(&hash, plan->seed, sizeof(plan->seed));
	crypto_hash_update(&hash, what, strlen(what));
	if (!crypto_hash_finish(&hash, digest))
		return false;
	uuid_from_digest(digest, uuid);
	uuid_put(to, uuid);
	return true;
}

bool disk_place(struct disk_plan *plan)
{
	uint64_t at = DISK_ALIGNMENT;

	for (size_t i = 0; i < plan->count; i++) {
		struct disk_partition *p = &plan->partitions[i];

		if (p->bytes > LARGEST || at > LARGEST)
			return false;
		p->bytes = (p->bytes + DISK_ALIGNMENT - 1) / DISK_ALIGNMENT * DISK_ALIGNMENT;
		p->offset = at;
		at += p->bytes;
	}
	plan->bytes = at + DISK_ALIGNMENT; /* room for the second table */
	return true;
}

static bool entry_put(const struct disk_plan *plan, const struct disk_partition *p, uint8_t *entry)
{
	uuid_put(entry, p->type);
	bytes_put64(entry + ENTRY_FIRST, p->offset / FLASH_SECTOR);
	bytes_put64(entry + ENTRY_LAST, (p->offset + p->bytes) / FLASH_SECTOR - 1);
	for (size_t i = 0; p->name[i]; i++)
		entry[ENTRY_NAME + 2 * i] = (uint8_t)p->name[i];
	return uuid_derive(plan, p->name, entry + ENTRY_UUID);
}

/* One partition of type EEh, from sector 1 to the end: tools that do not know GPT leave the disk alone. */
static void protective_mbr_put(uint8_t *mbr)
{
	static const uint8_t record[12] = { 0, 0, 2, 0, 0xEE, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0 };

	memcpy(mbr + MBR_RECORD, record, sizeof(record));
	mbr[MBR_MAGIC] = 0x55;
	mbr[MBR_MAGIC + 1] = 0xAA;
}

bool disk_table_make(const struct disk_plan *plan, uint8_t head[DISK_HEAD_BYTES], uint8_t backup[FLASH_TABLE_BYTES])
{
	uint8_t *header = head + FLASH_SECTOR, *entries = head + 2 * FLASH_SECTOR;
	uint64_t sectors = plan->bytes / FLASH_SECTOR;

	memset(head, 0, DISK_HEAD_BYTES);
	memset(backup, 0, FLASH_TABLE_BYTES);
	protective_mbr_put(head);
	for (size_t i = 0; i < plan->count; i++)
		if (!entry_put(plan, &plan->partitions[i], entries + i * ENTRY_BYTES))
			return false;
	memcpy(header, "EFI PART", 8);
	bytes_put32(header + HEADER_REVISION, 0x00010000);
	bytes_put32(header + HEADER_SIZE, HEADER_BYTES);
	bytes_put64(header + HEADER_MY_LBA, 1);
	bytes_put64(header + HEADER_FIRST_USABLE, FLASH_TABLE_SECTORS + 1);
	bytes_put64(header + HEADER_LAST_USABLE, sectors - FLASH_TABLE_SECTORS - 2);
	bytes_put64(header + HEADER_ENTRIES, 2);
	bytes_put32(header + HEADER_COUNT, ENTRIES);
	bytes_put32(header + HEADER_ENTRY_SIZE, ENTRY_BYTES);
	bytes_put32(header + HEADER_ENTRIES_CRC, crc32_ieee(0, entries, ENTRIES * ENTRY_BYTES));
	return uuid_derive(plan, "", header + HEADER_UUID) && flash_gpt_move(head, backup, sectors);
}

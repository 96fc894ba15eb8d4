/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interpreter over gpt.def. UEFI 2.10 section 5.3.2 "GPT Header", 5.3.3 "GPT Partition Entry
 * Array".
 */
#include "update/gpt.h"

#include <string.h>

#include "image/bytes.h"
#include "update/crc.h"

const uint8_t gpt_type_nbmeta[UUID_BYTES] = { 0xe3, 0x30, 0xe7, 0xe8, 0x10, 0xee, 0x89, 0xdc,
					      0x85, 0x5d, 0x3e, 0x8c, 0x16, 0x64, 0x42, 0x67 };
const uint8_t gpt_type_guest[UUID_BYTES] = { 0x41, 0xc5, 0xf4, 0xc0, 0x17, 0xd0, 0x83, 0xef,
					     0x90, 0x47, 0x25, 0x9a, 0x5a, 0xf3, 0x42, 0xf3 };
const uint8_t gpt_type_data[UUID_BYTES] = { 0xfd, 0x94, 0xbf, 0xf3, 0x16, 0x4d, 0x8d, 0xb4,
					    0xb7, 0xb2, 0x0d, 0xc9, 0x11, 0x24, 0x47, 0x84 };

struct header {
	uint32_t revision, header_bytes, header_crc, reserved;
	uint64_t my_lba, first_usable, last_usable, entries;
	uint32_t entry_count, entry_bytes, entries_crc;
};

static void header_decode(const uint8_t *bytes, struct header *h)
{
	h->revision = bytes_get32(bytes + 8);
	h->header_bytes = bytes_get32(bytes + 12);
	h->header_crc = bytes_get32(bytes + 16);
	h->reserved = bytes_get32(bytes + 20);
	h->my_lba = bytes_get64(bytes + 24);
	h->first_usable = bytes_get64(bytes + 40);
	h->last_usable = bytes_get64(bytes + 48);
	h->entries = bytes_get64(bytes + 72);
	h->entry_count = bytes_get32(bytes + 80);
	h->entry_bytes = bytes_get32(bytes + 84);
	h->entries_crc = bytes_get32(bytes + 88);
}

/* Over the header with its own checksum zero. */
static uint32_t header_crc(const uint8_t *bytes, uint32_t count)
{
	static const uint8_t zeros[4];
	uint32_t crc = crc32_ieee(0, bytes, 16);

	crc = crc32_ieee(crc, zeros, 4);
	return crc32_ieee(crc, bytes + 20, count - 20);
}

static uint64_t entry_sectors(const struct header *h, const struct block_device *device)
{
	return (h->entry_count * GPT_ENTRY_BYTES + device->sector_bytes - 1) / device->sector_bytes;
}

/* Behind the first header and before the partitions, or behind them and before the last header. */
static bool entries_are_apart(const struct header *h, const struct block_device *device, uint64_t lba)
{
	uint64_t end;

	if (!range_end(h->entries, entry_sectors(h, device), &end))
		return false;
	return lba == 1 ? h->entries > lba && end <= h->first_usable : h->entries > h->last_usable && end <= lba;
}

/* The sector with entry `index`, read to `sector`; where in it the entry lies, or null. */
static const uint8_t *entry_read(const struct header *h, const struct block_device *device, uint32_t index,
				 uint8_t sector[BLOCK_BYTES])
{
	uint32_t each = device->sector_bytes / GPT_ENTRY_BYTES;

	if (index % each == 0 && !device->read(device->context, h->entries + index / each, 1, sector))
		return NULL;
	return sector + index % each * GPT_ENTRY_BYTES;
}

/* A checksum that cannot match when the entries cannot be read. */
static uint32_t entries_crc(const struct header *h, const struct block_device *device)
{
	uint8_t sector[BLOCK_BYTES];
	uint32_t crc = 0;

	for (uint32_t i = 0; i < h->entry_count; i++) {
		const uint8_t *entry = entry_read(h, device, i, sector);

		if (!entry)
			return ~h->entries_crc;
		crc = crc32_ieee(crc, entry, GPT_ENTRY_BYTES);
	}
	return crc;
}

static bool overlaps_another(const struct gpt *gpt, const struct gpt_partition *p)
{
	for (size_t i = 0; i < gpt->count; i++) {
		const struct gpt_partition *other = &gpt->partitions[i];

		if (other->first <= p->last && p->first <= other->last)
			return true;
	}
	return false;
}

#define GPT_PARTITION_CHECK(name, expression, sentence)
#define GPT_CHECK(name, expression, sentence) \
	static bool holds_##name(const struct header *h, const uint8_t *bytes, const struct block_device *device, uint64_t lba) \
	{ \
		(void)h, (void)bytes, (void)device, (void)lba; \
		return expression; \
	}
#include "update/gpt.def"
#undef GPT_CHECK
#define GPT_CHECK(name, expression, sentence) { UPDATE_ERROR_GPT_##name, holds_##name },
static const struct header_check {
	enum update_error error;
	bool (*holds)(const struct header *h, const uint8_t *bytes, const struct block_device *device, uint64_t lba);
} header_checks[] = {
#include "update/gpt.def"
};
#undef GPT_CHECK
#undef GPT_PARTITION_CHECK

#define GPT_CHECK(name, expression, sentence)
#define GPT_PARTITION_CHECK(name, expression, sentence) \
	static bool partition_##name(const struct header *h, const struct gpt *gpt, const struct gpt_partition *p) \
	{ \
		(void)h, (void)gpt, (void)p; \
		return expression; \
	}
#include "update/gpt.def"
#undef GPT_PARTITION_CHECK
#define GPT_PARTITION_CHECK(name, expression, sentence) { UPDATE_ERROR_GPT_##name, partition_##name },
static const struct partition_check {
	enum update_error error;
	bool (*holds)(const struct header *h, const struct gpt *gpt, const struct gpt_partition *p);
} partition_checks[] = {
#include "update/gpt.def"
};
#undef GPT_CHECK
#undef GPT_PARTITION_CHECK

/* The first three fields of a GUID are little-endian numbers; its text is not. */
static void guid_to_uuid(const uint8_t *guid, uint8_t uuid[UUID_BYTES])
{
	static const uint8_t order[UUID_BYTES] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

	for (size_t i = 0; i < UUID_BYTES; i++)
		uuid[i] = guid[order[i]];
}

static void entry_decode(const uint8_t *entry, struct gpt_partition *p)
{
	memset(p, 0, sizeof(*p));
	guid_to_uuid(entry, p->type);
	p->first = bytes_get64(entry + 32);
	p->last = bytes_get64(entry + 40);
	for (size_t i = 0; i < GPT_NAME_BYTES - 1; i++) {
		uint16_t c = bytes_get16(entry + 56 + 2 * i);

		if (!c)
			break;
		p->name[i] = c >= 0x20 && c < 0x7F ? (char)c : '?';
	}
}

static enum update_error partition_add(struct gpt *gpt, const struct header *h, const uint8_t *entry)
{
	struct gpt_partition *p = &gpt->partitions[gpt->count];

	if (bytes_are_zero(entry, UUID_BYTES))
		return UPDATE_OK;
	entry_decode(entry, p);
	for (size_t i = 0; i < sizeof(partition_checks) / sizeof(partition_checks[0]); i++)
		if (!partition_checks[i].holds(h, gpt, p))
			return partition_checks[i].error;
	gpt->count++;
	return UPDATE_OK;
}

/* The entries are read a second time here, so their checksum is made a second time, too. */
static enum update_error partitions_read(struct gpt *gpt, const struct header *h)
{
	uint8_t sector[BLOCK_BYTES];
	uint32_t crc = 0;

	for (uint32_t i = 0; i < h->entry_count; i++) {
		const uint8_t *entry = entry_read(h, gpt->device, i, sector);
		enum update_error error;

		if (!entry)
			return UPDATE_ERROR_DISK_READ;
		crc = crc32_ieee(crc, entry, GPT_ENTRY_BYTES);
		error = partition_add(gpt, h, entry);
		if (error)
			return error;
	}
	return crc == h->entries_crc ? UPDATE_OK : UPDATE_ERROR_GPT_ENTRIES_CRC;
}

static enum update_error table_read(struct gpt *gpt, uint64_t lba)
{
	const struct block_device *device = gpt->device;
	uint8_t sector[BLOCK_BYTES];
	struct header h;

	gpt->count = 0;
	if (lba >= device->sector_count || !device->read(device->context, lba, 1, sector))
		return UPDATE_ERROR_DISK_READ;
	header_decode(sector, &h);
	for (size_t i = 0; i < sizeof(header_checks) / sizeof(header_checks[0]); i++)
		if (!header_checks[i].holds(&h, sector, device, lba))
			return header_checks[i].error;
	return partitions_read(gpt, &h);
}

static bool is_possible(const struct block_device *device)
{
	uint32_t bytes = device->sector_bytes;

	return bytes >= 512 && bytes <= BLOCK_BYTES && !(bytes & (bytes - 1)) && device->sector_count >= 3 &&
	       device->sector_count <= UINT64_MAX / bytes;
}

enum update_error gpt_read(struct gpt *gpt, const struct block_device *device)
{
	memset(gpt, 0, sizeof(*gpt));
	gpt->device = device;
	if (!is_possible(device))
		return UPDATE_ERROR_DISK_READ;
	gpt->primary_error = table_read(gpt, 1);
	if (!gpt->primary_error)
		return UPDATE_OK;
	gpt->is_backup = true;
	return table_read(gpt, device->sector_count - 1) ? gpt->primary_error : UPDATE_OK;
}

static bool is_wanted(const struct gpt_partition *p, const uint8_t *type, const char *name)
{
	return (!type || !memcmp(p->type, type, UUID_BYTES)) && (!name || !strcmp(p->name, name));
}

enum update_error gpt_find(const struct gpt *gpt, const uint8_t *type, const char *name, struct block_region *region)
{
	const struct gpt_partition *found = NULL;
	uint32_t sector_bytes = gpt->device->sector_bytes;

	for (size_t i = 0; i < gpt->count; i++) {
		const struct gpt_partition *p = &gpt->partitions[i];

		if (!is_wanted(p, type, name))
			continue;
		if (found)
			return UPDATE_ERROR_GPT_TWICE;
		found = p;
	}
	if (!found)
		return UPDATE_ERROR_GPT_MISSING;
	*region = (struct block_region){ gpt->device, found->first, (found->last - found->first + 1) * sector_bytes };
	if (found->first * sector_bytes % BLOCK_BYTES || region->bytes % BLOCK_BYTES)
		return UPDATE_ERROR_GPT_UNALIGNED;
	return UPDATE_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two copies, of which one is always whole.
 */
#include "update/nbmeta.h"

#include <string.h>

#include "image/bytes.h"

struct copy {
	bool is_read;
	enum record_verdict verdict;
	struct record record;
};

static uint64_t place_of(unsigned int kind, unsigned int which)
{
	return (uint64_t)(kind + which) * NBMETA_PLACE_BYTES;
}

static void copy_read(struct nbmeta *meta, unsigned int kind, unsigned int which, struct copy *copy)
{
	copy->verdict = RECORD_DAMAGED;
	copy->is_read = block_read(&meta->region, place_of(kind, which), meta->block, RECORD_BYTES);
	if (copy->is_read)
		copy->verdict = record_read(meta->block, &copy->record);
}

/*
 * Which of two copies is in force: the whole one, or the one with the higher number. Two that are
 * whole, different and have one number cannot come from the rules above: neither is believed.
 * Returns 2 for none.
 */
static unsigned int newer_of(const struct copy copies[2])
{
	bool is_good[2] = { copies[0].verdict == RECORD_GOOD, copies[1].verdict == RECORD_GOOD };

	if (is_good[0] && is_good[1]) {
		if (copies[0].record.sequence != copies[1].record.sequence)
			return copies[1].record.sequence > copies[0].record.sequence;
		/* their gaps are zero: NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
		return memcmp(&copies[0].record, &copies[1].record, sizeof(struct record)) ? 2 : 0;
	}
	return is_good[0] ? 0 : is_good[1] ? 1 : 2;
}

static bool is_newer_foreign(const struct copy *copy, const struct record *than)
{
	return copy->verdict == RECORD_FOREIGN && (!than || copy->record.sequence > than->sequence);
}

static enum nbmeta_state state_of(const struct copy copies[2], const struct record *found)
{
	if (is_newer_foreign(&copies[0], found) || is_newer_foreign(&copies[1], found))
		return NBMETA_FOREIGN;
	if (found)
		return NBMETA_SOUND;
	return copies[0].is_read && copies[1].is_read ? NBMETA_LOST : NBMETA_UNREADABLE;
}

enum update_error nbmeta_load(struct nbmeta *meta, const struct block_region *region)
{
	struct copy copies[2];
	unsigned int newest;

	memset(meta, 0, sizeof(*meta));
	if (region->bytes < NBMETA_BYTES)
		return UPDATE_ERROR_META_SMALL;
	meta->region = *region;
	copy_read(meta, NBMETA_RECORD, 0, &copies[0]);
	copy_read(meta, NBMETA_RECORD, 1, &copies[1]);
	newest = newer_of(copies);
	meta->has_record = newest < 2;
	meta->state = state_of(copies, meta->has_record ? &copies[newest].record : NULL);
	meta->is_read_only = meta->state == NBMETA_FOREIGN || meta->state == NBMETA_UNREADABLE;
	if (meta->has_record) {
		meta->record = copies[newest].record;
		meta->newest = newest;
	}
	return UPDATE_OK;
}

/* Write, flush, read back: what is on the medium now are these bytes. */
static enum update_error copy_write(struct nbmeta *meta, uint64_t at, const struct record *record)
{
	uint8_t back[RECORD_BYTES];

	if (!record_write(record, meta->block))
		return UPDATE_ERROR_RECORD_RULE;
	meta->writes++;
	if (!block_write(&meta->region, at, meta->block, RECORD_BYTES) || !block_flush(&meta->region))
		return UPDATE_ERROR_DISK_WRITE;
	if (!block_read(&meta->region, at, back, sizeof(back)))
		return UPDATE_ERROR_DISK_READ;
	return memcmp(back, meta->block, sizeof(back)) ? UPDATE_ERROR_RECORD_READ_BACK : UPDATE_OK;
}

enum update_error nbmeta_commit(struct nbmeta *meta, const struct record *next)
{
	unsigned int older = meta->has_record ? !meta->newest : 0;
	struct record record = *next;
	enum update_error error;

	if (meta->is_read_only)
		return meta->state == NBMETA_FOREIGN ? UPDATE_ERROR_RECORD_FOREIGN : UPDATE_ERROR_DISK_WRITE;
	if (record.sequence < meta->record.sequence)
		record.sequence = meta->record.sequence;
	record.sequence++;
	if (record_broken_rule(&record))
		return UPDATE_ERROR_RECORD_RULE;
	error = copy_write(meta, place_of(NBMETA_RECORD, older), &record);
	if (error) {
		meta->is_read_only = true;
		return error;
	}
	meta->has_record = true;
	meta->newest = older;
	/* as it will be read: with magic, version and length */
	record_read(meta->block, &meta->record);
	return UPDATE_OK;
}

static unsigned int anchors_read(struct nbmeta *meta, struct copy copies[2])
{
	copy_read(meta, NBMETA_ANCHOR, 0, &copies[0]);
	copy_read(meta, NBMETA_ANCHOR, 1, &copies[1]);
	return newer_of(copies);
}

bool nbmeta_anchor_read(struct nbmeta *meta, struct record *anchor)
{
	struct copy copies[2];
	unsigned int newest = anchors_read(meta, copies);

	if (newest < 2)
		*anchor = copies[newest].record;
	return newest < 2;
}

/* All that matters of an anchor: what was confirmed, and the floors. */
static bool says_the_same(const struct record *anchor, const struct record *record)
{
	if (anchor->role_count != record->role_count || anchor->keyring_version != record->keyring_version)
		return false;
	for (size_t i = 0; i < record->role_count; i++) {
		const struct record_role *a = &anchor->roles[i], *r = &record->roles[i];

		if (memcmp(a->role_uuid, r->role_uuid, UUID_BYTES) || a->active != r->active || a->floor != r->floor)
			return false;
		if (r->active &&
		    memcmp(role_digest(a, (enum slot_id)a->active), role_digest(r, (enum slot_id)r->active), RECORD_DIGEST_BYTES))
			return false;
	}
	return true;
}

enum update_error nbmeta_anchor_write(struct nbmeta *meta)
{
	struct copy copies[2];
	unsigned int newest = anchors_read(meta, copies);
	enum update_error error;

	if (!meta->has_record || meta->is_read_only)
		return UPDATE_ERROR_DISK_WRITE;
	if (newest < 2 && says_the_same(&copies[newest].record, &meta->record))
		return UPDATE_OK;
	error = copy_write(meta, place_of(NBMETA_ANCHOR, newest == 0), &meta->record);
	if (error)
		meta->is_read_only = true;
	return error;
}

enum update_error nbmeta_format(const struct block_region *region, const struct record *record)
{
	struct nbmeta meta;
	enum update_error error;

	if (region->bytes < NBMETA_BYTES)
		return UPDATE_ERROR_META_SMALL;
	if (!block_zero(region, 0, NBMETA_BYTES) || !block_flush(region))
		return UPDATE_ERROR_DISK_WRITE;
	error = nbmeta_load(&meta, region);
	if (!error)
		error = nbmeta_commit(&meta, record);
	return error ? error : nbmeta_anchor_write(&meta);
}

struct block_region nbmeta_keyring_place(const struct nbmeta *meta, unsigned int which)
{
	const struct block_region *region = &meta->region;

	return (struct block_region){
		.device = region->device,
		.first = region->first + place_of(NBMETA_KEYRING, which) / region->device->sector_bytes,
		.bytes = NBMETA_PLACE_BYTES,
	};
}

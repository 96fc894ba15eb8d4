/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interpreter over manifest_fields.def (what lies where) and manifest.def (what must hold).
 */
#include "image/manifest.h"

#include <string.h>

#include "image/bytes.h"
#include "image/crypto.h"

static void dependency_read(struct manifest_dependency *to, const uint8_t *from)
{
	memcpy(to->role_uuid, from, UUID_BYTES);
	to->version_major = bytes_get16(from + 16);
	to->version_minor = bytes_get16(from + 18);
	to->version_patch = bytes_get32(from + 20);
	to->security_version = bytes_get32(from + 24);
	to->reserved = bytes_get32(from + 28);
}

static void dependency_write(const struct manifest_dependency *from, uint8_t *to)
{
	memcpy(to, from->role_uuid, UUID_BYTES);
	bytes_put16(to + 16, from->version_major);
	bytes_put16(to + 18, from->version_minor);
	bytes_put32(to + 20, from->version_patch);
	bytes_put32(to + 24, from->security_version);
	bytes_put32(to + 28, from->reserved);
}

#define MANIFEST_U16(offset, name) m->name = bytes_get16(bytes + (offset));
#define MANIFEST_U32(offset, name) m->name = bytes_get32(bytes + (offset));
#define MANIFEST_U64(offset, name) m->name = bytes_get64(bytes + (offset));
#define MANIFEST_BYTES(offset, count, name) memcpy(m->name, bytes + (offset), count);
static void manifest_decode(const uint8_t *bytes, struct manifest *m)
{
#include "image/manifest_fields.def"
	for (size_t i = 0; i < MANIFEST_MAX_DEPENDENCIES; i++)
		dependency_read(&m->dependencies[i],
				bytes + MANIFEST_DEPENDENCIES + i * MANIFEST_DEPENDENCY_BYTES);
}
#undef MANIFEST_U16
#undef MANIFEST_U32
#undef MANIFEST_U64
#undef MANIFEST_BYTES

#define MANIFEST_U16(offset, name) bytes_put16(bytes + (offset), m->name);
#define MANIFEST_U32(offset, name) bytes_put32(bytes + (offset), m->name);
#define MANIFEST_U64(offset, name) bytes_put64(bytes + (offset), m->name);
#define MANIFEST_BYTES(offset, count, name) memcpy(bytes + (offset), m->name, count);
static void manifest_encode(const struct manifest *m, uint8_t *bytes)
{
	memset(bytes, 0, MANIFEST_SIGNED_BYTES);
#include "image/manifest_fields.def"
	for (size_t i = 0; i < MANIFEST_MAX_DEPENDENCIES; i++)
		dependency_write(&m->dependencies[i],
				 bytes + MANIFEST_DEPENDENCIES + i * MANIFEST_DEPENDENCY_BYTES);
}
#undef MANIFEST_U16
#undef MANIFEST_U32
#undef MANIFEST_U64
#undef MANIFEST_BYTES

/* The first boundary behind the payload, which does not wrap; odd, as no place is, where it would. */
static uint64_t tree_offset_expected(const struct manifest *m)
{
	uint64_t end;

	if (!range_end(m->payload_offset + m->payload_bytes, IMAGE_ALIGNMENT - 1, &end))
		return UINT64_MAX;
	return end & ~(IMAGE_ALIGNMENT - 1);
}

uint64_t manifest_image_bytes(const struct manifest *m)
{
	return m->tree_bytes ? m->tree_offset + m->tree_bytes
			     : m->payload_offset + m->payload_bytes;
}

/*
 * Leaves of the payload, or 0 without a tree; 0 also where 32 bits do not hold them, which no tree
 * has.
 */
static uint32_t leaf_count_expected(const struct manifest *m)
{
	uint64_t count;

	if (!m->tree_bytes)
		return 0;
	count = ((m->payload_bytes - 1) >> m->leaf_log2) + 1;
	return count <= UINT32_MAX ? (uint32_t)count : 0;
}

static unsigned int digest_log2(const struct manifest *m)
{
	return crypto_digest_bytes(m->hash_algorithm) > 32 ? 6 : 5;
}

/*
 * Bytes of a dm-verity tree, version 1: digests padded to a power of two, blocks of the leaf's
 * size, levels up to a single block. One leaf needs no tree.
 */
static uint64_t tree_bytes_expected(const struct manifest *m)
{
	unsigned int fan_out_log2 = m->leaf_log2 - digest_log2(m);
	uint64_t blocks = m->leaf_count;
	uint64_t total = 0;

	while (blocks > 1) {
		blocks = ((blocks - 1) >> fan_out_log2) + 1;
		total += blocks;
	}
	return total << m->leaf_log2;
}

/* A digest is followed by zeros up to the longest one's size. */
static bool tail_is_zero(const uint8_t digest[CRYPTO_MAX_DIGEST_BYTES], size_t digest_bytes)
{
	return bytes_are_zero(digest + digest_bytes, CRYPTO_MAX_DIGEST_BYTES - digest_bytes);
}

static size_t root_hash_bytes(const struct manifest *m)
{
	return m->tree_bytes ? crypto_digest_bytes(m->hash_algorithm) : 0;
}

static bool dependency_is_empty(const struct manifest_dependency *dependency)
{
	return bytes_are_zero(dependency->role_uuid, UUID_BYTES);
}

size_t manifest_dependency_count(const struct manifest *manifest)
{
	size_t count = 0;

	while (count < MANIFEST_MAX_DEPENDENCIES &&
	       !dependency_is_empty(&manifest->dependencies[count]))
		count++;
	return count;
}

/* No place behind the first empty one is used, nor has an empty one a version. */
static bool dependencies_are_dense(const struct manifest *m)
{
	for (size_t i = manifest_dependency_count(m); i < MANIFEST_MAX_DEPENDENCIES; i++) {
		const struct manifest_dependency *d = &m->dependencies[i];

		if (!dependency_is_empty(d) || d->version_major || d->version_minor ||
		    d->version_patch || d->security_version)
			return false;
	}
	return true;
}

static bool dependencies_reserved_are_zero(const struct manifest *m)
{
	for (size_t i = 0; i < MANIFEST_MAX_DEPENDENCIES; i++)
		if (m->dependencies[i].reserved)
			return false;
	return true;
}

static bool dependencies_are_distinct(const struct manifest *m)
{
	size_t count = manifest_dependency_count(m);

	for (size_t i = 0; i < count; i++)
		for (size_t j = i + 1; j < count; j++)
			if (!memcmp(m->dependencies[i].role_uuid, m->dependencies[j].role_uuid,
				    UUID_BYTES))
				return false;
	return true;
}

#define MANIFEST_CHECK(name, expression, sentence)                               \
	static bool holds_##name(const struct manifest *m, const uint8_t *bytes) \
	{                                                                        \
		uint64_t end;                                                    \
                                                                                 \
		(void)m, (void)bytes, (void)end;                                 \
		return expression;                                               \
	}
#include "image/manifest.def"
#undef MANIFEST_CHECK

#define MANIFEST_CHECK(name, expression, sentence) { IMAGE_ERROR_MANIFEST_##name, holds_##name },
static const struct manifest_check {
	enum image_error error;
	bool (*holds)(const struct manifest *m, const uint8_t *bytes);
} checks[] = {
#include "image/manifest.def"
};
#undef MANIFEST_CHECK

enum image_error manifest_parse(const uint8_t *bytes, size_t count, struct manifest *manifest)
{
	if (count < MANIFEST_SIGNED_BYTES)
		return IMAGE_ERROR_TRUNCATED;
	manifest_decode(bytes, manifest);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (!checks[i].holds(manifest, bytes))
			return checks[i].error;
	return IMAGE_OK;
}

enum image_error manifest_write(const struct manifest *manifest,
				uint8_t bytes[MANIFEST_SIGNED_BYTES])
{
	struct manifest check;

	manifest_encode(manifest, bytes);
	return manifest_parse(bytes, MANIFEST_SIGNED_BYTES, &check);
}

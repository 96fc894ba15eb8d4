/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signed part of an image's manifest: decoded, checked, and encoded (design section 7).
 *
 * image = [manifest 16 KiB][zero to the payload][payload][zero][hash tree]
 * manifest = [4096 signed bytes][signature area, 12 KiB]
 */
#ifndef IMAGE_MANIFEST_H
#define IMAGE_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "image/error.h"
#include "image/uuid.h"

#define MANIFEST_MAGIC "NESTBOX" /* 8 bytes with the terminating zero */
#define MANIFEST_BYTES_TOTAL 16384
#define MANIFEST_SIGNED_BYTES 4096
#define MANIFEST_DEPENDENCIES 432
#define MANIFEST_RESERVED 944
#define MANIFEST_MAX_DEPENDENCIES 16
#define MANIFEST_DEPENDENCY_BYTES 32
#define IMAGE_PAYLOAD_OFFSET 0x100000ull /* lowest; what 'nestbox image create' uses */
#define IMAGE_ALIGNMENT 4096ull
#define MANIFEST_LEAF_LOG2 12 /* of a hash tree: 4096 bytes */

/* Another partition's image that must be installed, at least so new. */
struct manifest_dependency {
	uint8_t role_uuid[UUID_BYTES];
	uint16_t version_major;
	uint16_t version_minor;
	uint32_t version_patch;
	uint32_t security_version;
	uint32_t reserved;
};

#define MANIFEST_U16(offset, name) uint16_t name;
#define MANIFEST_U32(offset, name) uint32_t name;
#define MANIFEST_U64(offset, name) uint64_t name;
#define MANIFEST_BYTES(offset, bytes, name) uint8_t name[bytes];
struct manifest {
#include "image/manifest_fields.def"
	struct manifest_dependency dependencies[MANIFEST_MAX_DEPENDENCIES]; /* the rest all zero */
};
#undef MANIFEST_U16
#undef MANIFEST_U32
#undef MANIFEST_U64
#undef MANIFEST_BYTES

/*
 * Decodes and checks the first 4096 of `count` bytes by the rows of manifest.def. Returns IMAGE_OK,
 * TRUNCATED for fewer bytes, or the first row that does not hold; *manifest is complete only with
 * IMAGE_OK. It does not verify anything: on the box only image_verify_manifest() may call it.
 */
enum image_error manifest_parse(const uint8_t *bytes, size_t count, struct manifest *manifest);

/*
 * Encodes into 4096 bytes and parses them back, so that what does not parse is not written: same
 * result.
 */
enum image_error manifest_write(const struct manifest *manifest,
				uint8_t bytes[MANIFEST_SIGNED_BYTES]);

/* Dependencies up to the first empty place, 0 to 16. */
size_t manifest_dependency_count(const struct manifest *manifest);

/* From the manifest's first byte to the last of payload or hash tree; a parsed manifest does not wrap. */
uint64_t manifest_image_bytes(const struct manifest *manifest);

/* A version as one number that orders as versions do. */
static inline uint64_t manifest_version(uint16_t major, uint16_t minor, uint32_t patch)
{
	return (uint64_t)major << 48 | (uint64_t)minor << 32 | patch;
}

#endif

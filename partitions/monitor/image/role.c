/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partition names to role UUIDs.
 */
#include "image/role.h"

#include <string.h>

#include "image/crypto.h"

static const char role_domain[] = "nestbox-role-v1"; /* the terminating zero is hashed too */

static bool is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

bool role_name_is_valid(const char *name)
{
	size_t length = 0;

	while (length < ROLE_NAME_BYTES && is_name_character(name[length]))
		length++;
	return length > 0 && length < ROLE_NAME_BYTES && name[length] == '\0' && name[0] != '-';
}

bool role_uuid_from_name(const char *name, uint8_t uuid[UUID_BYTES])
{
	struct crypto_hash hash;
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];

	if (!role_name_is_valid(name) || !crypto_hash_start(&hash, HASH_SHA256))
		return false;
	crypto_hash_update(&hash, role_domain, sizeof(role_domain));
	crypto_hash_update(&hash, name, strlen(name));
	if (!crypto_hash_finish(&hash, digest))
		return false;
	uuid_from_digest(digest, uuid);
	return true;
}

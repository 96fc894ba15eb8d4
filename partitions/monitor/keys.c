/* SPDX-License-Identifier: Apache-2.0 */
/* Roots and image keys that are built in, and nbmeta; see keys.h. */
#include "keys.h"

#include <inttypes.h>
#include <string.h>

#include "print.h"

static struct box_keys keys;

static void say_why(unsigned int place)
{
	print("keys: warning: keyring %u of the disk does not count: %s\n", place, image_error_text(keys.errors[place]));
}

const struct keyring *keys_choose(const struct nbmeta *meta, const uint8_t product_uuid[UUID_BYTES])
{
	const struct block_region places[2] = { nbmeta_keyring_place(meta, 0), nbmeta_keyring_place(meta, 1) };
	struct keyring_policy policy = { .roots = &box_roots, .version_floor = meta->has_record ? meta->record.keyring_version : 0 };

	memcpy(policy.product_uuid, product_uuid, UUID_BYTES);
	box_keys_load(&keys, places, &policy, &box_keyring);
	if (keys.keyring != &box_keyring) {
		print("keys: keyring version %" PRIu64 ", %u keys, %u revoked\n", keys.keyring->version, (unsigned int)keys.keyring->count,
		      (unsigned int)keys.keyring->revoked_count);
	} else if (keys.is_degraded) {
		print("keys: degraded: the keyring is lost, those that are built in count; install the newest keyring\n");
		for (unsigned int i = 0; i < 2; i++)
			say_why(i);
	}
	return keys.keyring;
}

struct box_keys *keys_box(void)
{
	return &keys;
}

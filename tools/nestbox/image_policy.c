/* SPDX-License-Identifier: Apache-2.0 */
/* A box's side of the checks, taken from the image; see image_policy.h. */
#include "image_policy.h"

#include <string.h>

void policy_from_image(const uint8_t *bytes, size_t count, struct verify_policy *policy)
{
	struct manifest m;

	if (manifest_parse(bytes, count, &m))
		return;
	memcpy(policy->role_uuid, m.role_uuid, UUID_BYTES);
	memcpy(policy->product_uuid, m.product_uuid, UUID_BYTES);
	policy->hardware_revision = m.hardware_min;
	policy->abi_version = m.abi_min;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The filter of a network port; see net_filter.h. */
#include "virtio/net_filter.h"

#include <string.h>

static bool is_frame(uint32_t count)
{
	return count >= NET_FRAME_LEAST && count <= NET_FRAME_MOST;
}

static bool is_own(const struct net_policy *policy, const uint8_t *mac)
{
	return !memcmp(mac, policy->mac, MAC_BYTES);
}

enum net_verdict net_filter_send(const struct net_policy *policy, const uint8_t *frame, uint32_t count)
{
	const uint8_t *source = frame + MAC_BYTES;

	if (!is_frame(count))
		return NET_MALFORMED;
	if (mac_is_group(source) || mac_is_zero(source))
		return NET_NO_STATION;
	return policy->may_spoof || is_own(policy, source) ? NET_PASS : NET_FOREIGN_SOURCE;
}

enum net_verdict net_filter_receive(const struct net_policy *policy, const uint8_t *frame, uint32_t count)
{
	if (!is_frame(count))
		return NET_MALFORMED;
	return policy->may_spoof || mac_is_group(frame) || is_own(policy, frame) ? NET_PASS : NET_NOT_FOR_US;
}

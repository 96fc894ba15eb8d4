/* SPDX-License-Identifier: Apache-2.0 */
/* The filter of a network port, as a table: destination, source, and what becomes of it with and without spoofing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "virtio/net_filter.h"

#define OWN { 0x02, 0x4E, 0x42, 0, 0, 1 }
#define OTHER { 0x02, 0x4E, 0x42, 0, 0, 2 }
#define ALMOST { 0x03, 0x4E, 0x42, 0, 0, 1 } /* the own one as a group */
#define MULTICAST { 0x33, 0x33, 0, 0, 0, 1 }
#define BROADCAST { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF }
#define ZERO { 0 }

static const struct net_policy strict = { .mac = OWN }, loose = { .mac = OWN, .may_spoof = true };

static void sending(void **state)
{
	static const struct { uint8_t source[MAC_BYTES]; enum net_verdict strict, loose; } rows[] = {
		{ OWN, NET_PASS, NET_PASS },
		{ OTHER, NET_FOREIGN_SOURCE, NET_PASS },
		{ { 0x52, 0x54, 0, 1, 2, 3 }, NET_FOREIGN_SOURCE, NET_PASS },
		{ ALMOST, NET_NO_STATION, NET_NO_STATION },
		{ MULTICAST, NET_NO_STATION, NET_NO_STATION },
		{ BROADCAST, NET_NO_STATION, NET_NO_STATION },
		{ ZERO, NET_NO_STATION, NET_NO_STATION },
	};
	static const uint8_t destinations[][MAC_BYTES] = { OWN, OTHER, MULTICAST, BROADCAST, ZERO };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t to = 0; to < sizeof(destinations) / sizeof(destinations[0]); to++) {
			uint8_t frame[NET_FRAME_LEAST] = { 0 };

			memcpy(frame, destinations[to], MAC_BYTES);
			memcpy(frame + MAC_BYTES, rows[i].source, MAC_BYTES);
			assert_int_equal(net_filter_send(&strict, frame, sizeof(frame)), rows[i].strict);
			assert_int_equal(net_filter_send(&loose, frame, sizeof(frame)), rows[i].loose);
		}
}

static void receiving(void **state)
{
	static const struct { uint8_t destination[MAC_BYTES]; enum net_verdict strict, loose; } rows[] = {
		{ OWN, NET_PASS, NET_PASS },
		{ BROADCAST, NET_PASS, NET_PASS },
		{ MULTICAST, NET_PASS, NET_PASS },
		{ OTHER, NET_NOT_FOR_US, NET_PASS },
		{ ZERO, NET_NOT_FOR_US, NET_PASS },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t frame[NET_FRAME_LEAST] = { 0 };

		memcpy(frame, rows[i].destination, MAC_BYTES);
		assert_int_equal(net_filter_receive(&strict, frame, sizeof(frame)), rows[i].strict);
		assert_int_equal(net_filter_receive(&loose, frame, sizeof(frame)), rows[i].loose);
	}
}

static void sizes(void **state)
{
	static const uint8_t own[] = OWN;
	uint8_t frame[NET_FRAME_MOST + 1] = { 0 };

	memcpy(frame, own, MAC_BYTES);
	memcpy(frame + MAC_BYTES, own, MAC_BYTES);
	for (uint32_t count = 0; count <= sizeof(frame); count++) {
		bool is_one = count >= 14 && count <= 1518;

		assert_int_equal(net_filter_send(&strict, frame, count), is_one ? NET_PASS : NET_MALFORMED);
		assert_int_equal(net_filter_receive(&loose, frame, count), is_one ? NET_PASS : NET_MALFORMED);
	}
	assert_int_equal(net_filter_send(&loose, frame, UINT32_MAX), NET_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sending),
		cmocka_unit_test(receiving),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

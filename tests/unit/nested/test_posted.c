/* SPDX-License-Identifier: Apache-2.0 */
/* Posted interrupts and their priority, against a plain model; and with another CPU posting all the time. */
#include <pthread.h>

#include "nested/posted.h"
#include "world.h"

#define IRR 0x200u

static struct posted_descriptor descriptor __attribute__((aligned(64)));
static struct virtual_apic_page page;

static void clear(void)
{
	memset(&descriptor, 0, sizeof(descriptor));
	memset(&page, 0, sizeof(page));
}

static void post(u32 vector)
{
	__atomic_or_fetch(&descriptor.requests[vector / 64], BIT(vector % 64), __ATOMIC_SEQ_CST);
}

static bool requested(u32 vector)
{
	return page.word[(IRR + 16 * (vector / 32)) / 4] >> (vector % 32) & 1;
}

static void every_vector_comes_through(void **state)
{
	(void)state;
	for (u32 vector = 0; vector < 256; vector++)
		for (u32 old = 0; old < 256; old += 15) {
			clear();
			post(vector);
			descriptor.control = 0xF2F2F2F2F2F2F2F3ull;
			u16 status = posted_process(&descriptor, &page, (u16)(0x4200 | old));
			assert_int_equal(status, 0x4200 | (vector > old ? vector : old));
			assert_true(descriptor.control == 0xF2F2F2F2F2F2F2F2ull);
			for (u32 v = 0; v < 256; v++)
				assert_int_equal(requested(v), v == vector);
			assert_int_equal(descriptor.requests[vector / 64], 0);
		}
}

static void nothing_posted_changes_nothing(void **state)
{
	(void)state;
	clear();
	page.word[IRR / 4] = 0x80;
	descriptor.control = 1;
	assert_int_equal(posted_process(&descriptor, &page, 0x3141), 0x3141);
	assert_int_equal(page.word[IRR / 4], 0x80);
	assert_int_equal(descriptor.control, 0);
}

static void many_at_once(void **state)
{
	(void)state;
	for (u32 round = 0; round < 1000; round++) {
		struct posted_descriptor before;
		u32 was[8], highest = 0;

		clear();
		for (u32 i = 0; i < 4; i++)
			descriptor.requests[i] = world_random() & world_random();
		for (u32 i = 0; i < ARRAY_SIZE(page.word); i++)
			page.word[i] = (u32)world_random();
		before = descriptor;
		for (u32 i = 0; i < 8; i++)
			was[i] = page.word[(IRR + 16 * i) / 4];
		u16 status = posted_process(&descriptor, &page, 0);
		for (u32 v = 0; v < 256; v++) {
			bool posted = before.requests[v / 64] >> (v % 64) & 1;

			if (posted)
				highest = v;
			assert_int_equal(requested(v), posted || (was[v / 32] >> (v % 32) & 1));
		}
		assert_int_equal(status, highest);
	}
}

/* The rest of the page is not ours to write. */
static void only_the_irr_is_written(void **state)
{
	(void)state;
	clear();
	memset(&descriptor.requests, 0xFF, sizeof(descriptor.requests));
	assert_int_equal(posted_process(&descriptor, &page, 0), 0xFF);
	for (u32 i = 0; i < ARRAY_SIZE(page.word); i++) {
		bool is_irr = i >= IRR / 4 && i < (IRR + 0x80) / 4 && i % 4 == 0;

		assert_int_equal(page.word[i], is_irr ? ~0u : 0);
	}
}

enum { POSTS = 200000 };

static void *poster(void *unused)
{
	u64 seed = 1;

	(void)unused;
	for (u32 i = 0; i < POSTS; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		post(seed >> 56);
		__atomic_or_fetch(&descriptor.control, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

/* No request may be lost between its being read and cleared. */
static void a_race_loses_nothing(void **state)
{
	bool expected[256] = { false };
	pthread_t thread;
	u64 seed = 1;

	(void)state;
	clear();
	for (u32 i = 0; i < POSTS; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		expected[seed >> 56] = true;
	}
	assert_int_equal(pthread_create(&thread, NULL, poster, NULL), 0);
	for (u32 i = 0; i < 2000; i++)
		(void)posted_process(&descriptor, &page, 0);
	pthread_join(thread, NULL);
	(void)posted_process(&descriptor, &page, 0);
	for (u32 v = 0; v < 256; v++)
		assert_int_equal(requested(v), expected[v]);
	for (u32 i = 0; i < 4; i++)
		assert_true(descriptor.requests[i] == 0);
}

/* PPR is VTPR, or SVI's class where that is higher; the class of RVI must be above its class. */
static void priority_is_the_manuals(void **state)
{
	(void)state;
	for (u32 status = 0; status < 0x10000; status += 7)
		for (u32 vtpr = 0; vtpr < 256; vtpr += 5) {
			u32 svi = status >> 8, rvi = status & 0xFF;
			u32 ppr = vtpr >> 4 >= svi >> 4 ? vtpr : svi & 0xF0;

			assert_int_equal(posted_is_deliverable((u16)status, (u8)vtpr), rvi >> 4 > ppr >> 4);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vector_comes_through),
		cmocka_unit_test(nothing_posted_changes_nothing),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(only_the_irr_is_written),
		cmocka_unit_test(a_race_loses_nothing),
		cmocka_unit_test(priority_is_the_manuals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

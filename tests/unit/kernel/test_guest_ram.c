/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds of the partition's RAM: wraps, the hole at 3 GiB, sizes around 2, 3 and 4 GiB; each size against a slow, obvious model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/guest_memory.h"

#define BASE 0x40000000ull
#define HOLE GIB(3)
#define HIGH GIB(4)

static const u64 sizes[] = {
	PAGE_SIZE, MIB(64), MIB(512), GIB(2) - MIB(2), GIB(2), GIB(2) + MIB(2), GIB(3) - PAGE_SIZE, GIB(3), GIB(3) + PAGE_SIZE, GIB(4) - MIB(2),
	GIB(4), GIB(4) + MIB(2), GIB(5), GIB(64),
};

/* RAM offset of one byte, or -1. */
static int64_t offset_of(u64 bytes, u64 gpa)
{
	if (gpa < HOLE)
		return gpa < bytes ? (int64_t)gpa : -1;
	if (gpa < HIGH)
		return -1;
	return gpa - HIGH < (bytes > HOLE ? bytes - HOLE : 0) ? (int64_t)(gpa - HIGH + HOLE) : -1;
}

/* In one piece: both ends in RAM, on the same side of the hole, no wrap. */
static bool model(u64 bytes, u64 gpa, u64 length, u64 *host)
{
	u64 last = gpa + length - 1;

	if (last < gpa || offset_of(bytes, gpa) < 0 || offset_of(bytes, last) < 0 || (gpa < HOLE) != (last < HOLE))
		return false;
	*host = BASE + (u64)offset_of(bytes, gpa);
	return true;
}

static void check(u64 bytes, u64 gpa, u64 length)
{
	struct guest_ram ram = { BASE, bytes };
	u64 expected = 0;
	hpa_t host = HPA(0);
	bool inside = model(bytes, gpa, length, &expected);

	if (guest_ram_translate(&ram, GPA(gpa), length, &host) != inside || host.value != expected)
		fail_msg("RAM %llx: %llx+%llx gives %llx", (unsigned long long)bytes, (unsigned long long)gpa, (unsigned long long)length,
			 (unsigned long long)host.value);
}

static void agrees_with_the_model_at_every_edge(void **state)
{
	static const int64_t near[] = { -4097, -4096, -4095, -9, -8, -7, -1, 0, 1, 7, 8, 4095, 4096 };
	static const u64 lengths[] = { 1, 2, 8, 64, 4096, 4097, MIB(2), GIB(1), GIB(3), GIB(4), BIT(63), ~0ull - 4095, ~0ull };

	(void)state;
	for (u32 s = 0; s < ARRAY_SIZE(sizes); s++) {
		const u64 edges[] = { 0, sizes[s], HOLE, 0xFEE00000, HIGH, HIGH + sizes[s], HIGH + sizes[s] - HOLE, GIB(2), BIT(32) + GIB(1), BIT(48),
				      BIT(63) };

		for (u32 e = 0; e < ARRAY_SIZE(edges); e++)
			for (u32 n = 0; n < ARRAY_SIZE(near); n++)
				for (u32 l = 0; l < ARRAY_SIZE(lengths); l++)
					check(sizes[s], edges[e] + (u64)near[n], lengths[l]);
	}
}

/* Every RAM byte has exactly one address: the two pieces touch in host memory and do not overlap. */
static void joins_the_pieces(void **state)
{
	struct guest_ram ram = { BASE, GIB(4) };
	hpa_t host;

	(void)state;
	assert_true(guest_ram_translate(&ram, GPA(HOLE - 1), 1, &host));
	assert_int_equal(host.value, BASE + HOLE - 1);
	assert_true(guest_ram_translate(&ram, GPA(HIGH), 1, &host));
	assert_int_equal(host.value, BASE + HOLE);
	assert_false(guest_ram_translate(&ram, GPA(HOLE - 1), 2, &host));
	assert_true(guest_ram_translate(&ram, GPA(HIGH + GIB(1) - 1), 1, &host));
	assert_int_equal(host.value, BASE + GIB(4) - 1);
	assert_false(guest_ram_translate(&ram, GPA(HIGH + GIB(1)), 1, &host));
}

static void leaves_the_result_alone_when_it_refuses(void **state)
{
	struct guest_ram ram = { BASE, GIB(1) };
	hpa_t host = HPA(0x1234);

	(void)state;
	assert_false(guest_ram_translate(&ram, GPA(GIB(1)), 1, &host));
	assert_int_equal(host.value, 0x1234);
}

static void has_nothing_before_it_is_set_up(void **state)
{
	struct guest_ram none = { 0, 0 };
	hpa_t host;

	(void)state;
	assert_false(guest_ram_translate(&none, GPA(0), 1, &host));
	assert_false(guest_ram_translate(&none, GPA(HIGH), 1, &host));
}

static void agrees_with_the_model_at_random(void **state)
{
	u64 seed = 88172645463325252ull;

	(void)state;
	for (u32 i = 0; i < 200000; i++) {
		seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
		u64 length = (seed >> 40) % 9000 + 1;
		check(sizes[seed % ARRAY_SIZE(sizes)], (seed >> 3) % GIB(9), length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_model_at_every_edge), cmocka_unit_test(joins_the_pieces),
		cmocka_unit_test(leaves_the_result_alone_when_it_refuses), cmocka_unit_test(has_nothing_before_it_is_set_up),
		cmocka_unit_test(agrees_with_the_model_at_random),
	};

	return cmocka_run_group_tests_name("guest_ram", tests, NULL, NULL);
}

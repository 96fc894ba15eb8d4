/* SPDX-License-Identifier: Apache-2.0 */
/* Which XCR0 values XSETBV takes: all 512 combinations of the first components against the manual's words. SDM volume 2 "XSETBV". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/crash.h"
#include "kernel/fpu.h"

#define FULL 0xE7ull

void crash_check_failed(const char *expression, const char *file, u32 line)
{
	(void)file;
	print_error("CHECK(%s) line %u\n", expression, line);
	abort();
}

static bool manual_accepts(u64 v, u64 mask)
{
	bool x87 = v & 1, sse = v >> 1 & 1, avx = v >> 2 & 1;
	u64 avx512 = v >> 5 & 7;

	if (v & ~mask || !x87)
		return false;
	if (avx && !sse)
		return false;
	return avx512 == 0 || (avx512 == 7 && avx && sse);
}

static void follows_the_manual(void **state)
{
	static const u64 masks[] = { 1, 3, 7, FULL };
	u32 accepted = 0;

	(void)state;
	for (u32 m = 0; m < ARRAY_SIZE(masks); m++)
		for (u64 v = 0; v < 1024; v++) {
			if (fpu_xcr0_is_valid(v, masks[m]) != manual_accepts(v, masks[m]))
				fail_msg("XCR0 %llx, mask %llx", (unsigned long long)v, (unsigned long long)masks[m]);
			accepted += fpu_xcr0_is_valid(v, masks[m]);
		}
	assert_int_equal(accepted, 1 + 2 + 3 + 4);
}

static void refuses_every_component_nestbox_does_not_save(void **state)
{
	(void)state;
	for (u32 bit = 0; bit < 64; bit++)
		if (!(FULL >> bit & 1))
			assert_false(fpu_xcr0_is_valid(FULL | BIT(bit), FULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_the_manual), cmocka_unit_test(refuses_every_component_nestbox_does_not_save),
	};

	return cmocka_run_group_tests_name("fpu", tests, NULL, NULL);
}

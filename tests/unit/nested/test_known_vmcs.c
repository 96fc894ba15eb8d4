/* SPDX-License-Identifier: Apache-2.0 */
/* The list of L1's VMCSs: each once, removed when cleared, never beyond its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nested/known_vmcs.h"

static uint64_t list[KNOWN_VMCS_MAX + 1];

static u32 count(void)
{
	u32 found = 0;

	for (u32 i = 0; i < KNOWN_VMCS_MAX; i++)
		found += list[i] != 0;
	return found;
}

static void each_once(void **state)
{
	(void)state;
	memset(list, 0, sizeof(list));
	known_vmcs_add(list, 0x1000);
	known_vmcs_add(list, 0x2000);
	known_vmcs_add(list, 0x1000);
	assert_int_equal(count(), 2);
	known_vmcs_remove(list, 0x1000);
	known_vmcs_add(list, 0x2000); /* behind the gap, not in it again */
	assert_int_equal(count(), 1);
	known_vmcs_remove(list, 0x3000);
	assert_int_equal(count(), 1);
}

static void full(void **state)
{
	(void)state;
	memset(list, 0, sizeof(list));
	for (u64 i = 1; i <= 2 * KNOWN_VMCS_MAX; i++)
		known_vmcs_add(list, i << 12);
	assert_int_equal(count(), KNOWN_VMCS_MAX);
	assert_int_equal(list[KNOWN_VMCS_MAX], 0);
	known_vmcs_remove(list, 1 << 12);
	known_vmcs_add(list, 99 << 12);
	assert_int_equal(list[0], 99 << 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_once), cmocka_unit_test(full) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The same-build handshake: every kind of machine Nestbox may find itself on, and what it then does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/parent.h"

static const u8 own[16] = { 0x00, 0x9F, 0xA0, 0xFF, 0x12, 0x34, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

/* The machine the handshake looks at. */
static struct { bool has_hypervisor; u32 highest; char signature[13]; u8 identity[16]; bool was_asked; } machine;

static u32 word(const void *bytes)
{
	u32 value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static struct cpuid_result hardware(u32 leaf, u32 subleaf)
{
	(void)subleaf;
	machine.was_asked |= leaf >= 0x40000000;
	if (leaf == 1)
		return (struct cpuid_result){ .ecx = machine.has_hypervisor ? 1u << 31 : ~(1u << 31) };
	if (leaf == 0x40000000)
		return (struct cpuid_result){ machine.highest, word(machine.signature), word(machine.signature + 4), word(machine.signature + 8) };
	assert_int_equal(leaf, 0x40000001);
	return (struct cpuid_result){ word(machine.identity), word(machine.identity + 4), word(machine.identity + 8), word(machine.identity + 12) };
}

static struct parent meet(const char *signature, u32 highest, const u8 *identity)
{
	memset(&machine, 0, sizeof(machine));
	machine.has_hypervisor = true;
	machine.highest = highest;
	memcpy(machine.signature, signature, 12);
	if (identity)
		memcpy(machine.identity, identity, 16);
	return parent_read(own, hardware);
}

static void finds_nobody_on_a_machine(void **state)
{
	memset(&machine, 0, sizeof(machine));
	memcpy(machine.signature, "NestboxNestb", 12);
	struct parent parent = parent_read(own, hardware);

	(void)state;
	assert_int_equal(parent.kind, PARENT_NONE);
	assert_false(machine.was_asked); /* without the bit those leaves mean nothing */
	assert_false(parent_is_refused(&parent, true));
}

static void knows_its_own_build(void **state)
{
	struct parent parent = meet("NestboxNestb", 0x40000002, own);

	(void)state;
	assert_int_equal(parent.kind, PARENT_SAME_BUILD);
	assert_false(parent_is_refused(&parent, true));
	assert_false(parent_is_refused(&parent, false));
}

static void knows_another_build_by_any_bit(void **state)
{
	(void)state;
	for (u32 bit = 0; bit < 128; bit++) {
		u8 other[16];

		memcpy(other, own, sizeof(other));
		other[bit / 8] ^= (u8)(1u << (bit & 7));
		struct parent parent = meet("NestboxNestb", 0x40000002, other);
		assert_int_equal(parent.kind, PARENT_OTHER_BUILD);
		assert_memory_equal(parent.identity, other, sizeof(other));
		assert_true(parent_is_refused(&parent, true));
		assert_false(parent_is_refused(&parent, false));
	}
}

static void takes_one_that_does_not_tell_for_another(void **state)
{
	static const u8 nothing[16];
	struct parent parent = meet("NestboxNestb", 0x40000000, own);

	(void)state;
	assert_int_equal(parent.kind, PARENT_OTHER_BUILD);
	assert_memory_equal(parent.identity, nothing, sizeof(nothing));
}

static void names_other_hypervisors(void **state)
{
	static const struct { const char *signature, *name; } others[] = {
		{ "KVMKVMKVM\0\0\0", "KVMKVMKVM" }, { "Microsoft Hv", "Microsoft Hv" }, { "XenVMMXenVMM", "XenVMMXenVMM" },
		{ "NestboxNestB", "NestboxNestB" }, { "Nestbox\0\0\0\0\0", "Nestbox" }, { "\0\0\0\0\0\0\0\0\0\0\0\0", "" },
		{ "\033[2J\x7F\x80 abcde", ".[2J.. abcde" },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(others); i++) {
		struct parent parent = meet(others[i].signature, 0x40000002, own);

		assert_int_equal(parent.kind, PARENT_OTHER_HYPERVISOR);
		assert_string_equal(parent.name, others[i].name);
		assert_false(parent_is_refused(&parent, true));
	}
}

static void writes_builds_as_people_see_them(void **state)
{
	char text[PARENT_BUILD_BYTES];

	(void)state;
	parent_build_text(text, own);
	assert_string_equal(text, "009fa0ff1234");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_nobody_on_a_machine),
		cmocka_unit_test(knows_its_own_build),
		cmocka_unit_test(knows_another_build_by_any_bit),
		cmocka_unit_test(takes_one_that_does_not_tell_for_another),
		cmocka_unit_test(names_other_hypervisors),
		cmocka_unit_test(writes_builds_as_people_see_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

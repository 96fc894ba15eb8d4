/* SPDX-License-Identifier: Apache-2.0 */
/* Memory operands of VMX instructions: address arithmetic, canonical form, segment rights and limits. */
#include "nested/operand.h"
#include "world.h"

#define SCALE(s) (s)
#define ADDRESS_16 (0u << 7)
#define ADDRESS_32 (1u << 7)
#define ADDRESS_64 (2u << 7)
#define SEGMENT(n) ((n) << 15)
#define NO_INDEX (1u << 22)
#define NO_BASE (1u << 27)
enum { ES, CS, SS, DS, FS, GS };
#define RIGHTS_DATA 0xC093u      /* writable, 4 GiB, big */
#define RIGHTS_READ_ONLY 0xC091u
#define RIGHTS_CODE 0xC09Bu
#define RIGHTS_EXECUTE_ONLY 0xC099u
#define RIGHTS_DOWN 0xC097u
#define RIGHTS_DOWN_16 0x8097u

static struct operand long_operand(u64 displacement)
{
	return (struct operand){ .information = ADDRESS_64 | SEGMENT(DS) | NO_INDEX | NO_BASE, .displacement = displacement,
				 .is_long_mode = true, .bytes = 8 };
}

static struct operand legacy_operand(u32 displacement, u32 rights, u32 limit)
{
	return (struct operand){ .information = ADDRESS_32 | SEGMENT(DS) | NO_INDEX | NO_BASE, .displacement = displacement, .bytes = 8,
				 .segment = { .base = 0x1000, .limit = limit, .rights = rights } };
}

static void expect_linear(const struct operand *o, u64 expected)
{
	u64 linear;
	u32 vector;

	assert_true(operand_linear(o, &linear, &vector));
	assert_true(linear == expected);
}

static void expect_fault(const struct operand *o, u32 expected)
{
	u64 linear;
	u32 vector;

	assert_false(operand_linear(o, &linear, &vector));
	assert_int_equal(vector, expected);
}

static void fields_are_where_the_manual_has_them(void **state)
{
	u32 information = 3u << 3 | 1u << 10 | 4u << 15 | 5u << 18 | 6u << 23 | 7u << 28;

	(void)state;
	assert_int_equal(operand_register_1(information), 3);
	assert_true(operand_is_register(information));
	assert_int_equal(operand_segment_number(information), 4);
	assert_int_equal(operand_index(information), 5);
	assert_int_equal(operand_base(information), 6);
	assert_int_equal(operand_register_2(information), 7);
	assert_true(operand_has_index(information) && operand_has_base(information));
	assert_false(operand_has_index(NO_INDEX));
	assert_false(operand_has_base(NO_BASE));
}

static void address_is_base_index_scale_displacement(void **state)
{
	struct operand o = long_operand(0x10);

	(void)state;
	o.base = 0x1000;
	o.index = 0x20;
	expect_linear(&o, 0x10); /* named nowhere */
	o.information &= ~(NO_INDEX | NO_BASE);
	o.information |= SCALE(3);
	expect_linear(&o, 0x1110);
	o.displacement = (u64)-0x110;
	expect_linear(&o, 0x1000 + 0x100 - 0x110);
}

static void address_size_wraps(void **state)
{
	struct operand o = long_operand(0x1FFFFFFF0ull);

	(void)state;
	o.information = (o.information & ~ADDRESS_64) | ADDRESS_32;
	expect_linear(&o, 0xFFFFFFF0);
	o = legacy_operand(0x12345, RIGHTS_DATA, ~0u);
	o.information &= ~ADDRESS_32;
	expect_linear(&o, 0x2345 + 0x1000);
}

static void only_fs_and_gs_have_a_base_in_long_mode(void **state)
{
	(void)state;
	for (u32 s = ES; s <= GS; s++) {
		struct operand o = long_operand(0x10);

		o.information = (o.information & ~SEGMENT(7u)) | SEGMENT(s);
		o.segment.base = 0x7000;
		expect_linear(&o, s >= FS ? 0x7010 : 0x10);
	}
}

static void addresses_must_be_canonical(void **state)
{
	struct operand o = long_operand(0x0000800000000000ull);

	(void)state;
	expect_fault(&o, EXC_GP);
	o.displacement = 0x00007FFFFFFFFFF8ull;
	expect_linear(&o, 0x00007FFFFFFFFFF8ull);
	o.displacement = 0x00007FFFFFFFFFFCull; /* runs over the edge */
	expect_fault(&o, EXC_GP);
	o.information = (o.information & ~SEGMENT(7u)) | SEGMENT(SS);
	expect_fault(&o, EXC_SS);
	o.displacement = 0xFFFF800000000000ull;
	expect_linear(&o, 0xFFFF800000000000ull);
}

static void segment_rights_count_outside_long_mode(void **state)
{
	struct operand o = legacy_operand(0, RIGHTS_DATA, ~0u);

	(void)state;
	o.is_write = true;
	expect_linear(&o, 0x1000);
	o.segment.rights = RIGHTS_READ_ONLY;
	expect_fault(&o, EXC_GP);
	o.is_write = false;
	expect_linear(&o, 0x1000);
	o.segment.rights = RIGHTS_CODE;
	expect_linear(&o, 0x1000);
	o.is_write = true;
	expect_fault(&o, EXC_GP);
	o.is_write = false;
	o.segment.rights = RIGHTS_EXECUTE_ONLY;
	expect_fault(&o, EXC_GP);
	o.segment.rights = RIGHTS_DATA | 1u << 16; /* unusable: a null selector */
	expect_fault(&o, EXC_GP);
}

static void limits_count_outside_long_mode(void **state)
{
	struct operand o = legacy_operand(0x0FF8, RIGHTS_DATA, 0x0FFF);

	(void)state;
	expect_linear(&o, 0x1FF8);
	o.displacement++;
	expect_fault(&o, EXC_GP);
	o = legacy_operand(0xFFFFFFFC, RIGHTS_DATA, 0xFFFFFFFF); /* runs over 4 GiB */
	expect_fault(&o, EXC_GP);
}

static void expand_down_limits_are_lower_bounds(void **state)
{
	struct operand o = legacy_operand(0x1000, RIGHTS_DOWN, 0x0FFF);

	(void)state;
	expect_linear(&o, 0x2000);
	o.displacement = 0x0FFF;
	expect_fault(&o, EXC_GP);
	o = legacy_operand(0xFFFC, RIGHTS_DOWN_16, 0x0FFF); /* a small one ends at 64 KiB */
	expect_fault(&o, EXC_GP);
	o.displacement = 0xFFF8;
	expect_linear(&o, 0x10FF8);
}

static void random_operands_never_give_a_bad_address(void **state)
{
	(void)state;
	for (u32 i = 0; i < 100000; i++) {
		struct operand o = {
			.information = (u32)world_random(), .displacement = world_random(), .is_long_mode = i & 1, .bytes = 16,
			.is_write = i & 2, .base = world_random(), .index = world_random(),
			.segment = { world_random(), (u32)world_random(), (u32)world_random() },
		};
		u64 linear;
		u32 vector;

		if (!operand_linear(&o, &linear, &vector))
			assert_true(vector == EXC_GP || vector == EXC_SS);
		else if (o.is_long_mode)
			assert_true(check_is_canonical(linear) && check_is_canonical(linear + 15));
		else
			assert_true(linear <= 0xFFFFFFFF);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_where_the_manual_has_them),
		cmocka_unit_test(address_is_base_index_scale_displacement),
		cmocka_unit_test(address_size_wraps),
		cmocka_unit_test(only_fs_and_gs_have_a_base_in_long_mode),
		cmocka_unit_test(addresses_must_be_canonical),
		cmocka_unit_test(segment_rights_count_outside_long_mode),
		cmocka_unit_test(limits_count_outside_long_mode),
		cmocka_unit_test(expand_down_limits_are_lower_bounds),
		cmocka_unit_test(random_operands_never_give_a_bad_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The field table: total look-up, widths, and the rule that nothing but L2's own state is shadowable (DESIGN "What must be provable" 2). */
#include "world.h"

static void every_row_is_found_by_its_encoding(void **state)
{
	(void)state;
	for (enum field_index i = 0; i < FIELD_COUNT; i++)
		assert_int_equal(fields_find(fields[i].encoding), i);
}

static void every_other_encoding_is_unknown(void **state)
{
	u32 known = 0;

	(void)state;
	for (u64 encoding = 0; encoding < 0x20000; encoding++) {
		int index = fields_find(encoding);

		if (index < 0)
			continue;
		assert_int_equal(fields[index].encoding, encoding & ~1ull);
		known += !field_is_high_part(encoding);
	}
	assert_int_equal(known, FIELD_COUNT);
	assert_int_equal(fields_find(0x100000000ull | VMCS_GUEST_RIP), -1);
	assert_int_equal(fields_find(~0ull), -1);
}

static void only_64_bit_fields_have_a_high_part(void **state)
{
	(void)state;
	assert_int_equal(fields_find(VMCS_TSC_OFFSET + 1), FIELD_TSC_OFFSET);
	assert_int_equal(fields_find(VMCS_GUEST_RIP + 1), -1);
	assert_int_equal(fields_find(VMCS_VPID + 1), -1);
	assert_int_equal(fields_find(VMCS_PIN_CONTROLS + 1), -1);
}

static void masks_follow_the_width(void **state)
{
	(void)state;
	assert_int_equal(field_mask(VMCS_VPID), 0xFFFF);
	assert_int_equal(field_mask(VMCS_PIN_CONTROLS), 0xFFFFFFFF);
	assert_true(field_mask(VMCS_TSC_OFFSET) == ~0ull);
	assert_true(field_mask(VMCS_GUEST_RIP) == ~0ull);
	for (enum field_index i = 0; i < FIELD_COUNT; i++)
		assert_true(field_masks[i] == field_mask(fields[i].encoding));
}

static void high_parts_are_put_together(void **state)
{
	(void)state;
	assert_true(field_part(VMCS_TSC_OFFSET, 0x1122334455667788) == 0x1122334455667788);
	assert_true(field_part(VMCS_TSC_OFFSET + 1, 0x1122334455667788) == 0x11223344);
	assert_true(field_with_high_part(0x1122334455667788, 0xFFFFFFFFAABBCCDD) == 0xAABBCCDD55667788);
}

static void nothing_but_l2_state_is_shadowable(void **state)
{
	u32 shadowable = 0;

	(void)state;
	for (enum field_index i = 0; i < FIELD_COUNT; i++) {
		enum field_type type = field_type(fields[i].encoding);

		if (!field_is_shadowable(i))
			continue;
		shadowable++;
		assert_true(type == FIELD_TYPE_GUEST || type == FIELD_TYPE_DATA);
		assert_int_not_equal(i, FIELD_LINK_POINTER);
		assert_int_not_equal(i, FIELD_GUEST_SMBASE);
		/* what vmcs02 has otherwise than L1 wrote must not be seen through the shadow */
		assert_int_equal(fields[i].save_control, 0);
	}
	assert_true(shadowable > 60);
}

/* Controls and host state of L1 never stand in vmcs02 as L1's own storage. */
static void sources_fit_types(void **state)
{
	(void)state;
	for (enum field_index i = 0; i < FIELD_COUNT; i++) {
		enum field_type type = field_type(fields[i].encoding);

		if (type == FIELD_TYPE_HOST)
			assert_int_equal(fields[i].source, FIELD_SOURCE_HOST);
		if (fields[i].source == FIELD_SOURCE_COPIED)
			assert_int_equal(type, FIELD_TYPE_CONTROL);
	}
}

/* An address of L1's that hardware would follow is never copied: it is merged (translated) or left to software. */
static void addresses_are_never_copied(void **state)
{
	static const enum field_index addresses[] = {
		FIELD_IO_BITMAP_A, FIELD_IO_BITMAP_B, FIELD_MSR_BITMAP, FIELD_EXIT_MSR_STORE_ADDRESS, FIELD_EXIT_MSR_LOAD_ADDRESS,
		FIELD_ENTRY_MSR_LOAD_ADDRESS, FIELD_EXECUTIVE_VMCS_POINTER, FIELD_VIRTUAL_APIC_ADDRESS, FIELD_APIC_ACCESS_ADDRESS,
		FIELD_EPT_POINTER, FIELD_LINK_POINTER, FIELD_VPID, FIELD_VMREAD_BITMAP, FIELD_VMWRITE_BITMAP, FIELD_POSTED_INTERRUPT_DESCRIPTOR,
		FIELD_POSTED_INTERRUPT_VECTOR, FIELD_PML_ADDRESS, FIELD_EPTP_LIST_ADDRESS,
		FIELD_VE_INFORMATION_ADDRESS,
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(addresses); i++) {
		u8 source = fields[addresses[i]].source;

		assert_true(source == FIELD_SOURCE_MERGED || source == FIELD_SOURCE_SOFT);
	}
}

static void fields_of_hidden_features_do_not_exist(void **state)
{
	struct controls nothing = { { 0 } };
	struct offer offer = world_offer();

	(void)state;
	assert_false(field_exists(FIELD_EPT_POINTER, &nothing));
	assert_false(field_exists(FIELD_VPID, &nothing));
	assert_true(field_exists(FIELD_GUEST_RIP, &nothing));
	assert_false(field_exists(FIELD_GUEST_INTERRUPT_STATUS, &nothing));
	assert_false(field_exists(FIELD_EOI_EXIT_BITMAP_0, &nothing));
	assert_false(field_exists(FIELD_POSTED_INTERRUPT_DESCRIPTOR, &nothing));
	assert_false(field_exists(FIELD_PML_ADDRESS, &nothing));
	assert_false(field_exists(FIELD_GUEST_PML_INDEX, &nothing));
	assert_true(field_exists(FIELD_EPT_POINTER, &offer.may));
	assert_true(field_exists(FIELD_GUEST_INTERRUPT_STATUS, &offer.may));
}

static void vmcs_enum_is_the_highest_index(void **state)
{
	struct offer offer = world_offer();

	(void)state;
	assert_int_equal(offer.vmcs_enum, VMCS_TSC_MULTIPLIER & 0x3FE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_found_by_its_encoding),
		cmocka_unit_test(every_other_encoding_is_unknown),
		cmocka_unit_test(only_64_bit_fields_have_a_high_part),
		cmocka_unit_test(masks_follow_the_width),
		cmocka_unit_test(high_parts_are_put_together),
		cmocka_unit_test(nothing_but_l2_state_is_shadowable),
		cmocka_unit_test(sources_fit_types),
		cmocka_unit_test(addresses_are_never_copied),
		cmocka_unit_test(fields_of_hidden_features_do_not_exist),
		cmocka_unit_test(vmcs_enum_is_the_highest_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

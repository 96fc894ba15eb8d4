/* SPDX-License-Identifier: Apache-2.0 */
/* The capability MSRs L1 reads: consistent with each other, with the tables, and enough for the hypervisors we name. */
#include "world.h"

static u64 read_msr(const struct offer *offer, u32 msr)
{
	u64 value = 0;

	assert_true(capability_read(offer, msr, &value));
	return value;
}

static void basic_describes_our_region(void **state)
{
	struct offer offer = world_offer();
	u64 basic = read_msr(&offer, IA32_VMX_BASIC);

	(void)state;
	assert_int_equal((u32)basic, VMCS12_REVISION);
	assert_int_equal(basic >> 32 & 0x1FFF, PAGE_SIZE);
	assert_int_equal(basic >> 50 & 15, 6);
	assert_false(basic & BIT(48));
	assert_false(basic & BIT(49));
	assert_true(basic & BASIC_TRUE_CONTROLS);
}

static void true_and_plain_versions_agree(void **state)
{
	static const u32 pairs[][2] = {
		{ IA32_VMX_PINBASED_CTLS, IA32_VMX_TRUE_PINBASED_CTLS }, { IA32_VMX_PROCBASED_CTLS, IA32_VMX_TRUE_PROCBASED_CTLS },
		{ IA32_VMX_EXIT_CTLS, IA32_VMX_TRUE_EXIT_CTLS }, { IA32_VMX_ENTRY_CTLS, IA32_VMX_TRUE_ENTRY_CTLS },
	};
	struct offer offer = world_offer();

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(pairs); i++) {
		u64 plain = read_msr(&offer, pairs[i][0]), exact = read_msr(&offer, pairs[i][1]);

		assert_int_equal((u32)exact & ~(u32)plain, 0);
		assert_int_equal((u32)plain & ~(u32)(plain >> 32), 0);
		assert_int_equal((u32)exact & ~(u32)(exact >> 32), 0);
	}
	/* what unmodified guests rely on: CR3 accesses and INVLPG need not exit */
	u64 primary = read_msr(&offer, IA32_VMX_TRUE_PROCBASED_CTLS);
	assert_false(primary & (PRIMARY_CR3_LOAD_EXITING | PRIMARY_CR3_STORE_EXITING | PRIMARY_INVLPG_EXITING));
	assert_true(read_msr(&offer, IA32_VMX_PROCBASED_CTLS) & PRIMARY_CR3_LOAD_EXITING);
}

/* KVM of Linux 6.1 refuses to load without these; Xen wants I/O bitmaps and RDTSC exiting besides. */
static void floor_of_kvm_and_xen_is_there(void **state)
{
	const u32 pin = PIN_EXTERNAL_INTERRUPT_EXITING | PIN_NMI_EXITING | PIN_VIRTUAL_NMIS;
	const u32 primary = PRIMARY_HLT_EXITING | PRIMARY_CR3_LOAD_EXITING | PRIMARY_CR3_STORE_EXITING | PRIMARY_CR8_LOAD_EXITING |
		PRIMARY_CR8_STORE_EXITING | PRIMARY_UNCONDITIONAL_IO_EXITING | PRIMARY_MOV_DR_EXITING | PRIMARY_USE_TSC_OFFSETTING |
		PRIMARY_MWAIT_EXITING | PRIMARY_MONITOR_EXITING | PRIMARY_INVLPG_EXITING | PRIMARY_RDPMC_EXITING |
		PRIMARY_INTERRUPT_WINDOW_EXITING | PRIMARY_USE_IO_BITMAPS | PRIMARY_RDTSC_EXITING | PRIMARY_SECONDARY_CONTROLS |
		PRIMARY_USE_MSR_BITMAPS | PRIMARY_USE_TPR_SHADOW;
	const u32 secondary = SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST | SECONDARY_ENABLE_VPID;
	const u32 exit = EXIT_CONTROL_SAVE_DEBUG | EXIT_CONTROL_ACKNOWLEDGE_INTERRUPT | EXIT_CONTROL_HOST_ADDRESS_SPACE_SIZE |
		EXIT_CONTROL_LOAD_PAT | EXIT_CONTROL_LOAD_EFER;
	const u32 entry = ENTRY_CONTROL_LOAD_DEBUG | ENTRY_CONTROL_IA32E_MODE_GUEST | ENTRY_CONTROL_LOAD_PAT | ENTRY_CONTROL_LOAD_EFER;
	struct offer offer = world_offer();

	(void)state;
	assert_int_equal(offer.may.word[GROUP_PIN] & pin, pin);
	assert_int_equal(offer.may.word[GROUP_PRIMARY] & primary, primary);
	assert_int_equal(offer.may.word[GROUP_SECONDARY] & secondary, secondary);
	assert_int_equal(offer.may.word[GROUP_EXIT] & exit, exit);
	assert_int_equal(offer.may.word[GROUP_ENTRY] & entry, entry);
	u64 ept = read_msr(&offer, IA32_VMX_EPT_VPID_CAP);
	assert_true(ept & EPT_CAP_WALK_4 && ept & EPT_CAP_WRITE_BACK && ept & EPT_CAP_INVEPT_ALL && ept & EPT_CAP_INVEPT_SINGLE);
	assert_true(ept & VPID_CAP_INVVPID && ept & BIT(42));
}

static void what_is_not_implemented_is_not_visible(void **state)
{
	struct offer offer = world_offer();
	u64 value;

	(void)state;
	assert_false(read_msr(&offer, IA32_VMX_EPT_VPID_CAP) & BIT(23)); /* shadow-stack control */
	assert_false(read_msr(&offer, IA32_VMX_EPT_VPID_CAP) & BIT(7)); /* 5-level walk */
	u64 misc = read_msr(&offer, IA32_VMX_MISC);
	assert_int_equal(misc >> 6 & 7, 1); /* HLT only: SECURITY A8 */
	assert_int_equal(misc >> 25 & 15, 0); /* one block of MSR entries; no SMI blocking by VMXOFF */
	assert_int_equal(MISC_CR3_TARGETS(misc), 4);
	assert_int_equal(read_msr(&offer, IA32_VMX_VMFUNC), VM_FUNCTION_EPTP_SWITCHING);
	assert_false(capability_read(&offer, IA32_VMX_VMFUNC + 1, &value));
	assert_false(capability_read(&offer, IA32_VMX_BASIC - 1, &value));
}

static struct offer offer_with(u64 ept_vpid)
{
	struct vmx_capabilities hardware = world_hardware();
	struct offer offer;

	hardware.ept_vpid = ept_vpid;
	capability_offer(&offer, &hardware, CR4_PAE, 40);
	return offer;
}

static void ept_features_follow_the_cpu(void **state)
{
	const u64 features = EPT_CAP_EXECUTE_ONLY | EPT_CAP_UNCACHEABLE | EPT_CAP_2M | EPT_CAP_1G | EPT_CAP_ACCESSED_DIRTY | EPT_CAP_ADVANCED;
	struct offer none = offer_with(0), all = offer_with(~0ull);

	(void)state;
	assert_int_equal(none.msr.ept_vpid & features, 0);
	assert_int_equal(all.msr.ept_vpid & features, features);
	/* its log is written when a dirty flag is set */
	assert_false(none.may.word[GROUP_SECONDARY] & SECONDARY_ENABLE_PML);
	assert_true(all.may.word[GROUP_SECONDARY] & SECONDARY_ENABLE_PML);
	/* the exit must tell user mode */
	assert_false(none.may.word[GROUP_SECONDARY] & SECONDARY_MODE_BASED_EXECUTE);
	assert_true(all.may.word[GROUP_SECONDARY] & SECONDARY_MODE_BASED_EXECUTE);
}

static void ept_pointers(void **state)
{
	const u64 good = 0x12345000 | 0x1E;
	struct offer none = offer_with(0), all = offer_with(~0ull);

	(void)state;
	assert_true(capability_allows_eptp(&none, good));
	assert_true(capability_allows_eptp(&all, good));
	for (u64 type = 0; type < 8; type++) {
		assert_int_equal(capability_allows_eptp(&none, (good & ~7ull) | type), type == 6);
		assert_int_equal(capability_allows_eptp(&all, (good & ~7ull) | type), type == 6 || type == 0);
	}
	for (u64 length = 0; length < 8; length++)
		assert_int_equal(capability_allows_eptp(&all, (good & ~0x38ull) | length << 3), length == 3);
	for (u32 bit = 6; bit < 64; bit++) {
		bool is_address = bit >= 12 && bit < 40;

		assert_int_equal(capability_allows_eptp(&none, good | BIT(bit)), is_address);
		assert_int_equal(capability_allows_eptp(&all, good | BIT(bit)), is_address || bit == 6);
	}
}

static void virtual_interrupts_can_be_hidden(void **state)
{
	struct vmx_capabilities hardware = world_hardware();
	struct offer offer = world_offer();

	(void)state;
	assert_true(offer.may.word[GROUP_SECONDARY] & SECONDARY_VIRTUAL_INTERRUPT_DELIVERY);
	assert_true(offer.may.word[GROUP_PIN] & PIN_POSTED_INTERRUPTS);
	capability_hide_virtual_interrupts(&hardware);
	capability_offer(&offer, &hardware, CR4_PAE, 40);
	assert_false(offer.may.word[GROUP_SECONDARY] & SECONDARY_VIRTUAL_INTERRUPT_DELIVERY);
	assert_false(offer.may.word[GROUP_PIN] & PIN_POSTED_INTERRUPTS);
	assert_true(offer.may.word[GROUP_SECONDARY] & SECONDARY_VIRTUALIZE_X2APIC);
	assert_false(field_exists(FIELD_GUEST_INTERRUPT_STATUS, &offer.may));
	assert_false(field_exists(FIELD_POSTED_INTERRUPT_VECTOR, &offer.may));
}

static void cr4_offers_only_what_the_partition_may_set(void **state)
{
	struct offer offer = world_offer();

	(void)state;
	assert_false(read_msr(&offer, IA32_VMX_CR4_FIXED1) & CR4_SMXE);
	assert_true(read_msr(&offer, IA32_VMX_CR4_FIXED1) & CR4_VMXE);
	assert_int_equal(read_msr(&offer, IA32_VMX_CR4_FIXED0) & ~read_msr(&offer, IA32_VMX_CR4_FIXED1), 0);
	assert_int_equal(read_msr(&offer, IA32_VMX_CR0_FIXED0) & ~read_msr(&offer, IA32_VMX_CR0_FIXED1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(basic_describes_our_region),
		cmocka_unit_test(true_and_plain_versions_agree),
		cmocka_unit_test(floor_of_kvm_and_xen_is_there),
		cmocka_unit_test(what_is_not_implemented_is_not_visible),
		cmocka_unit_test(ept_features_follow_the_cpu),
		cmocka_unit_test(ept_pointers),
		cmocka_unit_test(virtual_interrupts_can_be_hidden),
		cmocka_unit_test(cr4_offers_only_what_the_partition_may_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

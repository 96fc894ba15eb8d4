/* SPDX-License-Identifier: Apache-2.0 */
/* Control bits: what is offered, and that a merge is never weaker than what L0 needs, whatever L1 writes. */
#include "world.h"

static const struct controls ours = { {
	0x16 | PIN_EXTERNAL_INTERRUPT_EXITING | PIN_NMI_EXITING | PIN_VIRTUAL_NMIS,
	0x04006172 | PRIMARY_USE_TSC_OFFSETTING | PRIMARY_CR8_LOAD_EXITING | PRIMARY_CR8_STORE_EXITING |
		PRIMARY_UNCONDITIONAL_IO_EXITING | PRIMARY_USE_MSR_BITMAPS | PRIMARY_RDPMC_EXITING | PRIMARY_MWAIT_EXITING |
		PRIMARY_MONITOR_EXITING | PRIMARY_SECONDARY_CONTROLS,
	SECONDARY_ENABLE_EPT | SECONDARY_ENABLE_VPID | SECONDARY_UNRESTRICTED_GUEST | SECONDARY_WBINVD_EXITING |
		SECONDARY_ENABLE_RDTSCP | SECONDARY_ENABLE_INVPCID,
	0x36DFB | EXIT_CONTROL_HOST_ADDRESS_SPACE_SIZE | EXIT_CONTROL_ACKNOWLEDGE_INTERRUPT | EXIT_CONTROL_SAVE_PAT |
		EXIT_CONTROL_LOAD_PAT | EXIT_CONTROL_SAVE_EFER | EXIT_CONTROL_LOAD_EFER | EXIT_CONTROL_SAVE_DEBUG,
	0x11FB | ENTRY_CONTROL_LOAD_PAT | ENTRY_CONTROL_LOAD_EFER | ENTRY_CONTROL_LOAD_DEBUG,
} };

/* Interceptions and guards L0 depends on in vmcs02. */
static const struct controls mandatory = { {
	PIN_EXTERNAL_INTERRUPT_EXITING | PIN_NMI_EXITING | PIN_VIRTUAL_NMIS,
	PRIMARY_UNCONDITIONAL_IO_EXITING | PRIMARY_USE_TSC_OFFSETTING | PRIMARY_RDPMC_EXITING | PRIMARY_MWAIT_EXITING |
		PRIMARY_MONITOR_EXITING | PRIMARY_SECONDARY_CONTROLS,
	SECONDARY_ENABLE_EPT | SECONDARY_ENABLE_VPID | SECONDARY_WBINVD_EXITING,
	EXIT_CONTROL_HOST_ADDRESS_SPACE_SIZE | EXIT_CONTROL_ACKNOWLEDGE_INTERRUPT | EXIT_CONTROL_LOAD_PAT | EXIT_CONTROL_SAVE_PAT |
		EXIT_CONTROL_LOAD_EFER | EXIT_CONTROL_SAVE_EFER | EXIT_CONTROL_SAVE_DEBUG,
	ENTRY_CONTROL_LOAD_PAT | ENTRY_CONTROL_LOAD_EFER | ENTRY_CONTROL_LOAD_DEBUG,
} };

/* Never in vmcs02: they would act on addresses or state nobody has checked, or take exits away. */
static const struct controls forbidden = { {
	PIN_POSTED_INTERRUPTS,
	PRIMARY_USE_IO_BITMAPS | PRIMARY_TERTIARY_CONTROLS,
	SECONDARY_VMCS_SHADOWING | SECONDARY_ENABLE_PML | SECONDARY_EPT_VIOLATION_VE,
	EXIT_CONTROL_LOAD_PERF_GLOBAL_CTRL,
	ENTRY_CONTROL_ENTRY_TO_SMM | ENTRY_CONTROL_DEACTIVATE_DUAL_MONITOR | ENTRY_CONTROL_LOAD_PERF_GLOBAL_CTRL,
} };

static void assert_contained(const struct controls *l1)
{
	struct controls c = controls_merge(l1, &ours);

	for (u32 g = 0; g < GROUP_COUNT; g++) {
		assert_int_equal(c.word[g] & mandatory.word[g], mandatory.word[g]);
		assert_int_equal(c.word[g] & forbidden.word[g], 0);
	}
	if (!controls_has(&c, GROUP_PRIMARY, PRIMARY_USE_TPR_SHADOW)) {
		assert_true(controls_has(&c, GROUP_PRIMARY, PRIMARY_CR8_LOAD_EXITING));
		assert_true(controls_has(&c, GROUP_PRIMARY, PRIMARY_CR8_STORE_EXITING));
	}
	if (!controls_has(&c, GROUP_PRIMARY, PRIMARY_USE_MSR_BITMAPS))
		assert_false(controls_has(l1, GROUP_PRIMARY, PRIMARY_USE_MSR_BITMAPS));
	if (!controls_has(l1, GROUP_PRIMARY, PRIMARY_USE_TSC_OFFSETTING))
		assert_false(controls_has(&c, GROUP_SECONDARY, SECONDARY_TSC_SCALING));
	if (controls_has(l1, GROUP_SECONDARY, SECONDARY_VIRTUAL_INTERRUPT_DELIVERY))
		assert_true(controls_has(&c, GROUP_PRIMARY, PRIMARY_HLT_EXITING));
	/* the rule of hardware between the timer and its saving */
	assert_int_equal(controls_has(&c, GROUP_PIN, PIN_PREEMPTION_TIMER),
			 controls_has(&c, GROUP_EXIT, EXIT_CONTROL_SAVE_PREEMPTION_TIMER));
}

static void merge_is_never_weaker_than_ours(void **state)
{
	struct controls none = { { 0 } }, all = { { ~0u, ~0u, ~0u, ~0u, ~0u } };

	(void)state;
	assert_contained(&none);
	assert_contained(&all);
	for (u32 i = 0; i < 100000; i++) {
		struct controls l1;

		for (u32 g = 0; g < GROUP_COUNT; g++)
			l1.word[g] = (u32)world_random();
		assert_contained(&l1);
	}
}

/* Every exit L1 asks for and hardware makes is in the merge, but where software decides. */
static void merge_keeps_what_l1_intercepts(void **state)
{
	static const u32 bits[] = {
		PRIMARY_INTERRUPT_WINDOW_EXITING, PRIMARY_HLT_EXITING, PRIMARY_INVLPG_EXITING, PRIMARY_MWAIT_EXITING,
		PRIMARY_RDPMC_EXITING, PRIMARY_RDTSC_EXITING, PRIMARY_CR3_LOAD_EXITING, PRIMARY_CR3_STORE_EXITING,
		PRIMARY_CR8_LOAD_EXITING, PRIMARY_CR8_STORE_EXITING, PRIMARY_NMI_WINDOW_EXITING, PRIMARY_MOV_DR_EXITING,
		PRIMARY_MONITOR_TRAP_FLAG, PRIMARY_MONITOR_EXITING, PRIMARY_PAUSE_EXITING,
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(bits); i++) {
		struct controls l1 = { { 0, bits[i], 0, 0, 0 } };
		struct controls with_shadow = { { 0, bits[i] | PRIMARY_USE_TPR_SHADOW, 0, 0, 0 } };

		assert_true(controls_merge(&l1, &ours).word[GROUP_PRIMARY] & bits[i]);
		assert_true(controls_merge(&with_shadow, &ours).word[GROUP_PRIMARY] & bits[i]);
	}
}

static void nothing_is_offered_that_hardware_lacks(void **state)
{
	(void)state;
	u64 none = controls_offer(GROUP_PRIMARY, 0x04006172);
	assert_false(none >> 32 & PRIMARY_MONITOR_TRAP_FLAG);
	assert_false(none >> 32 & PRIMARY_PAUSE_EXITING);
	assert_true(none >> 32 & PRIMARY_USE_IO_BITMAPS); /* software's */
	assert_int_equal((u32)none, 0x04006172);
}

static void offers_are_consistent(void **state)
{
	(void)state;
	for (u32 i = 0; i < 10000; i++)
		for (enum control_group g = GROUP_PIN; g < GROUP_COUNT; g++) {
			u64 offer = controls_offer(g, world_random());

			assert_int_equal((u32)offer & ~(u32)(offer >> 32), 0); /* must be 1 implies may be 1 */
		}
}

static void hidden_controls_are_hidden(void **state)
{
	/* forbidden in vmcs02, but done by software */
	static const struct controls by_software = { {
		PIN_POSTED_INTERRUPTS, PRIMARY_USE_IO_BITMAPS, SECONDARY_VMCS_SHADOWING | SECONDARY_ENABLE_PML | SECONDARY_EPT_VIOLATION_VE, 0, 0,
	} };

	(void)state;
	for (enum control_group g = GROUP_PIN; g < GROUP_COUNT; g++) {
		u64 offer = controls_offer(g, ~0ull << 32);

		assert_int_equal((u32)(offer >> 32) & forbidden.word[g] & ~by_software.word[g], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merge_is_never_weaker_than_ours),
		cmocka_unit_test(merge_keeps_what_l1_intercepts),
		cmocka_unit_test(nothing_is_offered_that_hardware_lacks),
		cmocka_unit_test(offers_are_consistent),
		cmocka_unit_test(hidden_controls_are_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

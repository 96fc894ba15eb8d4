/* SPDX-License-Identifier: Apache-2.0 */
/* nested_status: broken set-ups, each named by its row and no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "layout/nested_status.h"

static const struct nested_facts sound = {
	.ram_mib = 4096, .cpu_count = 2, .pinned_cpus = 2, .ept02_pages = 512, .exposed = FACT_YES, .small_allowed = FACT_NO,
	.virtual_interrupts = FACT_YES, .layout_sound = FACT_YES, .emulator_has_vmx = FACT_YES, .vtx = FACT_YES, .firmware_lock_open = FACT_YES,
	.ept = FACT_YES, .unrestricted_guest = FACT_YES, .vpid = FACT_YES, .vmcs_shadowing = FACT_YES, .apicv = FACT_YES,
	.preemption_timer = FACT_YES, .mitigations = FACT_YES, .in_nestbox = FACT_NO,
	.mac_free = FACT_YES, .entries_succeed = FACT_YES, .pool_suffices = FACT_YES,
};

/* Exactly this check is not ok, and the whole has this exit code. */
static void expect(const struct nested_facts *f, enum nested_check bad, int status)
{
	for (unsigned int check = 0; check < NESTED_CHECK_COUNT; check++)
		assert_int_equal(nested_check_verdict(f, (enum nested_check)check),
				 check != (unsigned int)bad ? VERDICT_OK : status == 2 ? VERDICT_FAILURE : VERDICT_WARNING);
	assert_int_equal(nested_status(f), status);
}

#define BROKEN(test, field, value, check, status)  \
	static void test(void **state)             \
	{                                          \
		struct nested_facts f = sound;     \
                                                   \
		f.field = value;                   \
		expect(&f, NESTED_##check, status); \
	}

BROKEN(test_not_exposed, exposed, FACT_NO, EXPOSED, 2)
BROKEN(test_layout_refused, layout_sound, FACT_NO, LAYOUT, 2)
BROKEN(test_too_little_memory, ram_mib, 4094, MEMORY, 2)
BROKEN(test_too_few_machine_cpus, pinned_cpus, 1, CPU_PINNED, 2)
BROKEN(test_emulator_without_vmx, emulator_has_vmx, FACT_NO, EMULATOR, 2)
BROKEN(test_no_vtx, vtx, FACT_NO, VTX, 2)
BROKEN(test_firmware_lock, firmware_lock_open, FACT_NO, FIRMWARE_LOCK, 2)
BROKEN(test_no_ept, ept, FACT_NO, EPT, 2)
BROKEN(test_no_unrestricted_guest, unrestricted_guest, FACT_NO, UNRESTRICTED_GUEST, 2)
BROKEN(test_no_vpid, vpid, FACT_NO, VPID, 1)
BROKEN(test_no_shadowing, vmcs_shadowing, FACT_NO, VMCS_SHADOWING, 1)
BROKEN(test_no_apicv, apicv, FACT_NO, APICV, 1)
BROKEN(test_virtual_interrupts_off, virtual_interrupts, FACT_NO, VIRTUAL_INTERRUPTS, 1)
BROKEN(test_no_preemption_timer, preemption_timer, FACT_NO, PREEMPTION_TIMER, 1)
BROKEN(test_few_shadow_pages, ept02_pages, 255, SHADOW_PAGES, 1)
BROKEN(test_no_mitigation, mitigations, FACT_NO, MITIGATIONS, 1)
BROKEN(test_mac_policy, mac_free, FACT_NO, MAC, 1)
BROKEN(test_entry_refused, entries_succeed, FACT_NO, ENTRIES, 1)
BROKEN(test_pool_full, pool_suffices, FACT_NO, SHADOW_POOL, 1)

static void test_all_well(void **state)
{
	expect(&sound, NESTED_CHECK_COUNT, 0);
}

static void test_small_by_choice(void **state)
{
	struct nested_facts f = sound;

	f.ram_mib = 1024;
	f.small_allowed = FACT_YES;
	expect(&f, NESTED_MEMORY_SMALL, 1);
}

static void test_one_cpu(void **state)
{
	struct nested_facts f = sound;

	f.cpu_count = f.pinned_cpus = 1;
	expect(&f, NESTED_CPU_COUNT, 1);
	f.cpu_count = f.pinned_cpus = 0;
	expect(&f, NESTED_CPU_COUNT, 2);
}

static void test_parent_of_another_build(void **state)
{
	struct nested_facts f = sound;

	f.in_nestbox = FACT_YES;
	f.same_build = FACT_NO;
	expect(&f, NESTED_PARENT_BUILD, 1);
	f.refuses_other_build = FACT_YES;
	expect(&f, NESTED_PARENT_BUILD, 2);
	f.same_build = FACT_YES;
	expect(&f, NESTED_CHECK_COUNT, 0);
}

static void test_unknown_is_no_warning(void **state)
{
	struct nested_facts f = sound;

	f.vtx = f.apicv = f.in_nestbox = FACT_UNKNOWN;
	assert_int_equal(nested_check_verdict(&f, NESTED_PARENT_BUILD), VERDICT_UNKNOWN);
	assert_int_equal(nested_check_verdict(&f, NESTED_VTX), VERDICT_UNKNOWN);
	assert_int_equal(nested_check_verdict(&f, NESTED_APICV), VERDICT_UNKNOWN);
	assert_int_equal(nested_status(&f), 0);
}

static void test_every_row_has_words(void **state)
{
	for (unsigned int check = 0; check < NESTED_CHECK_COUNT; check++) {
		struct nested_words words = nested_check_words((enum nested_check)check);

		assert_true(*words.name && *words.good && *words.bad && *words.remedy);
	}
}

#define T(test) cmocka_unit_test(test)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_not_exposed), T(test_layout_refused), T(test_too_little_memory), T(test_too_few_machine_cpus), T(test_emulator_without_vmx),
		T(test_no_vtx), T(test_firmware_lock), T(test_no_ept), T(test_no_unrestricted_guest), T(test_no_vpid), T(test_no_shadowing),
		T(test_no_apicv), T(test_virtual_interrupts_off), T(test_no_preemption_timer), T(test_few_shadow_pages), T(test_no_mitigation),
		T(test_mac_policy), T(test_entry_refused), T(test_pool_full), T(test_all_well), T(test_small_by_choice), T(test_one_cpu),
		T(test_parent_of_another_build), T(test_unknown_is_no_warning),
		T(test_every_row_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command `nested` of a running box: whatever is wrong with it is named by its row, with the remedy, and only that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "boot.h"
#include "fake_kernel.h"
#include "layout/nested_status.h"
#include "manage/command.h"

static char told[65536];
static struct monitor_info info;

const struct manifest *boot_manifest(void)
{
	return NULL;
}

bool boot_partition(const struct boot_source *source, struct boot_state *boot)
{
	(void)source, (void)boot;
	return false;
}

static void tell(void *context, const char *bytes, size_t count)
{
	(void)context;
	strncat(told, bytes, count);
}

static const struct sink out = { .write = tell };

/* A box on which all is well. */
static int open_box(void **state)
{
	(void)state;
	fake_kernel_reset();
	info = (struct monitor_info){
		.cpu_count = 2, .tsc_hz = 1000000000, .ram_bytes = 4ull << 30, .nested = 1, .vmx_pin = 1u << 6 | 1u << 7,
		.vmx_secondary = 1u << 1 | 1u << 5 | 1u << 7 | 1u << 8 | 1u << 9 | 1u << 14, .arch_capabilities = 0x29,
		.nested_virtual_interrupts = 1,
	};
	for (uint32_t cpu = 0; cpu < 2; cpu++)
		fake_kernel.statistics[cpu].ept02_tables_all = 512;
	return 0;
}

static void ask(const char *line)
{
	struct command_call call = { .caller = CALLER_GUEST, .info = &info, .out = &out };
	char text[LINE_MAX_BYTES];

	told[0] = 0;
	strcpy(text, line);
	assert_true(command_run(&call, text));
}

/* This check, and no other, has a verdict that is not ok; NESTED_CHECK_COUNT: none has. */
static void names(enum nested_check check, int status)
{
	char line[256];
	uint32_t bad = 0;

	ask("nested");
	for (const char *at = told; (at = strstr(at, "\n         -> ")); at++)
		bad++;
	assert_int_equal(bad, check != NESTED_CHECK_COUNT);
	if (bad) {
		struct nested_words words = nested_check_words(check);

		snprintf(line, sizeof(line), "%-8s %s\n", status == 2 ? "failure" : "warning", words.bad);
		assert_non_null(strstr(told, line));
		assert_non_null(strstr(told, words.remedy));
	}
	snprintf(line, sizeof(line), "(%d)\n", status);
	assert_string_equal(told + strlen(told) - strlen(line), line);
	ask("nested --json");
	snprintf(line, sizeof(line), "{\"status\": %d, ", status);
	assert_int_equal(strncmp(told, line, strlen(line)), 0);
}

#define BROKEN(test, check, status, ...)        \
	static void test(void **state)          \
	{                                       \
		(void)state;                    \
		__VA_ARGS__;                    \
		names(NESTED_##check, status);  \
	}

BROKEN(all_is_well, CHECK_COUNT, 0, (void)0)
BROKEN(not_exposed, EXPOSED, 2, info.nested = 0)
BROKEN(little_memory, MEMORY_SMALL, 1, info.ram_bytes = 1ull << 30)
BROKEN(one_cpu, CPU_COUNT, 1, info.cpu_count = 1)
BROKEN(no_ept, EPT, 2, info.vmx_secondary &= ~(1u << 1))
BROKEN(no_unrestricted_guest, UNRESTRICTED_GUEST, 2, info.vmx_secondary &= ~(1u << 7))
BROKEN(no_vpid, VPID, 1, info.vmx_secondary &= ~(1u << 5))
BROKEN(no_shadowing, VMCS_SHADOWING, 1, info.vmx_secondary &= ~(1u << 14))
BROKEN(no_apic_registers, APICV, 1, info.vmx_secondary &= ~(1u << 8))
BROKEN(no_posted_interrupts, APICV, 1, info.vmx_pin &= ~(1u << 7))
BROKEN(no_preemption_timer, PREEMPTION_TIMER, 1, info.vmx_pin &= ~(1u << 6))
BROKEN(virtual_interrupts_off, VIRTUAL_INTERRUPTS, 1, info.nested_virtual_interrupts = 0)
BROKEN(parent_of_another_build, PARENT_BUILD, 1, info.parent = PARENT_IS_OTHER_BUILD)
BROKEN(parent_of_the_same_build, CHECK_COUNT, 0, info.parent = PARENT_IS_SAME_BUILD)
BROKEN(leaks, MITIGATIONS, 1, info.arch_capabilities &= ~8ull)
BROKEN(few_shadow_pages, SHADOW_PAGES, 1, fake_kernel.statistics[0].ept02_tables_all = 64)
BROKEN(pool_used_up, SHADOW_POOL, 1, fake_kernel.statistics[1].ept02_tables_most = 512)
BROKEN(an_entry_refused, ENTRIES, 1, fake_kernel.statistics[1].refusals = 3)

static void tells_the_row_that_refused(void **state)
{
	struct exit_statistics *cpu = &fake_kernel.statistics[1];

	(void)state;
	cpu->refusals = 3;
	cpu->vmx_state = VMX_STATE_ON | VMX_STATE_HAS_VMCS;
	cpu->known_vmcs[0] = 0x1000;
	cpu->known_vmcs[5] = 0x2000;
	strcpy(cpu->refused_what, "guest state");
	strcpy(cpu->refused_row, "GUEST_CR0");
	ask("nested");
	assert_non_null(strstr(told, "3 VM entries refused, the last by guest state: GUEST_CR0\n"));
	assert_non_null(strstr(told, "CPU0   VMX is off                         0 VMCSs,"));
	assert_non_null(strstr(told, "CPU1   a hypervisor, with a guest loaded  2 VMCSs,"));
	ask("nested --json");
	assert_non_null(strstr(told, "\"vmcs_loaded\": true, \"in_l2\": false, \"vmcs\": 2, \"l2_exits\": 0, \"refused\": 3, "
				     "\"refused_by\": \"guest state: GUEST_CR0\"}"));
	for (uint32_t i = 0; i < KNOWN_VMCS_MAX; i++)
		cpu->known_vmcs[i] = 0x1000 * (i + 1);
	ask("nested");
	assert_non_null(strstr(told, "8 VMCSs or more"));
}

/* What is put into JSON as it is. */
static void words_need_no_escaping(void **state)
{
	(void)state;
	for (unsigned int check = 0; check < NESTED_CHECK_COUNT; check++) {
		struct nested_words words = nested_check_words((enum nested_check)check);

		assert_null(strpbrk(words.good, "\"\\\n"));
		assert_null(strpbrk(words.bad, "\"\\\n"));
		assert_null(strpbrk(words.remedy, "\"\\\n"));
	}
	ask("nested");
	assert_true(strlen(told) < 8192 - 8); /* an answer to a guest */
	ask("nested --json");
	assert_true(strlen(told) < 8192 - 8);
}

#define T(test) cmocka_unit_test_setup(test, open_box)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(all_is_well), T(not_exposed), T(little_memory), T(one_cpu), T(no_ept), T(no_unrestricted_guest), T(no_vpid), T(no_shadowing),
		T(no_apic_registers), T(no_posted_interrupts), T(no_preemption_timer), T(virtual_interrupts_off), T(parent_of_another_build),
		T(parent_of_the_same_build), T(leaks), T(few_shadow_pages), T(pool_used_up), T(an_entry_refused), T(tells_the_row_that_refused),
		T(words_need_no_escaping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

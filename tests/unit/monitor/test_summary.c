/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The summary: one screen whatever the numbers, largest rows first, nothing lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include "print.h"
#include "summary.h"

#define COLUMNS 78
#define ROWS 24

static struct monitor_info info_for(uint32_t cpus)
{
	struct monitor_info info = {
		.cpu_count = cpus, .tsc_hz = 2000000000, .ram_bytes = 4ull << 30, .nested = 1
	};

	strcpy(info.partition_name, "debian-kvm");
	return info;
}

static void assert_one_screen(const char *text)
{
	uint32_t rows = 0;

	while (*text) {
		size_t columns = strcspn(text, "\n");

		assert_true(columns <= COLUMNS);
		text += columns + 1;
		rows++;
	}
	assert_true(rows <= ROWS);
}

static void fits_a_screen(void **state)
{
	static const uint64_t counts[] = { 0, 1, 999999, UINT32_MAX,
					   UINT64_MAX / (2 * EXIT_REASON_COUNT) };

	(void)state;
	for (uint32_t cpus = 1; cpus <= MONITOR_MAX_CPUS; cpus++)
		for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
			struct monitor_info info = info_for(cpus);

			fake_kernel_reset();
			memset(info.partition_name, 'n', sizeof(info.partition_name));
			for (uint32_t cpu = 0; cpu < cpus; cpu++) {
				fake_kernel.statistics[cpu].ept02_tables = counts[c];
				fake_kernel.statistics[cpu].ept02_tables_most = counts[c];
				fake_kernel.statistics[cpu].ept02_tables_all = counts[c];
				for (uint32_t r = 0; r < EXIT_REASON_COUNT; r++) {
					fake_kernel.statistics[cpu].count[r] = counts[c];
					fake_kernel.statistics[cpu].l2_count[r] = counts[c];
				}
			}
			fake_kernel.statistics[0].first_entry_ticks = counts[c];
			fake_kernel.statistics[0].ept02_fills = counts[c];
			fake_kernel.statistics[0].upcalls = counts[c];
			fake_kernel.statistics[0].interrupts_injected = counts[c];
			fake_kernel.statistics[0].l2_reflected = counts[c];
			summary_print(&info, &print_sink);
			assert_one_screen(fake_kernel.log);
		}
}

static void rows_are_sorted_and_complete(void **state)
{
	const struct monitor_info info = info_for(2);
	const char *cpuid, *wrmsr, *halt;

	(void)state;
	fake_kernel_reset();
	fake_kernel.statistics[0].count[10] = 5;
	fake_kernel.statistics[1].l2_count[10] = 7;
	fake_kernel.statistics[0].count[32] = 100;
	fake_kernel.statistics[1].count[12] = 1;
	summary_print(&info, &print_sink);
	cpuid = strstr(fake_kernel.log, "\nCPUID ");
	wrmsr = strstr(fake_kernel.log, "\nWRMSR ");
	halt = strstr(fake_kernel.log, "\nHLT ");
	assert_true(wrmsr && cpuid && halt && wrmsr < cpuid && cpuid < halt);
	assert_non_null(strstr(
	    fake_kernel.log,
	    "CPUID                              5             -             -             7\n"));
	assert_non_null(strstr(
	    fake_kernel.log,
	    "all                              105             -             1             7\n"));
	assert_null(strstr(fake_kernel.log, "others"));
	assert_null(strstr(fake_kernel.log, "RDMSR"));
}

static void small_rows_become_others(void **state)
{
	const struct monitor_info info = info_for(1);

	(void)state;
	fake_kernel_reset();
	for (uint32_t r = 0; r < 20; r++)
		fake_kernel.statistics[0].count[r] = 20 - r;
	summary_print(&info, &print_sink);
	assert_non_null(
	    strstr(fake_kernel.log, "others                            55             -\n"));
	assert_non_null(
	    strstr(fake_kernel.log, "all                              210             -\n"));
}

static void times_are_milliseconds_and_ticks(void **state)
{
	const struct monitor_info info = info_for(1);

	(void)state;
	fake_kernel_reset();
	fake_kernel.statistics[0].first_entry_ticks = 3000000000;
	fake_kernel.statistics[0].boot_upcall_ticks = 1000000000;
	summary_print(&info, &print_sink);
	assert_non_null(
	    strstr(fake_kernel.log, "first guest instruction after 1500 ms (3000000000 ticks)"));
	assert_non_null(strstr(fake_kernel.log, "verifying and loading 500 ms (1000000000 ticks)"));
}

static void pools_of_each_cpu(void **state)
{
	struct monitor_info info = info_for(2);
	char row[COLUMNS + 3];

	(void)state;
	fake_kernel_reset();
	summary_print(&info, &print_sink);
	assert_null(strstr(fake_kernel.log, "EPT02 tables")); /* no nesting, no pool */
	fake_kernel_reset();
	for (uint32_t cpu = 0; cpu < 3; cpu++) {
		fake_kernel.statistics[cpu].ept02_tables = cpu ? 17 : 0;
		fake_kernel.statistics[cpu].ept02_tables_most = 300 + cpu;
		fake_kernel.statistics[cpu].ept02_tables_all = 512;
	}
	summary_print(&info, &print_sink);
	snprintf(row, sizeof(row), "\n%-22s%28s%28s\n", "EPT02 tables in use", "-", "17");
	assert_non_null(strstr(fake_kernel.log, row));
	snprintf(row, sizeof(row), "\n%-22s%28s%28s\n", "at most, of 512", "300", "301");
	assert_non_null(strstr(fake_kernel.log, row));
	info = info_for(3);
	summary_print(&info, &print_sink);
	snprintf(row, sizeof(row), "\n%-22s%7s%7s%7s\n", "at most, of 512", "300", "301", "302");
	assert_non_null(strstr(fake_kernel.log, row));
}

static void every_name_fits_its_column(void **state)
{
	(void)state;
	for (uint32_t r = 0; r < EXIT_REASON_COUNT + 2; r++) {
		assert_true(strlen(summary_exit_name(r)) > 0);
		assert_true(strlen(summary_exit_name(r)) <= 21);
	}
	assert_string_equal(summary_exit_name(48), "EPT violation");
	assert_string_equal(summary_exit_name(35), "reserved");
	assert_string_equal(summary_exit_name(EXIT_REASON_COUNT), "reserved");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fits_a_screen),
		cmocka_unit_test(rows_are_sorted_and_complete),
		cmocka_unit_test(small_rows_become_others),
		cmocka_unit_test(times_are_milliseconds_and_ticks),
		cmocka_unit_test(pools_of_each_cpu),
		cmocka_unit_test(every_name_fits_its_column),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

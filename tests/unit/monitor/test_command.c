/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands against a fake kernel: what they tell, what they ask for, what a guest may not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot.h"
#include "devices/board.h"
#include "fake_kernel.h"
#include "image/manifest.h"
#include "manage/act.h"
#include "manage/command.h"
#include "manage/show.h"

static char told[65536];
static struct manifest manifest = { .version_major = 3, .version_minor = 1, .build_id = "demo build" };
static bool has_image;
static struct board board;
static struct monitor_info info;

const struct manifest *boot_manifest(void)
{
	return has_image ? &manifest : NULL;
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

static int open_box(void **state)
{
	(void)state;
	fake_kernel_reset();
	info = (struct monitor_info){ .cpu_count = 2, .tsc_hz = 1000000000, .ram_bytes = 4ull << 30, .nested = 1,
				      .build_id = "0.1", .partition_name = "demo", .vmx_secondary = 0xA2, .vmx_ept_vpid = 1u << 16 };
	has_image = true;
	act_target = (struct act_target){ .board = &board, .is_running = true };
	return 0;
}

static enum command_end do_as(enum command_caller caller, const char *line)
{
	struct command_call call = { .caller = caller, .info = &info, .out = &out };
	char text[LINE_MAX_BYTES];

	told[0] = 0;
	strcpy(text, line);
	(void)command_run(&call, text);
	return call.end;
}

#define assert_told(text) assert_non_null(strstr(told, text))

static void tells(void **state)
{
	(void)state;
	do_as(CALLER_PERSON, "status");
	assert_told("partition  demo: running, 2 CPUs, 4096 MiB RAM, may use VMX");
	assert_told("image      version 3.1.0, security version 0, build demo build");
	has_image = act_target.is_running = false;
	do_as(CALLER_PERSON, "  status  ");
	assert_told("demo: stopped");
	assert_told("none was accepted");
	fake_kernel.statistics[1].count[10] = 7;
	fake_kernel.statistics[1].l2_count[10] = 1234;
	fake_kernel.statistics[1].vmx_state = VMX_STATE_ON | VMX_STATE_HAS_VMCS | VMX_STATE_IN_L2;
	do_as(CALLER_PERSON, "exits");
	assert_told("CPUID ");
	do_as(CALLER_PERSON, "nested");
	assert_told("CPU0   VMX is off");
	assert_told("CPU1   a guest of the guest runs");
	assert_told("1234 exits of L2");
	do_as(CALLER_PERSON, "partitions");
	assert_told("demo                     stopped     2  4096 MiB  yes");
	info.partition_count = 3;
	fake_kernel.partitions[1] = (struct partition_status){ .name = "second", .ram_bytes = 64 << 20, .cpu_count = 1, .stop_reason = STOP_RESET };
	fake_kernel.partitions[2] = (struct partition_status){ .name = "third", .ram_bytes = 2 << 20, .cpu_count = 4, .monitor_has_faulted = 1 };
	do_as(CALLER_PERSON, "partitions");
	assert_told("second                   stopped     1    64 MiB  no");
	assert_told("third                    broken      4     2 MiB  no");
	do_as(CALLER_PERSON, "guest fourth");
	assert_told("there is no such partition");
	do_as(CALLER_PERSON, "layout");
	assert_string_equal(told, box_layout_text);
	do_as(CALLER_PERSON, "layout --json");
	assert_string_equal(told, box_layout_json);
	do_as(CALLER_PERSON, "layout --xml");
	assert_told("`layout` or `layout --json`");
	do_as(CALLER_PERSON, "update");
	assert_told("update: none under way");
	assert_told("no slots");
	do_as(CALLER_PERSON, "memory");
	assert_told("3072 MiB at 0");
	assert_told("1024 MiB at 4 GiB");
	do_as(CALLER_PERSON, "cpu");
	assert_told("EPT                            yes");
	assert_told("VMCS shadowing                 no: each VMREAD");
	assert_told("  Meltdown (RDCL)                    nothing: run only");
	assert_told("  page-size change (CVE-2018-12207)  kept away by small EPT pages");
	info.arch_capabilities = 1 | 1 << 6;
	do_as(CALLER_PERSON, "cpu");
	assert_null(strstr(told, "Meltdown"));
	assert_null(strstr(told, "12207"));
	assert_told("  L1TF  ");
	info.nested = 0;
	do_as(CALLER_PERSON, "nested");
	assert_told("failure  VT-x is not shown to the partition");
	assert_told("nesting does not work (2)");
}

static void logs(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(fake_kernel.log, i == 98 ? "the last but one\n" : i == 99 ? "the last\n" : "a line\n");
	fake_kernel.log_bytes = (uint32_t)strlen(fake_kernel.log);
	do_as(CALLER_PERSON, "log 2");
	assert_string_equal(told, "the last but one\nthe last\n");
	do_as(CALLER_PERSON, "log");
	assert_int_equal(strlen(told), 18 * strlen("a line\n") + strlen("the last but one\nthe last\n"));
	do_as(CALLER_PERSON, "log 1000");
	assert_string_equal(told, fake_kernel.log);
	static const char *const bad[] = { "log 0", "log x", "log 5x", "log 1001", "log 1 2", "log -1" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		do_as(CALLER_PERSON, bad[i]);
		assert_told("a number from 1 to 1000");
	}
}

static void asks_for(const char *line, enum stop_action action)
{
	uint32_t before = fake_kernel.calls[SYS_STOP];

	do_as(CALLER_PERSON, line);
	assert_int_equal(fake_kernel.calls[SYS_STOP], before + 1);
	assert_int_equal(fake_kernel.last[SYS_STOP][0], STOP_REQUESTED);
	assert_int_equal(fake_kernel.last[SYS_STOP][1], action);
}

static void acts(void **state)
{
	(void)state;
	asks_for("stop", ACTION_HOLD);
	asks_for("restart", ACTION_RESTART);
	asks_for("reboot", ACTION_REBOOT);
	asks_for("poweroff", ACTION_POWER_OFF);
	do_as(CALLER_PERSON, "start");
	assert_told("the partition runs");
	act_target.is_running = false;
	asks_for("start", ACTION_RESTART);
	do_as(CALLER_PERSON, "stop");
	assert_told("stopped already");
	do_as(CALLER_PERSON, "press");
	assert_told("is stopped");
	assert_int_equal(fake_kernel.calls[SYS_STOP], 5);
	assert_int_equal(do_as(CALLER_PERSON, "guest"), COMMAND_LEAVES);
	assert_int_equal(do_as(CALLER_PERSON, "logout"), COMMAND_LOGS_OUT);
}

static void a_guest_may_only_ask(void **state)
{
	static const char *const forbidden[] = { "stop", "start", "restart", "reboot", "poweroff", "log", "memory", "guest", "press",
						 "crash", "trace", "partitions", "layout" };

	(void)state;
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		do_as(CALLER_GUEST, forbidden[i]);
		assert_told("there is no command");
		assert_int_equal(fake_kernel.calls[SYS_STOP], 0);
	}
	do_as(CALLER_GUEST, "exits -f");
	assert_null(strstr(told, "exits by reason"));
	do_as(CALLER_GUEST, "help");
	assert_told("status");
	assert_null(strstr(told, "reboot"));
	assert_null(strstr(told, "-f")); /* what is refused is not offered */
	do_as(CALLER_GUEST, "status");
	assert_told("demo");
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	do_as(CALLER_PERSON, "frobnicate");
	assert_told("there is no command 'frobnicate'; `help` lists them");
	do_as(CALLER_PERSON, "status now");
	assert_told("`status` takes no arguments");
	do_as(CALLER_PERSON, "");
	assert_string_equal(told, "");
	do_as(CALLER_PERSON, "a b c d e f g h i j k l");
	assert_told("'a'");
}

static void completes(void **state)
{
	char text[LINE_MAX_BYTES];

	(void)state;
	told[0] = 0;
	strcpy(text, "he");
	assert_false(command_complete(&out, text));
	assert_string_equal(text, "help ");
	strcpy(text, "sta");
	assert_true(command_complete(&out, text));
	assert_string_equal(text, "sta");
	assert_told("status  ");
	assert_told("start  ");
	strcpy(text, "xyz");
	assert_false(command_complete(&out, text));
	assert_string_equal(text, "xyz");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(tells, open_box),
		cmocka_unit_test_setup(logs, open_box),
		cmocka_unit_test_setup(acts, open_box),
		cmocka_unit_test_setup(a_guest_may_only_ask, open_box),
		cmocka_unit_test_setup(says_what_is_wrong, open_box),
		cmocka_unit_test_setup(completes, open_box),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Upcalls into the monitor with its real devices behind it: dispatch, the timer, the console,
 * stopping. The information page is mapped where the kernel puts it; loading is faked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "boot.h"
#include "fake_kernel.h"
#include "monitor.h"

#define UART 0x3F8u

static struct monitor_info *info;
static bool is_image_good = true;

bool boot_partition(const struct boot_source *source, struct boot_state *boot)
{
	assert_ptr_equal(source->info, info);
	assert_ptr_equal(source->module, (void *)MONITOR_MODULE_VA);
	assert_ptr_equal(source->ram, (void *)MONITOR_RAM_VA);
	boot->rip = 0x1234;
	return is_image_good;
}

static unsigned int reports;

void boot_report(const struct boot_source *source)
{
	assert_ptr_equal(source->info, info);
	assert_ptr_equal(source->module, (void *)MONITOR_MODULE_VA);
	assert_ptr_equal(source->ram, (void *)MONITOR_RAM_VA);
	reports++;
}

const struct manifest *boot_manifest(void)
{
	return NULL;
}

static uint64_t upcall(uint32_t reason, uint64_t address, uint32_t size, uint64_t value)
{
	struct call_page page = {
		.reason = reason, .address = address, .size = size, .value = value
	};

	return monitor_upcall(0, &page);
}

static int open_box(void **state)
{
	(void)state;
	info = mmap((void *)MONITOR_INFO_VA, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	return info == (void *)MONITOR_INFO_VA ? 0 : -1;
}

static int start(void **state)
{
	(void)state;
	fake_kernel_reset();
	memset(info, 0, sizeof(*info));
	*info = (struct monitor_info){ .abi_version = MONITOR_ABI_VERSION,
				       .cpu_count = 2,
				       .tsc_hz = 1000000000,
				       .on_power_off = ACTION_POWER_OFF,
				       .on_crash = ACTION_HOLD,
				       .debug_exit = 1 };
	strcpy(info->partition_name, "demo");
	is_image_good = true;
	return upcall(UPCALL_BOOT, 0, 0, 0) == 0 ? 0 : -1;
}

static void boot_fills_the_call_page(void **state)
{
	struct call_page page = { .reason = UPCALL_BOOT };

	(void)state;
	assert_int_equal(monitor_upcall(0, &page), 0);
	assert_int_equal(page.boot.rip, 0x1234);
	assert_int_equal(fake_kernel.last[SYS_IRQ_BIND][0], 4);
}

static void refusal_is_negative(void **state)
{
	(void)state;
	is_image_good = false;
	assert_true((int64_t)upcall(UPCALL_BOOT, 0, 0, 0) < 0);
	is_image_good = true;
	info->abi_version++;
	assert_true((int64_t)upcall(UPCALL_BOOT, 0, 0, 0) < 0);
}

/* No board, no console, no timer: only the report. */
static void a_report_starts_nothing(void **state)
{
	(void)state;
	fake_kernel_reset();
	assert_int_equal(upcall(UPCALL_REPORT, 0, 0, 0), 0);
	assert_int_equal(reports, 1);
	for (unsigned int i = 0; i < SYS_COUNT; i++)
		assert_int_equal(fake_kernel.calls[i], 0);
	info->abi_version++;
	assert_true((int64_t)upcall(UPCALL_REPORT, 0, 0, 0) < 0);
	assert_int_equal(reports, 1);
}

static void unknown_upcalls_are_refused(void **state)
{
	static const uint32_t reasons[] = { 0, UPCALL_STOPPED + 1, 255, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		assert_true((int64_t)upcall(reasons[i], 0, 0, 0) < 0);
	assert_true((int64_t)upcall(UPCALL_HYPERCALL, 0, 0, 1) < 0);
}

static void guest_output_reaches_the_console(void **state)
{
	(void)state;
	upcall(UPCALL_PORT_OUT, UART, 1, 'o');
	upcall(UPCALL_PORT_OUT, UART, 1, 'k');
	assert_string_equal(fake_kernel.console, "ok");
}

static void console_input_reaches_the_guest_whole(void **state)
{
	char sent[301], received[301] = "";

	(void)state;
	for (uint32_t i = 0; i < 300; i++)
		sent[i] = (char)('a' + i % 26);
	sent[300] = 0;
	upcall(UPCALL_PORT_OUT, UART + 2, 1, 0x07); /* FIFO on and empty */
	fake_kernel.input = sent;
	upcall(UPCALL_HOST_IRQ, 0, 0, 4);
	assert_int_equal(*fake_kernel.input, 0);
	for (uint32_t i = 0; i < 300 && upcall(UPCALL_PORT_IN, UART + 5, 1, 0) & 1; i++)
		received[i] = (char)upcall(UPCALL_PORT_IN, UART, 1, 0);
	assert_string_equal(received, sent);
}

static void other_host_interrupts_are_ignored(void **state)
{
	(void)state;
	fake_kernel.input = "x";
	upcall(UPCALL_HOST_IRQ, 0, 0, 5);
	assert_int_equal(fake_kernel.calls[SYS_CONSOLE_READ], 0);
}

static void timer_is_armed_when_a_device_waits(void **state)
{
	uint32_t armed = fake_kernel.calls[SYS_TIMER_ARM];

	(void)state;
	upcall(UPCALL_PORT_OUT, 0x43, 1, 0x34); /* PIT channel 0: rate generator, 1000 counts */
	upcall(UPCALL_PORT_OUT, 0x40, 1, 1000 & 0xFF);
	upcall(UPCALL_PORT_OUT, 0x40, 1, 1000 >> 8);
	assert_true(fake_kernel.calls[SYS_TIMER_ARM] > armed);
	assert_true(fake_kernel.last[SYS_TIMER_ARM][0] > 0);
	armed = fake_kernel.calls[SYS_TIMER_ARM];
	upcall(UPCALL_PORT_IN, UART + 5, 1, 0);
	upcall(UPCALL_TIMER, 0, 0, 0);
	assert_true(fake_kernel.calls[SYS_TIMER_ARM] >
		    armed); /* fired means it has to be armed again */
}

static void power_off_stops_with_the_configured_action(void **state)
{
	(void)state;
	upcall(UPCALL_PORT_OUT, 0x604, 2, 1u << 13 | 5u << 10);
	assert_int_equal(fake_kernel.last[SYS_STOP][0], STOP_POWER_OFF);
	assert_int_equal(upcall(UPCALL_STOPPED, 0, 0, STOP_POWER_OFF), ACTION_POWER_OFF);
	assert_int_equal(fake_kernel.last[SYS_TIMER_ARM][0], 0);
	assert_non_null(strstr(fake_kernel.log, "partition demo: powered off"));
}

static void reset_starts_a_fresh_board(void **state)
{
	(void)state;
	upcall(UPCALL_PORT_OUT, UART + 7, 1, 0x5A); /* scratch register */
	assert_int_equal(upcall(UPCALL_PORT_IN, UART + 7, 1, 0), 0x5A);
	upcall(UPCALL_PORT_OUT, 0xCF9, 1, 0x06);
	assert_int_equal(fake_kernel.last[SYS_STOP][0], STOP_RESET);
	assert_int_equal(upcall(UPCALL_STOPPED, 0xCF9, 0, STOP_RESET), ACTION_RESTART);
	assert_int_equal(upcall(UPCALL_BOOT, 0, 0, 0), 0);
	assert_int_not_equal(upcall(UPCALL_PORT_IN, UART + 7, 1, 0), 0x5A);
}

static void goal_prints_the_summary(void **state)
{
	(void)state;
	upcall(UPCALL_PORT_OUT, 0x510, 1, 1);
	assert_non_null(strstr(fake_kernel.log, "Nestbox summary"));
}

static void unclaimed_accesses_are_reported_once(void **state)
{
	(void)state;
	assert_int_equal(upcall(UPCALL_PORT_IN, 0x1234, 1, 0), 0xFF);
	assert_int_equal(upcall(UPCALL_PORT_IN, 0x1234, 1, 0), 0xFF);
	const char *line = strstr(fake_kernel.log, "nothing at port 1234 (read of 1 bytes)\n");

	assert_non_null(line);
	assert_null(strstr(line + 1, "nothing at"));
}

static void ioapic_answers_at_its_address(void **state)
{
	(void)state;
	upcall(UPCALL_MMIO_WRITE, GUEST_IOAPIC_BASE, 4, 1);
	assert_int_equal(upcall(UPCALL_MMIO_READ, GUEST_IOAPIC_BASE + 0x10, 4, 0) >> 16 & 0xFF, 23);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(boot_fills_the_call_page, start),
		cmocka_unit_test_setup(refusal_is_negative, start),
		cmocka_unit_test_setup(a_report_starts_nothing, start),
		cmocka_unit_test_setup(unknown_upcalls_are_refused, start),
		cmocka_unit_test_setup(guest_output_reaches_the_console, start),
		cmocka_unit_test_setup(console_input_reaches_the_guest_whole, start),
		cmocka_unit_test_setup(other_host_interrupts_are_ignored, start),
		cmocka_unit_test_setup(timer_is_armed_when_a_device_waits, start),
		cmocka_unit_test_setup(power_off_stops_with_the_configured_action, start),
		cmocka_unit_test_setup(reset_starts_a_fresh_board, start),
		cmocka_unit_test_setup(goal_prints_the_summary, start),
		cmocka_unit_test_setup(unclaimed_accesses_are_reported_once, start),
		cmocka_unit_test_setup(ioapic_answers_at_its_address, start),
	};

	return cmocka_run_group_tests(tests, open_box, NULL);
}

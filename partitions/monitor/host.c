/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device callbacks to system calls.
 */
#include "host.h"

#include <inttypes.h>

#include "bsp/newlib/sys_call.h"
#include "console.h"
#include "device_list.h"
#include "disk.h"
#include "entropy.h"
#include "loader/guest_ram.h"
#include "manage/command.h"
#include "manage/ctl.h"
#include "network.h"
#include "print.h"
#include "probation.h"
#include "slots.h"
#include "summary.h"

uint64_t host_now_ticks(void)
{
	return __builtin_ia32_rdtsc();
}

uint64_t host_seconds(const struct monitor_info *info)
{
	return info->tsc_hz ? (host_now_ticks() + info->tsc_offset) / info->tsc_hz : 0;
}

static uint64_t now_ticks(void *context)
{
	(void)context;
	return host_now_ticks();
}

static void msi(void *context, uint64_t address, uint32_t data)
{
	(void)context;
	sys_call(SYS_MSI, address, data, 0);
}

static void pic_line(void *context, bool level)
{
	(void)context;
	sys_call(SYS_PIC_LINE, level, 0, 0);
}

static void console_put(void *context, uint8_t byte)
{
	(void)context;
	console_guest_put(byte);
}

static void stop(void *context, uint32_t reason, uint64_t detail)
{
	(void)context;
	sys_call(SYS_STOP, reason, detail, 0);
}

static void health(void *context, enum health_event event)
{
	const struct monitor_info *info = context;

	if (event == HEALTH_HEARTBEAT)
		probation_beat();
	if (event != HEALTH_GOAL)
		return;
	summary_print(info, &print_sink);
	if (info->confirm_by == CONFIRM_GOAL && slots_box())
		(void)slots_confirm(&print_sink);
}

static void unclaimed(void *context, const struct bus_access *access)
{
	(void)context;
	print("partition: nothing at %s %" PRIx64 " (%s of %" PRIu32 " bytes)\n",
	      access->is_mmio ? "address" : "port", access->address,
	      access->is_write ? "write" : "read", access->size);
}

static void *memory(void *context, uint64_t gpa, uint64_t count)
{
	const struct monitor_info *info = context;
	const struct guest_ram ram = { (uint8_t *)MONITOR_RAM_VA, info->ram_bytes };

	return guest_ram_at(&ram, gpa, count);
}

static struct entropy entropy;

static void random_bytes(void *context, void *bytes, uint32_t count)
{
	(void)context;
	entropy_get(&entropy, bytes, count, host_now_ticks());
}

static const struct platform_ops ops = {
	.now_ticks = now_ticks,
	.msi = msi,
	.pic_line = pic_line,
	.console_put = console_put,
	.stop = stop,
	.health = health,
	.unclaimed = unclaimed,
	.memory = memory,
	.random = random_bytes,
};

static bool run_for_guest(void *context, const struct sink *out, char *text)
{
	struct command_call call = { .caller = CALLER_GUEST, .info = context, .out = out };

	return command_run(&call, text);
}

struct platform host_platform(const struct monitor_info *info)
{
	static uint64_t first_call_ticks;
	static struct ctl ctl;
	static struct port_backend ctl_port;

	ctl.run = run_for_guest;
	ctl.context = (void *)(uintptr_t)info;
	ctl_port = ctl_backend(&ctl);
	if (!first_call_ticks)
		first_call_ticks = host_now_ticks();
	entropy_seed(&entropy, info->random_seed);
	return (struct platform){
		.ops = &ops,
		.context = (void *)(uintptr_t)info,
		.ticks_hz = info->tsc_hz,
		.unix_time = info->unix_time,
		.unix_ticks = first_call_ticks,
		.has_debug_exit = info->debug_exit,
		.devices = DEVICE_LIST,
		.ctl_port = &ctl_port,
		.update_port = slots_update_port(),
		.disk = disk_find(),
		.network = network_find(info),
	};
}

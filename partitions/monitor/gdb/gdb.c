/* SPDX-License-Identifier: Apache-2.0 */
/* The debugger on the serial line; see gdb.h. The stub's target is the kernel. */
#include "gdb/gdb.h"

#include "bsp/newlib/sys_call.h"
#include "gdb/stub.h"
#include "loader/guest_ram.h"
#include "manage/act.h"

static struct stub stub;
static struct stub_target target;
static bool is_on;

static int64_t command(void *context, uint32_t vcpu, enum debug_command what, struct debug_registers *registers)
{
	static struct debug_registers copy; /* the kernel reaches only the monitor's own memory */

	(void)context;
	if (registers && what == DEBUG_WRITE)
		copy = *registers;
	int64_t result = sys_call(SYS_DEBUG, vcpu, what, (uintptr_t)&copy);

	if (registers && what == DEBUG_READ && !result)
		*registers = copy;
	return result;
}

static void *ram(void *context, uint64_t gpa, uint64_t count)
{
	const struct monitor_info *info = context;
	const struct guest_ram guest = { (uint8_t *)MONITOR_RAM_VA, info->ram_bytes };

	return guest_ram_at(&guest, gpa, count);
}

static void send(void *context, const char *bytes, size_t count)
{
	(void)context;
	sys_call(SYS_CONSOLE_WRITE, (uintptr_t)bytes, count, 0);
}

void command_gdb(struct command_call *call)
{
	if (!act_target.is_running) {
		sink_print(call->out, "the partition is stopped; `start` starts it\n");
		call->is_refused = true;
		return;
	}
	target = (struct stub_target){
		.vcpu_count = call->info->cpu_count, .command = command, .ram = ram, .send = send, .context = (void *)(uintptr_t)call->info,
	};
	sink_print(call->out, "the line is gdb's until it detaches, or until Ctrl-^\n");
	stub_start(&stub, &target);
	is_on = true;
	call->end = COMMAND_DEBUGS;
}

bool gdb_feed(uint8_t byte)
{
	is_on = is_on && stub_feed(&stub, byte);
	return is_on;
}

void gdb_stopped(void)
{
	if (is_on)
		stub_stopped(&stub);
	else
		for (uint32_t vcpu = 0; vcpu < target.vcpu_count; vcpu++)
			(void)command(NULL, vcpu, DEBUG_GO, NULL);
}

void gdb_guest_end(void)
{
	if (is_on)
		stub_guest_end(&stub);
	is_on = false;
}

void gdb_end(void)
{
	if (is_on)
		stub_end(&stub);
	is_on = false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor: one handler per upcall, one lock around all of them, because everything they touch
 * belongs to the partition and not to a CPU. Owns the partition's board and its one timer.
 */
#include "monitor.h"

#include <stddef.h>

#include "boot.h"
#include "bsp/newlib/sys_call.h"
#include "console.h"
#include "devices/board.h"
#include "disk.h"
#include "gdb/gdb.h"
#include "host.h"
#include "lock.h"
#include "manage/act.h"
#include "manage/crash.h"
#include "network.h"
#include "probation.h"
#include "stop.h"

#define REFUSED UINT64_MAX /* any negative value */

static struct lock lock = LOCK_INIT;
static struct board board;
static uint64_t armed_ticks; /* what the kernel's timer stands at; 0: not armed */

static const struct monitor_info *const info = (const struct monitor_info *)MONITOR_INFO_VA;

static void arm_timer(void)
{
	const uint64_t deadlines[] = { board_next_deadline(&board), console_deadline(), probation_deadline };
	uint64_t first = DEADLINE_NONE;

	for (unsigned int i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++)
		if (deadlines[i] < first)
			first = deadlines[i];
	/* to the kernel 0 is none */
	first = first == DEADLINE_NONE ? 0 : first ? first : 1;
	if (first == armed_ticks)
		return;
	armed_ticks = first;
	sys_call(SYS_TIMER_ARM, first, 0, 0);
}

static struct boot_source boot_source(void)
{
	return (struct boot_source){ .info = info, .module = (const uint8_t *)MONITOR_MODULE_VA, .ram = (uint8_t *)MONITOR_RAM_VA };
}

static uint64_t on_boot(struct call_page *page)
{
	const struct boot_source source = boot_source();

	if (info->abi_version != MONITOR_ABI_VERSION)
		return REFUSED;
	console_open(info, &board);
	if (!boot_partition(&source, &page->boot))
		return REFUSED;
	/* After verifying, so that the devices' time starts with the partition. */
	const struct platform platform = host_platform(info);
	board_reset(&board, &platform);
	act_target = (struct act_target){ .board = &board, .is_running = true };
	probation_start(info);
	arm_timer();
	return 0;
}

static uint64_t on_port_in(struct call_page *page)
{
	uint64_t value = board_port_in(&board, (uint16_t)page->address, page->size);

	console_offer();
	arm_timer();
	return value;
}

static uint64_t on_port_out(struct call_page *page)
{
	board_port_out(&board, (uint16_t)page->address, page->size, page->value);
	console_offer();
	arm_timer();
	return 0;
}

static uint64_t on_mmio_read(struct call_page *page)
{
	return board_mmio_read(&board, page->address, page->size);
}

static uint64_t on_mmio_write(struct call_page *page)
{
	board_mmio_write(&board, page->address, page->size, page->value);
	arm_timer();
	return 0;
}

static uint64_t on_timer(struct call_page *page)
{
	(void)page;
	armed_ticks = 0;
	board_run_timers(&board);
	console_tick();
	probation_tick();
	arm_timer();
	return 0;
}

static uint64_t on_host_irq(struct call_page *page)
{
	if (page->value == CONSOLE_HOST_IRQ) {
		console_drain();
	} else if (page->value == DEBUG_HOST_IRQ) {
		gdb_stopped();
	} else {
		disk_note_interrupt();
		board_disk_interrupt(&board);
	}
	arm_timer();
	return 0;
}

static uint64_t on_eoi(struct call_page *page)
{
	board_eoi(&board, (uint8_t)page->value);
	arm_timer();
	return 0;
}

static uint64_t on_intack(struct call_page *page)
{
	(void)page;
	return board_intack(&board);
}

/* None is defined yet. */
static uint64_t on_hypercall(struct call_page *page)
{
	(void)page;
	return (uint64_t)-SYS_ENOENT;
}

/* Neither board nor console: nobody is there to use them. */
static uint64_t on_report(struct call_page *page)
{
	const struct boot_source source = boot_source();

	(void)page;
	if (info->abi_version != MONITOR_ABI_VERSION)
		return REFUSED;
	boot_report(&source);
	return 0;
}

static uint64_t on_stopped(struct call_page *page)
{
	armed_ticks = 0;
	act_target.is_running = false;
	gdb_guest_end();
	console_guest_end();
	probation_stop();
	disk_end_guest();
	network_report();
	sys_call(SYS_TIMER_ARM, 0, 0, 0);
	enum stop_action action = stop_decide(info, page->value, page->address);

	if (page->value == STOP_TRIPLE_FAULT || page->value == STOP_CONTAINED)
		crash_note();
	return action;
}

static uint64_t (*const handlers[])(struct call_page *page) = {
	[UPCALL_BOOT] = on_boot,
	[UPCALL_PORT_IN] = on_port_in,
	[UPCALL_PORT_OUT] = on_port_out,
	[UPCALL_MMIO_READ] = on_mmio_read,
	[UPCALL_MMIO_WRITE] = on_mmio_write,
	[UPCALL_TIMER] = on_timer,
	[UPCALL_HOST_IRQ] = on_host_irq,
	[UPCALL_EOI] = on_eoi,
	[UPCALL_INTACK] = on_intack,
	[UPCALL_HYPERCALL] = on_hypercall,
	[UPCALL_REPORT] = on_report,
	[UPCALL_STOPPED] = on_stopped,
};

uint64_t monitor_upcall(uint64_t cpu, struct call_page *page)
{
	(void)cpu;
	if (page->reason >= sizeof(handlers) / sizeof(handlers[0]) || !handlers[page->reason])
		return (uint64_t)-SYS_EINVAL;
	lock_take(&lock);
	uint64_t result = handlers[page->reason](page);
	lock_give(&lock);
	return result;
}

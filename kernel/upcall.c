/* SPDX-License-Identifier: Apache-2.0 */
/* Into a monitor and back; see upcall.h. */
#include "kernel/upcall.h"

#include "bsp/cpu.h"
#include "bsp/memory/carve.h"
#include "bsp/memory/paging.h"
#include "bsp/timer/lapic.h"
#include "kernel/crash.h"
#include "kernel/fpu.h"
#include "kernel/log.h"
#include "kernel/partition.h"
#include "kernel/percpu.h"
#include "kernel/traps.h"

#define REGISTERS_MOST MIB(1)

u64 upcall_enter(struct percpu *cpu, u64 cr3, u64 entry, u64 stack, u64 number, u64 page);
noreturn_fn void upcall_leave(struct percpu *cpu, u64 result);

bool upcall_is_possible(void)
{
	const struct monitor *monitor = &this_partition()->monitor;

	return monitor->entry_point && !monitor->has_faulted;
}

bool upcall_range_is_mapped(u64 address, u64 length, bool write)
{
	u32 needed = PAGING_USER | (write ? PAGING_WRITE : 0);
	struct translation t;

	for (u64 page = ALIGN_DOWN(address, PAGE_SIZE); page < address + length; page += PAGE_SIZE)
		if (!paging_space_lookup(&this_partition()->monitor.space, page, &t) || (t.flags & needed) != needed)
			return false;
	return true;
}

u64 upcall_run(enum upcall_reason reason, u64 address, u32 size, u64 value)
{
	struct percpu *cpu = this_cpu();
	struct partition *p = cpu->partition;
	struct call_page *page = cpu->call;
	u64 index = cpu->number - p->first_cpu;

	if (!upcall_is_possible())
		return UPCALL_FAILED;
	page->reason = reason;
	page->cpu = (u32)index;
	page->address = address;
	page->size = size;
	page->value = value;
	if (cpu->vcpu)
		cpu->vcpu->statistics->upcalls++;
	u64 result = upcall_enter(cpu, p->monitor.space.root.value, p->monitor.entry_point, USER_STACK_VA + (index + 1) * MIB(1), index,
				  MONITOR_CALL_VA + index * PAGE_SIZE);
	fpu_give_back_to_guest(cpu);
	p->monitor.has_started |= reason == UPCALL_BOOT && !result;
	return result;
}

void upcall_complete(u64 result)
{
	upcall_leave(this_cpu(), result);
}

void upcall_interrupted_by_nmi(void)
{
	if (this_partition()->monitor.has_faulted)
		upcall_leave(this_cpu(), UPCALL_FAILED);
}

void upcall_abort(const struct trap_frame *frame)
{
	struct partition *p = this_partition();
	u64 mark = log_written();

	p->monitor.has_faulted = true;
	log_line("monitor of %s: fault %lu (error %lx) at %lx, address %lx, stack %lx on CPU %u", p->plan->name, frame->vector,
		 frame->error_code, frame->rip, read_cr2(), frame->rsp, this_cpu()->machine_cpu);
	crash_keep(mark);
	partition_stop(STOP_MONITOR_FAULT, frame->rip);
	/* another CPU may wait in ring 3 for a lock that is never given back: an NMI gets it out */
	for (u64 i = p->first_cpu; i < p->first_cpu + p->cpu_count; i++)
		if (&percpu[i] != this_cpu())
			lapic_send_nmi(percpu[i].apic_id);
	upcall_leave(this_cpu(), UPCALL_FAILED);
}

u64 upcall_map_registers(u64 physical, u64 bytes)
{
	struct monitor *m = &this_partition()->monitor;
	u64 address = MONITOR_MMIO_VA + m->registers_mapped;

	if (m->has_started || (physical | bytes) & PAGE_MASK || !bytes || bytes > MONITOR_MMIO_MOST || physical >= paging_physical_limit() - bytes ||
	    m->registers_mapped >= REGISTERS_MOST || !carve_is_device(m->memory_map, (struct memory_range){ physical, physical + bytes }))
		return 0;
	if (!paging_space_map(&m->space, address, HPA(physical), bytes, PAGING_USER | PAGING_WRITE | PAGING_UNCACHED | PAGING_SMALL))
		return 0;
	m->registers_mapped += bytes;
	return address;
}

u64 upcall_physical(u64 address)
{
	struct translation t;

	if (!paging_space_lookup(&this_partition()->monitor.space, address, &t) || (t.flags & (PAGING_USER | PAGING_WRITE)) != (PAGING_USER | PAGING_WRITE))
		return 0;
	return t.physical.value;
}

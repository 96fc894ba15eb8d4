/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's address space and the way into it. The monitor is an ELF embedded in the kernel's read-only data: its text is mapped in place,
 * its writable segments are copied into a pool. Owns the call pages, the information page and the ring-3 stacks.
 */
#include "kernel/upcall.h"

#include "bsp/cpu.h"
#include "bsp/memory/carve.h"
#include "bsp/memory/paging.h"
#include "bsp/timer/lapic.h"
#include "kernel/crash.h"
#include "kernel/elf_header.h"
#include "kernel/exit_sample.h"
#include "kernel/fpu.h"
#include "kernel/log.h"
#include "kernel/partition.h"
#include "kernel/percpu.h"
#include "kernel/traps.h"

#define POOL_PAGES (CONFIG_MONITOR_POOL_KIB / 4)
#define REGISTERS_MOST MIB(1)
#define USER_STACK_PAGES 16
#define USER_STACK_VA 0x0000000030000000ull   /* stack of CPU n below + (n + 1) * 1 MiB; the rest of each MiB is guard */

extern const u8 monitor_elf[], monitor_elf_end[];
u64 upcall_enter(struct percpu *cpu, u64 cr3, u64 entry, u64 stack, u64 number, u64 page);
noreturn_fn void upcall_leave(struct percpu *cpu, u64 result);

static u8 pool[POOL_PAGES][PAGE_SIZE] page_aligned;
static u64 pool_used;
static u8 user_stacks[MONITOR_MAX_CPUS][USER_STACK_PAGES][PAGE_SIZE] page_aligned;
static union { struct call_page call; u8 page[PAGE_SIZE]; } call_pages[MONITOR_MAX_CPUS] page_aligned;
static union { struct monitor_info info; u8 page[PAGE_SIZE]; } info_page page_aligned;
static struct address_space space;
static u64 entry_point;
static bool has_faulted, has_started; /* started: a partition, once */
static const struct boot_info *memory_map;
static u64 registers_mapped;

struct monitor_info monitor_info;

bool upcall_is_possible(void)
{
	return entry_point && !has_faulted;
}

bool upcall_range_is_mapped(u64 address, u64 length, bool write)
{
	u32 needed = PAGING_USER | (write ? PAGING_WRITE : 0);
	struct translation t;

	for (u64 page = ALIGN_DOWN(address, PAGE_SIZE); page < address + length; page += PAGE_SIZE)
		if (!paging_space_lookup(&space, page, &t) || (t.flags & needed) != needed)
			return false;
	return true;
}

u64 upcall_run(enum upcall_reason reason, u64 address, u32 size, u64 value)
{
	struct percpu *cpu = this_cpu();
	struct call_page *page = cpu->call;

	if (!upcall_is_possible())
		return UPCALL_FAILED;
	page->reason = reason;
	page->cpu = (u32)cpu->number;
	page->address = address;
	page->size = size;
	page->value = value;
	if (cpu->vcpu)
		cpu->vcpu->statistics->upcalls++;
	u64 result = upcall_enter(cpu, space.root.value, entry_point,
				  USER_STACK_VA + (cpu->number + 1) * MIB(1), cpu->number,
				  MONITOR_CALL_VA + cpu->number * PAGE_SIZE);
	fpu_give_back_to_guest(cpu);
	has_started |= reason == UPCALL_BOOT && !result;
	return result;
}

void upcall_complete(u64 result)
{
	upcall_leave(this_cpu(), result);
}

void upcall_interrupted_by_nmi(void)
{
	if (has_faulted)
		upcall_leave(this_cpu(), UPCALL_FAILED);
}

void upcall_abort(const struct trap_frame *frame)
{
	u64 mark = log_written();

	has_faulted = true;
	log_line("monitor: fault %lu (error %lx) at %lx, address %lx, stack %lx on CPU %lu", frame->vector,
		 frame->error_code, frame->rip, read_cr2(), frame->rsp, this_cpu()->number);
	crash_keep(mark);
	partition_stop(STOP_MONITOR_FAULT, frame->rip);
	/* another CPU may wait in ring 3 for a lock that is never given back: an NMI gets it out */
	for (u64 i = 0; i < monitor_info.cpu_count; i++)
		if (&percpu[i] != this_cpu())
			lapic_send_nmi(percpu[i].apic_id);
	upcall_leave(this_cpu(), UPCALL_FAILED);
}

static u8 *pool_take(u64 bytes)
{
	u64 pages = ALIGN_UP(bytes, PAGE_SIZE) / PAGE_SIZE;

	CHECK(pages <= POOL_PAGES - pool_used);
	u8 *start = pool[pool_used];
	pool_used += pages;
	return start;
}

static void map_physical(u64 va, hpa_t physical, u64 bytes, u32 flags)
{
	CHECK(paging_space_map(&space, va, physical, bytes, PAGING_USER | flags));
}

static void map(u64 va, const void *memory, u64 bytes, u32 flags)
{
	map_physical(va, HPA(kernel_physical(memory)), ALIGN_UP(bytes, PAGE_SIZE), flags);
}

u64 upcall_map_registers(u64 physical, u64 bytes)
{
	u64 address = MONITOR_MMIO_VA + registers_mapped;

	if (has_started || (physical | bytes) & PAGE_MASK || !bytes || bytes > MONITOR_MMIO_MOST || physical >= paging_physical_limit() - bytes ||
	    registers_mapped >= REGISTERS_MOST || !carve_is_device(memory_map, (struct memory_range){ physical, physical + bytes }))
		return 0;
	map_physical(address, HPA(physical), bytes, PAGING_WRITE | PAGING_UNCACHED | PAGING_SMALL);
	registers_mapped += bytes;
	return address;
}

u64 upcall_physical(u64 address)
{
	struct translation t;

	if (!paging_space_lookup(&space, address, &t) || (t.flags & (PAGING_USER | PAGING_WRITE)) != (PAGING_USER | PAGING_WRITE))
		return 0;
	return t.physical.value;
}

static void load_segment(const struct elf_segment *segment)
{
	const u8 *source = monitor_elf + segment->offset;

	CHECK(!(segment->virtual_address & PAGE_MASK) && segment->memory_bytes >= segment->file_bytes);
	if (!(segment->flags & ELF_WRITABLE)) {
		CHECK(!((u64)source & PAGE_MASK) && segment->memory_bytes == segment->file_bytes);
		map(segment->virtual_address, source, segment->memory_bytes,
		    segment->flags & ELF_EXECUTABLE ? PAGING_EXECUTE : 0);
		return;
	}
	u8 *memory = pool_take(segment->memory_bytes);
	__builtin_memcpy(memory, source, segment->file_bytes);
	map(segment->virtual_address, memory, segment->memory_bytes, PAGING_WRITE);
}

static void map_stacks_and_pages(void)
{
	for (u64 n = 0; n < monitor_info.cpu_count; n++) {
		u64 top = USER_STACK_VA + (n + 1) * MIB(1);

		map(top - sizeof(user_stacks[n]), user_stacks[n], sizeof(user_stacks[n]), PAGING_WRITE);
		map(MONITOR_CALL_VA + n * PAGE_SIZE, &call_pages[n], PAGE_SIZE, PAGING_WRITE);
		percpu[n].call = &call_pages[n].call;
	}
	map(MONITOR_TRACE_VA, exit_traces, sizeof(exit_traces), PAGING_WRITE);
	info_page.info = monitor_info;
	map(MONITOR_INFO_VA, &info_page, PAGE_SIZE, 0);
}

void monitor_load(const struct monitor_setup *setup)
{
	const struct elf_header *header = (const void *)monitor_elf;
	const struct elf_segment *segments = (const void *)(monitor_elf + header->segments_offset);

	CHECK(header->magic == ELF_MAGIC && header->segment_bytes == sizeof(struct elf_segment));
	CHECK(paging_space_create(&space));
	for (u32 i = 0; i < header->segment_count; i++)
		if (segments[i].type == ELF_LOAD && segments[i].memory_bytes)
			load_segment(&segments[i]);
	map_stacks_and_pages();
	map_physical(MONITOR_RAM_VA, setup->ram, setup->ram_bytes, PAGING_WRITE);
	if (monitor_info.has_crash_report)
		map_physical(MONITOR_CRASH_VA, HPA(CRASH_PAGE), PAGE_SIZE, PAGING_WRITE);
	if (setup->module_bytes)
		map_physical(MONITOR_MODULE_VA, setup->module, ALIGN_UP(setup->module_bytes, PAGE_SIZE), 0);
	memory_map = setup->memory_map;
	entry_point = header->entry;
}

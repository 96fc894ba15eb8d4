/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitors' address spaces. The monitor is an ELF embedded in the kernel's read-only data: its text is mapped in place, its writable
 * segments are copied into a pool of the partition's, once more when one that has failed is to begin anew. Owns the pools, the call pages, the
 * information pages and the ring-3 stacks.
 */
#include "bsp/memory/paging.h"
#include "kernel/crash.h"
#include "kernel/elf_header.h"
#include "kernel/exit_sample.h"
#include "kernel/partition.h"
#include "kernel/upcall.h"

#define POOL_PAGES (CONFIG_MONITOR_POOL_KIB / 4)
#define USER_STACK_PAGES 16

extern const u8 monitor_elf[], monitor_elf_end[];

static u8 pools[CONFIG_PARTITIONS][POOL_PAGES][PAGE_SIZE] page_aligned;
static u8 user_stacks[MONITOR_MAX_CPUS][USER_STACK_PAGES][PAGE_SIZE] page_aligned;
static union { struct call_page call; u8 page[PAGE_SIZE]; } call_pages[MONITOR_MAX_CPUS] page_aligned;
static union { struct monitor_info info; u8 page[PAGE_SIZE]; } info_pages[CONFIG_PARTITIONS] page_aligned;

static u8 *pool_take(struct partition *p, u64 bytes)
{
	u64 pages = ALIGN_UP(bytes, PAGE_SIZE) / PAGE_SIZE;

	CHECK(pages <= POOL_PAGES - p->monitor.pool_used);
	u8 *start = pools[p->number][p->monitor.pool_used];
	p->monitor.pool_used += pages;
	return start;
}

static void map(struct partition *p, struct mapping m)
{
	CHECK(paging_space_map(&p->monitor.space, m.linear, m.physical, ALIGN_UP(m.bytes, PAGE_SIZE), PAGING_USER | m.flags));
}

static hpa_t own(const void *memory)
{
	return HPA(kernel_physical(memory));
}

/* Loaded once more, a segment is where it was: the pool is given out in the same order. */
static void load_segment(struct partition *p, const struct elf_segment *segment)
{
	const u8 *source = monitor_elf + segment->offset;
	struct mapping m = { segment->virtual_address, own(source), segment->memory_bytes, 0 };
	bool is_loaded = p->monitor.entry_point != 0;

	CHECK(!(segment->virtual_address & PAGE_MASK) && segment->memory_bytes >= segment->file_bytes);
	if (segment->flags & ELF_WRITABLE) {
		u8 *memory = pool_take(p, segment->memory_bytes);

		__builtin_memcpy(memory, source, segment->file_bytes);
		if (is_loaded) /* at first the pool is zeros */
			__builtin_memset(memory + segment->file_bytes, 0, segment->memory_bytes - segment->file_bytes);
		m.physical = own(memory);
		m.flags = PAGING_WRITE;
	} else {
		CHECK(!((u64)source & PAGE_MASK) && segment->memory_bytes == segment->file_bytes);
		m.flags = segment->flags & ELF_EXECUTABLE ? PAGING_EXECUTE : 0;
	}
	if (!is_loaded)
		map(p, m);
}

static void load_program(struct partition *p)
{
	const struct elf_header *header = (const void *)monitor_elf;
	const struct elf_segment *segments = (const void *)(monitor_elf + header->segments_offset);

	CHECK(header->magic == ELF_MAGIC && header->segment_bytes == sizeof(struct elf_segment));
	p->monitor.pool_used = 0;
	for (u32 i = 0; i < header->segment_count; i++)
		if (segments[i].type == ELF_LOAD && segments[i].memory_bytes)
			load_segment(p, &segments[i]);
	p->monitor.entry_point = header->entry;
}

static void map_stacks_and_pages(struct partition *p)
{
	for (u64 i = 0; i < p->cpu_count; i++) {
		u64 top = USER_STACK_VA + (i + 1) * MIB(1), cpu = p->first_cpu + i;

		map(p, (struct mapping){ top - sizeof(user_stacks[cpu]), own(user_stacks[cpu]), sizeof(user_stacks[cpu]), PAGING_WRITE });
		map(p, (struct mapping){ MONITOR_CALL_VA + i * PAGE_SIZE, own(&call_pages[cpu]), PAGE_SIZE, PAGING_WRITE });
		percpu[cpu].call = &call_pages[cpu].call;
	}
	map(p, (struct mapping){ MONITOR_TRACE_VA, own(&exit_traces[p->first_cpu]), p->cpu_count * sizeof(exit_traces[0]), PAGING_WRITE });
	info_pages[p->number].info = p->monitor.info;
	map(p, (struct mapping){ MONITOR_INFO_VA, own(&info_pages[p->number]), PAGE_SIZE, 0 });
}

void monitor_load(struct partition *p, hpa_t module)
{
	const struct monitor_info *info = &p->monitor.info;

	CHECK(paging_space_create(&p->monitor.space));
	load_program(p);
	map_stacks_and_pages(p);
	map(p, (struct mapping){ MONITOR_RAM_VA, HPA(p->ram.host_base), p->ram.bytes, PAGING_WRITE });
	if (info->has_crash_report)
		map(p, (struct mapping){ MONITOR_CRASH_VA, HPA(CRASH_PAGE), PAGE_SIZE, PAGING_WRITE });
	if (info->module_bytes)
		map(p, (struct mapping){ MONITOR_MODULE_VA, module, info->module_bytes, 0 });
}

void monitor_reload(struct partition *p)
{
	load_program(p);
	p->monitor.has_faulted = false;
}

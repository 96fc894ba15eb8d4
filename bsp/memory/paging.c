/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's side of paging.h: the pool, the kernel's root, the window table and the control
 * registers. Source: Intel SDM volume 3 "Control Registers", "Page Attribute Table (PAT)",
 * "Invalidation of TLBs and Paging-Structure Caches".
 */
#include "bsp/memory/paging.h"

#include "bsp/cpu.h"
#include "bsp/memory/string.h"
#include "bsp/msr.h"

extern u8 kernel_text_start[], kernel_text_end[];
extern u8 kernel_rodata_start[], kernel_rodata_end[];
extern u8 kernel_data_start[], kernel_data_end[];

#define UPPER_ENTRY 511           /* the PML4 entry that holds all of the kernel */
#define WINDOW_ENTRIES (PAGING_WINDOW_CPUS * PAGING_WINDOW_SLOTS)
#define PAT_POWER_ON 0x0007040600070406ull

#define LEAF1_EDX_PGE BIT(13)
#define LEAF7_EBX_SMEP BIT(7)
#define LEAF7_EBX_SMAP BIT(20)
#define LEAF7_ECX_UMIP BIT(2)
#define EXTENDED_EDX_GIB_PAGES BIT(26)

static struct table_page pool_pages[PAGING_POOL_PAGES] page_aligned;
static struct table_pool pool = { .pages = pool_pages, .count = PAGING_POOL_PAGES };
static hpa_t kernel_root;
static u64 *window_table;         /* WINDOW_ENTRIES of windows, then device registers */
static u32 mmio_used;
static u64 ram_mapped;
static hpa_t spaces[PAGING_MAX_SPACES];
static u32 space_count;

static u64 *root_entry(hpa_t root, u32 index)
{
	return &pool_pages[(root.value - pool.physical) / PAGE_SIZE].entry[index];
}

static bool map_section(const u8 *start, const u8 *end, u32 flags)
{
	struct mapping m = {
		.linear = (u64)start,
		.physical = HPA(kernel_physical(start)),
		.bytes = (u64)(end - start),
		.flags = flags | PAGING_GLOBAL | PAGING_SMALL,
	};

	return m.bytes == 0 || tables_map(&pool, kernel_root, &m);
}

bool paging_init(void)
{
	pool.physical = kernel_physical(pool_pages);
	pool.largest_level = cpuid(0x80000001, 0).edx & EXTENDED_EDX_GIB_PAGES ? 3 : 2;
	if (!tables_create(&pool, &kernel_root))
		return false;
	window_table = tables_leaf(&pool, kernel_root, WINDOW_VIRTUAL_BASE);
	return window_table && map_section(kernel_text_start, kernel_text_end, PAGING_EXECUTE) &&
	       map_section(kernel_rodata_start, kernel_rodata_end, 0) &&
	       map_section(kernel_data_start, kernel_data_end, PAGING_WRITE);
}

void paging_unmap_guard(const void *page)
{
	u64 *leaf = tables_leaf(&pool, kernel_root, (u64)page);

	if (leaf)
		*leaf = 0;
	invlpg(page);
}

static u64 supported_cr4(void)
{
	struct cpuid_result features = cpuid(7, 0);
	u64 bits = cpuid(1, 0).edx & LEAF1_EDX_PGE ? CR4_PGE : 0;

	bits |= features.ebx & LEAF7_EBX_SMEP ? CR4_SMEP : 0;
	bits |= features.ebx & LEAF7_EBX_SMAP ? CR4_SMAP : 0;
	bits |= features.ecx & LEAF7_ECX_UMIP ? CR4_UMIP : 0;
	return bits;
}

void paging_activate(void)
{
	/* PCD with PWT must mean uncached whatever the firmware left in the PAT. */
	wrmsr(IA32_PAT, PAT_POWER_ON);
	wrmsr(IA32_EFER, rdmsr(IA32_EFER) | EFER_NXE);
	write_cr0((read_cr0() | CR0_WP | CR0_NE) & ~(CR0_CD | CR0_NW));
	write_cr3(kernel_root.value);
	u64 cr4 = supported_cr4();
	write_cr4(read_cr4() | cr4);
	if (cr4 & CR4_SMAP)
		user_access_end();
}

void *paging_window_set(u32 cpu, u32 slot, hpa_t page)
{
	u32 index = (cpu * PAGING_WINDOW_SLOTS + slot) % WINDOW_ENTRIES;
	u8 *window = (u8 *)WINDOW_VIRTUAL_BASE + index * PAGE_SIZE;
	u64 entry = page.value | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_NX;

	if (window_table[index] != entry) {
		window_table[index] = entry;
		invlpg(window);
	}
	return window;
}

u64 paging_physical_limit(void)
{
	static u64 limit;

	if (!limit) {
		u32 bits = cpuid(0x80000000, 0).eax >= 0x80000008 ? cpuid(0x80000008, 0).eax & 0xFF
								  : 36;
		limit = BIT(bits > 52 ? 52 : bits);
	}
	return limit;
}

volatile void *paging_map_mmio(hpa_t address)
{
	u64 offset = address.value & PAGE_MASK;
	u64 entry = (address.value - offset) | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY |
		    PTE_NX | PTE_PCD | PTE_PWT | PTE_GLOBAL;
	u32 index = WINDOW_ENTRIES;

	if (address.value >= paging_physical_limit())
		return NULL;
	while (index < WINDOW_ENTRIES + mmio_used && window_table[index] != entry)
		index++;
	if (index >= 512)
		return NULL;
	if (index == WINDOW_ENTRIES + mmio_used)
		mmio_used++;
	window_table[index] = entry;
	return (volatile u8 *)WINDOW_VIRTUAL_BASE + index * PAGE_SIZE + offset;
}

void *paging_map_ram(hpa_t physical, u64 bytes)
{
	struct mapping m = {
		.linear = RAM_VIRTUAL_BASE + ram_mapped,
		.physical = physical,
		.bytes = bytes,
		.flags = PAGING_WRITE | PAGING_GLOBAL,
	};

	if (!tables_map(&pool, kernel_root, &m))
		return NULL;
	ram_mapped += bytes;
	return (void *)m.linear;
}

bool paging_read_physical(u64 physical, void *buffer, u32 length)
{
	u8 *to = buffer;

	if (physical >= paging_physical_limit() || length > paging_physical_limit() - physical)
		return false;
	while (length) {
		u64 offset = physical & PAGE_MASK;
		u32 part = (u32)min_u64(length, PAGE_SIZE - offset);
		const u8 *page = paging_window_set(0, PAGING_WINDOW_BOARD, HPA(physical - offset));

		memcpy(to, page + offset, part);
		to += part;
		physical += part;
		length -= part;
	}
	return true;
}

bool paging_space_create(struct address_space *space)
{
	if (space_count >= PAGING_MAX_SPACES || !tables_create(&pool, &space->root))
		return false;
	*root_entry(space->root, UPPER_ENTRY) = *root_entry(kernel_root, UPPER_ENTRY);
	spaces[space_count++] = space->root;
	return true;
}

bool paging_space_map(struct address_space *space, u64 linear, hpa_t physical, u64 bytes, u32 flags)
{
	struct mapping m = {
		.linear = linear, .physical = physical, .bytes = bytes, .flags = flags
	};

	/* The upper half belongs to all spaces. */
	if (linear >> 47)
		return false;
	return tables_map(&pool, space->root, &m);
}

void paging_space_unmap_page(struct address_space *space, u64 linear)
{
	u64 *leaf = linear >> 47 ? NULL : tables_leaf(&pool, space->root, linear);

	if (leaf)
		*leaf = 0;
}

bool paging_space_lookup(const struct address_space *space, u64 linear, struct translation *out)
{
	return tables_lookup(&pool, space->root, linear, out);
}

bool paging_audit(struct audit_finding *finding)
{
	bool is_clean = tables_audit(&pool, kernel_root, finding);

	for (u32 i = 0; is_clean && i < space_count; i++) {
		struct audit_finding in_space = { 0 };

		is_clean = tables_audit(&pool, spaces[i], &in_space);
		in_space.pages += finding->pages;
		*finding = in_space;
	}
	return is_clean;
}

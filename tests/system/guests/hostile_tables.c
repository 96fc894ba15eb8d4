/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a case starts from in memory: L2's code, stack, descriptor tables and page tables for each mode, the EPT that shows L2 its own pages and
 * nothing else, bitmaps, MSR areas. Source: Intel SDM volume 3 "Paging", "EPT Paging Structures".
 */
#include "hostile.h"

#define PRESENT_ALL 7ull
#define EPT_RWX 7ull
#define EPT_WB (6ull << 3)
#define LOW_PAGE 16u /* 64 KiB: where real mode and virtual-8086 mode find code, stack, handlers, data */
#define GATE_RING3 0xEE00ull
#define TASK_VECTOR 0x20
#define TSS_OFFSET 0x800u
#define OTHER_TSS_OFFSET 0xA00u
#define VECTORS_OFFSET 0x800u /* real mode's, in the page of 32-bit gates */

extern const u64 gdt[];

static u64 *page(u32 number)
{
	return (u64 *)arena(number);
}

static void fill(u32 number, u64 word)
{
	void *to = page(number);
	u64 count = 512;

	asm volatile("rep stosq" : "+D"(to), "+c"(count) : "a"(word) : "memory");
}

static u64 tss_descriptor(u64 base, u64 rights)
{
	return 103 | (base & 0xFFFFFF) << 16 | rights << 40 | (base >> 24 & 0xFF) << 56;
}

static void fill_descriptors(void)
{
	u64 *table = page(P_TABLES);
	u8 *tss = (u8 *)table + TSS_OFFSET, *other = (u8 *)table + OTHER_TSS_OFFSET;

	for (u32 i = 0; i < 6; i++)
		table[i] = gdt[i];
	table[6] = tss_descriptor((u64)tss, 0x8B);
	table[7] = 0;
	table[8] = tss_descriptor((u64)other, 0x89);
	table[9] = 0;
	*(u64 *)(tss + 4) = arena(P_STACK) + 0xF00; /* RSP0 of a 64-bit TSS, ESP0 of a 32-bit one */
	*(u16 *)(tss + 8) = DATA_RING0;
	*(u16 *)(tss + 102) = 104;
}

static void fill_gates(void)
{
	u64 *gates64 = page(P_IDT64), *gates32 = page(P_IDT32), handlers = arena(P_HANDLERS);
	u32 *vectors = (u32 *)((u8 *)gates32 + VECTORS_OFFSET);

	for (u64 v = 0; v < 256; v++) {
		u64 at = handlers + v * 4;
		u64 gate = (at & 0xFFFF) | GATE_RING3 << 32 | (at >> 16 & 0xFFFF) << 48;

		gates64[2 * v] = gate | CODE_RING0 << 16;
		gates64[2 * v + 1] = 0;
		gates32[v] = v == TASK_VECTOR ? 0x40ull << 16 | 0xE500ull << 32 : gate | 0x18ull << 16;
		vectors[v] = (0x1000 + 0x200) << 16 | (u32)v * 4;
	}
}

static void fill_page_tables(void)
{
	const u32 low[4] = { P_CODE, P_STACK, P_HANDLERS, P_DATA };

	for (u32 i = 0; i < L2_PAGES; i++) {
		page(P_PT)[i] = arena(i) | PRESENT_ALL;
		((u32 *)page(P_PT32))[i] = (u32)(arena(i) | PRESENT_ALL);
		page(P_EPT_PT)[i] = arena(i) | EPT_RWX | EPT_WB;
	}
	for (u32 i = 0; i < 4; i++) {
		((u32 *)page(P_PT32_LOW))[LOW_PAGE + i] = (u32)(arena(low[i]) | PRESENT_ALL);
		page(P_EPT_PT_LOW)[LOW_PAGE + i] = arena(low[i]) | EPT_RWX | EPT_WB;
	}
	page(P_PML4)[0] = arena(P_PDPT) | PRESENT_ALL;
	page(P_PDPT)[0] = arena(P_PD) | PRESENT_ALL;
	page(P_PD)[ARENA >> 21] = arena(P_PT) | PRESENT_ALL;
	page(P_PD_PAE)[0] = arena(P_PD) | 1;
	((u32 *)page(P_PD32))[ARENA >> 22] = (u32)(arena(P_PT32) | PRESENT_ALL);
	((u32 *)page(P_PD32))[0] = (u32)(arena(P_PT32_LOW) | PRESENT_ALL);
	page(P_EPT)[0] = arena(P_EPT_PDPT) | EPT_RWX;
	page(P_EPT_PDPT)[0] = arena(P_EPT_PD) | EPT_RWX;
	page(P_EPT_PD)[ARENA >> 21] = arena(P_EPT_PT) | EPT_RWX;
	page(P_EPT_PD)[0] = arena(P_EPT_PT_LOW) | EPT_RWX;
	page(P_EPTP_LIST)[0] = arena(P_EPT) | 6 | 3 << 3;
}

/* MSRs that do no harm whatever is loaded into them. */
static void fill_msrs(u32 number)
{
	static const u32 msrs[] = { 0xC0000081, 0xC0000082, 0xC0000083, 0xC0000084, 0xC0000102, 0x174 };

	for (u32 i = 0; i < 256; i++) {
		page(number)[2 * i] = msrs[i % ARRAY_SIZE(msrs)];
		page(number)[2 * i + 1] = i;
	}
}

void tables_reset(void)
{
	for (u32 i = 0; i < RESET_PAGES; i++)
		fill(i, 0);
	fill(P_CODE, 0x90C1010F90C1010Full); /* VMCALL, NOP */
	fill(P_HANDLERS, 0x90C1010F90C1010Full);
	fill(P_MSR_BITMAP, ~0ull);
	fill(P_IO_BITMAP_A, ~0ull);
	fill(P_IO_BITMAP_B, ~0ull);
	fill_descriptors();
	fill_gates();
	fill_page_tables();
	fill_msrs(P_ENTRY_MSRS);
	fill_msrs(P_STORED_MSRS);
	fill_msrs(P_EXIT_MSRS);
}

void tables_set_program(const u8 *code, u32 bytes)
{
	static const u8 end[6] = { 0x0F, 0x01, 0xC1, 0x0F, 0x01, 0xC1 };
	u8 *at = (u8 *)arena(P_CODE) + 0x100;

	memcpy(at, code, bytes);
	memcpy(at + bytes, end, 6);
}

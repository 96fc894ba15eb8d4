/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux: checks the bzImage's header, places the kernel with the room it asks for to unpack itself,
 * then writes the zero page, the command line, a GDT and page tables that map the first 4 GiB onto
 * themselves.
 */
#include "loader/linux.h"

#include <string.h>

#include "image/bytes.h"

/* The setup header, by offset in the file and in the zero page alike. */
enum setup_header {
	SETUP_SECTS = 0x1F1,
	BOOT_FLAG = 0x1FE,
	JUMP_LENGTH = 0x201, /* the header ends at 0x202 + this */
	HEADER_MAGIC = 0x202,
	VERSION = 0x206,
	TYPE_OF_LOADER = 0x210,
	LOADFLAGS = 0x211,
	RAMDISK_IMAGE = 0x218,
	RAMDISK_SIZE = 0x21C,
	CMD_LINE_PTR = 0x228,
	INITRD_ADDR_MAX = 0x22C,
	KERNEL_ALIGNMENT = 0x230,
	RELOCATABLE_KERNEL = 0x234,
	XLOADFLAGS = 0x236,
	CMDLINE_SIZE = 0x238,
	PREF_ADDRESS = 0x258,
	INIT_SIZE = 0x260,
	SETUP_HEADER_END = 0x264, /* of version 2.12 */
};

enum zero_page {
	EXT_MEM_K = 0x002,
	ACPI_RSDP_ADDR = 0x070,
	ALT_MEM_K = 0x1E0,
	E820_ENTRIES = 0x1E8,
	E820_TABLE = 0x2D0,
	E820_ENTRY_BYTES = 20,
	SETUP_HEADER_LIMIT = 0x290, /* first byte behind the setup header's room */
};

#define MAGIC_HDRS 0x53726448u
#define BOOT_FLAG_VALUE 0xAA55u
#define VERSION_2_12 0x020Cu
#define LOADED_HIGH 0x01u
#define XLF_KERNEL_64 0x01u
#define LOADER_UNDEFINED 0xFFu
#define SECTOR 512u
#define ENTRY_64 0x200u

#define PAGE 4096ull
#define LARGE_PAGE (2ull << 20)
#define GIB (1ull << 30)
#define MAPPED_GIB 4u
#define PAGE_TABLE_RW 0x3u     /* present, writable */
#define PAGE_LARGE_RW 0x83u

#define GDT_CODE64 0x00AF9B000000FFFFull
#define GDT_DATA 0x00CF93000000FFFFull
#define SELECTOR_CODE 0x10u
#define SELECTOR_DATA 0x18u

/* What lies together in low memory, each part on a page of its own. */
struct linux_low {
	uint8_t zero_page[PAGE];
	uint8_t command_line[PAGE];
	uint64_t pml4[512];
	uint64_t pdpt[512];
	uint64_t directories[MAPPED_GIB][512];
	uint64_t gdt[512];
	uint8_t stack[PAGE];
};

_Static_assert(LOADER_MAX_COMMAND_LINE < PAGE, "the command line has a page");

struct linux_kernel {
	uint32_t setup_bytes;      /* of the file: what is not loaded */
	uint32_t header_end;
	uint32_t alignment;
	uint32_t init_size;
	uint32_t command_line_max;
	uint64_t preferred;
	uint64_t initrd_max;
	bool is_relocatable;
};

struct linux_layout {
	uint64_t kernel;
	uint64_t initrd;
	uint64_t low;
};

static enum load_error check_identity(const struct load_part *file)
{
	if (file->size < SETUP_HEADER_END)
		return LOAD_ERROR_LINUX_TRUNCATED;
	if (bytes_get32(file->bytes + HEADER_MAGIC) != MAGIC_HDRS ||
	    bytes_get16(file->bytes + BOOT_FLAG) != BOOT_FLAG_VALUE)
		return LOAD_ERROR_LINUX_MAGIC;
	if (bytes_get16(file->bytes + VERSION) < VERSION_2_12)
		return LOAD_ERROR_LINUX_VERSION;
	if (!(file->bytes[LOADFLAGS] & LOADED_HIGH))
		return LOAD_ERROR_LINUX_NOT_BIG;
	if (!(bytes_get16(file->bytes + XLOADFLAGS) & XLF_KERNEL_64))
		return LOAD_ERROR_LINUX_NOT_64;
	return LOAD_OK;
}

static enum load_error check_sizes(const struct load_part *file, const struct linux_kernel *kernel)
{
	if (kernel->setup_bytes > 65 * SECTOR || kernel->header_end > SETUP_HEADER_LIMIT ||
	    kernel->header_end < SETUP_HEADER_END)
		return LOAD_ERROR_LINUX_SETUP_SECTS;
	if (file->size <= kernel->setup_bytes + ENTRY_64)
		return LOAD_ERROR_LINUX_TRUNCATED;
	if (kernel->alignment < PAGE || kernel->alignment > GIB ||
	    (kernel->alignment & (kernel->alignment - 1)))
		return LOAD_ERROR_LINUX_ALIGNMENT;
	if (kernel->init_size < file->size - kernel->setup_bytes)
		return LOAD_ERROR_LINUX_INIT_SIZE;
	return LOAD_OK;
}

static enum load_error decode(const struct load_part *file, struct linux_kernel *kernel)
{
	enum load_error error = check_identity(file);
	const uint8_t *header = file->bytes;

	if (error)
		return error;
	/* 0 means 4, from when the field did not exist. */
	kernel->setup_bytes = ((header[SETUP_SECTS] ? header[SETUP_SECTS] : 4) + 1u) * SECTOR;
	kernel->header_end = HEADER_MAGIC + header[JUMP_LENGTH];
	kernel->alignment = bytes_get32(header + KERNEL_ALIGNMENT);
	kernel->init_size = bytes_get32(header + INIT_SIZE);
	kernel->command_line_max = bytes_get32(header + CMDLINE_SIZE);
	kernel->preferred = bytes_get64(header + PREF_ADDRESS);
	kernel->initrd_max = bytes_get32(header + INITRD_ADDR_MAX);
	kernel->is_relocatable = header[RELOCATABLE_KERNEL];
	return check_sizes(file, kernel);
}

/* The preferred address if it is free, else the lowest above it that the page tables reach. */
static enum load_error place_kernel(struct loader *loader, const struct linux_kernel *kernel,
				    uint64_t *gpa)
{
	const struct placement_wish wish = {
		.bytes = kernel->init_size,
		.alignment = kernel->alignment,
		.minimum = kernel->preferred > E820_RAM_AGAIN ? kernel->preferred : E820_RAM_AGAIN,
		.end = guest_ram_low_bytes(&loader->ram),
	};

	*gpa = kernel->preferred;
	if (range_fits(*gpa, kernel->init_size, wish.end) &&
	    placement_claim(&loader->placement, *gpa, kernel->init_size, OWNER_PLACED) == LOAD_OK)
		return LOAD_OK;
	if (!kernel->is_relocatable)
		return LOAD_ERROR_LINUX_NOT_RELOCATABLE;
	if (placement_find(&loader->placement, &wish, gpa))
		return LOAD_OK;
	/* A small partition: below the preferred address is better than not at all. */
	struct placement_wish low = wish;
	low.minimum = E820_RAM_AGAIN;
	return placement_find(&loader->placement, &low, gpa) ? LOAD_OK : LOAD_ERROR_NO_ROOM;
}

/* In its staging place, or as high as this kernel takes it. */
static enum load_error place_initrd(struct loader *loader, const struct linux_kernel *kernel,
				    uint64_t *gpa)
{
	const struct load_part *initrd = &loader->modules[0];
	const struct placement_wish wish = {
		.bytes = initrd->size,
		.alignment = PAGE,
		.minimum = E820_RAM_AGAIN,
		.end = kernel->initrd_max + 1,
		.is_from_top = true,
	};

	*gpa = initrd->gpa;
	if (!loader->module_count || !initrd->size ||
	    range_fits(*gpa, initrd->size, kernel->initrd_max + 1))
		return LOAD_OK;
	return placement_find(&loader->placement, &wish, gpa) ? LOAD_OK : LOAD_ERROR_LINUX_INITRD;
}

static enum load_error place(struct loader *loader, const struct linux_kernel *kernel,
			     struct linux_layout *layout)
{
	if (strlen(loader->command_line) > kernel->command_line_max)
		return LOAD_ERROR_LINUX_COMMAND_LINE;
	enum load_error error = place_kernel(loader, kernel, &layout->kernel);
	if (!error)
		error = place_initrd(loader, kernel, &layout->initrd);
	return error ? error : loader_claim_low(loader, sizeof(struct linux_low), &layout->low);
}

static void write_page_tables(struct linux_low *low, uint64_t gpa)
{
	low->pml4[0] = (gpa + offsetof(struct linux_low, pdpt)) | PAGE_TABLE_RW;
	for (uint64_t g = 0; g < MAPPED_GIB; g++) {
		low->pdpt[g] =
		    (gpa + offsetof(struct linux_low, directories) + g * PAGE) | PAGE_TABLE_RW;
		for (uint64_t i = 0; i < 512; i++)
			low->directories[g][i] = (g * GIB + i * LARGE_PAGE) | PAGE_LARGE_RW;
	}
}

static void write_memory_map(uint8_t *zero_page, const struct e820_map *map, uint64_t low_bytes)
{
	uint64_t above = (low_bytes - E820_RAM_AGAIN) >> 10;

	bytes_put16(zero_page + EXT_MEM_K, above < 0xFC00 ? (uint16_t)above : 0xFC00);
	bytes_put32(zero_page + ALT_MEM_K, (uint32_t)above);
	zero_page[E820_ENTRIES] = (uint8_t)map->count;
	for (uint32_t i = 0; i < map->count; i++) {
		uint8_t *row = zero_page + E820_TABLE + i * E820_ENTRY_BYTES;

		bytes_put64(row, map->entries[i].base);
		bytes_put64(row + 8, map->entries[i].bytes);
		bytes_put32(row + 16, map->entries[i].type);
	}
}

static void write_zero_page(struct loader *loader, const struct linux_kernel *kernel,
			    const struct linux_layout *layout, struct linux_low *low)
{
	uint8_t *page = low->zero_page;

	memcpy(page + SETUP_SECTS, loader->kernel.bytes + SETUP_SECTS,
	       kernel->header_end - SETUP_SECTS);
	page[TYPE_OF_LOADER] = LOADER_UNDEFINED;
	bytes_put32(page + CMD_LINE_PTR,
		    (uint32_t)(layout->low + offsetof(struct linux_low, command_line)));
	bytes_put32(page + RAMDISK_IMAGE, 0);
	bytes_put32(page + RAMDISK_SIZE, 0);
	if (loader->module_count && loader->modules[0].size) {
		bytes_put32(page + RAMDISK_IMAGE, (uint32_t)layout->initrd);
		bytes_put32(page + RAMDISK_SIZE, (uint32_t)loader->modules[0].size);
	}
	bytes_put64(page + ACPI_RSDP_ADDR, loader->rsdp);
	write_memory_map(page, &loader->map, guest_ram_low_bytes(&loader->ram));
}

static void commit(struct loader *loader, const struct linux_kernel *kernel,
		   const struct linux_layout *layout)
{
	struct linux_low *low = loader_at(loader, layout->low, sizeof(*low));
	const struct load_part *initrd = &loader->modules[0];
	uint64_t loaded = loader->kernel.size - kernel->setup_bytes;

	memset(low, 0, sizeof(*low));
	write_zero_page(loader, kernel, layout, low);
	memcpy(low->command_line, loader->command_line, strlen(loader->command_line));
	write_page_tables(low, layout->low);
	low->gdt[SELECTOR_CODE / 8] = GDT_CODE64;
	low->gdt[SELECTOR_DATA / 8] = GDT_DATA;
	memcpy(loader_at(loader, layout->kernel, loaded),
	       loader->kernel.bytes + kernel->setup_bytes, loaded);
	if (loader->module_count && layout->initrd != initrd->gpa)
		memcpy(loader_at(loader, layout->initrd, initrd->size), initrd->bytes,
		       initrd->size);
}

enum load_error linux_load(struct loader *loader, struct boot_state *boot)
{
	struct linux_kernel kernel;
	struct linux_layout layout;
	enum load_error error = decode(&loader->kernel, &kernel);

	if (!error)
		error = place(loader, &kernel, &layout);
	if (error)
		return error;
	commit(loader, &kernel, &layout);
	*boot = (struct boot_state){
		.mode = BOOT_LONG64,
		.rip = layout.kernel + ENTRY_64,
		.rsi = layout.low,
		.rsp = layout.low + sizeof(struct linux_low),
		.cr3 = layout.low + offsetof(struct linux_low, pml4),
		.gdt_base = layout.low + offsetof(struct linux_low, gdt),
		.gdt_limit = 4 * 8 - 1,
		.cs = SELECTOR_CODE,
		.ds = SELECTOR_DATA,
	};
	return LOAD_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel detection. The Linux/x86 Boot Protocol "The Real-Mode Kernel Header"; Multiboot 0.6.96
 * section 3.1 and Multiboot2 2.0 section 3.1 "OS image format".
 */
#include "kernel.h"

#include <string.h>

#include "image/bytes.h"
#include "image/manifest.h"

#define LINUX_VERSION_XLOADFLAGS 0x020C
#define LINUX_LOADFLAGS_HIGH 0x01
#define LINUX_XLOADFLAGS_64 0x01
#define MULTIBOOT1_MAGIC 0x1BADB002u
#define MULTIBOOT1_SEARCH 8192u
#define MULTIBOOT2_MAGIC 0xE85250D6u
#define MULTIBOOT2_SEARCH 32768u

static bool starts_with(const struct input_file *file, uint64_t offset, const char *bytes,
			size_t count)
{
	return range_fits(offset, count, file->size) && !memcmp(file->bytes + offset, bytes, count);
}

static bool is_elf(const struct input_file *file)
{
	return starts_with(file, 0, "\177ELF", 4);
}

static bool has_linux_header(const struct input_file *file)
{
	return file->size >= 0x268 && bytes_get16(file->bytes + 0x1FE) == 0xAA55 &&
	       starts_with(file, 0x202, "HdrS", 4);
}

/* A header of `words` 32-bit words whose sum is zero, on its alignment, within the first bytes. */
struct header_form {
	uint32_t magic;
	uint32_t search;
	uint32_t alignment;
	uint32_t words;
};

static const struct header_form multiboot1 = { MULTIBOOT1_MAGIC, MULTIBOOT1_SEARCH, 4, 3 };
static const struct header_form multiboot2 = { MULTIBOOT2_MAGIC, MULTIBOOT2_SEARCH, 8, 4 };

static bool has_header(const struct input_file *file, const struct header_form *form)
{
	uint64_t limit = file->size < form->search ? file->size : form->search;

	for (uint64_t at = 0; range_fits(at, 4ull * form->words, limit); at += form->alignment) {
		uint32_t sum = 0;

		if (bytes_get32(file->bytes + at) != form->magic)
			continue;
		for (uint32_t word = 0; word < form->words; word++)
			sum += bytes_get32(file->bytes + at + 4ull * word);
		if (sum == 0)
			return true;
	}
	return false;
}

static enum exit_code linux_check(const struct input_file *file)
{
	const uint8_t *header = file->bytes;

	if (bytes_get16(header + 0x206) < LINUX_VERSION_XLOADFLAGS)
		return report_error(EXIT_REFUSED,
				    "%s is a Linux kernel older than 3.8; use a newer one",
				    file->path);
	if (!(header[0x211] & LINUX_LOADFLAGS_HIGH))
		return report_error(EXIT_REFUSED,
				    "%s is a zImage; use the bzImage of the same kernel",
				    file->path);
	if (!(bytes_get16(header + 0x236) & LINUX_XLOADFLAGS_64))
		return report_error(EXIT_REFUSED,
				    "%s is not a 64-bit Linux kernel; use one built for x86_64",
				    file->path);
	return EXIT_OK;
}

/* Things people try that look like kernels, and what to do instead. */
static const struct lookalike {
	uint64_t offset;
	const char *bytes;
	size_t count;
	const char *advice;
} lookalikes[] = {
	{ 0, "\177ELF", 4,
	  "is an ELF file without a Multiboot header; for Linux use the bzImage, not vmlinux" },
	{ 0, "\x1F\x8B", 2, "is compressed with gzip; unpack it first" },
	{ 0,
	  "\xFD"
	  "7zXZ",
	  5, "is compressed with xz; unpack it first" },
	{ 0, "\x28\xB5\x2F\xFD", 4, "is compressed with zstd; unpack it first" },
	{ 0, "BZh", 3, "is compressed with bzip2; unpack it first" },
	{ 56, "ARM\x64", 4, "is an ARM64 kernel; use one built for x86_64" },
	{ 0, MANIFEST_MAGIC, 8,
	  "is a Nestbox image, not a kernel; sign it with 'nestbox image sign'" },
	{ 0, "070701", 6, "is an initrd; give it to --initrd" },
	{ 0, "MZ", 2,
	  "is an EFI program without a Linux header; use a bzImage or a Multiboot ELF" },
};

static enum exit_code refuse(const struct input_file *file)
{
	if (file->size == 0)
		return report_error(EXIT_REFUSED,
				    "%s is empty; give --kernel a bzImage or a Multiboot ELF",
				    file->path);
	if (has_header(file, &multiboot1) || has_header(file, &multiboot2))
		return report_error(
			EXIT_REFUSED,
			"%s has a Multiboot header but is not an ELF file; link it as one",
			file->path);
	for (size_t i = 0; i < sizeof(lookalikes) / sizeof(lookalikes[0]); i++)
		if (starts_with(file, lookalikes[i].offset, lookalikes[i].bytes,
				lookalikes[i].count))
			return report_error(EXIT_REFUSED, "%s %s", file->path,
					    lookalikes[i].advice);
	return report_error(
		EXIT_REFUSED,
		"%s is not a kernel Nestbox can start; use a Linux bzImage or an ELF file with a "
		"Multiboot or Multiboot2 header",
		file->path);
}

enum exit_code kernel_detect(const struct input_file *file, uint32_t *type)
{
	if (has_linux_header(file)) {
		*type = PART_KERNEL_LINUX;
		return linux_check(file);
	}
	if (!is_elf(file))
		return refuse(file);
	if (has_header(file, &multiboot2))
		*type = PART_KERNEL_MULTIBOOT2;
	else if (has_header(file, &multiboot1))
		*type = PART_KERNEL_MULTIBOOT1;
	else
		return refuse(file);
	return EXIT_OK;
}

const char *part_type_name(uint32_t type)
{
	static const char *const names[PART_TYPE_COUNT] = {
		[PART_KERNEL_LINUX] = "kernel-linux",
		[PART_KERNEL_MULTIBOOT1] = "kernel-multiboot1",
		[PART_KERNEL_MULTIBOOT2] = "kernel-multiboot2",
		[PART_INITRD] = "initrd",
		[PART_MODULE] = "module",
		[PART_COMMAND_LINE] = "command-line",
	};

	return type < PART_TYPE_COUNT ? names[type] : NULL;
}

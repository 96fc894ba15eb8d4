/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload: a list of parts (kernel, initrd, modules, command line) with a table at its start.
 *
 * The table is 4096 bytes, offset and size of its fields are:
 *
 *	 0  8  magic "NBPARTS\0"
 *	 8  4  version = 1
 *	12  4  count of parts, 1 to 32
 *	16 16  zero
 *	32 96  each part: {u32 type, u32 flags = 0, u64 offset, u64 size, char text[64], u64 zero}
 *	       the rest zero
 *
 * Offsets count from the payload's start, are multiples of 4096, ascend and do not overlap.
 */
#ifndef IMAGE_PAYLOAD_H
#define IMAGE_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "image/error.h"

#define PAYLOAD_MAGIC "NBPARTS" /* 8 bytes with the terminating zero */
#define PAYLOAD_TABLE_BYTES 4096
#define PAYLOAD_HEADER_BYTES 32
#define PAYLOAD_PART_BYTES 96
#define PAYLOAD_TEXT_BYTES 64
#define PAYLOAD_MAX_PARTS 32
#define PAYLOAD_MAX_COMMAND_LINE 4095

enum part_type {
	PART_KERNEL_LINUX = 1,  /* bzImage, Linux 64-bit boot protocol */
	PART_KERNEL_MULTIBOOT1, /* ELF with a Multiboot header */
	PART_KERNEL_MULTIBOOT2, /* ELF with a Multiboot2 header */
	PART_INITRD,            /* Linux only, at most one */
	PART_MODULE,            /* Multiboot only, in the order they are to be passed */
	PART_COMMAND_LINE,      /* at most one, not zero-terminated */
	PART_TYPE_COUNT
};

struct payload_part {
	uint32_t type;                 /* enum part_type */
	uint64_t offset;               /* from the payload's start */
	uint64_t size;                 /* bytes; only a kernel's cannot be 0 */
	const uint8_t *data;           /* size bytes inside the payload that was parsed */
	char text[PAYLOAD_TEXT_BYTES]; /* printable: a module's command line; else file name */
};

struct payload {
	size_t count;
	struct payload_part parts[PAYLOAD_MAX_PARTS];
};

/*
 * Reads and checks the table of the `size` bytes of payload by the rows of payload.def. Returns
 * IMAGE_OK, TRUNCATED, or the first row that does not hold; *payload may be used only with IMAGE_OK
 * and while `bytes` lives. On the box only for bytes that image_load_payload() has verified.
 * Contents of parts other than the command line are not looked at.
 */
enum image_error payload_parse(const uint8_t *bytes, uint64_t size, struct payload *payload);

/* The part of the type after `previous` (null: the first one); null when there is none. */
const struct payload_part *payload_find(const struct payload *payload, enum part_type type,
					const struct payload_part *previous);

/* The kernel, whatever its protocol; never null after a successful payload_parse(). */
const struct payload_part *payload_kernel(const struct payload *payload);

/* Parts of a type. */
size_t payload_count(const struct payload *payload, enum part_type type);

/*
 * Encodes the table for parts that have type, offset, size and text (data is not used). It does not
 * check: the writer parses the finished payload.
 */
void payload_write_table(const struct payload *payload, uint8_t table[PAYLOAD_TABLE_BYTES]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Little-endian access to untrusted bytes and checked ranges. Files and images are never overlaid
 * with a struct: every field is read by its offset, with no alignment needed.
 */
#ifndef IMAGE_BYTES_H
#define IMAGE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t bytes_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t bytes_get32(const uint8_t *p)
{
	return bytes_get16(p) | (uint32_t)bytes_get16(p + 2) << 16;
}

static inline uint64_t bytes_get64(const uint8_t *p)
{
	return bytes_get32(p) | (uint64_t)bytes_get32(p + 4) << 32;
}

static inline void bytes_put16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

static inline void bytes_put32(uint8_t *p, uint32_t value)
{
	bytes_put16(p, (uint16_t)value);
	bytes_put16(p + 2, (uint16_t)(value >> 16));
}

static inline void bytes_put64(uint8_t *p, uint64_t value)
{
	bytes_put32(p, (uint32_t)value);
	bytes_put32(p + 4, (uint32_t)(value >> 32));
}

/*
 * True when all of them are zero, and for none. A word at a time: on the box it reads a megabyte of
 * padding.
 */
static inline bool bytes_are_zero(const uint8_t *p, size_t count)
{
	uint64_t word;

	for (; count >= sizeof(word); p += sizeof(word), count -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		if (word)
			return false;
	}
	while (count--)
		if (*p++)
			return false;
	return true;
}

/* Text that may be printed: printable ASCII, filled up with at least one zero byte. */
static inline bool bytes_are_text(const uint8_t *p, size_t count)
{
	size_t length = 0;

	while (length < count && p[length] >= 0x20 && p[length] < 0x7F)
		length++;
	return length < count && bytes_are_zero(p + length, count - length);
}

/* False when [offset, offset + size) leaves 64 bits; else *end is the first byte behind it. */
static inline bool range_end(uint64_t offset, uint64_t size, uint64_t *end)
{
	return !__builtin_add_overflow(offset, size, end);
}

/* True when [offset, offset + size) lies inside [0, limit), whatever the values. */
static inline bool range_fits(uint64_t offset, uint64_t size, uint64_t limit)
{
	uint64_t end;

	return range_end(offset, size, &end) && end <= limit;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decodes one LZ4 block (lz4, doc/lz4_Block_format.md): sequences of literals and of copies from what
 * has been decoded. What it yields is not trusted before it is hashed.
 */
#ifndef UPDATE_LZ4_H
#define UPDATE_LZ4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True when the block decodes to exactly `size` bytes and ends there; else `to` is undefined. */
bool lz4_decode(const uint8_t *from, size_t count, uint8_t *to, size_t size);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two checksums of the disk's own structures: CRC-32 (IEEE 802.3) of GPT, CRC-32C (Castagnoli,
 * RFC 3720 appendix B.4) of the slot record. They find accidents; what must withstand an enemy is
 * signed.
 */
#ifndef UPDATE_CRC_H
#define UPDATE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* `crc` is 0 at the start, or what the bytes before gave. */
uint32_t crc32_ieee(uint32_t crc, const uint8_t *bytes, size_t count);
uint32_t crc32c(uint32_t crc, const uint8_t *bytes, size_t count);

#endif

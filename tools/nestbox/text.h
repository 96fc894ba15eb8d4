/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values people type: numbers, ranges, versions, roles, hexadecimal. The readers name the option in
 * their error and return an exit code; a null text leaves the value as it is.
 */
#ifndef NESTBOX_TEXT_H
#define NESTBOX_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/manifest.h"
#include "report.h"

/* Decimal or 0x..., up to `limit`. */
enum exit_code text_number(const char *option, const char *text, uint64_t limit, uint64_t *value);
enum exit_code text_u32(const char *option, const char *text, uint32_t *value);

/* "N" or "MIN-MAX". */
enum exit_code text_range(const char *option, const char *text, uint32_t *min, uint32_t *max);

/* "a", "a.b" or "a.b.c" into the three version fields. */
struct version {
	uint16_t major, minor;
	uint32_t patch;
};
enum exit_code text_version(const char *option, const char *text, struct version *version);

enum exit_code text_uuid(const char *option, const char *text, uint8_t uuid[UUID_BYTES]);

/* A UUID, or a partition's name whose role UUID is derived. */
enum exit_code text_role(const char *option, const char *text, uint8_t uuid[UUID_BYTES]);

/* "ROLE", "ROLE:VERSION" or "ROLE:VERSION:SECURITY-VERSION". */
enum exit_code text_dependency(const char *option, const char *text,
			       struct manifest_dependency *dependency);

/* Exactly `count` bytes in hexadecimal, nothing else. */
bool text_hex_parse(const char *text, uint8_t *bytes, size_t count);

/* 2 * count characters and a terminator. */
void text_hex(const uint8_t *bytes, size_t count, char *text);

#endif

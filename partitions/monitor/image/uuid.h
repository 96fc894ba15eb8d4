/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UUIDs as 16 bytes in the order their text is written (RFC 9562 section 4 "UUID Format"), and the
 * UUIDs Nestbox derives from hashes: version 8, "custom", because version 5 fixes SHA-1.
 */
#ifndef IMAGE_UUID_H
#define IMAGE_UUID_H

#include <stdbool.h>
#include <stdint.h>

#define UUID_BYTES 16
#define UUID_TEXT_BYTES 37 /* 36 characters and the terminating zero */

/* Writes the text form, lower case, terminated. */
void uuid_format(const uint8_t uuid[UUID_BYTES], char text[UUID_TEXT_BYTES]);

/*
 * Reads exactly the 36-character form, either case; false (and *uuid undefined) for anything else.
 */
bool uuid_parse(const char *text, uint8_t uuid[UUID_BYTES]);

/* Turns the first 16 bytes of a digest into a version 8 UUID. */
void uuid_from_digest(const uint8_t *digest, uint8_t uuid[UUID_BYTES]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which partition an image is for. A role is a UUID; a partition's is derived from its name, so
 * that the box's configuration, the recipe and the host tool agree without a registry: version 8
 * UUID of SHA-256("nestbox-role-v1\0" || name).
 */
#ifndef IMAGE_ROLE_H
#define IMAGE_ROLE_H

#include "image/uuid.h"

#define ROLE_NAME_BYTES 64 /* with the terminating zero, as in struct monitor_info */

/* A name is 1 to 63 of a-z, 0-9 and '-', starting with a letter or digit. */
bool role_name_is_valid(const char *name);

/* False for a name that is not valid, else *uuid is the role. */
bool role_uuid_from_name(const char *name, uint8_t uuid[UUID_BYTES]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image keys this box goes by: those that are built in, or those of the keyring on its disk.
 */
#ifndef MONITOR_KEYS_H
#define MONITOR_KEYS_H

#include "update/box_keys.h"
#include "update/nbmeta.h"

/* Reads the keyring's two places, says on the console what counts, and returns it. The slot record must have been read. */
const struct keyring *keys_choose(const struct nbmeta *meta, const uint8_t product_uuid[UUID_BYTES]);

/* The same, to be changed while the box runs (update/rekey.h). */
struct box_keys *keys_box(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the partition's disk is on this box. The one place that picks it.
 */
#ifndef MONITOR_DISK_H
#define MONITOR_DISK_H

#include "virtio/disk.h"

/* Null: there is none. What is found stays the same until the box is reset. */
const struct disk_backend *disk_find(void);

/* The disk's interrupt: says so to who counts. */
void disk_note_interrupt(void);

/* The guest has gone: what is under way comes to its end, and what there was is told. */
void disk_end_guest(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The box's own disk, where it has one: finds nbmeta and the two slots, lets update/select.h choose, and keeps what belongs to the running
 * box afterwards, for updates, the console and the guest. The guest sees none of it.
 */
#ifndef MONITOR_SLOTS_H
#define MONITOR_SLOTS_H

#include "kernel/monitor_abi.h"
#include "manage/sink.h"
#include "update/operate.h"

/* Loads the image in a slot to where it runs, verified there; fills *verdict but for is_recorded. */
typedef void slots_load(const struct block_region *slot, const struct verify_policy *policy, struct verdict *verdict);

/*
 * Chooses and loads. Null when the partition may start; else why not, as "what; what to do". Reads the disk anew each time. `policy` must
 * outlive it.
 */
const char *slots_boot(const struct monitor_info *info, const struct verify_policy *policy, slots_load *load);

/*
 * Says what slots_boot() would do, and does none of it: both slots are verified in full, what would be written is kept in memory. Null when a
 * slot would run; else why none does. No other function of this file may follow it.
 */
const char *slots_report(const struct monitor_info *info, const struct verify_policy *policy, slots_load *load);

/* What updates work on; null without a disk, or when nothing of it runs. */
const struct update_box *slots_box(void);

/* The partition `data` of the disk; false when there is none. */
bool slots_data(struct block_region *region);

/* What is behind the guest's port org.nestbox.update; null where nothing can be updated. Anew after each slots_boot(). */
const struct port_backend *slots_update_port(void);

/* Commands of the console and of the guest: one line each, or a few. */
void slots_show(const struct sink *out);
void slots_show_update(const struct sink *out);
bool slots_confirm(const struct sink *out); /* false: refused, and why has been said */
bool slots_revert(const struct sink *out);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one-screen summary: what the partition's CPUs exited for, and how long the start took. At
 * most 78 columns and 22 rows.
 */
#ifndef MONITOR_SUMMARY_H
#define MONITOR_SUMMARY_H

#include "kernel/monitor_abi.h"
#include "manage/sink.h"

/* The name of a basic exit reason; "reserved" when there is none. */
const char *summary_exit_name(uint32_t reason);

/* All of it, or a part. They fetch the counters and are not reentrant: the monitor's lock is held. */
void summary_print(const struct monitor_info *info, const struct sink *to);
void summary_print_totals(const struct monitor_info *info, const struct sink *to);
void summary_print_pools(const struct monitor_info *info, const struct sink *to);

#endif

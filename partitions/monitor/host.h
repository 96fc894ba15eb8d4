/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel as the partition's devices see it: their platform, backed by system calls.
 */
#ifndef MONITOR_HOST_H
#define MONITOR_HOST_H

#include "devices/platform.h"
#include "kernel/monitor_abi.h"

/* Host TSC ticks, the unit of the board and of SYS_TIMER_ARM. */
uint64_t host_now_ticks(void);

/* Since the box started. */
uint64_t host_seconds(const struct monitor_info *info);

/* For board_reset(); `info` must outlive the board. The time of day counts from the first call. */
struct platform host_platform(const struct monitor_info *info);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running image while it is not confirmed, where the configuration asks for its heartbeat: confirms it when the heartbeat has been seen for
 * long enough, starts it again, by way of the slots, when it is silent for too long.
 */
#ifndef MONITOR_PROBATION_H
#define MONITOR_PROBATION_H

#include "kernel/monitor_abi.h"

/* The partition has been loaded and starts; stops what was before. Nothing, where nothing is to be watched. */
void probation_start(const struct monitor_info *info);
void probation_stop(void);

/* The workload is alive. */
void probation_beat(void);

/* When probation_tick() has something to do, in ticks; UINT64_MAX for never. Read at every port access of the guest. */
extern uint64_t probation_deadline;
void probation_tick(void);

#endif

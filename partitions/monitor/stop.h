/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens after the partition has stopped.
 */
#ifndef MONITOR_STOP_H
#define MONITOR_STOP_H

#include "kernel/monitor_abi.h"

/* Prints the one line about it and returns what the configuration wants; any values of reason and
 * detail. */
enum stop_action stop_decide(const struct monitor_info *info, uint64_t reason, uint64_t detail);

#endif

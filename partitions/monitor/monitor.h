/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's one entry, called by crt0.S for every upcall of every CPU.
 */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

#include "kernel/monitor_abi.h"

/* Does what the call page asks; the value is the upcall's result. */
uint64_t monitor_upcall(uint64_t cpu, struct call_page *page);

#endif

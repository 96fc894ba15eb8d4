/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a running box knows of nesting, for the checklist that the host tool has, too. Pure.
 */
#ifndef MANAGE_NESTED_FACTS_H
#define MANAGE_NESTED_FACTS_H

#include "kernel/monitor_abi.h"
#include "layout/nested_status.h"

/* statistics: of info->cpu_count CPUs. */
struct nested_facts nested_facts_of_box(const struct monitor_info *info, const struct exit_statistics *statistics);

#endif

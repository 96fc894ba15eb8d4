/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many VMCSs L1 has, to be told to people: those it has loaded and not cleared since, the first KNOWN_VMCS_MAX of them. Pure.
 */
#ifndef NESTED_KNOWN_VMCS_H
#define NESTED_KNOWN_VMCS_H

#include "bsp/types.h"
#include "kernel/monitor_abi.h"

/* list[]: addresses, 0 where there is none; L1's page 0 is not counted. */
static inline void known_vmcs_add(uint64_t list[KNOWN_VMCS_MAX], u64 address)
{
	u32 room = KNOWN_VMCS_MAX;

	for (u32 i = 0; i < KNOWN_VMCS_MAX; i++) {
		if (list[i] == address)
			return;
		if (!list[i] && room == KNOWN_VMCS_MAX)
			room = i;
	}
	if (room < KNOWN_VMCS_MAX)
		list[room] = address;
}

static inline void known_vmcs_remove(uint64_t list[KNOWN_VMCS_MAX], u64 address)
{
	for (u32 i = 0; i < KNOWN_VMCS_MAX; i++)
		if (list[i] == address)
			list[i] = 0;
}

#endif

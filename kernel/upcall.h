/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calling the monitor: fill this CPU's call page with upcall_page(), then upcall_run() drops to ring 3 and returns the result
 * the monitor completed with. A monitor fault ends every upcall with UPCALL_FAILED and stops the partition.
 */
#ifndef KERNEL_UPCALL_H
#define KERNEL_UPCALL_H

#include "bsp/memory/paging.h"
#include "bsp/types.h"
#include "kernel/monitor_abi.h"

struct trap_frame;

#define UPCALL_FAILED ((u64)-1)
#define USER_STACK_VA 0x0000000030000000ull   /* stack of CPU n below + (n + 1) * 1 MiB; the rest of each MiB is guard */

/* A partition's monitor: a program, a heap and stacks that no other partition's sees. */
struct monitor {
	struct address_space space;
	u64 entry_point;              /* 0: none is loaded */
	bool has_faulted;
	bool has_started;             /* its partition, once */
	u64 pool_used;
	u64 registers_mapped;         /* bytes of MONITOR_MMIO_VA */
	const struct boot_info *memory_map; /* what is no memory may be registers */
	struct monitor_info info;     /* as its page shows it */
};

u64 upcall_run(enum upcall_reason reason, u64 address, u32 size, u64 value);
/* False once the monitor has faulted: nothing may be asked of it any more. */
bool upcall_is_possible(void);
/* From SYS_COMPLETE: unwinds to upcall_run(). */
noreturn_fn void upcall_complete(u64 result);
/* From a fault in ring 3. */
noreturn_fn void upcall_abort(const struct trap_frame *frame);

/* An NMI arrived in ring 3: returns unless the monitor has faulted elsewhere. */
void upcall_interrupted_by_nmi(void);

/* Loads the embedded monitor into an address space of the partition's own, from its plan, its RAM and p->monitor.info. */
struct partition;
void monitor_load(struct partition *p, hpa_t module);
/* After a fault, with all of its CPUs parked: as it was when it was loaded. Not for a monitor whose devices may write into its memory. */
void monitor_reload(struct partition *p);
/* Can ring 3 itself read (or write) all of [address, address + length)? */
bool upcall_range_is_mapped(u64 address, u64 length, bool write);
/* Registers of a device into the address space of this partition's monitor; 0: refused. See SYS_MMIO_MAP. */
u64 upcall_map_registers(u64 physical, u64 bytes);
/* Where a writable byte of this partition's monitor lies; 0: it has none there. */
u64 upcall_physical(u64 address);

#endif

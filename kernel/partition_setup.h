/* SPDX-License-Identifier: Apache-2.0 */
/* Making partitions of the configuration and the machine, once, at boot: their CPUs, their RAM and its tables, what CPUID says, their monitors. */
#ifndef KERNEL_PARTITION_SETUP_H
#define KERNEL_PARTITION_SETUP_H

#include "bsp/acpi/board.h"
#include "kernel/partition.h"

/* What all monitors are told: a partition's own part is added to a copy. */
struct partition_box { struct boot_info *boot_info; struct memory_range own; u64 unix_time, tsc_offset; u32 parent; bool has_crash_report; };

/* From the configuration; numbers CPUs and gives them away. */
void partition_setup_plan(void);
/* On the boot CPU, behind lapic_init(): which of the machine's CPUs each of them is. Refuses to start if the machine has too few. */
void partition_setup_pin(const struct board_info *board);
/* RAM for every partition and its EPT, or refuses to start. */
void partition_setup_carve(const struct partition_box *box);
/* As much of the first one's RAM as there is: its image is verified in it, as where it could run. False: there is none. */
bool must_check partition_setup_carve_some(const struct partition_box *box);
void partition_setup_cpuid(void);
void partition_setup_monitor(struct partition *p, const struct partition_box *box);
void partition_setup_print(const struct partition *p);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition's life: boot, run, stop, and what happens then. Any CPU may stop it; every CPU parks; the boot CPU asks the monitor for the
 * configured action and carries it out.
 */
#ifndef KERNEL_PARTITION_H
#define KERNEL_PARTITION_H

#include "kernel/vcpu.h"

u32 partition_cpu_count(void);
void partition_set_cpu_count(u32 count);

/* The boot CPU's last call: loads the image, runs. The others': wait for SIPI. */
noreturn_fn void partition_run_boot(struct vcpu *v);
noreturn_fn void partition_run_other(struct vcpu *v);

/* First caller wins; returns at once, the CPU parks at its next entry. */
void partition_stop(enum stop_reason reason, u64 detail);
/* At REQUEST_STOP: returns only if the partition was restarted (the vcpu has been reset). */
void partition_park(struct vcpu *v);

#endif

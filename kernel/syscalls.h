/* SPDX-License-Identifier: Apache-2.0 */
/* What the monitor may ask of ring 0: one table, every argument checked here, once. See monitor_abi.h for the meaning of each. */
#ifndef KERNEL_SYSCALLS_H
#define KERNEL_SYSCALLS_H

#include "bsp/types.h"

struct trap_frame;

/* Value for the monitor's RAX; negative -enum sys_error. SYS_COMPLETE does not return. */
u64 syscall_dispatch(const struct trap_frame *frame);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel as the monitor's tests see it: sys_call() that remembers what was asked and answers
 * from here.
 */
#ifndef TESTS_MONITOR_FAKE_KERNEL_H
#define TESTS_MONITOR_FAKE_KERNEL_H

#include <stdint.h>

#include "kernel/monitor_abi.h"

struct fake_kernel {
	char log[65536];            /* all of SYS_LOG, terminated */
	uint32_t log_bytes;
	char console[4096];         /* all of SYS_CONSOLE_WRITE, terminated */
	uint32_t console_bytes;
	const char *input;          /* what SYS_CONSOLE_READ gives */
	uint32_t calls[SYS_COUNT];
	uint64_t last[SYS_COUNT][3]; /* arguments of the last call of each */
	struct exit_statistics statistics[MONITOR_MAX_CPUS];
	struct partition_status partitions[4]; /* by number; without a name: none */
};

extern struct fake_kernel fake_kernel;

void fake_kernel_reset(void);

#endif

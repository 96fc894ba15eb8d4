/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one door from ring 3 to the kernel. A function and not inline assembly, so that host tests
 * put a fake kernel behind it.
 */
#ifndef BSP_NEWLIB_SYS_CALL_H
#define BSP_NEWLIB_SYS_CALL_H

#include <stdint.h>

/* enum syscall_number and its arguments; the result, or -enum sys_error. */
int64_t sys_call(uint64_t number, uint64_t first, uint64_t second, uint64_t third);

#endif

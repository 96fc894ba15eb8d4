/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of the road for our own faults: a report (registers, last exits, backtrace) and a stop of the machine.
 * Never for what a guest, a disk or a network does: see STYLE "Errors, three kinds".
 */
#ifndef KERNEL_CRASH_H
#define KERNEL_CRASH_H

#include "bsp/types.h"

struct trap_frame;

noreturn_fn void crash_check_failed(const char *expression, const char *file, u32 line);
noreturn_fn void crash_trap(const struct trap_frame *frame);
/* Where a report survives a warm reset: a page of its own. Without one, none is kept. */
#define CRASH_PAGE 0x88000
void crash_keep_at(hpa_t page);
/* Keeps what the log has had since `mark`, a value of log_written(). For the monitor's end, too, which the monitor cannot report. */
void crash_keep(u64 mark);
/* A board or configuration that cannot work: one line, then halt. The text says what is missing and what to do. */
noreturn_fn void refuse_to_start(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define CHECK(condition) ((condition) ? (void)0 : crash_check_failed(#condition, __FILE__, __LINE__))

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The serial line is the first partition's. What the others write comes out in whole lines with the partition's name in front, without control
 * characters, so that it neither mixes with another's nor changes the terminal of whoever reads it.
 */
#ifndef KERNEL_PARTITION_LINES_H
#define KERNEL_PARTITION_LINES_H

#include "bsp/types.h"

#define PARTITION_LINE_BYTES 128u /* a longer one is broken */

struct partition_line { char text[PARTITION_LINE_BYTES]; u32 bytes; };

struct partition;

/* What its guest (console) or its monitor (log, which keeps it) has written. */
void partition_lines_console(struct partition *p, const char *bytes, u32 count);
void partition_lines_log(struct partition *p, const char *bytes, u32 count);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kind of kernel a file is, by the headers of the boot protocols.
 */
#ifndef NESTBOX_KERNEL_H
#define NESTBOX_KERNEL_H

#include "file.h"
#include "image/payload.h"

/*
 * Sets *type to one of the PART_KERNEL_ types, or says why the file cannot be booted and returns
 * EXIT_REFUSED.
 */
enum exit_code kernel_detect(const struct input_file *file, uint32_t *type);

/* "kernel-linux" and so on; null for an unknown type. */
const char *part_type_name(uint32_t type);

#endif

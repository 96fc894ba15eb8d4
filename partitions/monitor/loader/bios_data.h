/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first page of a PC: real-mode vectors (zero, there is no BIOS to call) and the BIOS data area,
 * of which kernels still read how much memory lies below 640 KiB before they put anything there.
 */
#ifndef LOADER_BIOS_DATA_H
#define LOADER_BIOS_DATA_H

#include "loader/guest_ram.h"

/* Writes all E820_BIOS_DATA_END bytes; what a run before this one left there is gone. */
void bios_data_write(const struct guest_ram *ram);

#endif

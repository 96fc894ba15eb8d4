/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first page of a PC: real-mode vectors and the BIOS data area. There is no BIOS, but kernels that
 * ask one before they look at what their loader said (Xen asks for the memory map, the display and the
 * disks) get the refusal of a service it does not have: carry set.
 */
#ifndef LOADER_BIOS_DATA_H
#define LOADER_BIOS_DATA_H

#include "loader/guest_ram.h"

/* Writes all E820_BIOS_DATA_END bytes; what a run before this one left there is gone. */
void bios_data_write(const struct guest_ram *ram);

#endif

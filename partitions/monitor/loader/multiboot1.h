/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Multiboot kernel: ELF, or flat by the header's address fields. Source: Multiboot Specification
 * 0.6.96.
 */
#ifndef LOADER_MULTIBOOT1_H
#define LOADER_MULTIBOOT1_H

#include "loader/loader.h"

/* loader_load() for loader->kernel and all modules. */
enum load_error multiboot1_load(struct loader *loader, struct boot_state *boot);

#endif

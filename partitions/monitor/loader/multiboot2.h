/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Multiboot2 kernel for i386 entry: ELF, or flat by the header's address tag. Source: Multiboot2
 * Specification 2.0.
 */
#ifndef LOADER_MULTIBOOT2_H
#define LOADER_MULTIBOOT2_H

#include "loader/loader.h"

/* loader_load() for loader->kernel and all modules. */
enum load_error multiboot2_load(struct loader *loader, struct boot_state *boot);

#endif

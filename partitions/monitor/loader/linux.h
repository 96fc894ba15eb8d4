/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Linux bzImage by the 64-bit boot protocol.
 * Source: Linux Documentation/x86/boot.rst "64-bit Boot Protocol", zero-page.rst.
 */
#ifndef LOADER_LINUX_H
#define LOADER_LINUX_H

#include "loader/loader.h"

/* loader_load() for loader->kernel, with modules[0], if any, as initrd. */
enum load_error linux_load(struct loader *loader, struct boot_state *boot);

#endif

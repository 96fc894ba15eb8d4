/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cutting the machine's RAM once: where the partition's memory, its EPT and the start-up page of the
 * other CPUs go. The firmware's map is the only source; kernel, boot modules, the first MiB and
 * whatever any entry calls not available are left out. Pure.
 */
#ifndef BSP_MEMORY_CARVE_H
#define BSP_MEMORY_CARVE_H

#include "bsp/boot/multiboot2.h"
#include "bsp/types.h"

#define CARVE_LOW_END MIB(1)

/* [start, end) */
struct memory_range { u64 start, end; };

struct carve_result {
	hpa_t base;
	u64 alignment;              /* GIB(1) or MIB(2) */
	u64 largest_bytes; /* largest 2 MiB-aligned piece there is, for the message when nothing
			      fits */
};

/* bytes: multiple of 2 MiB, not 0. kernel: everything of ours. False: only largest_bytes is set.
 * Lowest fitting address, 1 GiB-aligned if any is. */
bool must_check carve_ram(const struct boot_info *info, struct memory_range kernel, u64 bytes,
				struct carve_result *result);

/* A free page in [4 KiB, 640 KiB), above 64 KiB if there is one, for smp_start(). Modules are
 * respected. */
bool must_check carve_low_page(const struct boot_info *info, hpa_t *page);

/* All of it RAM, none of it called anything else. */
bool must_check carve_is_ram(const struct boot_info *info, struct memory_range range);

/* None of it is memory or an interrupt controller's: it may be a device's registers. */
bool must_check carve_is_device(const struct boot_info *info, struct memory_range range);

enum carve_check {
	CARVE_OK,
	CARVE_KERNEL_NOT_RAM, /* the firmware's map does not call all of the kernel's memory
				 available */
	CARVE_MODULE_NOT_RAM,
	CARVE_MODULE_IN_KERNEL,
	CARVE_CHECKS,
};
/* Does the loader's placement agree with the memory map? */
enum carve_check must_check carve_check_loaded(const struct boot_info *info,
					       struct memory_range kernel);
const char *carve_check_text(enum carve_check result);

#endif

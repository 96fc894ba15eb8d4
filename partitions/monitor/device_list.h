/* SPDX-License-Identifier: Apache-2.0 */
/* The configured devices as a value, so that no .c file asks the preprocessor. */
#ifndef MONITOR_DEVICE_LIST_H
#define MONITOR_DEVICE_LIST_H

#include "devices/platform.h"

#if defined(CONFIG_PARTITION_PCI_RNG)
#define DEVICE_LIST_RNG PLATFORM_RNG
#else
#define DEVICE_LIST_RNG 0u
#endif

#if defined(CONFIG_PARTITION_PCI_CONSOLE)
#define DEVICE_LIST_CONSOLE PLATFORM_CONSOLE
#else
#define DEVICE_LIST_CONSOLE 0u
#endif

#if defined(CONFIG_PARTITION_PCI_DISK)
#define DEVICE_LIST_DISK PLATFORM_DISK
#else
#define DEVICE_LIST_DISK 0u
#endif

#if defined(CONFIG_PARTITION_DISK_RAM_KIB)
#define DEVICE_LIST_DISK_RAM_KIB CONFIG_PARTITION_DISK_RAM_KIB
#else
#define DEVICE_LIST_DISK_RAM_KIB 0
#endif

#if defined(CONFIG_PARTITION_PCI_NETWORK)
#define DEVICE_LIST_NETWORK PLATFORM_NETWORK
#else
#define DEVICE_LIST_NETWORK 0u
#endif

#define DEVICE_LIST (DEVICE_LIST_RNG | DEVICE_LIST_CONSOLE | DEVICE_LIST_DISK | DEVICE_LIST_NETWORK)

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration as values, so that no .c file asks the preprocessor. The one place for #if over CONFIG_. */
#ifndef KERNEL_CONFIG_TEXT_H
#define KERNEL_CONFIG_TEXT_H

#include "role.h"
#include "kernel/monitor_abi.h"

#if defined(CONFIG_PARTITION_NESTED)
#define CONFIG_NESTED_ON 1
#define CONFIG_NESTED_TEXT "VT-x is offered to the partition"
#else
#define CONFIG_NESTED_ON 0
#define CONFIG_NESTED_TEXT "off"
#endif

#if defined(CONFIG_PARENT_BUILD_REFUSE)
#define CONFIG_REFUSE_OTHER_BUILD 1
#else
#define CONFIG_REFUSE_OTHER_BUILD 0
#endif

#if defined(CONFIG_NESTED_VIRTUAL_INTERRUPTS)
#define CONFIG_NESTED_VIRTUAL_INTERRUPTS_ON 1
#else
#define CONFIG_NESTED_VIRTUAL_INTERRUPTS_ON 0
#endif

#if defined(CONFIG_GUARD_PAGE_SIZE_DEFECT)
#define CONFIG_GUARD_PAGE_SIZE_DEFECT_ON 1
#else
#define CONFIG_GUARD_PAGE_SIZE_DEFECT_ON 0
#endif

#if defined(CONFIG_DEBUG_EXIT)
#define CONFIG_DEBUG_EXIT_ON 1
#else
#define CONFIG_DEBUG_EXIT_ON 0
#endif

#if defined(CONFIG_PARTITION_MAC_SPOOFING)
#define CONFIG_NETWORK NETWORK_ANY_ADDRESS
#elif defined(CONFIG_PARTITION_PCI_NETWORK)
#define CONFIG_NETWORK NETWORK_OWN_ADDRESS
#else
#define CONFIG_NETWORK NETWORK_NONE
#endif
#if defined(CONFIG_PARTITION_PCI_NETWORK)
#define CONFIG_NETWORK_GRANTS , { 0xCF8, 4 }, { 0xCFC, 4 }
#else
#define CONFIG_NETWORK_GRANTS
#endif

/* Ports of the drivers of disk and network: {first, count}. */
#if defined(CONFIG_DISK_ATA)
#define CONFIG_DISK DISK_ATA
#define CONFIG_PORT_GRANTS { 0x1F0, 8 }, { 0x3F6, 1 } CONFIG_NETWORK_GRANTS
#elif defined(CONFIG_DISK_PCI)
#define CONFIG_DISK DISK_PCI
#define CONFIG_PORT_GRANTS { 0x1F0, 8 }, { 0x3F6, 1 }, { 0xCF8, 4 }, { 0xCFC, 4 }
#else
#define CONFIG_DISK DISK_NONE
#define CONFIG_PORT_GRANTS { 0, 0 } CONFIG_NETWORK_GRANTS
#endif

#if defined(CONFIG_CONFIRM_ON_HEALTH)
#define CONFIG_CONFIRM_BY CONFIRM_GOAL
#elif defined(CONFIG_CONFIRM_ON_HEARTBEAT)
#define CONFIG_CONFIRM_BY CONFIRM_HEARTBEAT
#else
#define CONFIG_CONFIRM_BY CONFIRM_COMMAND
#endif
#if !defined(CONFIG_CONFIRM_ON_HEARTBEAT)
#define CONFIG_HEARTBEAT_SECONDS 0
#define CONFIG_HEARTBEAT_SILENCE_SECONDS 0
#endif

#if defined(CONFIG_CONSOLE)
#define CONFIG_CONSOLE_ON 1
#else
#define CONFIG_CONSOLE_ON 0
#endif

#if defined(CONFIG_ON_CRASH_RESTART)
#define CONFIG_ON_CRASH ACTION_RESTART
#elif defined(CONFIG_ON_CRASH_REBOOT)
#define CONFIG_ON_CRASH ACTION_REBOOT
#elif defined(CONFIG_ON_CRASH_POWER_OFF)
#define CONFIG_ON_CRASH ACTION_POWER_OFF
#else
#define CONFIG_ON_CRASH ACTION_HOLD
#endif

#if defined(CONFIG_ON_POWER_OFF_HOLD)
#define CONFIG_ON_POWER_OFF ACTION_HOLD
#elif defined(CONFIG_ON_POWER_OFF_RESTART)
#define CONFIG_ON_POWER_OFF ACTION_RESTART
#else
#define CONFIG_ON_POWER_OFF ACTION_POWER_OFF
#endif

#endif

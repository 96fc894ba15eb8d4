/* SPDX-License-Identifier: Apache-2.0 */
/* The configured network as values, so that no .c file asks the preprocessor. */
#ifndef MONITOR_NETWORK_CONFIG_H
#define MONITOR_NETWORK_CONFIG_H

#include "bsp/net/nics.h"

#if defined(CONFIG_PARTITION_PCI_NETWORK)
#define NETWORK_MAC CONFIG_PARTITION_MAC
#define NETWORK_DMA_BYTES NICS_DMA_BYTES
#else
#define NETWORK_MAC ""
#define NETWORK_DMA_BYTES 1u
#endif

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Raw random bytes of the board, to seed a generator that conditions them. Source: Intel SDM volume
 * 1 "RDRAND". */
#ifndef BSP_TIMER_SEED_H
#define BSP_TIMER_SEED_H

#include "bsp/types.h"

#define SEED_BYTES 32

/* False: the CPU has no working RDRAND and the bytes come from clock jitter alone; say so in the
 * log. */
bool seed_gather(u8 seed[SEED_BYTES]);

#endif

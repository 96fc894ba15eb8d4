/* SPDX-License-Identifier: Apache-2.0 */
/* Memory functions of ring 0, by the names and meanings of the C library. */
#ifndef BSP_MEMORY_STRING_H
#define BSP_MEMORY_STRING_H

#include "bsp/types.h"

void *memcpy(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif

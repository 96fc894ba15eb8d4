/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mbedtls's heap on the box: a static array. Host programs use the C library's and leave this file
 * out.
 */
#include <mbedtls/memory_buffer_alloc.h>

#include "image/crypto.h"

void crypto_heap_init(void *heap, size_t bytes)
{
	mbedtls_memory_buffer_alloc_init(heap, bytes);
}

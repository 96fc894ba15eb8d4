/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The four functions the compiler itself calls in freestanding code. The string instructions are
 * fast on every CPU that has VT-x with EPT (SDM "REP MOVSB Operation, Enhanced REP MOVSB and
 * STOSB").
 */
#include "bsp/memory/string.h"

void *memcpy(void *to, const void *from, size_t bytes)
{
	void *at = to;

	asm volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(bytes) : : "memory");
	return to;
}

void *memset(void *to, int value, size_t bytes)
{
	void *at = to;

	asm volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(value) : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
	if ((u64)to - (u64)from >= bytes)
		return memcpy(to, from, bytes);
	void *at = (u8 *)to + bytes - 1;
	const void *source = (const u8 *)from + bytes - 1;
	asm volatile("std; rep movsb; cld"
		     : "+D"(at), "+S"(source), "+c"(bytes)
		     :
		     : "memory", "cc");
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const u8 *left = a, *right = b;

	for (size_t i = 0; i < bytes; i++)
		if (left[i] != right[i])
			return left[i] - right[i];
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Copies between ring 0 and the partition through this CPU's windows; see guest_memory.h. */
#include "kernel/guest_memory.h"

#include "bsp/memory/paging.h"
#include "kernel/partition.h"

bool guest_to_host(gpa_t gpa, u64 length, hpa_t *host)
{
	return guest_ram_translate(&this_partition()->ram, gpa, length, host);
}

void *window_map(enum window_slot slot, hpa_t page)
{
	return paging_window_set((u32)this_cpu()->number, slot, page);
}

/* Calls for each page a range touches: the piece inside the page, mapped. */
static void copy_pages(hpa_t host, u8 *buffer, u64 length, bool to_guest)
{
	while (length) {
		u64 offset = host.value & PAGE_MASK;
		u64 part = min_u64(length, PAGE_SIZE - offset);
		u8 *page = window_map(WINDOW_COPY, HPA(host.value - offset));

		if (to_guest)
			__builtin_memcpy(page + offset, buffer, part);
		else
			__builtin_memcpy(buffer, page + offset, part);
		host.value += part;
		buffer += part;
		length -= part;
	}
}

bool guest_read(gpa_t gpa, void *buffer, u64 length)
{
	hpa_t host;

	if (!guest_to_host(gpa, length, &host))
		return false;
	copy_pages(host, buffer, length, false);
	return true;
}

bool guest_read_entry(gpa_t gpa, u32 bytes, u64 *value)
{
	u64 offset = gpa.value & PAGE_MASK;
	hpa_t host;

	if (!guest_to_host(gpa, bytes, &host))
		return false;
	const u8 *at = (const u8 *)window_map(WINDOW_COPY, HPA(host.value - offset)) + offset;
	*value = bytes == 8 ? __atomic_load_n((const u64 *)at, __ATOMIC_RELAXED) : __atomic_load_n((const u32 *)at, __ATOMIC_RELAXED);
	return true;
}

bool guest_compare_exchange(gpa_t gpa, u64 old, u64 value, u32 bytes)
{
	u64 offset = gpa.value & PAGE_MASK;
	u32 old32 = (u32)old;
	hpa_t host;

	if (!guest_to_host(gpa, bytes, &host))
		return false;
	u8 *at = (u8 *)window_map(WINDOW_COPY, HPA(host.value - offset)) + offset;
	if (bytes == 8)
		__atomic_compare_exchange_n((u64 *)at, &old, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	else
		__atomic_compare_exchange_n((u32 *)at, &old32, (u32)value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return true;
}

bool guest_write(gpa_t gpa, const void *buffer, u64 length)
{
	hpa_t host;

	if (!guest_to_host(gpa, length, &host))
		return false;
	copy_pages(host, (u8 *)buffer, length, true);
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition's memory as ring 0 may touch it: by guest-physical address, bounds checked at every use, through a
 * per-CPU window of mappings that is not kept. Ranges that leave the partition's RAM are refused, whole.
 */
#ifndef KERNEL_GUEST_MEMORY_H
#define KERNEL_GUEST_MEMORY_H

#include "bsp/types.h"
#include "kernel/monitor_abi.h"

struct vcpu;

/* Host address of a guest-physical range inside the partition's RAM; false if any byte lies outside. Pure: unit-testable. */
struct guest_ram { u64 host_base; u64 bytes; };
static inline must_check bool guest_ram_translate(const struct guest_ram *ram, gpa_t gpa, u64 length, hpa_t *host)
{
	u64 low = min_u64(ram->bytes, GUEST_HOLE_START), high = gpa.value - GUEST_HIGH_START;

	/* no sum that could wrap */
	if (gpa.value < low && length <= low - gpa.value) {
		*host = HPA(ram->host_base + gpa.value);
		return true;
	}
	if (gpa.value < GUEST_HIGH_START || high >= ram->bytes - low || length > ram->bytes - low - high)
		return false;
	*host = HPA(ram->host_base + low + high);
	return true;
}

/* In the RAM of this CPU's partition. */
bool must_check guest_to_host(gpa_t gpa, u64 length, hpa_t *host);

/* Copies; a range may cross pages. False: outside RAM, nothing was copied. */
bool must_check guest_read(gpa_t gpa, void *buffer, u64 length);
bool must_check guest_write(gpa_t gpa, const void *buffer, u64 length);

/* A naturally aligned 4- or 8-byte value of a table, in one read. False: outside RAM. */
bool must_check guest_read_entry(gpa_t gpa, u32 bytes, u64 *value);

/* Replaces a naturally aligned 4- or 8-byte value if it is still the old one; the guest's other CPUs may write it too. False: outside RAM. */
bool must_check guest_compare_exchange(gpa_t gpa, u64 old, u64 value, u32 bytes);

/* A page of the partition (or a page frame of a pool) in one of this CPU's windows; valid until the same slot is mapped again. */
enum window_slot { WINDOW_COPY, WINDOW_WALK, WINDOW_VMCS12, WINDOW_MSR_BITMAP, WINDOW_BITMAP_BYTE, WINDOW_VIRTUAL_APIC, WINDOW_POSTED,
		   WINDOW_EPT12 /* one for each level of tables */, WINDOW_SLOTS = WINDOW_EPT12 + 4 };
void *window_map(enum window_slot slot, hpa_t page);

/*
 * Guest-linear access with the paging, segmentation-free (flat address already formed) rights of the guest in the current VMCS at
 * vcpu_cpl(). On a fault the #PF (or EPT trouble) has been described, nothing injected.
 */
enum walk_access { WALK_READ = 0, WALK_WRITE = 2, WALK_USER = 4, WALK_EXECUTE = 16, WALK_TABLE = 32 /* of the tables on the way */ };
/* What went wrong: the guest's tables (#PF), L1's EPT (with L2 running), nothing there. */
enum walk_trouble { WALK_PAGE_FAULT, WALK_EPT_VIOLATION, WALK_NO_RAM };
struct walk_fault {
	u64 linear;
	enum walk_trouble trouble;
	u32 error_code;     /* PAGE_FAULT */
	/* EPT_VIOLATION */
	u64 guest_physical; /* the address L1 does not map */
	u32 access;         /* WALK_WRITE, WALK_TABLE */
	bool has_linear;    /* PDPTEs are loaded for no linear address */
	bool is_user, is_writable, is_nx; /* the page of the linear address by the guest's tables, once these are walked */
};
bool must_check guest_walk(u64 linear, u32 access, gpa_t *gpa, struct walk_fault *fault);
bool must_check guest_linear_read(u64 linear, void *buffer, u64 length, struct walk_fault *fault);
bool must_check guest_linear_is_writable(u64 linear, u64 length, struct walk_fault *fault);
bool must_check guest_linear_write(u64 linear, const void *buffer, u64 length, struct walk_fault *fault);
/* Gives the guest the #PF, or L1 the EPT violation, that the access makes. False: neither, there is no RAM. */
bool must_check guest_take_fault(struct vcpu *v, const struct walk_fault *fault);

#endif

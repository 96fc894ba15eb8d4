/* SPDX-License-Identifier: Apache-2.0 */
/* See msr_area.h. */
#include "nested/msr_area.h"

#include "bsp/msr.h"
#include "kernel/guest_memory.h"
#include "kernel/msr_policy.h"

#define IA32_SMM_MONITOR_CTL 0x9Bu
#define IA32_SMBASE 0x9Eu

static bool is_x2apic(u32 index)
{
	return index >> 8 == IA32_X2APIC_FIRST >> 8;
}

bool msr_area_may_load(const struct msr_entry *entry)
{
	switch (entry->index) {
	case IA32_FS_BASE:
	case IA32_GS_BASE:
	case IA32_SMM_MONITOR_CTL:
	case IA32_BIOS_UPDT_TRIG:
		return false;
	default:
		return !is_x2apic(entry->index) && !entry->zero;
	}
}

bool msr_area_may_store(const struct msr_entry *entry)
{
	return entry->index != IA32_SMBASE && !is_x2apic(entry->index) && !entry->zero;
}

u32 msr_area_load(struct vcpu *v, struct msr_area area)
{
	for (u32 i = 0; i < area.count; i++) {
		struct msr_entry entry;

		if (i == MSR_AREA_MAX_ENTRIES || !guest_read(GPA(area.address + 16ull * i), &entry, sizeof(entry)))
			return i + 1;
		if (!msr_area_may_load(&entry) || !msr_write(v, entry.index, entry.value))
			return i + 1;
	}
	return 0;
}

bool msr_area_store(struct vcpu *v, struct msr_area area)
{
	for (u32 i = 0; i < area.count; i++) {
		u64 at = area.address + 16ull * i;
		struct msr_entry entry;

		if (i == MSR_AREA_MAX_ENTRIES || !guest_read(GPA(at), &entry, sizeof(entry)))
			return false;
		if (!msr_area_may_store(&entry) || !msr_read(v, entry.index, &entry.value))
			return false;
		if (!guest_write(GPA(at + 8), &entry.value, sizeof(entry.value)))
			return false;
	}
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State of nested VMX: one struct nested per vCPU, one struct nested_machine for all. L1's VMCS is kept in two places: fields whose source is LIVE
 * (and DATA where hardware can write it) in vmcs02 itself, the others in value[]. Everything here is static; nothing is allocated.
 */
#ifndef NESTED_NESTED_H
#define NESTED_NESTED_H

#include "kernel/vcpu.h"
#include "nested/bitmaps.h"
#include "nested/capability.h"
#include "nested/ept02.h"
#include "nested/fields.h"
#include "nested/flush.h"

#define NO_VMCS ~0ull

/* Groups of vmcs12 fields that changed since vmcs02 was last built from them. */
enum { STALE_CONTROLS = 1, STALE_HOST = 2, STALE_ALL = 3 };

union vmcs_page { u32 revision; u8 bytes[PAGE_SIZE]; };

struct nested {
	/* VMX operation of L1 */
	bool in_vmx_operation;
	bool entry_pending;           /* L1's VMLAUNCH or VMRESUME has not reached hardware yet */
	bool is_launch;               /* it was VMLAUNCH */
	bool exit_forced;             /* vmcs02's preemption timer is ours, to come back right after the entry */
	u64 vmxon_pointer;

	/* the current vmcs12 */
	u64 current;                  /* L1's address of it, NO_VMCS */
	u64 value[FIELD_COUNT];
	struct controls controls;     /* in force: secondary 0 unless activated */
	bool launched12;
	u32 stale;

	/* vmcs02 */
	union vmcs_page *vmcs02;
	u64 launched02;
	u64 launched01;
	u8 *msr_bitmap02;
	u64 eptp02;                   /* as in vmcs02 */
	u32 ept02_root;
	struct ept02_pool ept02;
	struct flush_state flush;
	hpa_t virtual_apic, apic_access; /* of L1's RAM, resolved with the controls */
	bool window01, nmi_window01;  /* armed in vmcs01 while L2 runs */
	u64 tsc_offset01;             /* as in vmcs01 */
	u32 refusals_logged;
};

struct nested_machine {
	struct offer offer;
	struct controls ours;         /* vmcs01's */
	bool live[FIELD_COUNT];       /* kept in vmcs02 */
	u8 kept_data[FIELD_COUNT];    /* exit information kept in memory: saved at each exit */
	u8 conditional[FIELD_COUNT];  /* guest state an exit saves only if L1's exit controls say so */
	u32 kept_data_count, conditional_count;
	bool has_shadowing;
	bool has_preemption_timer;
	struct bitmap_open msr_open;
	u32 hardware_revision;
};
extern struct nested_machine nested_machine;

static inline bool nested_uses(const struct nested *n, enum control_group group, u32 bit)
{
	return controls_has(&n->controls, group, bit);
}

/* One line in the log for the first few refusals of a CPU: L1 cannot flood it. */
void nested_note_refusal(struct vcpu *v, const char *what, const char *name);

#endif

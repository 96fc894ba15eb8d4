/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State of nested VMX: one struct nested per vCPU, one struct nested_machine for all. L1's VMCS is kept in two places: fields whose source is LIVE
 * (and DATA where hardware can write it) in vmcs02 itself, the others in value[]. Everything here is static; nothing is allocated.
 */
#ifndef NESTED_NESTED_H
#define NESTED_NESTED_H

#include "kernel/vcpu.h"
#include "kernel/vmx/vmx_insn.h"
#include "nested/bitmaps.h"
#include "nested/capability.h"
#include "nested/ept02.h"
#include "nested/ept_report.h"
#include "nested/fields.h"
#include "nested/flush.h"

#define NO_VMCS ~0ull

enum { ENTRY_RESUME = 1, ENTRY_LAUNCH = 3 }; /* bit 1: makes vmcs12 launched */

/* Groups of vmcs12 fields that changed since they were last checked and vmcs02 built from them. */
enum { STALE_CONTROLS = 1, STALE_HOST = 2, STALE_GUEST = 4, STALE_THRESHOLD = 8, STALE_ALL = 7 };

/* L1's host state where vmcs01 takes it in another form. */
struct host_image {
	u64 cr0, cr4, cr4_hardware, efer; /* cr0 without CD and NW; efer if L1's exits load it */
	u64 rights[6];                /* ES to GS */
	bool loads_pdptes;            /* L1 is a PAE host */
};

/* What of L2's registers L1 goes on with if its exit controls load nothing else. */
struct left_over { u64 efer, pat, interruptibility; };

/* What of L1's registers L2 goes on with if L1's entry controls load nothing else. */
struct l1_state { u64 efer, pat, dr7, debugctl; };

union vmcs_page { u32 revision; u8 bytes[PAGE_SIZE]; };

struct nested {
	/* VMX operation of L1 */
	bool in_vmx_operation;
	u8 entry_pending;             /* L1's entry has not reached hardware yet: ENTRY_RESUME or ENTRY_LAUNCH, 0: none */
	bool msrs_due;                /* the entry under way fails at our own MSR area: L1's comes then */
	bool exit_forced;             /* vmcs02's preemption timer is ours, to come back right after the entry */
	u64 vmxon_pointer;

	/* the current vmcs12 */
	u64 current;                  /* L1's address of it, NO_VMCS */
	u64 value[FIELD_COUNT];
	struct controls controls;     /* in force: secondary 0 unless activated */
	u8 launched12;                /* 0 or 1 */
	bool is_shadow12;             /* not to be entered with */
	u32 stale;
	u32 always_stale;             /* STALE_THRESHOLD where an entry compares the TPR threshold with L1's memory */
	struct host_image host;
	struct left_over left;
	struct l1_state l1;
	const u64 *msr_bitmap12;      /* L1's MSR bitmap in its window, which stays as it is until controls change; NULL: none in use or not in RAM */

	/* vmcs02 */
	union vmcs_page *vmcs02;
	hpa_t vmcs02_page;
	u64 written[FIELD_COUNT];     /* controls as they were last written to vmcs02 */
	struct controls merged;       /* of L1 and ours, as in vmcs02 without windows of L0's */
	struct tsc02 { u64 base, offset, multiplier; } tsc; /* in vmcs02, computed for base as L1's offset */
	u64 timer_deadline;           /* of L1's preemption timer, in the machine's TSC */
	u64 timer12;                  /* L1's preemption timer at the entry: an exit gives it back unless it is to save what is left */
	u64 cache_bits;               /* CD and NW as vmcs02's shadow has them */
	u64 launched02;
	u64 *msr_bitmap02;
	struct bitmap_open msr_open;  /* where it follows L1's */
	bool has_open_x2apic;
	u64 eptp02;                   /* as in vmcs02 */
	u32 ept02_root;
	struct ept_mode ept;
	struct ept12_walk walk12;     /* of the access being handled */
	struct ept02_leaf leaf01;     /* where it leads to */
	struct ept12_window { u64 page; u64 *entry; } ept12_window[EPT12_LEVELS]; /* L1's tables last looked at */
	struct ept02_pool ept02;
	struct flush_state flush;
	struct invvpid_operand vpid01, vpid02;
	hpa_t virtual_apic, apic_access, posted_descriptor; /* machine addresses, resolved with the controls */
	u64 apic_page12;              /* L1's address of an APIC-access page that EPT02 treats apart, NO_APIC_PAGE */
	bool window01, nmi_window01;  /* armed in vmcs01 while L2 runs */
	u64 tsc_offset01;             /* as in vmcs01 */
	u32 refusals_logged;
};

struct nested_machine {
	struct offer offer;
	struct controls ours;         /* vmcs01's */
	bool live[FIELD_COUNT];       /* kept in vmcs02 */
	u8 live_list[FIELD_COUNT];    /* the same, listed */
	u8 kept_data[FIELD_COUNT];    /* exit information kept in memory: saved at each exit */
	u8 copied[FIELD_COUNT];       /* controls vmcs02 has as L1 wrote them */
	u32 live_count, kept_data_count, copied_count;
	bool has_shadowing;
	bool has_preemption_timer;
	struct ept12_rules ept12_rules[2]; /* [1]: with mode-based execute control */
	const u8 *msr_bitmap01;
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

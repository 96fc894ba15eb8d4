/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether nested VMX works in a partition, as a checklist: facts go in (from a configuration on the host, from the CPU on the box), a verdict for
 * each row of nested_status.def comes out. Pure.
 */
#ifndef LAYOUT_NESTED_STATUS_H
#define LAYOUT_NESTED_STATUS_H

#include <stdbool.h>
#include <stdint.h>

/* Nobody may have looked. */
enum fact { FACT_UNKNOWN, FACT_NO, FACT_YES };

struct nested_facts {
	/* the layout */
	uint32_t ram_mib, cpu_count, pinned_cpus, ept02_pages;
	enum fact exposed, small_allowed, virtual_interrupts, layout_sound, emulator_has_vmx;
	/* the CPU */
	enum fact vtx, firmware_lock_open, ept, unrestricted_guest, vpid, vmcs_shadowing, apicv, preemption_timer, mitigations;
	/* where the box runs */
	enum fact in_nestbox, same_build, refuses_other_build;
	/* what has happened */
	enum fact mac_free, entries_succeed, pool_suffices;
};

enum verdict { VERDICT_OK, VERDICT_UNKNOWN, VERDICT_WARNING, VERDICT_FAILURE };

enum nested_check {
#define NESTED_CHECK(name, verdict, good, bad, remedy) NESTED_##name,
#include "layout/nested_status.def"
#undef NESTED_CHECK
	NESTED_CHECK_COUNT
};

/* good: what holds when all is well. bad: what does not, and what it costs. */
struct nested_words {
	const char *name, *good, *bad, *remedy;
};

/* check < NESTED_CHECK_COUNT */
enum verdict nested_check_verdict(const struct nested_facts *facts, enum nested_check check);
struct nested_words nested_check_words(enum nested_check check);

/* 0: works, 1: works with warnings, 2: does not work. What is unknown counts for nothing. */
int nested_status(const struct nested_facts *facts);

const char *verdict_name(enum verdict verdict);

#endif

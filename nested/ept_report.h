/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an access needs of L1's EPT, and what L1 reads when that says no: hardware's exit qualification, of which EPT02 is the subject, made one of
 * EPT12. Pure. Source: Intel SDM volume 3 "Exit Qualification for EPT Violations", "Accessed and Dirty Flags for EPT".
 */
#ifndef NESTED_EPT_REPORT_H
#define NESTED_EPT_REPORT_H

#include "nested/ept12.h"

#define QUALIFICATION_ACCESS   7ull           /* read, write, fetch: in the order of EPT_READ, EPT_WRITE, EPT_EXECUTE */
#define QUALIFICATION_RIGHTS_SHIFT 3
#define QUALIFICATION_EXECUTE_USER BIT(6)
#define QUALIFICATION_LINEAR   BIT(7)         /* there is a linear address */
#define QUALIFICATION_FINAL    BIT(8)         /* and the access is to what it translates to, not to a table on the way */
#define QUALIFICATION_USER     BIT(9)
#define QUALIFICATION_WRITABLE BIT(10)
#define QUALIFICATION_NX       BIT(11)
#define QUALIFICATION_ADVANCED (QUALIFICATION_USER | QUALIFICATION_WRITABLE | QUALIFICATION_NX)
#define QUALIFICATION_NMI      BIT(12)
#define QUALIFICATION_ALWAYS   (QUALIFICATION_ACCESS | QUALIFICATION_LINEAR | QUALIFICATION_FINAL)

/* How L1's EPT works under the controls in force; made by ept_mode.c. */
struct ept_mode {
	const struct ept12_rules *rules;
	u64 key;                      /* of the EPT02 root */
	u64 reported;                 /* bits of hardware's exit qualification that mean something to L1 */
	bool is_on;                   /* L1's EPT */
	bool uses_tables;             /* L2 runs on tables of EPT02: for that, or for its APIC-access page */
	bool flags;                   /* accessed and dirty flags */
	bool is_mode_based;
};

/* The rights an access needs in every entry of EPT12. */
static inline u64 ept_report_wants(const struct ept_mode *mode, u64 hardware)
{
	u64 access = hardware & QUALIFICATION_ACCESS;

	if (mode->is_mode_based && access & EPT_EXECUTE && hardware & QUALIFICATION_USER)
		return (access & ~EPT_EXECUTE) | EPT_EXECUTE_USER;
	return access;
}

/* Execute for user mode is a right of its own; a walk that counts as a write is a read as well. */
static inline u64 ept_report_special(const struct ept_mode *mode, u64 hardware, u64 rights12)
{
	bool in_tables = (hardware & (QUALIFICATION_LINEAR | QUALIFICATION_FINAL)) == QUALIFICATION_LINEAR;

	return (mode->is_mode_based && rights12 & EPT_EXECUTE_USER ? QUALIFICATION_EXECUTE_USER : 0) |
	       (mode->flags && in_tables ? EPT_READ | EPT_WRITE : 0);
}

/* rights12: what the entries of EPT12 that were walked have in common. */
static inline u64 ept_report_qualification(const struct ept_mode *mode, u64 hardware, u64 rights12)
{
	u64 qualification = (hardware & mode->reported) | (rights12 & EPT_RWX) << QUALIFICATION_RIGHTS_SHIFT;

	if (mode->flags | mode->is_mode_based)
		qualification |= ept_report_special(mode, hardware, rights12);
	return qualification;
}

/* May it become a #VE? By the entry that ended the walk, one that maps nothing or a leaf; bit 63 of other entries means nothing. */
static inline bool ept_report_is_convertible(const struct ept12_walk *walk)
{
	return walk->outcome != EPT12_MISCONFIGURED && !(walk->entry[walk->level] & EPT_SUPPRESS_VE);
}

#endif

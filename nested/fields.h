/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of VMCS fields (fields.def): where each is kept, which hardware may shadow. Pure.
 * Source: Intel SDM volume 3 "Use of the VMREAD and VMWRITE Instructions", appendix B "Field Encoding in VMCS".
 */
#ifndef NESTED_FIELDS_H
#define NESTED_FIELDS_H

#include "kernel/vmx/vmcs.h"
#include "nested/controls.h"

enum field_source { FIELD_SOURCE_LIVE, FIELD_SOURCE_DATA, FIELD_SOURCE_COPIED, FIELD_SOURCE_MERGED, FIELD_SOURCE_HOST, FIELD_SOURCE_SOFT };

enum field_index {
#define FIELD(name, source, save, exists) FIELD_##name,
#include "nested/fields.def"
#undef FIELD
	FIELD_COUNT
};

struct field {
	u32 encoding;
	u32 save_control;          /* VM-exit control that lets an exit change it; 0: none */
	u32 exists_bit;
	u8 exists_group;           /* enum control_group; GROUP_NONE: always there */
	u8 source;
};

extern const struct field fields[FIELD_COUNT];

enum field_type { FIELD_TYPE_CONTROL, FIELD_TYPE_DATA, FIELD_TYPE_GUEST, FIELD_TYPE_HOST };
static inline enum field_type field_type(u32 encoding) { return encoding >> 10 & 3; }

/* All ones in the bits the field has; the same for each row. */
u64 field_mask(u32 encoding);
extern const u64 field_masks[FIELD_COUNT];
/* Index of the field an encoding names (full or, for 64-bit fields, high part), -1 for none. */
int fields_find(u64 encoding);
static inline bool field_is_high_part(u64 encoding) { return encoding & 1; }
/* What VMREAD gives of a field; the field once VMWRITE has given it a new high part. */
static inline u64 field_part(u64 encoding, u64 value) { return field_is_high_part(encoding) ? value >> 32 : value; }
static inline u64 field_with_high_part(u64 old, u64 high) { return (u32)old | high << 32; }
/* offered: the controls L1 may set (high halves of its capability MSRs). */
bool field_exists(enum field_index index, const struct controls *offered);
/* Highest index in use for IA32_VMX_VMCS_ENUM. */
u64 fields_vmcs_enum(const struct controls *offered);

/* May L1 reach the field in vmcs02 without an exit? Never a control, host, address or link field. */
bool field_is_shadowable(enum field_index index);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups over fields.def; see fields.h. */
#include "nested/fields.h"

#define ALWAYS GROUP_NONE, 0
#define WITH(group, bit) GROUP_##group, bit
#define ROW(name, source, save, group, bit) { VMCS_##name, save, bit, group, FIELD_SOURCE_##source },
#define ROW_EXPANDED(...) ROW(__VA_ARGS__)

const struct field fields[FIELD_COUNT] = {
#define FIELD(name, source, save, exists) ROW_EXPANDED(name, source, save, exists)
#include "nested/fields.def"
#undef FIELD
};

/* An encoding is width (bits 14:13), type (11:10), index (9:1) and part (0); no field we know has an index above 31. */
#define INDEX_COUNT 32
#define PLACE(encoding) [(encoding) >> 13 & 3][(encoding) >> 10 & 3][(encoding) >> 1 & 0x1FF]

/* Two rows with one encoding, or an index out of range, do not compile. */
static const u8 places[4][4][INDEX_COUNT] = {
#define FIELD(name, source, save, exists) PLACE(VMCS_##name) = FIELD_##name + 1,
#include "nested/fields.def"
#undef FIELD
};
_Static_assert(FIELD_COUNT < 255, "places[] holds bytes");

enum width { WIDTH_16, WIDTH_64, WIDTH_32, WIDTH_NATURAL };

static enum width width_of(u64 encoding)
{
	return encoding >> 13 & 3;
}

u64 field_mask(u32 encoding)
{
	static const u64 masks[] = { [WIDTH_16] = 0xFFFF, [WIDTH_64] = ~0ull, [WIDTH_32] = 0xFFFFFFFF, [WIDTH_NATURAL] = ~0ull };

	return masks[width_of(encoding)];
}

const u64 field_masks[FIELD_COUNT] = {
#define WIDTH(name) ((VMCS_##name) >> 13 & 3)
#define FIELD(name, source, save, exists) WIDTH(name) == WIDTH_16 ? 0xFFFF : WIDTH(name) == WIDTH_32 ? 0xFFFFFFFF : ~0ull,
#include "nested/fields.def"
#undef FIELD
};

int fields_find(u64 encoding)
{
	u64 index = encoding >> 1 & 0x1FF;

	if (encoding >> 15 || encoding & BIT(12) || index >= INDEX_COUNT)
		return -1;
	if (field_is_high_part(encoding) && width_of(encoding) != WIDTH_64)
		return -1;
	return places[encoding >> 13 & 3][encoding >> 10 & 3][index] - 1;
}

bool field_exists(enum field_index index, const struct controls *offered)
{
	const struct field *field = &fields[index];

	return field->exists_group == GROUP_NONE || controls_has(offered, field->exists_group, field->exists_bit);
}

u64 fields_vmcs_enum(const struct controls *offered)
{
	u64 highest = 0;

	for (enum field_index i = 0; i < FIELD_COUNT; i++)
		if (field_exists(i, offered))
			highest = max_u64(highest, fields[i].encoding >> 1 & 0x1FF);
	return highest << 1;
}

bool field_is_shadowable(enum field_index index)
{
	return fields[index].source == FIELD_SOURCE_LIVE || fields[index].source == FIELD_SOURCE_DATA;
}

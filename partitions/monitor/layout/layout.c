/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Placing partitions in RAM, and the interpreter of layout.def; see layout.h.
 */
#include "layout/layout.h"

#include <stdio.h>
#include <string.h>

#define GIB_IN_MIB 1024u
#define DISK_FIXED_MIB 16u /* partition tables, slot record, boot loader and hypervisor */
#define FIRST_MENU "Partition > "

uint32_t layout_cpu_count(uint64_t cpus)
{
	uint32_t count = 0;

	for (; cpus; cpus &= cpus - 1)
		count++;
	return count;
}

static uint64_t cpu_mask(uint32_t count)
{
	return count >= LAYOUT_CPUS_MAX ? ~0ull : ((uint64_t)1 << count) - 1;
}

static size_t count_of(const struct layout *l)
{
	return l->count < LAYOUT_PARTITIONS_MAX ? l->count : LAYOUT_PARTITIONS_MAX;
}

static size_t nested_count(const struct layout *l)
{
	size_t nested = 0;

	for (size_t i = 0; i < count_of(l); i++)
		nested += l->partitions[i].is_nested;
	return nested;
}

static bool name_is_good(const char *name)
{
	size_t length = 0;

	for (; length < LAYOUT_NAME_BYTES && name[length]; length++) {
		char c = name[length];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return length >= 1 && length < LAYOUT_NAME_BYTES;
}

static bool label_is_good(const char *label)
{
	size_t length = 0;

	for (; label[length]; length++) {
		char c = label[length];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '-' && c != '.')
			return false;
	}
	return length < LAYOUT_LABEL_BYTES;
}

static bool name_is_alone(const struct layout *l, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strncmp(l->partitions[k].name, l->partitions[i].name, LAYOUT_NAME_BYTES) == 0)
			return false;
	return true;
}

static bool cpus_are_own(const struct layout *l, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (pins_mask(&l->partitions[k].pins) & pins_mask(&l->partitions[i].pins))
			return false;
	return true;
}

static bool is_pinned_once(const struct layout_partition *p)
{
	return p->pins.count == p->cpu_count && layout_cpu_count(pins_mask(&p->pins)) == p->cpu_count;
}

void layout_pin(struct layout *layout)
{
	uint64_t taken = 0;

	for (size_t i = 0; i < count_of(layout); i++)
		if (layout->partitions[i].is_pinned)
			taken |= pins_mask(&layout->partitions[i].pins);
	for (size_t i = 0; i < count_of(layout); i++) {
		struct layout_partition *p = &layout->partitions[i];

		if (p->is_pinned)
			continue;
		p->pins.count = 0;
		pins_fill(&p->pins, p->cpu_count, taken);
		taken |= pins_mask(&p->pins);
	}
}

static uint64_t cpus_of_all(const struct layout *l)
{
	uint64_t cpus = 0;

	for (size_t i = 0; i < count_of(l); i++)
		cpus |= pins_mask(&l->partitions[i].pins);
	return cpus;
}

uint32_t layout_cpus_needed(const struct layout *l)
{
	uint64_t cpus = cpus_of_all(l);

	return cpus ? LAYOUT_CPUS_MAX - (uint32_t)__builtin_clzll(cpus) : 0;
}

uint32_t layout_cpus_started(const struct layout *l)
{
	return layout_cpu_count(cpus_of_all(l) | 1); /* CPU 0 starts the box, whosever it is */
}

static bool share_ram(const struct layout_partition *a, const struct layout_partition *b)
{
	return a->is_placed && b->is_placed && (uint64_t)a->base_mib < (uint64_t)b->base_mib + b->ram_mib &&
	       (uint64_t)b->base_mib < (uint64_t)a->base_mib + a->ram_mib;
}

static bool overlaps_none(const struct layout *l, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (share_ram(&l->partitions[k], &l->partitions[i]))
			return false;
	return true;
}

static bool is_ram(const struct layout *l, const struct layout_partition *p)
{
	uint64_t end = (uint64_t)p->base_mib + p->ram_mib;

	if (p->base_mib < LAYOUT_OWN_END_MIB || end > l->board_ram_mib)
		return false;
	return end <= LAYOUT_HOLE_MIB || p->base_mib >= LAYOUT_HOLE_END_MIB;
}

/* The lowest multiple of `step` where partition i fits. */
static bool place_at_step(struct layout *l, size_t i, uint32_t step)
{
	struct layout_partition *p = &l->partitions[i];

	p->is_placed = true;
	for (uint64_t at = (LAYOUT_OWN_END_MIB + step - 1) / step * step; at + p->ram_mib <= l->board_ram_mib; at += step) {
		p->base_mib = (uint32_t)at;
		if (is_ram(l, p) && overlaps_none(l, i))
			return true;
	}
	p->is_placed = false;
	p->base_mib = 0;
	return false;
}

void layout_place(struct layout *layout)
{
	for (size_t i = 0; i < count_of(layout); i++)
		if (!place_at_step(layout, i, GIB_IN_MIB))
			(void)place_at_step(layout, i, 2);
}

uint64_t layout_disk_mib(const struct layout *l)
{
	uint64_t sum = DISK_FIXED_MIB;

	for (size_t i = 0; i < count_of(l); i++)
		sum += 2 * (uint64_t)l->partitions[i].slot_mib + l->partitions[i].data_mib;
	return sum;
}

/* Does the row hold for partition i? Rows about the box are asked with the first. */
static bool rule_holds(const struct layout *l, enum layout_rule rule, size_t i)
{
	const struct layout_partition *p = &l->partitions[i];

	switch (rule) {
#define LAYOUT_RULE(name, holds, menu, wrong, remedy) \
	case LAYOUT_##name:                           \
		return holds;
#define LAYOUT_BOX_RULE(name, holds, menu, wrong, remedy) \
	case LAYOUT_##name:                               \
		return i != 0 || (holds);
#include "layout/layout.def"
#undef LAYOUT_RULE
#undef LAYOUT_BOX_RULE
	default:
		return true;
	}
}

struct layout_words layout_rule_words(enum layout_rule rule)
{
#define LAYOUT_RULE(name, holds, menu, wrong, remedy) [LAYOUT_##name] = { #name, menu, wrong, remedy },
#define LAYOUT_BOX_RULE LAYOUT_RULE
	static const struct layout_words words[LAYOUT_RULE_COUNT] = {
#include "layout/layout.def"
	};
#undef LAYOUT_RULE
#undef LAYOUT_BOX_RULE

	return words[(unsigned int)rule < LAYOUT_RULE_COUNT ? rule : LAYOUT_FINE];
}

bool layout_text_for(const char *text, size_t partition, char out[LAYOUT_TEXT_BYTES])
{
	static const char *const menus[LAYOUT_PARTITIONS_MAX] = { "Partition > ", "Second partition > ", "Third partition > ", "Fourth partition > " };
	const char *menu = menus[partition % LAYOUT_PARTITIONS_MAX], *found;
	size_t used = 0;

	for (; (found = strstr(text, FIRST_MENU)); text = found + strlen(FIRST_MENU)) {
		int more = snprintf(out + used, LAYOUT_TEXT_BYTES - used, "%.*s%s", (int)(found - text), text, menu);

		used += (size_t)more;
		if (used >= LAYOUT_TEXT_BYTES)
			return false;
	}
	return (size_t)snprintf(out + used, LAYOUT_TEXT_BYTES - used, "%s", text) < LAYOUT_TEXT_BYTES - used;
}

bool layout_refuse_next(const struct layout *layout, enum layout_rule *rule, size_t *partition)
{
	size_t partitions = count_of(layout) ? count_of(layout) : 1, i = *partition;
	unsigned int next = *rule;

	if (next == LAYOUT_FINE) {
		next = LAYOUT_FINE + 1;
		i = 0;
	} else {
		i++;
	}
	for (; next < LAYOUT_RULE_COUNT; next++, i = 0) {
		for (; i < partitions; i++) {
			if (rule_holds(layout, (enum layout_rule)next, i))
				continue;
			*rule = (enum layout_rule)next;
			*partition = i;
			return true;
		}
		if (next == LAYOUT_PARTITION_COUNT && count_of(layout) != layout->count)
			return false;
	}
	return false;
}

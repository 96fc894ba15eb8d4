/* SPDX-License-Identifier: Apache-2.0 */
/* layout: every row of layout.def is triggered once, alone; placing follows the kernel's rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "layout/layout.h"

static void pin(struct layout_partition *p, const char *list)
{
	p->is_pinned = true;
	p->list_is_read = pins_parse(list, &p->pins);
}

static struct layout sound(void)
{
	struct layout l = { .board_ram_mib = 12288, .board_cpus = 4, .board_devices = LAYOUT_DEVICE_DISK | LAYOUT_DEVICE_CARD,
			    .board_disk_mib = 1024, .label = "box-1.0", .count = 2 };

	l.partitions[0] = (struct layout_partition){ .name = "control", .ram_mib = 64, .cpu_count = 1, .slot_mib = 16, .data_mib = 16,
						     .image_bytes = 1 << 20 };
	l.partitions[1] = (struct layout_partition){ .name = "debian-kvm", .ram_mib = 4096, .cpu_count = 2, .is_nested = true,
						     .devices = LAYOUT_DEVICE_DISK | LAYOUT_DEVICE_CARD, .slot_mib = 128, .data_mib = 64,
						     .image_bytes = 100 << 20,
						     .has_network = true, .mac_is_read = true, .mac = { 2 } };
	pin(&l.partitions[0], "0");
	pin(&l.partitions[1], "2,1");
	return l;
}

/* The rows that refuse, as a set, and the partition of the last. */
static uint64_t refused(const struct layout *l, size_t *partition)
{
	enum layout_rule rule = LAYOUT_FINE;
	uint64_t set = 0;
	size_t at = 0;

	while (layout_refuse_next(l, &rule, &at)) {
		assert_true(rule < LAYOUT_RULE_COUNT);
		set |= 1ull << rule;
		*partition = at;
	}
	return set;
}

static void break_it(struct layout *l, enum layout_rule rule)
{
	struct layout_partition *p = &l->partitions[1];

	switch (rule) {
	case LAYOUT_BOARD_CPUS: l->board_cpus = 65; break;
	case LAYOUT_NESTED_ONE: l->partitions[0].is_nested = l->partitions[0].may_be_small = true; break;
	case LAYOUT_DISK_SMALL: l->board_disk_mib = 370; break;
	case LAYOUT_NAME: strcpy(p->name, "Debian KVM"); break;
	case LAYOUT_NAME_TWICE: strcpy(p->name, "control"); break;
	case LAYOUT_RAM_LEAST: l->partitions[0].ram_mib = 62; break;
	case LAYOUT_RAM_UNEVEN: p->ram_mib = 4097; break;
	case LAYOUT_RAM_PIECE: p->ram_mib = 65536; break;
	case LAYOUT_CPU_NONE: p->cpu_count = 0; pin(p, ""); break;
	case LAYOUT_CPU_LIST: pin(p, "1-"); break;
	case LAYOUT_CPU_PINS: pin(p, "1,2,2"); break;
	case LAYOUT_CPU_BOARD: pin(p, "1,4"); break;
	case LAYOUT_CPU_SHARED: pin(p, "1,0"); break;
	case LAYOUT_CPUS_STARTED: l->board_cpus = 64, p->cpu_count = 8, pin(p, "1-8"); break;
	case LAYOUT_NESTED_RAM: p->ram_mib = 4094; break;
	case LAYOUT_DISK_MISSING: l->board_devices = LAYOUT_DEVICE_CARD; break;
	case LAYOUT_CARD_MISSING: l->board_devices = LAYOUT_DEVICE_DISK; break;
	case LAYOUT_LABEL: strcpy(l->label, "a b"); break;
	case LAYOUT_MAC_FORM: memset(p->mac, 0, sizeof(p->mac)); break;
	case LAYOUT_MAC_GROUP: p->mac[0] = 3; break;
	case LAYOUT_SLOT_IMAGE: p->image_bytes = (128 << 20) + 1; break;
	default: break;
	}
}

static void break_placed(struct layout *l, enum layout_rule rule)
{
	struct layout_partition *p = &l->partitions[1];

	if (rule == LAYOUT_RAM_ALIGNED)
		p->base_mib += 1;
	if (rule == LAYOUT_RAM_OUTSIDE)
		p->base_mib = 10240;
	if (rule == LAYOUT_RAM_OVERLAP)
		l->partitions[0].base_mib = p->base_mib + 4094;
}

static void test_a_sound_layout_passes(void **state)
{
	struct layout l = sound();
	size_t partition;

	layout_place(&l);
	assert_int_equal(refused(&l, &partition), 0);
	assert_int_equal(l.partitions[0].base_mib, 1024);
	assert_int_equal(l.partitions[1].base_mib, 4096);
}

static void test_every_row_refuses(void **state)
{
	for (unsigned int rule = 1; rule < LAYOUT_RULE_COUNT; rule++) {
		struct layout l = sound();
		struct layout_words words = layout_rule_words((enum layout_rule)rule);
		size_t partition = 9;

		if (rule == LAYOUT_PARTITION_COUNT || rule == LAYOUT_BOARD_RAM)
			continue; /* below: nothing can be placed then */
		break_it(&l, (enum layout_rule)rule);
		layout_place(&l);
		break_placed(&l, (enum layout_rule)rule);
		print_message("%s\n", words.name);
		assert_int_equal(refused(&l, &partition), 1ull << rule);
		assert_true(words.menu && words.wrong && words.remedy && *words.menu && *words.wrong && *words.remedy);
	}
}

static void test_counts(void **state)
{
	static const size_t bad[] = { 0, 5, (size_t)-1 };
	size_t partition = 0;

	for (size_t i = 0; i < 3; i++) {
		struct layout l = sound();

		l.count = bad[i];
		layout_place(&l);
		assert_true(refused(&l, &partition) & 1ull << LAYOUT_PARTITION_COUNT);
	}
}

static void test_a_board_without_ram(void **state)
{
	struct layout l = sound();
	size_t partition = 0;

	l.board_ram_mib = 48;
	layout_place(&l);
	assert_int_equal(refused(&l, &partition), 1ull << LAYOUT_BOARD_RAM | 1ull << LAYOUT_RAM_PIECE);
	assert_int_equal(partition, 1);
}

static void test_four_partitions(void **state)
{
	struct layout l = { .board_ram_mib = 3072, .board_cpus = 4, .count = 4 };
	size_t partition;

	for (unsigned int i = 0; i < 4; i++) {
		l.partitions[i] = (struct layout_partition){ .ram_mib = 400, .cpu_count = 1 };
		snprintf(l.partitions[i].name, LAYOUT_NAME_BYTES, "p%u", i);
	}
	layout_pin(&l);
	layout_place(&l);
	assert_int_equal(refused(&l, &partition), 0);
	assert_int_equal(l.partitions[0].base_mib, 1024);
	assert_int_equal(l.partitions[1].base_mib, 2048);
	assert_int_equal(l.partitions[2].base_mib, 48);
	assert_int_equal(l.partitions[3].base_mib, 448);
}

static void test_labels(void **state)
{
	struct layout l = sound();
	size_t partition;

	layout_place(&l);
	memset(l.label, 'a', LAYOUT_LABEL_BYTES - 1);
	l.label[LAYOUT_LABEL_BYTES - 1] = '\0';
	assert_int_equal(refused(&l, &partition), 0);
	l.label[LAYOUT_LABEL_BYTES - 1] = 'a';
	assert_int_equal(refused(&l, &partition), 1ull << LAYOUT_LABEL);
	*l.label = '\0';
	assert_int_equal(refused(&l, &partition), 0);
}

/* A row is written for the first partition; others have menus of their own. */
static void test_menus_of_partitions(void **state)
{
	char text[LAYOUT_TEXT_BYTES], huge[LAYOUT_TEXT_BYTES + 1];

	assert_true(layout_text_for("Partition > CPUs", 0, text));
	assert_string_equal(text, "Partition > CPUs");
	assert_true(layout_text_for("lower Partition > CPUs or Partition > Name", 2, text));
	assert_string_equal(text, "lower Third partition > CPUs or Third partition > Name");
	for (unsigned int rule = 1; rule < LAYOUT_RULE_COUNT; rule++) {
		struct layout_words words = layout_rule_words((enum layout_rule)rule);

		assert_true(layout_text_for(words.menu, 3, text) && layout_text_for(words.remedy, 1, text));
	}
	memset(huge, 'a', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	assert_false(layout_text_for(huge, 1, text));
}

/* Who names no CPUs gets what the others leave, in order. */
static void test_pinning(void **state)
{
	struct layout l = { .board_ram_mib = 3072, .board_cpus = 8, .count = 3 };

	for (unsigned int i = 0; i < 3; i++)
		l.partitions[i].cpu_count = 2;
	pin(&l.partitions[1], "1,4");
	layout_pin(&l);
	assert_memory_equal(l.partitions[0].pins.cpus, ((uint8_t[]){ 0, 2 }), 2);
	assert_memory_equal(l.partitions[1].pins.cpus, ((uint8_t[]){ 1, 4 }), 2);
	assert_memory_equal(l.partitions[2].pins.cpus, ((uint8_t[]){ 3, 5 }), 2);
	assert_int_equal(layout_cpus_needed(&l), 6);
	assert_int_equal(layout_cpus_started(&l), 6);
	pin(&l.partitions[0], "6,7");
	layout_pin(&l);
	assert_memory_equal(l.partitions[2].pins.cpus, ((uint8_t[]){ 0, 2 }), 2);
	pin(&l.partitions[2], "2,3");
	layout_pin(&l);
	assert_int_equal(layout_cpus_needed(&l), 8);
	assert_int_equal(layout_cpus_started(&l), 7);
}

static void test_unknown_rule(void **state)
{
	assert_null(layout_rule_words(LAYOUT_RULE_COUNT).name);
	assert_null(layout_rule_words(LAYOUT_FINE).name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_sound_layout_passes), cmocka_unit_test(test_every_row_refuses), cmocka_unit_test(test_counts),
		cmocka_unit_test(test_a_board_without_ram),   cmocka_unit_test(test_four_partitions),   cmocka_unit_test(test_unknown_rule),
		cmocka_unit_test(test_pinning),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_menus_of_partitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

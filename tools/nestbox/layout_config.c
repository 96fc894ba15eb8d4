/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbols of Kconfig as a layout; see layout_config.h.
 */
#include "layout_config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum exit_code layout_config_open(const char *path, struct input_file *input, struct config_text *config)
{
	char value[CONFIG_VALUE_BYTES];
	enum exit_code code = input_open(path, input);

	if (code)
		return code;
	*config = (struct config_text){ (const char *)input->bytes, (size_t)input->size };
	/* what was built from one has its lines, too */
	if (config_find(input->bytes, input->size, config) || config_value(*config, "PARTITION_NAME", value))
		return EXIT_OK;
	input_close(input);
	return report_error(EXIT_REFUSED,
			    "%s is no configuration, and has none inside; name a whole .config (make NAME_defconfig writes it), build/nestbox.elf or "
			    "an image with it",
			    path);
}

static uint64_t first_cpus(uint32_t count)
{
	return count >= LAYOUT_CPUS_MAX ? ~0ull : ((uint64_t)1 << count) - 1;
}

static void pins_from_config(struct config_text config, const char *symbol, struct layout_partition *p)
{
	char list[CONFIG_VALUE_BYTES] = "";
	bool is_short = config_value(config, symbol, list) || !config_has(config, symbol); /* what is older says nothing of it */

	p->is_pinned = !is_short || *list;
	p->list_is_read = is_short && pins_parse(list, &p->pins);
}

static void network_from_config(struct config_text config, struct layout_partition *p)
{
	char mac[CONFIG_VALUE_BYTES];

	p->has_network = config_is_set(config, "PARTITION_PCI_NETWORK");
	p->may_spoof = config_is_set(config, "PARTITION_MAC_SPOOFING");
	p->mac_is_read = config_value(config, "PARTITION_MAC", mac) && mac_parse(mac, p->mac);
}

/* The emulators have what a box may lack. */
static void board_from_config(struct config_text config, struct layout *layout)
{
	char label[CONFIG_VALUE_BYTES] = "";
	bool is_own = config_is_set(config, "MACHINE_OWN");

	layout->board_devices = !is_own || config_is_set(config, "MACHINE_OWN_DISK") ? LAYOUT_DEVICE_DISK : 0;
	if (!is_own || config_is_set(config, "MACHINE_OWN_CARD"))
		layout->board_devices |= LAYOUT_DEVICE_CARD;
	if (!config_value(config, "BUILD_LABEL", label) && config_has(config, "BUILD_LABEL"))
		memset(label, '-', LAYOUT_LABEL_BYTES); /* too long to be read */
	memcpy(layout->label, label, LAYOUT_LABEL_BYTES);
}

static void disk_from_config(struct config_text config, struct layout *layout)
{
	struct layout_partition *p = &layout->partitions[0];

	if (!config_is_set(config, "DISK_ATA") && !config_is_set(config, "DISK_PCI"))
		return;
	p->devices |= LAYOUT_DEVICE_DISK;
	(void)config_number(config, "SLOT_MIB", &p->slot_mib);
	(void)config_number(config, "DATA_MIB", &p->data_mib);
	(void)config_number(config, "DISK_MIB", &layout->board_disk_mib);
}

/* The partition behind the first that PARTITIONn_ describes. False: something is missing. */
static bool take_other(struct config_text config, struct layout *layout, unsigned int number)
{
	struct layout_partition *p = &layout->partitions[layout->count];
	char symbol[sizeof("PARTITION4_CPU_LIST")], name[CONFIG_VALUE_BYTES] = "";

	snprintf(symbol, sizeof(symbol), "PARTITION%u_RAM_MIB", number);
	if (!config_number(config, symbol, &p->ram_mib))
		return false;
	snprintf(symbol, sizeof(symbol), "PARTITION%u_CPUS", number);
	if (!config_number(config, symbol, &p->cpu_count))
		return false;
	snprintf(symbol, sizeof(symbol), "PARTITION%u_NAME", number);
	if (config_value(config, symbol, name) && strlen(name) < LAYOUT_NAME_BYTES)
		memcpy(p->name, name, strlen(name) + 1);
	snprintf(symbol, sizeof(symbol), "PARTITION%u_CPU_LIST", number);
	pins_from_config(config, symbol, p);
	layout->count++;
	return true;
}

enum exit_code layout_from_config(const char *path, struct config_text config, struct layout *layout)
{
	struct layout_partition *p = &layout->partitions[0];
	char name[CONFIG_VALUE_BYTES] = "";
	const struct {
		const char *symbol;
		uint32_t *value;
	} numbers[] = {
		{ "PARTITION_RAM_MIB", &p->ram_mib },
		{ "PARTITION_CPUS", &p->cpu_count },
		{ "MACHINE_RAM_MIB", &layout->board_ram_mib },
		{ "MACHINE_CPUS", &layout->board_cpus },
	};

	memset(layout, 0, sizeof(*layout));
	layout->count = 1;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!config_number(config, numbers[i].symbol, numbers[i].value))
			return report_error(EXIT_REFUSED, "%s: CONFIG_%s is missing or no number; load it first: make NAME_defconfig", path,
					    numbers[i].symbol);
	/* a name too long is refused by its rule as an empty one is */
	if (config_value(config, "PARTITION_NAME", name) && strlen(name) < LAYOUT_NAME_BYTES)
		memcpy(p->name, name, strlen(name) + 1);
	pins_from_config(config, "PARTITION_CPU_LIST", p);
	p->is_nested = config_is_set(config, "PARTITION_NESTED");
	p->may_be_small = config_is_set(config, "PARTITION_NESTED_SMALL");
	network_from_config(config, p);
	board_from_config(config, layout);
	disk_from_config(config, layout);
	p->devices |= p->has_network ? LAYOUT_DEVICE_CARD : 0;
	uint32_t partitions = 1; /* what is older says nothing of it */

	(void)config_number(config, "PARTITIONS", &partitions);
	for (unsigned int n = 2; n <= partitions; n++)
		if (n > LAYOUT_PARTITIONS_MAX || !take_other(config, layout, n))
			return report_error(EXIT_REFUSED, "%s: partition %u is not described; load it first: make NAME_defconfig", path, n);
	layout_pin(layout);
	layout_place(layout);
	return EXIT_OK;
}

enum exit_code layout_open(const char *path, struct layout *layout)
{
	struct input_file input;
	struct config_text config;
	enum exit_code code = layout_config_open(path, &input, &config);

	if (code)
		return code;
	code = layout_from_config(path, config, layout);
	input_close(&input);
	return code;
}

enum exit_code layout_check_print(const struct layout *layout)
{
	enum layout_rule rule = LAYOUT_FINE;
	enum exit_code code = EXIT_OK;
	size_t i = 0;

	while (layout_refuse_next(layout, &rule, &i)) {
		struct layout_words words = layout_rule_words(rule);
		char menu[LAYOUT_TEXT_BYTES], remedy[LAYOUT_TEXT_BYTES];

		(void)layout_text_for(words.menu, i, menu);
		(void)layout_text_for(words.remedy, i, remedy);
		code = report_error(EXIT_REFUSED, "layout refused: %s: %s: %s; %s", menu, layout->count ? layout->partitions[i].name : "", words.wrong,
				    remedy);
	}
	return code;
}

static enum fact fact_of(bool is_so)
{
	return is_so ? FACT_YES : FACT_NO;
}

/* What the models of Bochs that have been tried can do; of others nothing is said. */
static void emulator_facts(struct config_text config, struct nested_facts *facts)
{
	char model[CONFIG_VALUE_BYTES];

	if (config_is_set(config, "MACHINE_OWN"))
		return;
	if (config_is_set(config, "MACHINE_QEMU")) {
		facts->emulator_has_vmx = access("/dev/kvm", F_OK) ? FACT_NO : FACT_UNKNOWN;
		return;
	}
	facts->emulator_has_vmx = FACT_YES;
	if (!config_value(config, "MACHINE_MODEL", model) || strcmp(model, "corei7_skylake_x"))
		return;
	facts->vtx = facts->firmware_lock_open = facts->ept = facts->unrestricted_guest = FACT_YES;
	facts->vmcs_shadowing = FACT_YES;
}

struct nested_facts nested_facts_from_config(struct config_text config, const struct layout *layout)
{
	const struct layout_partition *p = &layout->partitions[0];
	uint64_t machine = first_cpus(layout->board_cpus);
	enum layout_rule rule = LAYOUT_FINE;
	size_t at = 0;
	struct nested_facts facts = {
		.ram_mib = p->ram_mib,
		.cpu_count = p->cpu_count,
		.pinned_cpus = layout_cpu_count(pins_mask(&p->pins) & machine),
		.exposed = fact_of(p->is_nested),
		.small_allowed = fact_of(p->may_be_small),
		.virtual_interrupts = p->is_nested ? fact_of(config_is_set(config, "NESTED_VIRTUAL_INTERRUPTS")) : FACT_UNKNOWN,
		.layout_sound = fact_of(!layout_refuse_next(layout, &rule, &at)),
		.mac_free = fact_of(!p->has_network || p->may_spoof),
		.refuses_other_build = fact_of(config_is_set(config, "PARENT_BUILD_REFUSE")),
	};

	(void)config_number(config, "NESTED_EPT02_PAGES", &facts.ept02_pages);
	emulator_facts(config, &facts);
	return facts;
}

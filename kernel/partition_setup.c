/* SPDX-License-Identifier: Apache-2.0 */
/* From the configuration's rows to partitions that can be entered; see partition_setup.h. Owns the rows. */
#include "kernel/partition_setup.h"

#include "bsp/cpu.h"
#include "bsp/memory/string.h"
#include "bsp/timer/lapic.h"
#include "bsp/timer/seed.h"
#include "bsp/timer/tsc.h"
#include "kernel/arch_capabilities.h"
#include "kernel/build_identity.h"
#include "kernel/config_text.h"
#include "kernel/crash.h"
#include "kernel/log.h"
#include "kernel/vmx/vmcs.h"
#include "kernel/vmx/vmx.h"

static const struct partition_plan plans[CONFIG_PARTITIONS] = {
	{ CONFIG_PARTITION_NAME, CONFIG_ROLE_UUID, CONFIG_PARTITION_CPUS, CONFIG_PARTITION_RAM_MIB, CONFIG_ON_CRASH, CONFIG_ON_POWER_OFF, CONFIG_NESTED_ON },
	CONFIG_OTHER_PARTITIONS
};

/* The machine's CPU of each CPU of the partitions, one partition after the other. */
static const u8 pins[CONFIG_CPUS] = { CONFIG_CPU_PINS };

struct partition partitions[CONFIG_PARTITIONS];

void partition_setup_plan(void)
{
	u32 cpu = 0;

	for (u32 i = 0; i < CONFIG_PARTITIONS; i++) {
		struct partition *p = &partitions[i];

		p->plan = &plans[i];
		p->number = i;
		p->first_cpu = cpu;
		p->cpu_count = plans[i].cpu_count;
		p->vcpus = &vcpus[cpu];
		for (u32 n = 0; n < p->cpu_count; n++)
			percpu[cpu++].partition = p;
	}
}

static u32 apic_id_of(const struct board_info *board, u32 machine_cpu)
{
	u32 boot_id = lapic_id();

	for (u32 i = 0; machine_cpu && i < board->cpu_count; i++)
		if (board->cpu_apic_ids[i] != boot_id && !--machine_cpu)
			return board->cpu_apic_ids[i];
	return boot_id;
}

void partition_setup_pin(const struct board_info *board)
{
	if (board->cpu_count < CONFIG_CPUS_NEEDED)
		refuse_to_start("the layout needs %u CPUs, this machine has %u: give the machine more CPUs or lower Partition > CPUs in menuconfig",
				CONFIG_CPUS_NEEDED, board->cpu_count);
	for (u32 i = 0; i < CONFIG_CPUS; i++) {
		percpu[i].machine_cpu = pins[i];
		percpu[i].apic_id = apic_id_of(board, pins[i]);
	}
}

/* What is taken for good is from then on no RAM of the map's. */
static void take(struct boot_info *info, hpa_t base, u64 bytes)
{
	if (!boot_info_add_region(info, (struct memory_region){ base.value, bytes, MEMORY_RESERVED }))
		refuse_to_start("the firmware's memory map is full: update the firmware");
}

static void carve(struct partition *p, const struct partition_box *box)
{
	u64 bytes = MIB(p->plan->ram_mib), ept_bytes = vmx_ept_bytes(bytes);
	struct carve_result ram, tables;

	if (!carve_ram(box->boot_info, box->own, bytes, &ram))
		refuse_to_start("the partition needs %u MiB of RAM in one piece, the largest is %lu MiB: give the machine more RAM or lower "
				"Partition > RAM in menuconfig", p->plan->ram_mib, ram.largest_bytes >> 20);
	take(box->boot_info, ram.base, bytes);
	if (!carve_ram(box->boot_info, box->own, ept_bytes, &tables))
		refuse_to_start("the partition's page tables need %lu MiB of RAM beside it, the largest piece left is %lu MiB: give the machine more "
				"RAM or lower Partition > RAM in menuconfig", ept_bytes >> 20, tables.largest_bytes >> 20);
	take(box->boot_info, tables.base, ept_bytes);
	p->ram = (struct guest_ram){ ram.base.value, bytes };
	p->alignment = ram.alignment;
	p->tables = tables.base;
	if (!vmx_build_ept(p))
		refuse_to_start("ring 0 has too few page tables for this layout: lower Partition > RAM in menuconfig");
}

void partition_setup_carve(const struct partition_box *box)
{
	for (u32 i = 0; i < CONFIG_PARTITIONS; i++)
		carve(&partitions[i], box);
}

bool partition_setup_carve_some(const struct partition_box *box)
{
	struct partition *p = &partitions[0];
	u64 bytes = MIB(p->plan->ram_mib);
	struct carve_result ram;

	if (!carve_ram(box->boot_info, box->own, bytes, &ram)) {
		bytes = ram.largest_bytes;
		if (!carve_ram(box->boot_info, box->own, bytes, &ram))
			return false;
	}
	p->ram = (struct guest_ram){ ram.base.value, bytes };
	p->cpu_count = 1;
	return true;
}

void partition_setup_cpuid(void)
{
	u64 capabilities = arch_capabilities_read();
	bool is_page_size_safe = partitions[0].ept.largest_level == 1 || !arch_has_page_size_defect(cpuid(1, 0).eax, capabilities);
	struct cpuid_config config = {
		.has_rdtscp = vmx_controls.secondary & SECONDARY_ENABLE_RDTSCP,
		.has_invpcid = vmx_controls.secondary & SECONDARY_ENABLE_INVPCID,
		.has_xsaves = vmx_controls.secondary & SECONDARY_ENABLE_XSAVES,
		.has_arch_capabilities = true,
		.tsc_hz = timer_tsc_hz(),
	};

	arch_capabilities_told = arch_capabilities_for_guest(capabilities, is_page_size_safe);
	memcpy(config.build_identity, build_identity, sizeof(config.build_identity));
	for (u32 i = 0; i < CONFIG_PARTITIONS; i++) {
		config.cpu_count = partitions[i].cpu_count;
		config.nested = partitions[i].plan->is_nested;
		cpuid_build(&partitions[i].cpuid, &config, cpuid);
	}
}

static bool is_text(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* A partition's image is the module that is called like it; the first partition's the first that is called like none. */
static const struct boot_module *module_of(const struct partition *p, const struct boot_info *info)
{
	for (u32 i = 0; i < info->module_count; i++) {
		u32 owner = 0;

		for (u32 k = 0; k < CONFIG_PARTITIONS; k++)
			if (is_text(info->modules[i].command_line, plans[k].name))
				owner = k;
		if (owner == p->number)
			return &info->modules[i];
	}
	return NULL;
}

/* Of the box's own: its disk, its network, its console, its crash report. */
static void tell_of_box(struct monitor_info *info, const struct partition_box *box)
{
	info->debug_exit = CONFIG_DEBUG_EXIT_ON;
	info->disk = CONFIG_DISK;
	info->network = CONFIG_NETWORK;
	info->confirm_by = CONFIG_CONFIRM_BY;
	info->heartbeat_seconds = CONFIG_HEARTBEAT_SECONDS;
	info->silence_seconds = CONFIG_HEARTBEAT_SILENCE_SECONDS;
	info->has_console = CONFIG_CONSOLE_ON;
	info->has_crash_report = box->has_crash_report;
}

void partition_setup_monitor(struct partition *p, const struct partition_box *box)
{
	const struct boot_module *module = module_of(p, box->boot_info);
	struct monitor_info *info = &p->monitor.info;

	*info = (struct monitor_info){
		.abi_version = MONITOR_ABI_VERSION,
		.cpu_count = p->cpu_count,
		.tsc_hz = timer_tsc_hz(),
		.tsc_offset = box->tsc_offset,
		.ram_bytes = p->ram.bytes,
		.module_bytes = module ? module->end - module->start : 0,
		.unix_time = box->unix_time,
		.physical_address_bits = cpuid(0x80000008, 0).eax & 0xFF,
		.hardware_revision = CONFIG_HARDWARE_REVISION,
		.nested = p->plan->is_nested,
		.on_crash = p->plan->on_crash,
		.on_power_off = p->plan->on_power_off,
		.security_version_floor = CONFIG_SECURITY_VERSION_FLOOR,
		.disk = DISK_NONE,
		.slot_tries = CONFIG_SLOT_TRIES,
		.vmx_pin = (u32)(vmx_capabilities.pin >> 32),
		.vmx_secondary = (u32)(vmx_capabilities.secondary >> 32),
		.vmx_ept_vpid = vmx_capabilities.ept_vpid,
		.arch_capabilities = arch_capabilities_read(),
		.parent = box->parent,
		.nested_virtual_interrupts = p->plan->is_nested && CONFIG_NESTED_VIRTUAL_INTERRUPTS_ON,
		.number = p->number,
		.partition_count = CONFIG_PARTITIONS,
	};
	p->monitor.memory_map = box->boot_info;
	if (!p->number)
		tell_of_box(info, box);
	memcpy(info->role_uuid, p->plan->role_uuid, sizeof(info->role_uuid));
	(void)format_text(info->partition_name, sizeof(info->partition_name), "%s", p->plan->name);
	(void)seed_gather(info->random_seed);
	(void)format_text(info->build_id, sizeof(info->build_id), "%s", build_name);
	monitor_load(p, HPA(module ? module->start : 0));
}

static const char *page_text(const struct partition *p)
{
	static const char *const texts[] = { [1] = "4 KiB", [2] = "2 MiB", [3] = "1 GiB" };

	return texts[p->alignment < GIB(1) && p->ept.largest_level == 3 ? 2 : p->ept.largest_level];
}

void partition_setup_print(const struct partition *p)
{
	log_line("           %09lx-%09lx  partition %s, %u MiB, %s pages", p->ram.host_base, p->ram.host_base + p->ram.bytes - 1, p->plan->name,
		 p->plan->ram_mib, page_text(p));
	log_line("           %09lx-%09lx  its page tables (EPT)%s", p->tables.value, p->tables.value + vmx_ept_bytes(p->ram.bytes) - 1,
		 p->ept.largest_level == 1 ? ", small pages because of this CPU's CVE-2018-12207" : "");
	for (u32 i = 0; i < p->cpu_count; i++)
		log_line("  CPU %u    vCPU %u of %s, pinned (APIC id %u)", percpu[p->first_cpu + i].machine_cpu, i, p->plan->name,
			 percpu[p->first_cpu + i].apic_id);
}

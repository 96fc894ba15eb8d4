/* SPDX-License-Identifier: Apache-2.0 */
/* From the boot loader to the first guest instruction: the table of contents of the kernel. Nothing starts half (DESIGN "Boot and memory"). */
#include "bsp/acpi/acpi.h"
#include "bsp/boot/boot.h"
#include "bsp/boot/multiboot2.h"
#include "bsp/console/console.h"
#include "bsp/memory/carve.h"
#include "bsp/memory/paging.h"
#include "bsp/memory/string.h"
#include "bsp/power/power.h"
#include "bsp/smp/smp.h"
#include "bsp/timer/ioapic.h"
#include "bsp/timer/lapic.h"
#include "bsp/timer/rtc.h"
#include "bsp/timer/seed.h"
#include "bsp/timer/tsc.h"
#include "kernel/arch_capabilities.h"
#include "kernel/build_identity.h"
#include "kernel/config_text.h"
#include "kernel/cpuid_policy.h"
#include "kernel/crash.h"
#include "kernel/exit_sample.h"
#include "kernel/fpu.h"
#include "kernel/handshake.h"
#include "kernel/log.h"
#include "kernel/nested_hooks.h"
#include "kernel/partition.h"
#include "kernel/percpu.h"
#include "kernel/traps.h"
#include "kernel/upcall.h"
#include "kernel/vmx/ept.h"
#include "kernel/vmx/vmx.h"
#include "kernel/vmx/vmx_insn.h"

void kernel_ap_main(u64 cpu);

extern u8 kernel_end[];

static struct boot_info boot_info;
static struct board_info board;
static struct carve_result carved, carved_ept;
static struct exit_statistics statistics[MONITOR_MAX_CPUS];
static u64 tsc_offset;
static const struct vmx_requirement *missing; /* what keeps guests from running here */
static enum parent_kind parent;

static struct memory_range own_memory(void)
{
	return (struct memory_range){ KERNEL_PHYSICAL_BASE, ALIGN_UP(kernel_physical(kernel_end), MIB(2)) };
}

static void read_memory_map(u64 magic, u64 info)
{
	enum multiboot_result parsed = multiboot2_parse(magic, (const void *)info, MULTIBOOT2_MAX_BYTES, &boot_info);

	if (parsed != MULTIBOOT_OK)
		refuse_to_start("%s", multiboot2_result_text(parsed));
	enum carve_check placed = carve_check_loaded(&boot_info, own_memory());
	if (placed != CARVE_OK)
		refuse_to_start("%s", carve_check_text(placed));
}

static void take_memory(void)
{
	CHECK(paging_init());
	paging_unmap_guard(boot_stack);
	for (u64 i = 0; i < percpu_stack_count(); i++)
		paging_unmap_guard((const void *)percpu_guard_page(i));
	paging_activate();
}

static void read_board(void)
{
	const struct acpi_source source = { paging_read_physical, boot_info.rsdp_bytes ? boot_info.rsdp : NULL,
					    boot_info.rsdp_bytes };
	enum acpi_result parsed = acpi_parse(&source, &board);

	if (parsed != ACPI_OK)
		refuse_to_start("%s", acpi_result_text(parsed));
	power_init(&board);
	if (!timer_init(&board))
		refuse_to_start("the TSC's frequency cannot be measured: the board has neither an ACPI PM timer nor a PIT");
}

static void check_cpu_count(void)
{
	if (board.cpu_count < CONFIG_PARTITION_CPUS)
		refuse_to_start("the partition has %d CPUs, this machine %u: give the machine more CPUs or lower "
				"Partition > CPUs in menuconfig", CONFIG_PARTITION_CPUS, board.cpu_count);
}

static void start_interrupts(void)
{
	enum lapic_status status = lapic_init(VECTOR_TIMER, VECTOR_SPURIOUS);

	if (status != LAPIC_OK)
		refuse_to_start("%s", lapic_status_text(status));
	if (!ioapic_init(&board, lapic_id()))
		refuse_to_start("the firmware's tables name no IOAPIC that works: update the firmware");
}

/* What is taken for good is from then on no RAM of the map's. */
static void take(hpa_t base, u64 bytes)
{
	if (!boot_info_add_region(&boot_info, (struct memory_region){ base.value, bytes, MEMORY_RESERVED }))
		refuse_to_start("the firmware's memory map is full: update the firmware");
}

static void carve(void)
{
	u64 bytes = MIB(CONFIG_PARTITION_RAM_MIB), ept_bytes = vmx_ept_bytes(bytes);

	if (!carve_ram(&boot_info, own_memory(), bytes, &carved))
		refuse_to_start("the partition needs %u MiB of RAM in one piece, the largest is %lu MiB: give the machine more RAM or lower "
				"Partition > RAM in menuconfig", CONFIG_PARTITION_RAM_MIB, carved.largest_bytes >> 20);
	take(carved.base, bytes);
	if (!carve_ram(&boot_info, own_memory(), ept_bytes, &carved_ept))
		refuse_to_start("the partition's page tables need %lu MiB of RAM beside it, the largest piece left is %lu MiB: give the machine more "
				"RAM or lower Partition > RAM in menuconfig", ept_bytes >> 20, carved_ept.largest_bytes >> 20);
	take(carved_ept.base, ept_bytes);
	if (!vmx_build_ept(carved.base, bytes, carved_ept.base))
		refuse_to_start("ring 0 has too few page tables for this layout: lower Partition > RAM in menuconfig");
}

static const char *page_text(void)
{
	static const char *const texts[] = { [1] = "4 KiB", [2] = "2 MiB", [3] = "1 GiB" };

	return texts[carved.alignment < GIB(1) && vmx_ept_pool.largest_level == 3 ? 2 : vmx_ept_pool.largest_level];
}

static void print_layout(void)
{
	struct memory_range own = own_memory();

	log_line("layout");
	log_line("  memory   %09lx-%09lx  hypervisor, %lu KiB", own.start, own.end - 1, (own.end - own.start) >> 10);
	log_line("           %09lx-%09lx  partition %s, %u MiB, %s pages", carved.base.value,
		 carved.base.value + MIB(CONFIG_PARTITION_RAM_MIB) - 1, CONFIG_PARTITION_NAME, CONFIG_PARTITION_RAM_MIB,
		 page_text());
	log_line("           %09lx-%09lx  its page tables (EPT)%s", carved_ept.base.value,
		 carved_ept.base.value + vmx_ept_bytes(MIB(CONFIG_PARTITION_RAM_MIB)) - 1,
		 vmx_ept_pool.largest_level == 1 ? ", small pages because of this CPU's CVE-2018-12207" : "");
	for (u32 i = 0; i < CONFIG_PARTITION_CPUS; i++)
		log_line("  CPU %u    vCPU %u of %s, pinned (APIC id %u)", i, i, CONFIG_PARTITION_NAME, percpu[i].apic_id);
	log_line("  nested   %s", CONFIG_NESTED_TEXT);
	log_line("  clock    TSC %lu.%03lu MHz", timer_tsc_hz() / 1000000, timer_tsc_hz() / 1000 % 1000);
}

/* The boot CPU is CPU 0; the others in the firmware's order. */
static void number_cpus(void)
{
	u32 boot_id = lapic_id(), next = 1;

	percpu[0].apic_id = boot_id;
	for (u32 i = 0; i < board.cpu_count && next < CONFIG_PARTITION_CPUS; i++)
		if (board.cpu_apic_ids[i] != boot_id)
			percpu[next++].apic_id = board.cpu_apic_ids[i];
}

static void build_cpuid(void)
{
	struct cpuid_config config = {
		.cpu_count = CONFIG_PARTITION_CPUS,
		.nested = CONFIG_NESTED_ON,
		.has_rdtscp = vmx_controls.secondary & SECONDARY_ENABLE_RDTSCP,
		.has_invpcid = vmx_controls.secondary & SECONDARY_ENABLE_INVPCID,
		.has_xsaves = vmx_controls.secondary & SECONDARY_ENABLE_XSAVES,
		.has_arch_capabilities = true,
		.tsc_hz = timer_tsc_hz(),
	};

	u64 capabilities = arch_capabilities_read();
	bool is_page_size_safe = vmx_ept_pool.largest_level == 1 || !arch_has_page_size_defect(cpuid(1, 0).eax, capabilities);

	arch_capabilities_told = arch_capabilities_for_guest(capabilities, is_page_size_safe);
	memcpy(config.build_identity, build_identity, sizeof(config.build_identity));
	cpuid_build(&cpuid_table, &config, cpuid);
}

/* Only where the firmware's map has RAM there. */
static bool keep_crash_reports(void)
{
	bool is_ram = carve_is_ram(&boot_info, (struct memory_range){ CRASH_PAGE, CRASH_PAGE + PAGE_SIZE });

	if (is_ram)
		crash_keep_at(HPA(CRASH_PAGE));
	return is_ram;
}

static void set_up_monitor(u32 cpu_count, u64 ram_bytes)
{
	struct monitor_setup setup = { .ram = carved.base, .ram_bytes = ram_bytes, .memory_map = &boot_info };

	if (boot_info.module_count) {
		setup.module = HPA(boot_info.modules[0].start);
		setup.module_bytes = boot_info.modules[0].end - boot_info.modules[0].start;
	}
	monitor_info = (struct monitor_info){
		.abi_version = MONITOR_ABI_VERSION,
		.cpu_count = cpu_count,
		.tsc_hz = timer_tsc_hz(),
		.tsc_offset = tsc_offset,
		.ram_bytes = setup.ram_bytes,
		.module_bytes = setup.module_bytes,
		.unix_time = rtc_read_unix(board.century_index),
		.physical_address_bits = cpuid(0x80000008, 0).eax & 0xFF,
		.hardware_revision = CONFIG_HARDWARE_REVISION,
		.nested = CONFIG_NESTED_ON,
		.debug_exit = CONFIG_DEBUG_EXIT_ON,
		.on_crash = CONFIG_ON_CRASH,
		.on_power_off = CONFIG_ON_POWER_OFF,
		.security_version_floor = CONFIG_SECURITY_VERSION_FLOOR,
		.disk = CONFIG_DISK,
		.slot_tries = CONFIG_SLOT_TRIES,
		.confirm_by = CONFIG_CONFIRM_BY,
		.heartbeat_seconds = CONFIG_HEARTBEAT_SECONDS,
		.silence_seconds = CONFIG_HEARTBEAT_SILENCE_SECONDS,
		.has_console = CONFIG_CONSOLE_ON,
		.vmx_pin = (u32)(vmx_capabilities.pin >> 32),
		.vmx_secondary = (u32)(vmx_capabilities.secondary >> 32),
		.vmx_ept_vpid = vmx_capabilities.ept_vpid,
		.arch_capabilities = arch_capabilities_read(),
		.parent = parent,
		.nested_virtual_interrupts = CONFIG_NESTED_ON && CONFIG_NESTED_VIRTUAL_INTERRUPTS_ON,
		.has_crash_report = keep_crash_reports(),
		.partition_name = CONFIG_PARTITION_NAME,
		.role_uuid = CONFIG_ROLE_UUID,
	};
	(void)seed_gather(monitor_info.random_seed);
	format_text(monitor_info.build_id, sizeof(monitor_info.build_id), "%s", build_name);
	monitor_load(&setup);
}

/* Everything of a CPU that comes before its guest. */
static void start_cpu(u64 number)
{
	struct percpu *cpu = &percpu[number];
	struct vcpu *v = &vcpus[number];

	fpu_init(cpu);
	vmx_enter_operation();
	*v = (struct vcpu){
		.index = number, .is_boot = number == 0, .state = VCPU_WAIT_FOR_SIPI, .tsc_offset = tsc_offset,
		.tsc_offset_at_boot = tsc_offset, .cpu = cpu,
		.statistics = &statistics[number], .until_sample = SAMPLE_LEAST,
	};
	cpu->vcpu = v;
	vmx_setup_vcpu(v);
	nested_init(v, &vmx_capabilities);
}

static void start_other_cpus(void)
{
	u32 ids[MONITOR_MAX_CPUS];
	u64 stacks[MONITOR_MAX_CPUS];
	struct smp_plan plan = { .apic_ids = ids, .stack_tops = stacks, .count = CONFIG_PARTITION_CPUS - 1,
				 .entry = kernel_ap_main };

	for (u32 i = 0; i < plan.count; i++) {
		ids[i] = percpu[i + 1].apic_id;
		stacks[i] = percpu_stack_top(i + 1);
	}
	if (!plan.count)
		return;
	if (!carve_low_page(&boot_info, &plan.low_page))
		refuse_to_start("the firmware leaves no free page below 640 KiB to start the other CPUs from");
	u32 started = smp_start(&plan);
	if (started < plan.count)
		refuse_to_start("CPU %u (APIC id %u) does not start: lower Partition > CPUs in menuconfig or check the board", started + 1,
				ids[started]);
}

static void check_audit(void)
{
	struct audit_finding finding = { 0 };

	if (!paging_audit(&finding))
		refuse_to_start("page table entry %lx of %lx is writable and executable: this is a defect of Nestbox", finding.entry,
				finding.linear);
}

static void run_on_own_stack(void)
{
	start_cpu(0);
	start_other_cpus();
	set_up_monitor(CONFIG_PARTITION_CPUS, MIB(CONFIG_PARTITION_RAM_MIB));
	check_audit();
	print_layout();
	partition_run_boot(&vcpus[0]);
}

/* As much of the partition's RAM as there is: its image is verified in it, as where it could run. */
static u64 carve_what_there_is(void)
{
	u64 bytes = MIB(CONFIG_PARTITION_RAM_MIB);

	if (carve_ram(&boot_info, own_memory(), bytes, &carved))
		return bytes;
	bytes = carved.largest_bytes;
	return carve_ram(&boot_info, own_memory(), bytes, &carved) ? bytes : 0;
}

/* A box that cannot run its partition says what it would run, then what is missing. Needs one CPU, and no interrupts. */
static void report_on_own_stack(void)
{
	u64 bytes = carve_what_there_is();

	if (bytes) {
		fpu_init(&percpu[0]);
		set_up_monitor(1, bytes);
		check_audit();
		(void)upcall_run(UPCALL_REPORT, 0, 0, 0);
	}
	refuse_to_start("%s: %s", missing->missing, missing->remedy);
}

void kernel_ap_main(u64 number)
{
	percpu_init(number);
	if (lapic_init(VECTOR_TIMER, VECTOR_SPURIOUS) != LAPIC_OK)
		refuse_to_start("CPU %lu lacks what the first one has", number);
	start_cpu(number);
	partition_run_other(&vcpus[number]);
}

void kernel_main(u64 magic, u64 info)
{
	console_init();
	log_line("Nestbox %s", build_name);
	parent = handshake();
	read_memory_map(magic, info);
	take_memory();
	traps_init_table();
	percpu_init(0);
	missing = vmx_check_cpu();
	read_board();
	if (missing)
		boot_switch_stack(percpu_stack_top(0), report_on_own_stack);
	check_cpu_count();
	start_interrupts();
	carve();
	number_cpus();
	partition_set_cpu_count(CONFIG_PARTITION_CPUS);
	tsc_offset = -rdtsc();
	build_cpuid();
	boot_switch_stack(percpu_stack_top(0), run_on_own_stack);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* From the boot loader to the first guest instruction: the table of contents of the kernel. Nothing starts half (DESIGN "Boot and memory"). */
#include "bsp/acpi/acpi.h"
#include "bsp/boot/boot.h"
#include "bsp/boot/multiboot2.h"
#include "bsp/console/console.h"
#include "bsp/memory/carve.h"
#include "bsp/memory/paging.h"
#include "bsp/power/power.h"
#include "bsp/smp/smp.h"
#include "bsp/timer/ioapic.h"
#include "bsp/timer/lapic.h"
#include "bsp/timer/rtc.h"
#include "bsp/timer/tsc.h"
#include "kernel/build_identity.h"
#include "kernel/config_text.h"
#include "kernel/crash.h"
#include "kernel/exit_sample.h"
#include "kernel/fpu.h"
#include "kernel/handshake.h"
#include "kernel/log.h"
#include "kernel/nested_hooks.h"
#include "kernel/partition_setup.h"
#include "kernel/percpu.h"
#include "kernel/traps.h"
#include "kernel/upcall.h"
#include "kernel/vmx/vmx.h"
#include "kernel/vmx/vmx_insn.h"

void kernel_ap_main(u64 cpu);

extern u8 kernel_end[];

static struct boot_info boot_info;
static struct board_info board;
static struct partition_box box;
static struct exit_statistics statistics[MONITOR_MAX_CPUS];
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

static void start_interrupts(void)
{
	enum lapic_status status = lapic_init(VECTOR_TIMER, VECTOR_SPURIOUS);

	if (status != LAPIC_OK)
		refuse_to_start("%s", lapic_status_text(status));
	partition_setup_pin(&board);
	if (!ioapic_init(&board, percpu[0].apic_id))
		refuse_to_start("the firmware's tables name no IOAPIC that works: update the firmware");
}

static void print_layout(void)
{
	struct memory_range own = own_memory();

	log_line("layout");
	log_line("  memory   %09lx-%09lx  hypervisor, %lu KiB", own.start, own.end - 1, (own.end - own.start) >> 10);
	for (u32 i = 0; i < CONFIG_PARTITIONS; i++)
		partition_setup_print(&partitions[i]);
	log_line("  nested   %s", CONFIG_NESTED_TEXT);
	log_line("  clock    TSC %lu.%03lu MHz", timer_tsc_hz() / 1000000, timer_tsc_hz() / 1000 % 1000);
}

/* Only where the firmware's map has RAM there. */
static bool keep_crash_reports(void)
{
	bool is_ram = carve_is_ram(&boot_info, (struct memory_range){ CRASH_PAGE, CRASH_PAGE + PAGE_SIZE });

	if (is_ram)
		crash_keep_at(HPA(CRASH_PAGE));
	return is_ram;
}

static void describe_box(void)
{
	box = (struct partition_box){ .boot_info = &boot_info, .own = own_memory(), .tsc_offset = -rdtsc(), .parent = parent };
	box.unix_time = rtc_read_unix(board.century_index);
	box.has_crash_report = keep_crash_reports();
}

/* Everything of a CPU that comes before its guest. The first partition's boot CPU finds out what the others are to use. */
static void start_cpu(u64 number)
{
	static u32 first_has_started;
	struct percpu *cpu = &percpu[number];
	struct vcpu *v = &vcpus[number];
	struct partition *p = cpu->partition;

	while (number && !__atomic_load_n(&first_has_started, __ATOMIC_ACQUIRE))
		cpu_pause();
	CHECK(lapic_id() == cpu->apic_id);
	fpu_init(cpu);
	vmx_enter_operation();
	*v = (struct vcpu){
		.index = number - p->first_cpu, .number = number, .is_boot = number == p->first_cpu, .state = VCPU_WAIT_FOR_SIPI,
		.tsc_offset = box.tsc_offset, .tsc_offset_at_boot = box.tsc_offset, .cpu = cpu, .partition = p,
		.statistics = &statistics[number], .until_sample = SAMPLE_LEAST,
	};
	cpu->vcpu = v;
	vmx_setup_vcpu(v);
	if (p->plan->is_nested)
		nested_init(v, &vmx_capabilities);
	__atomic_store_n(&first_has_started, 1, __ATOMIC_RELEASE);
}

/* Of the n-th CPU that is started, from 1; the boot CPU, CONFIG_BOOT_CPU, runs already. */
static u64 number_of_started(u64 n)
{
	return n - (n <= CONFIG_BOOT_CPU);
}

static void start_other_cpus(void)
{
	u32 ids[MONITOR_MAX_CPUS];
	u64 stacks[MONITOR_MAX_CPUS];
	struct smp_plan plan = { .apic_ids = ids, .stack_tops = stacks, .count = CONFIG_CPUS_STARTED - 1,
				 .entry = kernel_ap_main };

	for (u32 i = 0; i < plan.count; i++) {
		u64 number = number_of_started(i + 1);

		ids[i] = percpu[number].apic_id;
		stacks[i] = percpu_stack_top(number);
	}
	if (!plan.count)
		return;
	if (!carve_low_page(&boot_info, &plan.low_page))
		refuse_to_start("the firmware leaves no free page below 640 KiB to start the other CPUs from");
	u32 started = smp_start(&plan);
	if (started < plan.count)
		refuse_to_start("CPU %u (APIC id %u) does not start: lower Partition > CPUs in menuconfig or check the board",
				percpu[number_of_started(started + 1)].machine_cpu, ids[started]);
}

static void check_audit(void)
{
	struct audit_finding finding = { 0 };

	if (!paging_audit(&finding))
		refuse_to_start("page table entry %lx of %lx is writable and executable: this is a defect of Nestbox", finding.entry,
				finding.linear);
}

static noreturn_fn void run_cpu(u64 number)
{
	if (vcpus[number].is_boot)
		partition_run_boot(&vcpus[number]);
	partition_run_other(&vcpus[number]);
}

static void run_on_own_stack(void)
{
	start_other_cpus();
	if (CONFIG_BOOT_CPU < CONFIG_CPUS)
		start_cpu(CONFIG_BOOT_CPU);
	for (u32 i = 0; i < CONFIG_PARTITIONS; i++)
		partition_setup_monitor(&partitions[i], &box);
	check_audit();
	print_layout();
	for (u32 i = 0; i < CONFIG_PARTITIONS; i++)
		__atomic_store_n(&partitions[i].may_boot, 1, __ATOMIC_RELEASE);
	while (CONFIG_BOOT_CPU >= CONFIG_CPUS) /* no partition has it */
		cpu_halt();
	run_cpu(CONFIG_BOOT_CPU);
}

/*
 * A box that cannot run its partition says what it would run, then what is missing. Needs one CPU, and no interrupts; devices are set up to send
 * them nevertheless, so that a machine without VT-x shows whether they do.
 */
static void report_on_own_stack(void)
{
	if (!ioapic_init(&board, cpuid(1, 0).ebx >> 24))
		log_line("report: the firmware's tables name no IOAPIC that works");
	if (partition_setup_carve_some(&box)) {
		fpu_init(&percpu[0]);
		partition_setup_monitor(&partitions[0], &box);
		check_audit();
		(void)upcall_run(UPCALL_REPORT, 0, 0, 0);
	}
	refuse_to_start("%s: %s", missing->missing, missing->remedy);
}

void kernel_ap_main(u64 started)
{
	u64 number = number_of_started(started);

	percpu_init(number);
	if (lapic_init(VECTOR_TIMER, VECTOR_SPURIOUS) != LAPIC_OK)
		refuse_to_start("CPU %u lacks what the first one has", percpu[number].machine_cpu);
	start_cpu(number);
	run_cpu(number);
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
	partition_setup_plan();
	describe_box();
	if (missing)
		boot_switch_stack(percpu_stack_top(0), report_on_own_stack);
	start_interrupts();
	partition_setup_carve(&box);
	partition_setup_cpuid();
	if (CONFIG_BOOT_CPU)
		percpu_init(CONFIG_BOOT_CPU);
	boot_switch_stack(percpu_stack_top(CONFIG_BOOT_CPU), run_on_own_stack);
}

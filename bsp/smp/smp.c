/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot CPU's side of CPU start-up, and the first C an arriving CPU runs; see smp.h. CPUs come
 * one at a time, so one set of variables hands over number and stack.
 */
#include "bsp/smp/smp.h"

#include "bsp/cpu.h"
#include "bsp/memory/paging.h"
#include "bsp/memory/string.h"
#include "bsp/timer/lapic.h"
#include "bsp/timer/tsc.h"

#define INIT_WAIT_US 200          /* the manual's 10 ms are for CPUs older than x2APIC */
#define STARTUP_WAIT_US 300
#define ARRIVAL_WAIT_US 1000000
#define ARRIVAL_STEP_US 100

extern const u8 trampoline_start[], trampoline_end[];
extern const u8 trampoline_gdt_base[], trampoline_target[], trampoline_cr3[];

extern u64 smp_stack_top;
void smp_arrive(void);

u64 smp_stack_top;                /* trampoline.S takes it */
static u64 next_number;
static u64 arrived_number;
static void (*ap_entry)(u64 cpu);

void smp_arrive(void)
{
	u64 number = next_number;

	paging_activate();
	/* From here on the boot CPU may reuse the hand-over variables. */
	void (*entry)(u64 cpu) = ap_entry;
	__atomic_store_n(&arrived_number, number, __ATOMIC_RELEASE);
	entry(number);
}

static void patch(u8 *page, const u8 *field, u32 value)
{
	memcpy(page + (field - trampoline_start), &value, sizeof(value));
}

static u32 field_value(const u8 *field)
{
	u32 value;

	memcpy(&value, field, sizeof(value));
	return value;
}

/* The page's tables live below 4 GiB: real mode loads 32 bits of CR3. */
static void trampoline_place(hpa_t low_page, hpa_t root)
{
	u8 *page = paging_window_set(0, PAGING_WINDOW_BOARD, low_page);
	u32 base = (u32)low_page.value;

	memcpy(page, trampoline_start, (u64)(trampoline_end - trampoline_start));
	patch(page, trampoline_gdt_base, base + field_value(trampoline_gdt_base));
	patch(page, trampoline_target, base + field_value(trampoline_target));
	patch(page, trampoline_cr3, (u32)root.value);
}

static bool wait_arrival(u64 number, u32 microseconds)
{
	for (u32 waited = 0; waited < microseconds; waited += ARRIVAL_STEP_US) {
		if (__atomic_load_n(&arrived_number, __ATOMIC_ACQUIRE) == number)
			return true;
		timer_wait_microseconds(ARRIVAL_STEP_US);
	}
	return __atomic_load_n(&arrived_number, __ATOMIC_ACQUIRE) == number;
}

static bool start_one(const struct smp_plan *plan, u32 index)
{
	u32 apic_id = plan->apic_ids[index];

	next_number = index + 1;
	smp_stack_top = plan->stack_tops[index];
	lapic_send_init(apic_id);
	timer_wait_microseconds(INIT_WAIT_US);
	lapic_send_startup(apic_id, plan->low_page);
	if (wait_arrival(index + 1, STARTUP_WAIT_US))
		return true;
	/* The first may be lost; a CPU that runs ignores the second. */
	lapic_send_startup(apic_id, plan->low_page);
	return wait_arrival(index + 1, ARRIVAL_WAIT_US);
}

u32 smp_start(const struct smp_plan *plan)
{
	struct address_space space;
	u64 page = plan->low_page.value;
	u32 started = 0;

	ap_entry = plan->entry;
	if (!plan->count || !paging_space_create(&space) ||
	    !paging_space_map(&space, page, plan->low_page, PAGE_SIZE, PAGING_EXECUTE))
		return 0;
	trampoline_place(plan->low_page, space.root);
	while (started < plan->count && start_one(plan, started))
		started++;
	paging_space_unmap_page(&space, page);
	memset(paging_window_set(0, PAGING_WINDOW_BOARD, plan->low_page), 0, PAGE_SIZE);
	return started;
}

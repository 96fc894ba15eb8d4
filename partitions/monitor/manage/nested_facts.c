/* SPDX-License-Identifier: Apache-2.0 */
/* See nested_facts.h. Bits: SDM volume 3, appendix A.3 "VM-Execution Controls"; volume 4 "IA32_ARCH_CAPABILITIES". */
#include "manage/nested_facts.h"

#define PIN_PREEMPTION_TIMER (1u << 6)
#define PIN_POSTED_INTERRUPTS (1u << 7)
#define SECONDARY_EPT (1u << 1)
#define SECONDARY_VPID (1u << 5)
#define SECONDARY_UNRESTRICTED (1u << 7)
#define SECONDARY_APICV (1u << 8 | 1u << 9)
#define SECONDARY_SHADOWING (1u << 14)

/* What leaks from the hypervisor to a guest through caches and buffers, and is not closed in software here. */
#define NO_MELTDOWN 1u
#define NO_L1_FLUSH (1u << 3)
#define NO_MDS (1u << 5)
#define IMMUNE (NO_MELTDOWN | NO_L1_FLUSH | NO_MDS)

static enum fact fact_of(bool is_so)
{
	return is_so ? FACT_YES : FACT_NO;
}

static void cpu_facts(const struct monitor_info *info, struct nested_facts *facts)
{
	uint32_t secondary = info->vmx_secondary;

	facts->vtx = facts->firmware_lock_open = FACT_YES; /* the kernel runs in VMX operation */
	facts->ept = fact_of(secondary & SECONDARY_EPT);
	facts->vpid = fact_of(secondary & SECONDARY_VPID);
	facts->unrestricted_guest = fact_of(secondary & SECONDARY_UNRESTRICTED);
	facts->vmcs_shadowing = fact_of(secondary & SECONDARY_SHADOWING);
	facts->apicv = fact_of((secondary & SECONDARY_APICV) == SECONDARY_APICV && info->vmx_pin & PIN_POSTED_INTERRUPTS);
	facts->preemption_timer = fact_of(info->vmx_pin & PIN_PREEMPTION_TIMER);
	facts->mitigations = fact_of((info->arch_capabilities & IMMUNE) == IMMUNE);
}

struct nested_facts nested_facts_of_box(const struct monitor_info *info, const struct exit_statistics *statistics)
{
	bool is_in_nestbox = info->parent == PARENT_IS_SAME_BUILD || info->parent == PARENT_IS_OTHER_BUILD;
	struct nested_facts facts = {
		.ram_mib = (uint32_t)(info->ram_bytes >> 20),
		.cpu_count = info->cpu_count,
		.pinned_cpus = info->cpu_count, /* each has been started on a CPU of its own */
		.ept02_pages = (uint32_t)statistics[0].ept02_tables_all,
		.exposed = fact_of(info->nested),
		.small_allowed = FACT_YES, /* or it would not have been built */
		.layout_sound = FACT_YES,
		.emulator_has_vmx = FACT_YES,
		.virtual_interrupts = info->nested ? fact_of(info->nested_virtual_interrupts) : FACT_UNKNOWN,
		.mac_free = fact_of(info->network != NETWORK_OWN_ADDRESS),
		.in_nestbox = fact_of(is_in_nestbox),
		.same_build = is_in_nestbox ? fact_of(info->parent == PARENT_IS_SAME_BUILD) : FACT_UNKNOWN,
		.entries_succeed = FACT_YES,
		.pool_suffices = FACT_YES,
	};

	cpu_facts(info, &facts);
	for (uint32_t cpu = 0; cpu < info->cpu_count; cpu++) {
		if (statistics[cpu].refusals)
			facts.entries_succeed = FACT_NO;
		if (statistics[cpu].ept02_tables_all && statistics[cpu].ept02_tables_most >= statistics[cpu].ept02_tables_all)
			facts.pool_suffices = FACT_NO;
	}
	return facts;
}

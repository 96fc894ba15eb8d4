/* SPDX-License-Identifier: Apache-2.0 */
/* See nested.h. */
#include "manage/nested.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "bsp/newlib/sys_call.h"
#include "manage/command.h"
#include "manage/nested_facts.h"
#include "summary.h"

static struct exit_statistics statistics[MONITOR_MAX_CPUS];

static const char *const conclusions[] = { "works", "works, with warnings", "does not work" };

static uint32_t fetch(const struct monitor_info *info)
{
	uint32_t cpus = info->cpu_count < MONITOR_MAX_CPUS ? info->cpu_count : MONITOR_MAX_CPUS;

	memset(statistics, 0, sizeof(statistics));
	for (uint32_t cpu = 0; cpu < cpus; cpu++)
		sys_call(SYS_STATISTICS, cpu, (uintptr_t)&statistics[cpu], 0);
	return cpus;
}

static const char *vmx_text(uint64_t state)
{
	if (state & VMX_STATE_IN_L2)
		return "a guest of the guest runs";
	if (state & VMX_STATE_HAS_VMCS)
		return "a hypervisor, with a guest loaded";
	return state & VMX_STATE_ON ? "a hypervisor, no guest loaded" : "VMX is off";
}

static uint32_t known_vmcs(const struct exit_statistics *cpu)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < KNOWN_VMCS_MAX; i++)
		count += cpu->known_vmcs[i] != 0;
	return count;
}

static uint64_t l2_exits(const struct exit_statistics *cpu)
{
	uint64_t exits = 0;

	for (uint32_t reason = 0; reason < EXIT_REASON_COUNT; reason++)
		exits += cpu->l2_count[reason];
	return exits;
}

static void print_checks(const struct sink *out, const struct nested_facts *facts)
{
	for (unsigned int check = 0; check < NESTED_CHECK_COUNT; check++) {
		enum verdict verdict = nested_check_verdict(facts, (enum nested_check)check);
		struct nested_words words = nested_check_words((enum nested_check)check);
		bool is_bad = verdict == VERDICT_WARNING || verdict == VERDICT_FAILURE;

		sink_print(out, "%-8s %s\n", verdict_name(verdict), is_bad ? words.bad : words.good);
		if (is_bad)
			sink_print(out, "%-8s -> %s\n", "", words.remedy);
	}
}

static void print_cpus(const struct sink *out, uint32_t cpus)
{
	for (uint32_t cpu = 0; cpu < cpus; cpu++) {
		const struct exit_statistics *of = &statistics[cpu];

		sink_print(out, "CPU%-2" PRIu32 "  %-34s %u VMCSs%s, %" PRIu64 " exits of L2, %" PRIu64 " of them L1's\n", cpu, vmx_text(of->vmx_state),
			   (unsigned)known_vmcs(of), known_vmcs(of) == KNOWN_VMCS_MAX ? " or more" : "", l2_exits(of), of->l2_reflected);
		if (of->refusals)
			sink_print(out, "       %" PRIu64 " VM entries refused, the last by %.31s: %.31s\n", of->refusals, of->refused_what,
				   of->refused_row);
	}
}

static void print_text(const struct command_call *call, const struct nested_facts *facts, uint32_t cpus)
{
	int status = nested_status(facts);

	print_checks(call->out, facts);
	if (call->info->nested) {
		print_cpus(call->out, cpus);
		summary_print_pools(call->info, call->out);
	}
	sink_print(call->out, "nesting %s (%d)\n", conclusions[status], status);
}

static void print_json_checks(const struct sink *out, const struct nested_facts *facts)
{
	for (unsigned int check = 0; check < NESTED_CHECK_COUNT; check++) {
		enum verdict verdict = nested_check_verdict(facts, (enum nested_check)check);
		struct nested_words words = nested_check_words((enum nested_check)check);
		bool is_bad = verdict == VERDICT_WARNING || verdict == VERDICT_FAILURE;

		/* the table's words have nothing that JSON would want escaped: a test looks */
		sink_print(out, "%s{\"check\": \"%s\", \"verdict\": \"%s\", \"text\": \"%s\", \"remedy\": \"%s\"}", check ? ",\n" : "\n", words.name,
			   verdict_name(verdict), is_bad ? words.bad : words.good, is_bad ? words.remedy : "");
	}
}

static void print_json(const struct command_call *call, const struct nested_facts *facts, uint32_t cpus)
{
	sink_print(call->out, "{\"status\": %d, \"checks\": [", nested_status(facts));
	print_json_checks(call->out, facts);
	sink_print(call->out, "],\n\"cpus\": [");
	for (uint32_t cpu = 0; cpu < cpus; cpu++) {
		const struct exit_statistics *of = &statistics[cpu];

		sink_print(call->out, "%s{\"vmx_on\": %s, \"vmcs_loaded\": %s, \"in_l2\": %s, \"vmcs\": %u, \"l2_exits\": %" PRIu64 ", \"refused\": %" PRIu64,
			   cpu ? ",\n" : "\n", of->vmx_state & VMX_STATE_ON ? "true" : "false", of->vmx_state & VMX_STATE_HAS_VMCS ? "true" : "false",
			   of->vmx_state & VMX_STATE_IN_L2 ? "true" : "false", (unsigned)known_vmcs(of), l2_exits(of), of->refusals);
		sink_print(call->out, ", \"refused_by\": \"%.31s%s%.31s\"}", of->refused_what, of->refusals ? ": " : "", of->refused_row);
	}
	sink_print(call->out, "]}\n");
}

void command_nested(struct command_call *call)
{
	bool is_json = call->word_count == 2 && !strcmp(call->words[1], "--json");

	if (call->word_count > 1 && !is_json) {
		sink_print(call->out, "`nested` or `nested --json`\n");
		call->is_refused = true;
		return;
	}
	uint32_t cpus = fetch(call->info);
	struct nested_facts facts = nested_facts_of_box(call->info, statistics);

	if (is_json)
		print_json(call, &facts, cpus);
	else
		print_text(call, &facts, cpus);
}

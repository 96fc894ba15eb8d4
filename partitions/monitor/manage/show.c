/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that tell something; see show.h. */
#include "manage/show.h"

#include <cpuid.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "bsp/newlib/sys_call.h"
#include "host.h"
#include "image/manifest.h"
#include "manage/act.h"
#include "manage/command.h"
#include "manage/journal.h"
#include "slots.h"
#include "summary.h"

#define DAY_SECONDS 86400u
#define LOG_LINES 20u
#define LOG_MAX_LINES 1000u

static void show_uptime(const struct command_call *call)
{
	uint64_t seconds = host_seconds(call->info);

	sink_print(call->out, "up         %" PRIu64 " d %02u:%02u:%02u\n", seconds / DAY_SECONDS,
		   (unsigned)(seconds / 3600 % 24), (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
}

void command_status(struct command_call *call)
{
	const struct monitor_info *info = call->info;
	const struct manifest *manifest = boot_manifest();

	sink_print(call->out, "box        Nestbox %.63s, hardware revision %" PRIu32 "\n", info->build_id,
		   info->hardware_revision);
	show_uptime(call);
	sink_print(call->out, "partition  %.63s: %s, %" PRIu32 " CPUs, %" PRIu64 " MiB RAM%s\n", info->partition_name,
		   act_target.is_running ? "running" : "stopped", info->cpu_count, info->ram_bytes >> 20,
		   info->nested ? ", may use VMX" : "");
	if (manifest)
		sink_print(call->out, "image      version %u.%u.%" PRIu32 ", security version %" PRIu32 ", build %.64s\n",
			   manifest->version_major, manifest->version_minor, manifest->version_patch,
			   manifest->security_version, (const char *)manifest->build_id);
	else
		sink_print(call->out, "image      none was accepted; `log` says why\n");
}

void command_partitions(struct command_call *call)
{
	const struct monitor_info *info = call->info;

	sink_print(call->out, "%-24s %-8s %4s %9s  %s\n", "partition", "state", "CPUs", "RAM", "nesting");
	sink_print(call->out, "%-24.63s %-8s %4" PRIu32 " %5" PRIu64 " MiB  %s\n", info->partition_name, act_target.is_running ? "running" : "stopped",
		   info->cpu_count, info->ram_bytes >> 20, info->nested ? "yes" : "no");
	for (uint32_t i = 1; call->caller == CALLER_PERSON && i < info->partition_count; i++) {
		static struct partition_status status; /* the kernel reaches only the monitor's own memory */

		if (sys_call(SYS_PARTITION, i, (uintptr_t)&status, 0))
			continue;
		sink_print(call->out, "%-24.63s %-8s %4" PRIu32 " %5" PRIu64 " MiB  no\n", status.name,
			   status.monitor_has_faulted ? "broken" : status.stop_reason ? "stopped" : "running", status.cpu_count, status.ram_bytes >> 20);
	}
}

void command_layout(struct command_call *call)
{
	bool is_json = call->word_count == 2 && !strcmp(call->words[1], "--json");

	call->is_refused = call->word_count > 1 && !is_json;
	if (call->is_refused)
		sink_print(call->out, "`layout` or `layout --json`\n");
	else if (is_json)
		sink_write(call->out, box_layout_json, strlen(box_layout_json));
	else
		sink_write(call->out, box_layout_text, strlen(box_layout_text));
}

void command_update(struct command_call *call)
{
	bool is_log = call->word_count == 2 && !strcmp(call->words[1], "log");
	bool is_status = call->word_count == 1 || (call->word_count == 2 && !strcmp(call->words[1], "status"));

	call->is_refused = !is_log && !is_status;
	if (call->is_refused) {
		sink_print(call->out, "`update status` or `update log`\n");
	} else if (is_log) {
		journal_show(&box_journal, call->out);
	} else {
		slots_show_update(call->out);
		slots_show(call->out);
	}
}

void command_slots(struct command_call *call)
{
	slots_show(call->out);
}

void command_memory(struct command_call *call)
{
	uint64_t low = call->info->ram_bytes < GUEST_HOLE_START ? call->info->ram_bytes : GUEST_HOLE_START;

	sink_print(call->out, "%-22s%9" PRIu64 " MiB at 0\n", "RAM of the partition", low >> 20);
	if (call->info->ram_bytes > low)
		sink_print(call->out, "%-22s%9" PRIu64 " MiB at 4 GiB\n", "", (call->info->ram_bytes - low) >> 20);
	sink_print(call->out, "%-22s%9" PRIu64 " KiB\n", "boot module", call->info->module_bytes >> 10);
	summary_print_pools(call->info, call->out);
}

/* Appendix A.3 "VM-Execution Controls" and A.10 "VPID and EPT Capabilities". */
static const struct feature {
	enum { IN_PIN, IN_SECONDARY, IN_EPT } word;
	uint32_t bit;
	const char *name, *without;
} features[] = {
	{ IN_SECONDARY, 1, "EPT", "Nestbox does not start" },
	{ IN_SECONDARY, 5, "VPID", "Nestbox does not start" },
	{ IN_SECONDARY, 7, "unrestricted guest", "Nestbox does not start" },
	{ IN_SECONDARY, 14, "VMCS shadowing", "each VMREAD and VMWRITE of a guest hypervisor exits" },
	{ IN_SECONDARY, 8, "APIC-register virtualization", "guests of the guest exit for their LAPIC" },
	{ IN_SECONDARY, 9, "virtual-interrupt delivery", "guests of the guest exit for interrupts" },
	{ IN_PIN, 7, "posted interrupts", "guests of the guest exit for interrupts" },
	{ IN_EPT, 16, "EPT pages of 2 MiB", "more table walks" },
	{ IN_EPT, 17, "EPT pages of 1 GiB", "more table walks" },
	{ IN_EPT, 21, "EPT accessed and dirty flags", "a guest hypervisor has none" },
	{ IN_SECONDARY, 17, "page-modification logging", "a guest hypervisor has none" },
	{ IN_SECONDARY, 25, "TSC scaling", "a guest hypervisor has none" },
};

static void show_brand(const struct command_call *call)
{
	uint32_t words[13] = { 0 };

	if (__get_cpuid_max(0x80000000, NULL) < 0x80000004)
		return;
	for (uint32_t i = 0; i < 3; i++)
		__cpuid(0x80000002 + i, words[4 * i], words[4 * i + 1], words[4 * i + 2], words[4 * i + 3]);
	sink_print(call->out, "%s, TSC %" PRIu64 " MHz\n", (const char *)words, call->info->tsc_hz / 1000000);
}

/* Defects of CPUs that let a guest read or stop what is not its own; the bit says that this CPU is without. Intel SDM volume 4 "IA32_ARCH_CAPABILITIES". */
static const struct defect {
	uint32_t bit;
	const char *name, *mitigation; /* NULL: none */
} defects[] = {
	{ 0, "Meltdown (RDCL)", NULL },
	{ 3, "L1TF", NULL },
	{ 4, "speculative store bypass", NULL },
	{ 5, "MDS", NULL },
	{ 6, "page-size change (CVE-2018-12207)", "kept away by small EPT pages, unless configured away" },
	{ 8, "TAA", "TSX is hidden from the partition, not disabled" },
	{ 13, "MMIO stale data", NULL },
	{ 20, "branch history injection", NULL },
	{ 26, "gather data sampling", NULL },
	{ 27, "register-file data sampling", NULL },
};

static void show_defects(const struct command_call *call)
{
	sink_print(call->out, "defects this CPU does not call itself immune to, and what Nestbox does:\n");
	for (size_t i = 0; i < sizeof(defects) / sizeof(defects[0]); i++)
		if (!(call->info->arch_capabilities >> defects[i].bit & 1))
			sink_print(call->out, "  %-34s %s\n", defects[i].name,
				   defects[i].mitigation ? defects[i].mitigation : "nothing: run only guests that may know the box's secrets");
}

void command_cpu(struct command_call *call)
{
	const uint64_t words[] = {
		[IN_PIN] = call->info->vmx_pin, [IN_SECONDARY] = call->info->vmx_secondary, [IN_EPT] = call->info->vmx_ept_vpid,
	};

	show_brand(call);
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		bool has = words[features[i].word] >> features[i].bit & 1;

		sink_print(call->out, "  %-30s %s%s\n", features[i].name, has ? "yes" : "no: ", has ? "" : features[i].without);
	}
	show_defects(call);
}

/* Calls `piece` with all of the log, oldest first. */
static void log_walk(void (*piece)(void *context, const char *bytes, size_t count), void *context)
{
	char bytes[256];
	int64_t count;

	for (uint64_t at = 0; (count = sys_call(SYS_LOG_READ, (uintptr_t)bytes, sizeof(bytes), at)) > 0; at += (uint64_t)count)
		piece(context, bytes, (size_t)count);
}

struct log_tail {
	const struct sink *out;
	uint64_t lines, skip;
};

static void count_lines(void *context, const char *bytes, size_t count)
{
	struct log_tail *tail = context;

	for (size_t i = 0; i < count; i++)
		tail->lines += bytes[i] == '\n';
}

static void show_tail(void *context, const char *bytes, size_t count)
{
	struct log_tail *tail = context;

	while (tail->skip && count) {
		tail->skip -= *bytes++ == '\n';
		count--;
	}
	sink_write(tail->out, bytes, count);
}

void command_log(struct command_call *call)
{
	struct log_tail tail = { .out = call->out };
	unsigned long wanted = LOG_LINES;
	char *end = NULL;

	if (call->word_count > 1)
		wanted = strtoul(call->words[1], &end, 10);
	if (call->word_count > 2 || (end && *end) || !wanted || wanted > LOG_MAX_LINES) {
		sink_print(call->out, "`log LINES`: a number from 1 to %u\n", LOG_MAX_LINES);
		return;
	}
	log_walk(count_lines, &tail);
	tail.skip = tail.lines > wanted ? tail.lines - wanted : 0;
	log_walk(show_tail, &tail);
}

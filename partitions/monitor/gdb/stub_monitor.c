/* SPDX-License-Identifier: Apache-2.0 */
/* gdb's `monitor` command: what its registers cannot show. */
#include "gdb/stub.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const field_names[] = {
#define FIELD(name, source, save, exists) #name,
#include "nested/fields.def"
#undef FIELD
};

#define FIELD_COUNT (sizeof(field_names) / sizeof(field_names[0]))
_Static_assert(FIELD_COUNT <= DEBUG_VMCS12_FIELDS, "all fields");
#define COMMAND_BYTES 64u

static void say(struct stub *stub, const char *text)
{
	packet_hex(&stub->reply, text, strlen(text));
}

static const char *level(const struct debug_registers *r)
{
	return r->is_waiting ? "not started" : r->is_l2 ? "L2" : "L1";
}

static void show_levels(struct stub *stub, const char *unused)
{
	char line[80];

	(void)unused;
	for (uint32_t vcpu = 0; vcpu < stub->target->vcpu_count && stub_load(stub, vcpu); vcpu++) {
		snprintf(line, sizeof(line), "vCPU %" PRIu32 ": %s, rip %016" PRIx64 "%s\n", vcpu, level(&stub->registers), stub->registers.rip,
			 stub->registers.vmcs12_count ? ", has a current VMCS" : "");
		say(stub, line);
	}
}

/* Fields whose names begin so; there are more than a packet holds: as many as fit, then how to see the others. */
static void show_vmcs12(struct stub *stub, const char *wanted)
{
	const struct debug_registers *r = &stub->registers;
	size_t length = strlen(wanted);
	char line[96];

	if (!stub_load(stub, stub->chosen))
		return;
	if (!r->vmcs12_count)
		say(stub, "L1 has no current VMCS on this vCPU\n");
	for (uint32_t i = 0; i < r->vmcs12_count && i < FIELD_COUNT; i++) {
		if (strncasecmp(field_names[i], wanted, length) || (!length && !r->vmcs12[i]))
			continue;
		snprintf(line, sizeof(line), "%-32s %" PRIx64 "\n", field_names[i], r->vmcs12[i]);
		if (stub->reply.count + 2 * strlen(line) > PACKET_BYTES - 160) {
			say(stub, "... `monitor vmcs12 guest`, `... host`, `... exit` and so on show part of it\n");
			return;
		}
		say(stub, line);
	}
}

static void show_help(struct stub *stub, const char *unused)
{
	(void)unused;
	say(stub, "levels          which guest each vCPU is in\n"
		  "vmcs12 [START]  L1's current VMCS: the fields that are not 0, or all whose names start so\n");
}

static const struct { const char *name; void (*run)(struct stub *stub, const char *rest); } commands[] = {
	{ "levels", show_levels }, { "vmcs12", show_vmcs12 }, { "help", show_help },
};

/* qRcmd,TEXT in hexadecimal; `text` is behind the comma. */
void stub_monitor(struct stub *stub, const char *text)
{
	char command[COMMAND_BYTES + 1];
	uint32_t count = 0;
	uint8_t byte;

	while (count < COMMAND_BYTES && packet_take_byte(&text, &byte))
		command[count++] = (char)byte;
	command[count] = 0;
	size_t length = strcspn(command, " ");
	const char *rest = command + length + strspn(command + length, " ");

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strlen(commands[i].name) == length && !memcmp(commands[i].name, command, length)) {
			commands[i].run(stub, rest);
			return;
		}
	say(stub, "unknown; `monitor help` lists what there is\n");
}

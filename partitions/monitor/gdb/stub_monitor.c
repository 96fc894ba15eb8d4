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

/* False: there is no room for more. */
static bool show_field(struct stub *stub, uint32_t field)
{
	char line[96];

	snprintf(line, sizeof(line), "%-32s %" PRIx64 "\n", field_names[field], stub->registers.vmcs12[field]);
	if (stub->reply.count + 2 * strlen(line) > PACKET_BYTES - 160) {
		say(stub, "... `monitor vmcs12 guest`, `... host`, `... exit` and so on show part of it\n");
		return false;
	}
	say(stub, line);
	return true;
}

/* Fields whose names begin so, or all that are not 0, of the vCPU in stub->registers; there are more than a packet holds. */
static bool show_fields(struct stub *stub, const char *wanted)
{
	const struct debug_registers *r = &stub->registers;
	size_t length = strlen(wanted);

	for (uint32_t i = 0; i < r->vmcs12_count && i < FIELD_COUNT; i++)
		if (!strncasecmp(field_names[i], wanted, length) && (length || r->vmcs12[i]) && !show_field(stub, i))
			return false;
	return true;
}

/* gdb does not say for which thread it asks. */
static void show_vmcs12(struct stub *stub, const char *wanted)
{
	char line[32];
	bool is_any = false, has_room = true;

	for (uint32_t vcpu = 0; has_room && vcpu < stub->target->vcpu_count && stub_load(stub, vcpu); vcpu++) {
		if (!stub->registers.vmcs12_count)
			continue;
		snprintf(line, sizeof(line), "vCPU %" PRIu32 ":\n", vcpu);
		say(stub, line);
		has_room = show_fields(stub, wanted);
		is_any = true;
	}
	if (!is_any && stub->is_stopped)
		say(stub, "L1 has no current VMCS\n");
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

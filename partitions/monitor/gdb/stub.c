/* SPDX-License-Identifier: Apache-2.0 */
/* Dispatch, threads, stopping and going on; see stub.h. */
#include "gdb/stub.h"

#include <stdio.h>
#include <string.h>

static uint32_t all(const struct stub *stub)
{
	return (1u << stub->target->vcpu_count) - 1;
}

static int64_t command(struct stub *stub, uint32_t vcpu, enum debug_command what)
{
	return stub->target->command(stub->target->context, vcpu, what, NULL);
}

void stub_error(struct stub *stub, const char *code)
{
	packet_start(&stub->reply);
	packet_text(&stub->reply, code);
}

bool stub_load(struct stub *stub, uint32_t vcpu)
{
	if (!stub->is_stopped || stub->target->command(stub->target->context, vcpu, DEBUG_READ, &stub->registers)) {
		stub->loaded = stub->target->vcpu_count;
		stub_error(stub, "E06");
		return false;
	}
	stub->loaded = vcpu;
	return true;
}

static void send(struct stub *stub)
{
	stub->sent_count = packet_finish(&stub->reply, stub->sent);
	stub->target->send(stub->target->context, stub->sent, stub->sent_count);
}

/* --- going on and stopping --- */

static void go(struct stub *stub, uint32_t stepping, uint32_t reflecting)
{
	uint32_t moving = stub->moving;

	stub->is_stopped = false;
	stub->stepping = stepping;
	for (uint32_t vcpu = 0; vcpu < stub->target->vcpu_count; vcpu++) {
		uint32_t bit = 1u << vcpu;

		if (!(moving & bit))
			continue;
		/* one that cannot step runs */
		if (reflecting & bit)
			(void)command(stub, vcpu, DEBUG_REFLECT);
		else if (!(stepping & bit) || command(stub, vcpu, DEBUG_STEP))
			(void)command(stub, vcpu, DEBUG_GO);
	}
}

static void tell_stop(struct stub *stub)
{
	char text[48];

	packet_start(&stub->reply);
	(void)stub_load(stub, stub->stopped_vcpu);
	packet_start(&stub->reply);
	bool is_asked = stub->registers.stopped_by == DEBUG_STOP_ASKED, is_break = stub->registers.stopped_by == DEBUG_STOP_BREAKPOINT;

	snprintf(text, sizeof(text), "T%sthread:%x;%s", is_asked ? "02" : "05", (unsigned int)stub->stopped_vcpu + 1,
		 is_break && stub->knows_swbreak ? "swbreak:;" : "");
	packet_text(&stub->reply, text);
	send(stub);
	stub->is_asked = false;
	stub->chosen = stub->stopped_vcpu;
}

/* A gdb that is old takes INT3 to be done. */
static void step_over_breakpoint(struct stub *stub)
{
	stub->registers.rip++;
	(void)stub->target->command(stub->target->context, stub->loaded, DEBUG_WRITE, &stub->registers);
}

/* Bits of the vCPUs that have met an INT3 of the guest's own; the first one with something to tell is noted. */
static uint32_t look_around(struct stub *stub)
{
	uint32_t theirs = 0;
	bool is_noted = false;

	stub->is_stopped = true;
	for (uint32_t vcpu = 0; vcpu < stub->target->vcpu_count; vcpu++) {
		if (!stub_load(stub, vcpu) || stub->registers.stopped_by == DEBUG_STOP_ASKED)
			continue;
		bool is_break = stub->registers.stopped_by == DEBUG_STOP_BREAKPOINT, is_ours = stub_own_breakpoint(stub, stub->registers.rip);

		if (is_break && !is_ours) {
			theirs |= 1u << vcpu;
			continue;
		}
		if (!is_noted)
			stub->stopped_vcpu = vcpu;
		is_noted = true;
	}
	return is_noted ? 0 : theirs;
}

void stub_stopped(struct stub *stub)
{
	uint32_t theirs = look_around(stub);

	if (theirs) {
		go(stub, stub->stepping, theirs);
		return;
	}
	if (stub_load(stub, stub->stopped_vcpu) && stub->registers.stopped_by == DEBUG_STOP_BREAKPOINT && !stub->knows_swbreak)
		step_over_breakpoint(stub);
	if (stub->is_asked)
		tell_stop(stub);
}

/* vCont;ACTION[:THREAD]...: the first action that fits a thread is its. */
static void resume(struct stub *stub, const char *text)
{
	uint32_t moving = 0, stepping = 0;

	while (packet_take(&text, ';')) {
		char action = *text ? *text++ : 0;
		uint64_t thread = 0, ignored;
		uint32_t which = all(stub);

		if (action == 'C' || action == 'S')
			(void)packet_take_number(&text, &ignored); /* a signal means nothing here */
		if (packet_take(&text, ':') && !packet_take(&text, '-')) {
			if (!packet_take_number(&text, &thread) || !thread || thread > stub->target->vcpu_count) {
				stub_error(stub, "E01");
				return;
			}
			which = 1u << (thread - 1);
		} else if (text[0] == '1') {
			text++; /* of -1: all */
		}
		if (action != 'c' && action != 'C' && action != 's' && action != 'S') {
			stub_error(stub, "E01");
			return;
		}
		stepping |= action == 's' || action == 'S' ? which & ~moving : 0;
		moving |= which;
	}
	stub->moving = moving;
	stub->is_asked = true;
	if (stub->is_stopped)
		go(stub, stepping, 0);
}

void stub_end(struct stub *stub)
{
	stub_remove_breakpoints(stub);
	(void)command(stub, 0, DEBUG_DETACH);
	stub->moving = all(stub);
	if (stub->is_stopped)
		go(stub, 0, 0);
	stub->is_done = true;
}

void stub_guest_end(struct stub *stub)
{
	for (uint32_t i = 0; i < STUB_BREAKPOINTS; i++)
		stub->breakpoints[i].is_set = false; /* with the memory they were in */
	stub->is_stopped = false;
	packet_start(&stub->reply);
	packet_text(&stub->reply, "X0f");
	if (stub->is_asked)
		send(stub);
	stub_end(stub);
}

/* --- packets --- */

static void ask(struct stub *stub, const char *text)
{
	(void)text;
	stub->is_asked = true;
	if (stub->is_stopped)
		tell_stop(stub);
}

static void choose(struct stub *stub, const char *text)
{
	uint64_t thread = 0;
	bool is_any = false;

	if (*text)
		text++; /* g, c: one choice for all */
	is_any = packet_take(&text, '-');
	if (!packet_take_number(&text, &thread) || (!is_any && thread > stub->target->vcpu_count)) {
		stub_error(stub, "E01");
		return;
	}
	if (!is_any && thread)
		stub->chosen = (uint32_t)thread - 1;
	packet_text(&stub->reply, "OK");
}

static void is_alive(struct stub *stub, const char *text)
{
	uint64_t thread;

	if (packet_take_number(&text, &thread) && thread && thread <= stub->target->vcpu_count)
		packet_text(&stub->reply, "OK");
	else
		stub_error(stub, "E01");
}

static void list_threads(struct stub *stub, const char *text)
{
	(void)text;
	for (uint32_t vcpu = 0; vcpu < stub->target->vcpu_count; vcpu++) {
		packet_text(&stub->reply, vcpu ? "," : "m");
		packet_number(&stub->reply, vcpu + 1);
	}
}

static void list_ends(struct stub *stub, const char *text)
{
	(void)text;
	packet_text(&stub->reply, "l");
}

static void describe_thread(struct stub *stub, const char *text)
{
	uint64_t thread;
	char words[48];

	if (!packet_take_number(&text, &thread) || !thread || thread > stub->target->vcpu_count) {
		stub_error(stub, "E01");
		return;
	}
	if (!stub_load(stub, (uint32_t)thread - 1))
		return;
	snprintf(words, sizeof(words), "vCPU %u, %s", (unsigned int)thread - 1,
		 stub->registers.is_waiting ? "not started" : stub->registers.is_l2 ? "in L2" : "in L1");
	packet_hex(&stub->reply, words, strlen(words));
}

static void current_thread(struct stub *stub, const char *text)
{
	(void)text;
	packet_text(&stub->reply, "QC");
	packet_number(&stub->reply, stub->chosen + 1);
}

static void supports(struct stub *stub, const char *text)
{
	stub->knows_swbreak = strstr(text, "swbreak+");
	packet_text(&stub->reply, "PacketSize=800;qXfer:features:read+;swbreak+;vContSupported+");
}

static void actions(struct stub *stub, const char *text)
{
	(void)text;
	packet_text(&stub->reply, "vCont;c;C;s;S");
}

static void say_yes(struct stub *stub, const char *text)
{
	(void)text;
	packet_text(&stub->reply, "1");
}

static void leave(struct stub *stub, const char *text)
{
	(void)text;
	packet_text(&stub->reply, "OK");
	stub_end(stub);
}

/* Rows that begin alike: the longer one first. What is not known gets an empty reply. */
static const struct row {
	const char *start;
	void (*run)(struct stub *stub, const char *rest);
	bool answers_later;
} rows[] = {
	{ "?", ask, true },
	{ "g", stub_read_registers, false },
	{ "G", stub_write_registers, false },
	{ "p", stub_read_register, false },
	{ "P", stub_write_register, false },
	{ "m", stub_read_memory, false },
	{ "M", stub_write_memory, false },
	{ "Z", stub_insert, false },
	{ "z", stub_remove, false },
	{ "H", choose, false },
	{ "T", is_alive, false },
	{ "D", leave, false },
	{ "k", leave, false },
	{ "vCont?", actions, false },
	{ "vCont", resume, true },
	{ "qSupported", supports, false },
	{ "qXfer:features:read:target.xml:", stub_features, false },
	{ "qfThreadInfo", list_threads, false },
	{ "qsThreadInfo", list_ends, false },
	{ "qThreadExtraInfo,", describe_thread, false },
	{ "qAttached", say_yes, false },
	{ "qRcmd,", stub_monitor, false },
	{ "qC", current_thread, false },
};

static void answer(struct stub *stub)
{
	const char *text = stub->reader.data;

	packet_start(&stub->reply);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strncmp(text, rows[i].start, strlen(rows[i].start))) {
			rows[i].run(stub, text + strlen(rows[i].start));
			if (rows[i].answers_later && (!stub->reply.count || stub->reply.data[0] != 'E'))
				return;
			break;
		}
	send(stub);
}

void stub_start(struct stub *stub, const struct stub_target *target)
{
	*stub = (struct stub){ .target = target, .loaded = target->vcpu_count, .moving = (1u << target->vcpu_count) - 1 };
	(void)command(stub, 0, DEBUG_ATTACH);
}

bool stub_feed(struct stub *stub, uint8_t byte)
{
	switch (packet_feed(&stub->reader, byte)) {
	case PACKET_WHOLE:
		stub->target->send(stub->target->context, "+", 1);
		answer(stub);
		break;
	case PACKET_WRONG:
		stub->target->send(stub->target->context, "-", 1);
		break;
	case PACKET_AGAIN:
		stub->target->send(stub->target->context, stub->sent, stub->sent_count);
		break;
	case PACKET_BREAK:
		if (!stub->is_stopped)
			(void)command(stub, 0, DEBUG_ATTACH);
		break;
	case PACKET_NOTHING:
		break;
	}
	return !stub->is_done;
}

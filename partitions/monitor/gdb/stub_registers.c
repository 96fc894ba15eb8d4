/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers as gdb numbers them, and the target description that tells it so. The floating-point ones, which amd64 must have, are unavailable.
 */
#include "gdb/stub.h"

#include <stdio.h>
#include <string.h>

enum { RIP = 16, FLAGS = 17, SEGMENTS = 18, FLOATING = 24, FLOATING_CONTROL = 32, OURS = 40, REGISTERS = 46 };

/* gdb's order of the general registers in ModRM's. */
static const uint8_t general[] = { 0, 3, 1, 2, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15 };
static const char *const general_names[] = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15" };
static const char *const segment_names[] = { "cs", "ss", "ds", "es", "fs", "gs" };
static const char *const control_names[] = { "fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop" };
static const char *const our_names[] = { "fs_base", "gs_base", "cr0", "cr3", "cr4", "efer" };

static unsigned int bytes_of(uint32_t number)
{
	return number <= RIP || number >= OURS ? 8 : number >= FLOATING && number < FLOATING_CONTROL ? 10 : 4;
}

/* Null: unavailable. */
static const uint64_t *place(const struct debug_registers *r, uint32_t number)
{
	if (number < RIP)
		return &r->general[general[number]];
	if (number == RIP)
		return &r->rip;
	if (number == FLAGS)
		return &r->rflags;
	if (number < FLOATING)
		return &r->shown[DEBUG_CS + number - SEGMENTS];
	return number < OURS ? NULL : &r->shown[DEBUG_FS_BASE + number - OURS];
}

static void put(struct stub *stub, uint32_t number)
{
	const uint64_t *value = place(&stub->registers, number);

	if (value)
		packet_hex(&stub->reply, value, bytes_of(number));
	for (unsigned int i = 0; !value && i < bytes_of(number); i++)
		packet_text(&stub->reply, "xx");
}

/* Digits, or `x` for what stays as it is. */
static bool take(const char **text, uint32_t number, uint64_t *value)
{
	uint8_t bytes[10] = { 0 };
	unsigned int count = bytes_of(number), unknown = 0;

	for (unsigned int i = 0; i < count; i++)
		if ((*text)[0] == 'x' && (*text)[1] == 'x') {
			*text += 2;
			unknown++;
		} else if (!packet_take_byte(text, &bytes[i])) {
			return false;
		}
	if (!unknown)
		memcpy(value, bytes, sizeof(*value));
	return !unknown || unknown == count;
}

/* What may not be written is not. */
static void keep(struct debug_registers *r, uint32_t number, uint64_t value)
{
	if (number <= FLAGS)
		*(uint64_t *)(uintptr_t)place(r, number) = value;
}

static void write_back(struct stub *stub)
{
	int64_t error = stub->registers.is_l2 || stub->registers.is_waiting ? -SYS_EPERM :
			stub->target->command(stub->target->context, stub->loaded, DEBUG_WRITE, &stub->registers);

	if (error)
		stub_error(stub, "E04");
	else
		packet_text(&stub->reply, "OK");
}

void stub_read_registers(struct stub *stub, const char *text)
{
	(void)text;
	for (uint32_t i = 0; stub_load(stub, stub->chosen) && i < REGISTERS; i++)
		put(stub, i);
}

void stub_write_registers(struct stub *stub, const char *text)
{
	if (!stub_load(stub, stub->chosen))
		return;
	struct debug_registers changed = stub->registers;

	for (uint32_t i = 0; i < REGISTERS; i++) {
		const uint64_t *old = place(&changed, i);
		uint64_t value = old ? *old : 0;

		if (!take(&text, i, &value)) {
			stub_error(stub, "E01");
			return;
		}
		keep(&changed, i, value);
	}
	stub->registers = changed;
	write_back(stub);
}

void stub_read_register(struct stub *stub, const char *text)
{
	uint64_t number;

	if (!packet_take_number(&text, &number) || number >= REGISTERS)
		stub_error(stub, "E01");
	else if (stub_load(stub, stub->chosen))
		put(stub, (uint32_t)number);
}

void stub_write_register(struct stub *stub, const char *text)
{
	uint64_t number, value = 0;

	if (!packet_take_number(&text, &number) || number > FLAGS || !packet_take(&text, '=')) {
		stub_error(stub, "E01");
		return;
	}
	if (!stub_load(stub, stub->chosen))
		return;
	value = *place(&stub->registers, (uint32_t)number);
	if (!take(&text, (uint32_t)number, &value)) {
		stub_error(stub, "E01");
		return;
	}
	keep(&stub->registers, (uint32_t)number, value);
	write_back(stub);
}

/* The part of the description that is asked for goes by. */
struct window { struct stub *stub; uint64_t from, to, at; };

static void show(struct window *w, const char *text)
{
	for (; *text; text++, w->at++)
		if (w->at >= w->from && w->at < w->to)
			packet_text(&w->stub->reply, (char[]){ *text, 0 });
}

static void show_register(struct window *w, const char *name, unsigned int bytes, const char *type)
{
	char line[96];

	snprintf(line, sizeof(line), "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"/>", name, 8 * bytes, type);
	show(w, line);
}

static void show_all(struct window *w)
{
	char name[8];

	show(w, "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target><architecture>i386:x86-64</architecture>"
		"<feature name=\"org.gnu.gdb.i386.core\">");
	for (uint32_t i = 0; i < RIP; i++)
		show_register(w, general_names[i], 8, i == 6 || i == 7 ? "data_ptr" : "int64");
	show_register(w, "rip", 8, "code_ptr");
	show_register(w, "eflags", 4, "int32");
	for (uint32_t i = 0; i < FLOATING - SEGMENTS; i++)
		show_register(w, segment_names[i], 4, "int32");
	for (uint32_t i = 0; i < FLOATING_CONTROL - FLOATING; i++) {
		snprintf(name, sizeof(name), "st%u", (unsigned int)i);
		show_register(w, name, 10, "i387_ext");
	}
	for (uint32_t i = 0; i < OURS - FLOATING_CONTROL; i++)
		show_register(w, control_names[i], 4, "int");
	show(w, "</feature><feature name=\"org.gnu.gdb.i386.segments\">");
	for (uint32_t i = 0; i < 2; i++)
		show_register(w, our_names[i], 8, "int");
	show(w, "</feature><feature name=\"org.nestbox.control\">");
	for (uint32_t i = 2; i < REGISTERS - OURS; i++)
		show_register(w, our_names[i], 8, "int");
	show(w, "</feature></target>");
}

/* qXfer:features:read:target.xml:OFFSET,LENGTH; `text` is behind the colon. */
void stub_features(struct stub *stub, const char *text)
{
	uint64_t offset, length;

	if (!packet_take_number(&text, &offset) || !packet_take(&text, ',') || !packet_take_number(&text, &length)) {
		stub_error(stub, "E01");
		return;
	}
	uint64_t most = length < PACKET_BYTES - 1 ? length : PACKET_BYTES - 1;
	struct window counted = { .stub = stub }, window = { .stub = stub, .from = offset, .to = offset <= UINT64_MAX - most ? offset + most : UINT64_MAX };

	show_all(&counted);
	packet_text(&stub->reply, window.to < counted.at ? "m" : "l");
	show_all(&window);
}

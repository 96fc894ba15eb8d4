/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's memory as gdb reads and writes it, and the breakpoints in it. */
#include "gdb/stub.h"

#include <string.h>

#include "gdb/walk.h"

#define INT3 0xCCu
#define READ_MOST (PACKET_BYTES / 2)

/* The chosen vCPU's view. False: it runs, or it is L2's. */
static bool look(struct stub *stub, struct walk *walk)
{
	const struct debug_registers *r = &stub->registers;

	if (!stub_load(stub, stub->chosen))
		return false;
	if (r->is_l2) {
		stub_error(stub, "E03");
		return false;
	}
	*walk = (struct walk){
		.cr0 = r->shown[DEBUG_CR0], .cr3 = r->shown[DEBUG_CR3], .cr4 = r->shown[DEBUG_CR4], .efer = r->shown[DEBUG_EFER],
		.ram = stub->target->ram, .context = stub->target->context,
	};
	return true;
}

static const struct stub_breakpoint *at(const struct stub *stub, const uint8_t *byte)
{
	for (uint32_t i = 0; i < STUB_BREAKPOINTS; i++)
		if (stub->breakpoints[i].is_set && stub->breakpoints[i].at == byte)
			return &stub->breakpoints[i];
	return NULL;
}

static bool take_range(const char **text, uint64_t *address, uint64_t *count)
{
	return packet_take_number(text, address) && packet_take(text, ',') && packet_take_number(text, count);
}

void stub_read_memory(struct stub *stub, const char *text)
{
	uint64_t address, count;
	struct walk walk;
	bool is_any = false;

	if (!take_range(&text, &address, &count) || count > READ_MOST) {
		stub_error(stub, "E01");
		return;
	}
	if (!look(stub, &walk))
		return;
	while (count) {
		size_t part = (size_t)count;
		const uint8_t *from = walk_at(&walk, address, &part);

		if (!from)
			break; /* what there is, is told */
		for (size_t i = 0; i < part; i++) {
			const struct stub_breakpoint *b = at(stub, from + i);

			packet_hex(&stub->reply, b ? &b->byte : from + i, 1);
		}
		is_any = true;
		address += part;
		count -= part;
	}
	if (count && !is_any)
		stub_error(stub, "E02");
}

void stub_write_memory(struct stub *stub, const char *text)
{
	uint64_t address, count;
	struct walk walk;

	if (!take_range(&text, &address, &count) || !packet_take(&text, ':') || strlen(text) != 2 * count) {
		stub_error(stub, "E01");
		return;
	}
	if (!look(stub, &walk))
		return;
	for (; count; address++, count--) {
		size_t one = 1;
		uint8_t *to = walk_at(&walk, address, &one), byte;

		if (!to || !packet_take_byte(&text, &byte)) {
			stub_error(stub, "E02");
			return;
		}
		struct stub_breakpoint *b = (struct stub_breakpoint *)(uintptr_t)at(stub, to);

		*(b ? &b->byte : to) = byte;
	}
	packet_text(&stub->reply, "OK");
}

bool stub_own_breakpoint(const struct stub *stub, uint64_t address)
{
	for (uint32_t i = 0; i < STUB_BREAKPOINTS; i++)
		if (stub->breakpoints[i].is_set && stub->breakpoints[i].address == address)
			return true;
	return false;
}

static void take_out(struct stub_breakpoint *b)
{
	/* the guest may have written something else meanwhile: that stays */
	if (b->is_set && *b->at == INT3)
		*b->at = b->byte;
	b->is_set = false;
}

void stub_remove_breakpoints(struct stub *stub)
{
	for (uint32_t i = 0; i < STUB_BREAKPOINTS; i++)
		take_out(&stub->breakpoints[i]);
}

/* Z0,ADDRESS,KIND: other kinds gdb does itself, or does without. */
static bool take_breakpoint(struct stub *stub, const char *text, uint64_t *address)
{
	if (!packet_take(&text, '0'))
		return false;
	if (packet_take(&text, ',') && packet_take_number(&text, address) && packet_take(&text, ','))
		return true;
	stub_error(stub, "E01");
	return false;
}

static struct stub_breakpoint *free_place(struct stub *stub)
{
	for (uint32_t i = 0; i < STUB_BREAKPOINTS; i++)
		if (!stub->breakpoints[i].is_set)
			return &stub->breakpoints[i];
	return NULL;
}

void stub_insert(struct stub *stub, const char *text)
{
	struct stub_breakpoint *b = free_place(stub);
	uint64_t address;
	size_t one = 1;
	struct walk walk;

	if (!take_breakpoint(stub, text, &address) || !look(stub, &walk))
		return;
	uint8_t *byte = walk_at(&walk, address, &one);

	if (byte && !at(stub, byte)) {
		if (!b) {
			stub_error(stub, "E05");
			return;
		}
		*b = (struct stub_breakpoint){ address, byte, *byte, true };
		*byte = INT3;
	}
	if (byte)
		packet_text(&stub->reply, "OK");
	else
		stub_error(stub, "E02");
}

void stub_remove(struct stub *stub, const char *text)
{
	uint64_t address;

	if (!take_breakpoint(stub, text, &address))
		return;
	for (uint32_t i = 0; i < STUB_BREAKPOINTS; i++)
		if (stub->breakpoints[i].address == address)
			take_out(&stub->breakpoints[i]);
	packet_text(&stub->reply, "OK");
}

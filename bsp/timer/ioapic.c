/* SPDX-License-Identifier: Apache-2.0 */
/* Driver of the IOAPICs; see ioapic.h. Owns their registers; used by the boot CPU only. */
#include "bsp/timer/ioapic.h"

#include "bsp/cpu.h"
#include "bsp/memory/paging.h"

#define PIC1_MASK_PORT 0x21
#define PIC2_MASK_PORT 0xA1

#define SELECT 0x00
#define WINDOW 0x10
#define REGISTER_VERSION 1u
#define REGISTER_REDIRECTION 16u
#define ENTRY_ACTIVE_LOW (1u << 13)
#define ENTRY_LEVEL (1u << 15)
#define ENTRY_MASKED (1u << 16)

struct ioapic { volatile u8 *registers; u32 gsi_base, lines; };

static struct ioapic ioapics[BOARD_MAX_IOAPICS];
static u32 ioapic_count;
static const struct board_info *known_board;
static u32 target_apic_id;

static u32 ioapic_read(const struct ioapic *io, u32 index)
{
	*(volatile u32 *)(io->registers + SELECT) = index;
	return *(volatile u32 *)(io->registers + WINDOW);
}

static void ioapic_write(const struct ioapic *io, u32 index, u32 value)
{
	*(volatile u32 *)(io->registers + SELECT) = index;
	*(volatile u32 *)(io->registers + WINDOW) = value;
}

struct ioapic_line ioapic_isa_line(const struct board_info *board, u32 irq)
{
	struct ioapic_line line = { .gsi = irq };

	for (u32 i = 0; i < board->override_count; i++) {
		const struct board_override *o = &board->overrides[i];

		if (o->isa_irq != irq)
			continue;
		line.gsi = o->gsi;
		line.is_active_low = (o->flags & BOARD_IRQ_POLARITY) == BOARD_IRQ_ACTIVE_LOW;
		line.is_level = (o->flags & BOARD_IRQ_TRIGGER) == BOARD_IRQ_LEVEL;
	}
	return line;
}

bool ioapic_init(const struct board_info *board, u32 apic_id)
{
	port_outb(PIC1_MASK_PORT, 0xFF);
	port_outb(PIC2_MASK_PORT, 0xFF);
	known_board = board;
	target_apic_id = apic_id;
	for (ioapic_count = 0; ioapic_count < board->ioapic_count; ioapic_count++) {
		struct ioapic *io = &ioapics[ioapic_count];

		io->registers = paging_map_mmio(HPA(board->ioapics[ioapic_count].address));
		if (!io->registers)
			return false;
		io->gsi_base = board->ioapics[ioapic_count].gsi_base;
		io->lines = (ioapic_read(io, REGISTER_VERSION) >> 16 & 0xFF) + 1;
		for (u32 line = 0; line < io->lines; line++)
			ioapic_write(io, REGISTER_REDIRECTION + 2 * line, ENTRY_MASKED);
	}
	return true;
}

/* The IOAPIC that serves a line, and the line's low register in it. */
static const struct ioapic *find(u32 gsi, u32 *index)
{
	for (u32 i = 0; i < ioapic_count; i++)
		if (gsi >= ioapics[i].gsi_base && gsi - ioapics[i].gsi_base < ioapics[i].lines) {
			*index = REGISTER_REDIRECTION + 2 * (gsi - ioapics[i].gsi_base);
			return &ioapics[i];
		}
	return NULL;
}

u32 ioapic_target(void)
{
	return known_board ? target_apic_id : IOAPIC_MAX_TARGET + 1;
}

bool ioapic_route_isa(u32 irq, u8 vector)
{
	u32 index;

	if (ioapic_target() > IOAPIC_MAX_TARGET)
		return false;
	struct ioapic_line line = ioapic_isa_line(known_board, irq);
	const struct ioapic *io = find(line.gsi, &index);
	if (!io)
		return false;
	ioapic_write(io, index, ENTRY_MASKED);
	ioapic_write(io, index + 1, target_apic_id << 24);
	ioapic_write(io, index,
		     vector | (line.is_level ? ENTRY_LEVEL : 0) |
			     (line.is_active_low ? ENTRY_ACTIVE_LOW : 0));
	return true;
}

void ioapic_set_masked(u32 irq, bool is_masked)
{
	u32 index;
	const struct ioapic *io =
		known_board ? find(ioapic_isa_line(known_board, irq).gsi, &index) : NULL;

	if (!io)
		return;
	u32 entry = ioapic_read(io, index) & ~ENTRY_MASKED;
	ioapic_write(io, index, is_masked ? entry | ENTRY_MASKED : entry);
}

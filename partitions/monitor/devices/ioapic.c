/* SPDX-License-Identifier: Apache-2.0 */
/* The I/O APIC; see ioapic.h. */
#include "devices/ioapic.h"

#include <string.h>

#define WINDOW_MASK 0xFFFu
#define REGISTER_SELECT 0x00u
#define REGISTER_WINDOW 0x10u
#define REGISTER_EOI    0x40u

#define INDEX_ID          0x00u
#define INDEX_VERSION     0x01u
#define INDEX_ARBITRATION 0x02u
#define INDEX_REDIRECTION 0x10u

#define VERSION ((IOAPIC_PINS - 1) << 16 | 0x20u)

#define RTE_VECTOR        0x00000000000000FFull
#define RTE_DELIVERY      0x0000000000000700ull
#define RTE_LOGICAL       0x0000000000000800ull
#define RTE_REMOTE_IRR    0x0000000000004000ull
#define RTE_LEVEL         0x0000000000008000ull
#define RTE_MASKED        0x0000000000010000ull
#define RTE_DELIVERY_SHIFT 8
#define RTE_DESTINATION_SHIFT 56
/* Vector, delivery mode, destination mode, polarity, trigger mode, mask; destination. */
#define RTE_WRITABLE      0xFF0000000001AFFFull

#define MSI_ADDRESS       0xFEE00000ull
#define MSI_LOGICAL       0x00000004ull
#define MSI_REDIRECT      0x00000008ull
#define MSI_LEVEL         0x00008000u
#define MSI_ASSERT        0x00004000u

enum delivery { DELIVERY_FIXED, DELIVERY_LOWEST, DELIVERY_NMI = 4, DELIVERY_INIT };

static enum delivery delivery_of(uint64_t rte)
{
	return (enum delivery)((rte & RTE_DELIVERY) >> RTE_DELIVERY_SHIFT);
}

/* Only fixed and lowest-priority interrupts can be level-triggered: nobody ends the others. */
static bool is_level(uint64_t rte)
{
	return (rte & RTE_LEVEL) && delivery_of(rte) <= DELIVERY_LOWEST;
}

static bool is_deliverable(uint64_t rte)
{
	switch (delivery_of(rte)) {
	case DELIVERY_FIXED:
	case DELIVERY_LOWEST:
		return (rte & RTE_VECTOR) >= 16;
	case DELIVERY_NMI:
	case DELIVERY_INIT:
		return true;
	default:
		return false;
	}
}

static void send(const struct ioapic *ioapic, uint64_t rte)
{
	uint64_t address = MSI_ADDRESS | rte >> RTE_DESTINATION_SHIFT << 12;
	uint32_t data = (uint32_t)(rte & (RTE_VECTOR | RTE_DELIVERY));

	if (rte & RTE_LOGICAL)
		address |= MSI_LOGICAL;
	if (delivery_of(rte) == DELIVERY_LOWEST)
		address |= MSI_REDIRECT;
	if (is_level(rte))
		data |= MSI_LEVEL | MSI_ASSERT;
	ioapic->platform->ops->msi(ioapic->platform->context, address, data);
}

/* Sends what the pin owes: a kept edge once, a level whenever nobody is still serving it. */
static void service(struct ioapic *ioapic, uint32_t pin)
{
	uint64_t *rte = &ioapic->redirection[pin];
	uint32_t bit = 1u << pin;

	if ((*rte & RTE_MASKED) || !is_deliverable(*rte))
		return;
	if (is_level(*rte)) {
		if (!(ioapic->lines & bit) || (*rte & RTE_REMOTE_IRR))
			return;
		*rte |= RTE_REMOTE_IRR;
	} else if (!(ioapic->pending & bit)) {
		return;
	}
	ioapic->pending &= ~bit;
	send(ioapic, *rte);
}

void ioapic_reset(struct ioapic *ioapic, const struct platform *platform)
{
	memset(ioapic, 0, sizeof(*ioapic));
	ioapic->platform = platform;
	for (uint32_t i = 0; i < IOAPIC_PINS; i++)
		ioapic->redirection[i] = RTE_MASKED;
}

void ioapic_set(struct ioapic *ioapic, uint32_t pin, bool is_asserted)
{
	uint32_t bit;

	if (pin >= IOAPIC_PINS)
		return;
	bit = 1u << pin;
	if (!is_asserted) {
		ioapic->lines &= ~bit;
		ioapic->pending &= ~bit;
		return;
	}
	if (!(ioapic->lines & bit))
		ioapic->pending |= bit;
	ioapic->lines |= bit;
	service(ioapic, pin);
}

void ioapic_eoi(struct ioapic *ioapic, uint8_t vector)
{
	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++) {
		uint64_t *rte = &ioapic->redirection[pin];

		if ((*rte & RTE_VECTOR) != vector || !is_level(*rte) || !(*rte & RTE_REMOTE_IRR))
			continue;
		*rte &= ~RTE_REMOTE_IRR;
		service(ioapic, pin);
	}
}

static void write_redirection(struct ioapic *ioapic, uint32_t index, uint32_t value)
{
	uint32_t pin = (index - INDEX_REDIRECTION) / 2;
	uint32_t shift = index & 1 ? 32 : 0;
	uint64_t changed = 0xFFFFFFFFull << shift & RTE_WRITABLE;
	uint64_t *rte;

	if (index < INDEX_REDIRECTION || pin >= IOAPIC_PINS)
		return;
	rte = &ioapic->redirection[pin];
	*rte = (*rte & ~changed) | ((uint64_t)value << shift & changed);
	/* Linux turns a pin to edge and back to drop a stuck remote IRR. */
	if (!is_level(*rte))
		*rte &= ~RTE_REMOTE_IRR;
	service(ioapic, pin);
}

static uint32_t read_register(const struct ioapic *ioapic)
{
	uint32_t index = ioapic->selected;
	uint32_t pin = (index - INDEX_REDIRECTION) / 2;

	switch (index) {
	case INDEX_ID:
	case INDEX_ARBITRATION:
		return ioapic->id;
	case INDEX_VERSION:
		return VERSION;
	default:
		if (index < INDEX_REDIRECTION || pin >= IOAPIC_PINS)
			return 0;
		return (uint32_t)(ioapic->redirection[pin] >> (index & 1 ? 32 : 0));
	}
}

static void write_register(struct ioapic *ioapic, uint32_t value)
{
	if (ioapic->selected == INDEX_ID)
		ioapic->id = value & 0x0F000000;
	else
		write_redirection(ioapic, ioapic->selected, value);
}

uint64_t ioapic_read(void *device, uint64_t address, uint32_t size)
{
	const struct ioapic *ioapic = device;
	uint32_t offset = address & WINDOW_MASK;
	uint32_t value = 0;

	(void)size; /* the bus cuts the value to it */
	if ((offset & ~3u) == REGISTER_SELECT)
		value = ioapic->selected;
	else if ((offset & ~3u) == REGISTER_WINDOW)
		value = read_register(ioapic);
	return value >> 8 * (offset & 3);
}

void ioapic_write(void *device, uint64_t address, uint32_t size, uint64_t value)
{
	struct ioapic *ioapic = device;
	uint32_t offset = address & WINDOW_MASK;

	/* The data window takes whole registers only; the other two are byte-wide inside. */
	if (offset == REGISTER_SELECT)
		ioapic->selected = (uint8_t)value;
	else if (offset == REGISTER_WINDOW && size >= 4)
		write_register(ioapic, (uint32_t)value);
	else if (offset == REGISTER_EOI)
		ioapic_eoi(ioapic, (uint8_t)value);
}

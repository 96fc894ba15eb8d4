/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The I/O APIC at FEC00000h: 24 pins, version 20h (it has the EOI register). Interrupts leave as
 * messages in MSI format through platform->msi. An edge that comes while its pin is masked is kept
 * and delivered at the unmask if the line is still asserted. What has no meaning (reserved delivery
 * modes, SMI, ExtINT, vectors below 16) delivers nothing.
 * Manual: Intel 82093AA (order number 290566) "Register Description"; SDM 11.11 "Message Signalled
 * Interrupts".
 */
#ifndef DEVICES_IOAPIC_H
#define DEVICES_IOAPIC_H

#include "devices/platform.h"

#define IOAPIC_PINS 24u

struct ioapic {
	const struct platform *platform;
	uint32_t id;
	uint32_t lines;   /* level of each pin */
	uint32_t pending; /* edges seen and not yet sent */
	uint8_t selected; /* IOREGSEL */
	uint64_t redirection[IOAPIC_PINS];
};

void ioapic_reset(struct ioapic *ioapic, const struct platform *platform);
void ioapic_set(struct ioapic *ioapic, uint32_t pin, bool is_asserted);

/* A local APIC has ended `vector`, or the guest wrote it to the EOI register. */
void ioapic_eoi(struct ioapic *ioapic, uint8_t vector);

uint64_t ioapic_read(void *device, uint64_t address, uint32_t size);
void ioapic_write(void *device, uint64_t address, uint32_t size, uint64_t value);

#endif

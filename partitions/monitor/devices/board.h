/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition's PC outside its CPUs and RAM: which devices it has and how they are wired. All
 * state is in one struct; the caller owns it, serialises calls, and arms its timer with
 * board_next_deadline() after every call that changes something (all below but the query itself).
 */
#ifndef DEVICES_BOARD_H
#define DEVICES_BOARD_H

#include "devices/acpi_pm.h"
#include "devices/bus.h"
#include "devices/health.h"
#include "devices/ioapic.h"
#include "devices/irq.h"
#include "devices/pic.h"
#include "devices/pit.h"
#include "devices/power.h"
#include "devices/rtc.h"
#include "devices/timebase.h"
#include "devices/uart.h"
#include "pci/pci.h"
#include "virtio/devices.h"

struct board {
	struct platform platform;
	struct timebase timebase;
	struct bus ports;
	struct bus mmio;
	struct irq irq;
	struct pic_pair pic;
	struct ioapic ioapic;
	struct power power;
	struct pit pit;
	struct rtc rtc;
	struct acpi_pm acpi_pm;
	struct uart uart;
	struct pci pci;
	struct virtio_devices virtio;
	struct health health;
};

/* Power-on state. `platform` is copied; its ops and context must outlive the board. */
void board_reset(struct board *board, const struct platform *platform);

/* Guest accesses; sizes 1, 2, 4 (MMIO also 8), any other is refused: all-ones, ignored. */
uint64_t board_port_in(struct board *board, uint16_t port, uint32_t size);
void board_port_out(struct board *board, uint16_t port, uint32_t size, uint64_t value);
uint64_t board_mmio_read(struct board *board, uint64_t address, uint32_t size);
void board_mmio_write(struct board *board, uint64_t address, uint32_t size, uint64_t value);

/* UPCALL_EOI and UPCALL_INTACK. */
void board_eoi(struct board *board, uint8_t vector);
uint8_t board_intack(struct board *board);

/* The box's disk has something to tell. */
void board_disk_interrupt(struct board *board);

/* Does everything that is due. Afterwards the next deadline lies in the future. */
void board_run_timers(struct board *board);

/* In platform ticks, perhaps past; DEADLINE_NONE: nothing to wait for. */
uint64_t board_next_deadline(const struct board *board);

/* A byte from the console for COM1, or the virtio console; false: no room now, keep it and offer it again. */
bool board_console_input(struct board *board, uint8_t byte);

/* Asks the guest to shut down, by the ACPI power button. */
void board_press_power_button(struct board *board);

#endif

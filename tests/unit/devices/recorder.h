/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A board on a fake platform: time stands where the test puts it, and everything the board says to
 * the world is recorded.
 */
#ifndef TESTS_UNIT_DEVICES_RECORDER_H
#define TESTS_UNIT_DEVICES_RECORDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "devices/board.h"

#define TICKS_HZ 1000000000ull /* a tick is a nanosecond */
#define RAM_BYTES (256u << 10) /* of the guest, from 0 */
#define START_TICKS 5000000000ull
#define MICROSECOND 1000ull
#define MILLISECOND 1000000ull
#define SECOND TICKS_HZ

struct recorder {
	struct board board;
	struct platform platform;
	uint64_t now;
	uint32_t msi_count;
	uint64_t msi_address;
	uint32_t msi_data;
	uint32_t pic_changes;
	bool is_pic_high;
	uint32_t console_used;
	uint8_t console[256];
	uint32_t stops;
	uint32_t stop_reason;
	uint64_t stop_detail;
	uint32_t health_events;
	enum health_event health;
	uint32_t reports;
	struct bus_access report;
	uint8_t ram[RAM_BYTES];
	uint8_t next_random;
};

/* One recorder per executable; a cmocka setup that powers it on. */
extern struct recorder world;
int recorder_setup(void **state);
void recorder_power_on(bool has_debug_exit);

uint8_t in8(uint16_t port);
void out8(uint16_t port, uint8_t value);
uint32_t ioapic_get(uint8_t index);
void ioapic_put(uint8_t index, uint32_t value);

/* Moves the clock, running what is due at every deadline on the way; how many there were. */
uint32_t pass(uint64_t ticks);

#endif

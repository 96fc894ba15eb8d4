/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: a hostile guest drives the whole board with port and MMIO accesses while time
 * passes. Asserts what the monitor relies on: values fit their size, deadlines move forward and not
 * too often, the output of the PIC alternates, one operation sends a bounded number of messages,
 * reports are bounded, the board stops once.
 */
#include <stdint.h>
#include <stdlib.h>

#include "devices/board.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TICKS_HZ 1000000000ull
#define MAX_MESSAGES (2 * IOAPIC_PINS + 16)
/* PIT at the limit, RTC at 8192 Hz and once a second for update and alarm, PM timer. */
#define MAX_RUNS_HZ (MINIMUM_PERIOD_HZ + 8192 + 4)

#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

static struct board board;
static uint64_t now;
static uint32_t messages, stops, reports;
static bool is_pic_high;

struct input {
	const uint8_t *data;
	size_t left;
};

static uint64_t now_ticks(void *context)
{
	(void)context;
	return now;
}

static void msi(void *context, uint64_t address, uint32_t data)
{
	uint32_t mode = data >> 8 & 7;

	(void)context;
	messages++;
	REQUIRE(address >> 20 == 0xFEE && !(data & ~0xC7FFu));
	REQUIRE(mode <= 1 ? (data & 0xFF) >= 16 : mode == 4 || mode == 5);
}

static void pic_line(void *context, bool level)
{
	(void)context;
	REQUIRE(level != is_pic_high || !level); /* only a reset says low twice */
	is_pic_high = level;
}

static void console_put(void *context, uint8_t byte)
{
	(void)context;
	(void)byte;
}

static void stop(void *context, uint32_t reason, uint64_t detail)
{
	(void)context;
	(void)detail;
	REQUIRE(reason == 1 || reason == 2);
	REQUIRE(stops++ == 0);
}

static void health(void *context, enum health_event event)
{
	(void)context;
	REQUIRE(event == HEALTH_GOAL || event == HEALTH_HEARTBEAT);
}

static void unclaimed(void *context, const struct bus_access *access)
{
	(void)context;
	REQUIRE(access->size <= 8);
	REQUIRE(reports++ < 2 * BUS_MAX_REPORTS);
}

static uint8_t ram[64 << 10];

static void *memory(void *context, uint64_t gpa, uint64_t count)
{
	(void)context;
	return gpa <= sizeof(ram) && count <= sizeof(ram) - gpa ? ram + gpa : NULL;
}

static void random_bytes(void *context, void *bytes, uint32_t count)
{
	(void)context;
	__builtin_memset(bytes, 0x5A, count);
}

static const struct platform_ops ops = {
	.now_ticks = now_ticks, .msi = msi, .pic_line = pic_line, .console_put = console_put,
	.stop = stop, .health = health, .unclaimed = unclaimed,
	.memory = memory, .random = random_bytes,
};

static void power_on(bool has_debug_exit)
{
	const struct platform platform = {
		.ops = &ops, .ticks_hz = TICKS_HZ, .unix_time = 1, .unix_ticks = now,
		.has_debug_exit = has_debug_exit,
	};

	stops = 0;
	reports = 0;
	board_reset(&board, &platform);
}

static uint64_t take(struct input *input, size_t bytes)
{
	uint64_t value = 0;

	for (; bytes && input->left; bytes--, input->left--)
		value = value << 8 | *input->data++;
	return value;
}

/* Mostly ports something answers at, now and then any. */
static uint16_t take_port(struct input *input)
{
	static const uint16_t ports[] = {
		0x20, 0x21, 0xA0, 0xA1, 0x4D0, 0x4D1, 0x40, 0x41, 0x42, 0x43, 0x61, 0x70, 0x71,
		0x3F8, 0x3F9, 0x3FA, 0x3FB, 0x3FC, 0x3FD, 0x3FE, 0x3FF, 0x600, 0x602, 0x604, 0x605,
		0x606, 0x608, 0x60A, 0xCF8, 0xCF9, 0xCFC, 0xCFE, 0x60, 0x64, 0x92, 0x510, 0xF4,
	};
	uint32_t which = (uint32_t)take(input, 1);

	return which < sizeof(ports) / sizeof(ports[0]) ? ports[which] : (uint16_t)take(input, 2);
}

static uint64_t take_address(struct input *input)
{
	static const uint64_t addresses[] = { 0xFEC00000, 0xFEC00010, 0xFEC00040 };
	uint32_t which = (uint32_t)take(input, 1);

	if (which < 192)
		return addresses[which % 3];
	return which < 224 ? 0xFEC00000 + take(input, 2) : take(input, 8);
}

static void run_timers(void)
{
	uint64_t deadline;

	board_run_timers(&board);
	deadline = board_next_deadline(&board);
	REQUIRE(deadline > now);
}

/* What the kernel's timer does: a call at every deadline. */
static void follow_deadlines(uint64_t ticks)
{
	uint64_t end = now + ticks;
	uint64_t allowed = ticks * MAX_RUNS_HZ / TICKS_HZ + 8;
	uint64_t deadline;

	while ((deadline = board_next_deadline(&board)) <= end) {
		REQUIRE(allowed-- > 0);
		now = deadline > now ? deadline : now;
		messages = 0;
		run_timers();
	}
	now = end;
}

static void access_bus(struct input *input, uint32_t op)
{
	uint32_t size = op & 0x80 ? 1u << (op >> 5 & 3) : 1;
	uint64_t value;

	switch (op & 3) {
	case 0:
		value = board_port_in(&board, take_port(input), size);
		REQUIRE(!(value & ~bus_ones(size)));
		break;
	case 1:
		board_port_out(&board, take_port(input), size, take(input, size));
		break;
	case 2:
		value = board_mmio_read(&board, take_address(input), size);
		REQUIRE(!(value & ~bus_ones(size)));
		break;
	default:
		board_mmio_write(&board, take_address(input), size, take(input, size));
		break;
	}
}

static void drive(struct input *input, uint32_t op)
{
	switch (op & 15) {
	case 8:
		now += take(input, 3) << (op >> 4);
		break;
	case 9:
		follow_deadlines(take(input, 3));
		break;
	case 10:
		run_timers();
		break;
	case 11:
		board_eoi(&board, (uint8_t)take(input, 1));
		break;
	case 12:
		board_intack(&board);
		break;
	case 13:
		board_console_input(&board, (uint8_t)take(input, 1));
		break;
	case 14:
		board_press_power_button(&board);
		uart_receive_break(&board.uart);
		break;
	case 15:
		if (op == 0xFF)
			power_on(take(input, 1) & 1);
		irq_set(&board.irq, (uint32_t)take(input, 1), op & 16);
		break;
	default:
		access_bus(input, op);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	now = 1;
	power_on(true);
	while (input.left) {
		uint64_t deadline;

		messages = 0;
		drive(&input, (uint32_t)take(&input, 1));
		REQUIRE(messages <= MAX_MESSAGES);
		deadline = board_next_deadline(&board);
		REQUIRE(deadline > board.timebase.start_ticks);
	}
	run_timers();
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The fake platform of the device tests; see recorder.h. */
#include "recorder.h"

struct recorder world;

static uint64_t now_ticks(void *context)
{
	const struct recorder *recorder = context;

	return recorder->now;
}

static void msi(void *context, uint64_t address, uint32_t data)
{
	struct recorder *recorder = context;

	recorder->msi_count++;
	recorder->msi_address = address;
	recorder->msi_data = data;
}

static void pic_line(void *context, bool level)
{
	struct recorder *recorder = context;

	recorder->pic_changes++;
	recorder->is_pic_high = level;
}

static void console_put(void *context, uint8_t byte)
{
	struct recorder *recorder = context;

	if (recorder->console_used < sizeof(recorder->console))
		recorder->console[recorder->console_used++] = byte;
}

static void stop(void *context, uint32_t reason, uint64_t detail)
{
	struct recorder *recorder = context;

	recorder->stops++;
	recorder->stop_reason = reason;
	recorder->stop_detail = detail;
}

static void health(void *context, enum health_event event)
{
	struct recorder *recorder = context;

	recorder->health_events++;
	recorder->health = event;
}

static void unclaimed(void *context, const struct bus_access *access)
{
	struct recorder *recorder = context;

	recorder->reports++;
	recorder->report = *access;
}

static void *memory(void *context, uint64_t gpa, uint64_t count)
{
	struct recorder *recorder = context;

	return gpa <= RAM_BYTES && count <= RAM_BYTES - gpa ? recorder->ram + gpa : NULL;
}

/* Counts up, so that a test sees what came when. */
static void random_bytes(void *context, void *bytes, uint32_t count)
{
	struct recorder *recorder = context;

	while (count--)
		*(uint8_t *)bytes++ = recorder->next_random++;
}

static const struct platform_ops ops = {
	.now_ticks = now_ticks, .msi = msi, .pic_line = pic_line, .console_put = console_put,
	.stop = stop, .health = health, .unclaimed = unclaimed,
	.memory = memory, .random = random_bytes,
};

void recorder_power_on(bool has_debug_exit)
{
	world = (struct recorder){ .now = START_TICKS };
	world.platform = (struct platform){
		.ops = &ops, .context = &world, .ticks_hz = TICKS_HZ,
		.has_debug_exit = has_debug_exit,
		.unix_time = 1700000000, /* 2023-11-14 22:13:20, Tuesday */
		.unix_ticks = START_TICKS,
	};
	board_reset(&world.board, &world.platform);
}

int recorder_setup(void **state)
{
	(void)state;
	recorder_power_on(false);
	return 0;
}

uint8_t in8(uint16_t port)
{
	return (uint8_t)board_port_in(&world.board, port, 1);
}

void out8(uint16_t port, uint8_t value)
{
	board_port_out(&world.board, port, 1, value);
}

uint32_t ioapic_get(uint8_t index)
{
	board_mmio_write(&world.board, 0xFEC00000, 4, index);
	return (uint32_t)board_mmio_read(&world.board, 0xFEC00010, 4);
}

void ioapic_put(uint8_t index, uint32_t value)
{
	board_mmio_write(&world.board, 0xFEC00000, 4, index);
	board_mmio_write(&world.board, 0xFEC00010, 4, value);
}

uint32_t pass(uint64_t ticks)
{
	uint64_t end = world.now + ticks;
	uint32_t runs = 0;

	for (;;) {
		uint64_t deadline = board_next_deadline(&world.board);

		if (deadline > end)
			break;
		if (deadline > world.now)
			world.now = deadline;
		board_run_timers(&world.board);
		runs++;
	}
	world.now = end;
	return runs;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The partition's PC; see board.h. ports.def is its address map. */
#include "devices/board.h"

#define ROW(a, b, s, o, d, r, w, c) \
	{ .first = (a), .last = (b), .sizes = (s), .option = (o), .read = (r), .write = (w), \
	  .claims = (c), .device_offset = offsetof(struct board, d) },

#define PORTS(a, b, s, d, r, w) ROW(a, b, s, BUS_ALWAYS, d, r, w, NULL)
#define TEST_PORTS(a, b, s, d, r, w) ROW(a, b, s, BUS_DEBUG_EXIT, d, r, w, NULL)
#define EMPTY(a, b) \
	ROW(a, b, BUS_LONGS, BUS_ALWAYS, health, bus_absent_read, bus_absent_write, NULL)
#define MMIO(a, b, s, d, r, w)
#define MMIO_CLAIMED(a, b, s, d, r, w, c)
static const struct bus_range port_ranges[] = {
#include "devices/ports.def"
};
#undef PORTS
#undef TEST_PORTS
#undef EMPTY
#undef MMIO
#undef MMIO_CLAIMED

#define PORTS(a, b, s, d, r, w)
#define TEST_PORTS(a, b, s, d, r, w)
#define EMPTY(a, b)
#define MMIO(a, b, s, d, r, w) ROW(a, b, s, BUS_ALWAYS, d, r, w, NULL)
#define MMIO_CLAIMED(a, b, s, d, r, w, c) ROW(a, b, s, BUS_ALWAYS, d, r, w, c)
static const struct bus_range mmio_ranges[] = {
#include "devices/ports.def"
};

#define PAGE_MASK (~0xFFFull)

static void bus_reset(struct board *board)
{
	board->ports = (struct bus){
		.platform = &board->platform, .ranges = port_ranges, .devices = board,
		.range_count = sizeof(port_ranges) / sizeof(port_ranges[0]),
		.granule_mask = UINT64_MAX, .max_size = 4,
	};
	board->mmio = (struct bus){
		.platform = &board->platform, .ranges = mmio_ranges, .devices = board,
		.range_count = sizeof(mmio_ranges) / sizeof(mmio_ranges[0]),
		.granule_mask = PAGE_MASK, .max_size = 8, .is_mmio = true,
	};
}

void board_reset(struct board *board, const struct platform *platform)
{
	board->platform = *platform;
	timebase_reset(&board->timebase, &board->platform);
	bus_reset(board);
	irq_reset(&board->irq, &board->pic, &board->ioapic);
	pic_reset(&board->pic, &board->platform);
	ioapic_reset(&board->ioapic, &board->platform);
	power_reset(&board->power, &board->platform);
	pit_reset(&board->pit, &board->timebase, &board->irq);
	rtc_reset(&board->rtc, &board->timebase, &board->irq);
	acpi_pm_reset(&board->acpi_pm, &board->timebase, &board->irq, &board->power);
	uart_reset(&board->uart, &board->platform, &board->irq);
	pci_reset(&board->pci);
	virtio_devices_reset(&board->virtio, &board->timebase, &board->pci);
	health_reset(&board->health, &board->power);
}

uint64_t board_port_in(struct board *board, uint16_t port, uint32_t size)
{
	timebase_update(&board->timebase);
	return bus_read(&board->ports, port, size);
}

void board_port_out(struct board *board, uint16_t port, uint32_t size, uint64_t value)
{
	timebase_update(&board->timebase);
	bus_write(&board->ports, port, size, value);
}

uint64_t board_mmio_read(struct board *board, uint64_t address, uint32_t size)
{
	timebase_update(&board->timebase);
	return bus_read(&board->mmio, address, size);
}

void board_mmio_write(struct board *board, uint64_t address, uint32_t size, uint64_t value)
{
	timebase_update(&board->timebase);
	bus_write(&board->mmio, address, size, value);
}

void board_eoi(struct board *board, uint8_t vector)
{
	ioapic_eoi(&board->ioapic, vector);
}

uint8_t board_intack(struct board *board)
{
	return pic_acknowledge(&board->pic);
}

void board_disk_interrupt(struct board *board)
{
	virtio_blk_run(&board->virtio.blk);
}

void board_run_timers(struct board *board)
{
	timebase_update(&board->timebase);
	pit_run(&board->pit);
	rtc_run(&board->rtc);
	acpi_pm_run(&board->acpi_pm);
	virtio_devices_run(&board->virtio);
}

uint64_t board_next_deadline(const struct board *board)
{
	const uint64_t deadlines[] = {
		pit_next_deadline(&board->pit),
		rtc_next_deadline(&board->rtc),
		acpi_pm_next_deadline(&board->acpi_pm),
		virtio_devices_next_deadline(&board->virtio),
	};
	uint64_t first = DEADLINE_NONE;

	for (uint32_t i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++)
		if (deadlines[i] < first)
			first = deadlines[i];
	return first;
}

bool board_console_input(struct board *board, uint8_t byte)
{
	/* A guest that listens at the serial line gets it there, one that has only the other console, there. */
	if (!uart_listens(&board->uart) &&
	    virtio_devices_console_input(&board->virtio, byte))
		return true;
	return uart_receive(&board->uart, byte);
}

void board_press_power_button(struct board *board)
{
	acpi_pm_press_power_button(&board->acpi_pm);
}

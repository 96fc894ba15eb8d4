/* SPDX-License-Identifier: Apache-2.0 */
/* Table-driven dispatch of port and MMIO accesses; see bus.h. */
#include "devices/bus.h"

uint64_t bus_ones(uint32_t size)
{
	return size >= 8 ? UINT64_MAX : (1ull << 8 * size) - 1;
}

uint64_t bus_absent_read(void *device, uint64_t address, uint32_t size)
{
	(void)device;
	(void)address;
	return bus_ones(size);
}

void bus_absent_write(void *device, uint64_t address, uint32_t size, uint64_t value)
{
	(void)device;
	(void)address;
	(void)size;
	(void)value;
}

static void *device_of(const struct bus *bus, const struct bus_range *range)
{
	return (char *)bus->devices + range->device_offset;
}

static bool exists(const struct bus *bus, const struct bus_range *range)
{
	return range->option == BUS_ALWAYS || bus->platform->has_debug_exit;
}

static bool is_claimed(const struct bus *bus, const struct bus_range *range, uint64_t address,
		       uint32_t size)
{
	return !range->claims || range->claims(device_of(bus, range), address, size);
}

static bool takes(const struct bus_range *range, uint64_t address, uint32_t size)
{
	return address >= range->first && address <= range->last &&
	       range->last - address >= size - 1 && (range->sizes & size);
}

/* Guests use few ports again and again: which row answers is remembered where no row in front of it may begin to. */
static const struct bus_range *find(struct bus *bus, uint64_t address, uint32_t size)
{
	struct bus_known *known = &bus->known[address % BUS_KNOWN];
	bool is_fixed = true;

	if (known->range && known->address == address && known->size == size)
		return known->range;
	for (size_t i = 0; i < bus->range_count; i++) {
		const struct bus_range *range = &bus->ranges[i];

		if (!takes(range, address, size) || !exists(bus, range))
			continue;
		is_fixed = is_fixed && !range->claims;
		if (!is_claimed(bus, range, address, size))
			continue;
		if (is_fixed)
			*known = (struct bus_known){ range, address, size };
		return range;
	}
	return NULL;
}

static bool overlaps(const struct bus *bus, uint64_t address, uint32_t size)
{
	uint64_t last = address + (size - 1);

	for (size_t i = 0; i < bus->range_count; i++) {
		const struct bus_range *range = &bus->ranges[i];

		if (address <= range->last && last >= range->first && exists(bus, range) && !range->claims)
			return true;
	}
	return false;
}

static void report(struct bus *bus, const struct bus_access *access)
{
	uint64_t granule = access->address & bus->granule_mask;

	for (uint32_t i = 0; i < bus->report_count; i++)
		if (bus->reported[i] == granule)
			return;
	if (bus->report_count == BUS_MAX_REPORTS)
		return;
	bus->reported[bus->report_count++] = granule;
	bus->platform->ops->unclaimed(bus->platform->context, access);
}

static bool is_access(const struct bus *bus, uint64_t address, uint32_t size)
{
	return size && !(size & (size - 1)) && size <= bus->max_size &&
	       address <= UINT64_MAX - size;
}

/* By rows that take bytes: one that does not never sees a part of an access. */
static uint64_t read_bytes(struct bus *bus, uint64_t address, uint32_t size)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < size; i++) {
		const struct bus_range *range = find(bus, address + i, 1);
		uint64_t byte = 0xFF;

		if (range)
			byte = range->read(device_of(bus, range), address + i, 1);
		value |= (byte & 0xFF) << 8 * i;
	}
	return value;
}

static void write_bytes(struct bus *bus, uint64_t address, uint32_t size, uint64_t value)
{
	for (uint32_t i = 0; i < size; i++) {
		const struct bus_range *range = find(bus, address + i, 1);

		if (range)
			range->write(device_of(bus, range), address + i, 1,
				     value >> 8 * i & 0xFF);
	}
}

uint64_t bus_read(struct bus *bus, uint64_t address, uint32_t size)
{
	const struct bus_range *range;

	if (!is_access(bus, address, size))
		return bus_ones(size);
	range = find(bus, address, size);
	if (range)
		return bus_ones(size) & range->read(device_of(bus, range), address, size);
	if (overlaps(bus, address, size))
		return read_bytes(bus, address, size);
	report(bus, &(struct bus_access){
		.address = address, .size = size, .is_mmio = bus->is_mmio,
	});
	return bus_ones(size);
}

void bus_write(struct bus *bus, uint64_t address, uint32_t size, uint64_t value)
{
	const struct bus_range *range;

	if (!is_access(bus, address, size))
		return;
	value &= bus_ones(size);
	range = find(bus, address, size);
	if (range)
		range->write(device_of(bus, range), address, size, value);
	else if (overlaps(bus, address, size))
		write_bytes(bus, address, size, value);
	else
		report(bus, &(struct bus_access){
			.address = address, .value = value, .size = size,
			.is_mmio = bus->is_mmio, .is_write = true,
		});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and starting a virtio device; see device.h. */
#include "device.h"

static u32 config_read(u32 slot, u32 offset)
{
	outl(0xCF8, 0x80000000 | slot << 11 | offset);
	return inl(0xCFC);
}

static void config_write(u32 slot, u32 offset, u32 value)
{
	outl(0xCF8, 0x80000000 | slot << 11 | offset);
	outl(0xCFC, value);
}

/* The place in the BAR that the capability of this type names. */
static u32 block_of(const struct device *d, u32 type)
{
	u32 at = config_read(d->slot, 0x34) & 0xFF;

	for (u32 i = 0; at && i < 48; i++, at = config_read(d->slot, at) >> 8 & 0xFF)
		if ((config_read(d->slot, at) & 0xFF) == 9 && config_read(d->slot, at) >> 24 == type)
			return config_read(d->slot, at + 8);
	return ~0u;
}

bool device_find(struct device *d)
{
	for (u32 slot = 0; slot < 32; slot++)
		if (config_read(slot, 0) == ((0x1040 + d->type) << 16 | 0x1AF4))
			d->slot = slot;
	if (!check(d->slot, "%s is not on the bus", d->name))
		return false;
	config_write(d->slot, 0x10, 0xFFFFFFFF);
	check(config_read(d->slot, 0x10) == 0xFFFF8000, "%s: its BAR is %x", d->name, config_read(d->slot, 0x10));
	d->bar = 0xD0000000 + d->slot * 0x100000; /* elsewhere than the box had put it */
	config_write(d->slot, 0x10, (u32)d->bar);
	check(mmio_read(d->bar) == 0xFFFFFFFF, "%s decodes memory before it may", d->name);
	config_write(d->slot, 4, 6);
	d->queues = read16(d->bar + 18);
	check(block_of(d, 1) == COMMON && block_of(d, 2) == NOTIFY && block_of(d, 3) == ISR, "%s: other blocks", d->name);
	return check(d->queues && d->queues <= DEVICE_QUEUES, "%s has %u queues", d->name, d->queues);
}

void device_start(const struct device *d, u32 cpu)
{
	u64 bar = d->bar;

	write8(bar + STATUS, 0);
	write8(bar + STATUS, 3);
	for (u32 i = 0; i < 2; i++) {
		mmio_write(bar, i);
		mmio_write(bar + 8, i);
		mmio_write(bar + 12, mmio_read(bar + 4));
	}
	write8(bar + STATUS, 11);
	config_write(d->slot, 0x98, 0x80000000);
	for (u32 i = 0; i < d->queues; i++) {
		memset((void *)device_ring(i), 0, DEVICE_RING_BYTES);
		mmio_write(bar + TABLE + 16 * i, 0xFEE00000 | cpu << 12);
		mmio_write(bar + TABLE + 16 * i + 4, 0);
		mmio_write(bar + TABLE + 16 * i + 8, DEVICE_VECTOR + i);
		mmio_write(bar + TABLE + 16 * i + 12, 0);
		write16(bar + QUEUE_SELECT, (u16)i);
		write16(bar + QUEUE_SIZE, DEVICE_RING_SIZE);
		write16(bar + QUEUE_VECTOR, (u16)i);
		for (u32 part = 0; part < 3; part++) {
			mmio_write(bar + QUEUE_DESCRIPTORS + 8 * part, (u32)device_ring(i) + 0x400 * part);
			mmio_write(bar + QUEUE_DESCRIPTORS + 8 * part + 4, 0);
		}
		write16(bar + QUEUE_ENABLE, 1);
	}
	write8(bar + STATUS, 15);
}

void device_put(u32 queue, u32 index, u64 address, u64 rest)
{
	volatile u64 *descriptor = (volatile u64 *)(device_ring(queue) + 16 * index);

	descriptor[0] = address;
	descriptor[1] = rest;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver's start for the box's virtio devices: found on the PCI bus, its queues brought up in fixed places of the RAM.
 * Source: VIRTIO 1.2, 4.1 "Virtio Over PCI Bus", 2.7 "Split Virtqueues".
 */
#ifndef GUEST_DEVICE_H
#define GUEST_DEVICE_H

#include "guest.h"

#define DEVICE_RINGS 0x2000000ull /* DEVICE_RING_BYTES for each queue; what lies behind them is the guest's */
#define DEVICE_RING_BYTES 0x1000u
#define DEVICE_RING_SIZE 16u
#define DEVICE_QUEUES 8u
#define DEVICE_VECTOR 0x50u /* a queue's interrupt is this and its number */

enum { COMMON = 0, ISR = 0x1000, CONFIG = 0x2000, NOTIFY = 0x3000, TABLE = 0x4000 }; /* in the BAR; checked against the capabilities */
enum { STATUS = 20, QUEUE_SELECT = 22, QUEUE_SIZE = 24, QUEUE_VECTOR = 26, QUEUE_ENABLE = 28, QUEUE_DESCRIPTORS = 32,
       QUEUE_DRIVER = 40, QUEUE_DEVICE = 48 };
enum { DEVICE_NETWORK = 1, DEVICE_DISK = 2, DEVICE_CONSOLE = 3, DEVICE_RNG = 4 };

/* name and type are the caller's to set. */
struct device {
	const char *name;
	u32 type, slot, queues;
	u64 bar;
};

static inline u16 read16(u64 at) { return *(volatile u16 *)at; }
static inline void write16(u64 at, u16 value) { *(volatile u16 *)at = value; }
static inline void write8(u64 at, u8 value) { *(volatile u8 *)at = value; }

/* On the bus, its BAR moved and switched on; false, with a check that failed, when it is not as it should be. */
bool device_find(struct device *d);

/* Reset, every feature accepted, every queue empty and enabled; the interrupts go to CPU `cpu`. */
void device_start(const struct device *d, u32 cpu);

/* Where a queue's descriptors, its available ring and its used ring are. */
static inline u64 device_ring(u32 queue) { return DEVICE_RINGS + queue * DEVICE_RING_BYTES; }
static inline u64 device_available(u32 queue) { return device_ring(queue) + 0x400; }
static inline u64 device_used(u32 queue) { return device_ring(queue) + 0x800; }

/* A descriptor; `rest` by DEVICE_REST(). */
#define DEVICE_REST(count, flags, next) ((u64)(count) | (u64)(flags) << 32 | (u64)(next) << 48)
enum { NEXT = 1, WRITE = 2 };
void device_put(u32 queue, u32 index, u64 address, u64 rest);

static inline void device_notify(const struct device *d, u32 queue) { write16(d->bar + NOTIFY + 4 * queue, (u16)queue); }

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The box's virtio devices from a guest without an operating system: found on the bus, used as they should be, with their
 * interrupts on either CPU; then used by a madman: one CPU scribbles over rings and descriptors while the other one notifies,
 * writes registers and resets. Afterwards each must still work. What is scribbled names the upper half of the RAM, where nothing
 * of this guest is, or no RAM at all. Source: VIRTIO 1.2, 4.1 "Virtio Over PCI Bus".
 */
#include "device.h"

#define ARENA DEVICE_RINGS  /* to the end of RAM at 64 MiB */
#define ARENA_BYTES 0x2000000u
#define BUSY_BYTES 0x20000u /* of it, with the rings: what is scribbled over */
#define LONG_TIME 300000000ull
#define ROUNDS 15000u

static struct device devices[] = { { "rng", DEVICE_RNG, 0, 0, 0 }, { "console", DEVICE_CONSOLE, 0, 0, 0 }, { "disk", DEVICE_DISK, 0, 0, 0 } };

/* Offers chain 0 of a queue that has seen nothing yet; true when it has come back, with the interrupt on `cpu`. */
static bool done(const struct device *d, u32 queue, u32 cpu)
{
	u64 available = device_available(queue), used = device_used(queue);
	u32 before = cpus[cpu].seen[DEVICE_VECTOR + queue];

	write16(available + 4, 0);
	write16(available + 2, 1);
	device_notify(d, queue);
	interrupts_on();
	bool is_done = WAIT_FOR(read16(used + 2) == 1 && cpus[cpu].seen[DEVICE_VECTOR + queue] == before + 1, LONG_TIME);
	interrupts_off();
	return is_done;
}

static void use_rng(const struct device *d, u32 cpu)
{
	volatile u64 *bytes = (volatile u64 *)(ARENA + 0x10000);

	device_start(d, cpu);
	bytes[0] = bytes[1] = 0;
	device_put(0, 0, (u64)bytes, DEVICE_REST(16, WRITE, 0));
	check(done(d, 0, cpu), "rng: no answer on CPU %u, status %x", cpu, mmio_read(d->bar + STATUS) & 0xFF);
	check(bytes[0] && bytes[1] && bytes[0] != bytes[1], "rng: %lx %lx", bytes[0], bytes[1]);
}

/* A sector of the disk; its status byte. */
static u32 move(const struct device *d, u32 type, u64 sector)
{
	volatile u32 *header = (volatile u32 *)(ARENA + 0x10000);
	volatile u8 *status = (volatile u8 *)(ARENA + 0x10100);

	device_start(d, 0);
	header[0] = type;
	header[1] = 0;
	header[2] = (u32)sector;
	header[3] = 0;
	*status = 0xEE;
	device_put(0, 0, (u64)header, DEVICE_REST(16, NEXT, 1));
	device_put(0, 1, ARENA + 0x11000, DEVICE_REST(512, NEXT | (type ? 0 : WRITE), 2));
	device_put(0, 2, (u64)status, DEVICE_REST(1, WRITE, 0));
	check(done(d, 0, 0), "disk: no answer");
	return *status;
}

static void use_disk(const struct device *d, u32 salt)
{
	volatile u8 *data = (volatile u8 *)(ARENA + 0x11000);
	u32 wrong = 0;

	for (u32 i = 0; i < 512; i++)
		data[i] = (u8)(i * 5 + salt);
	check(move(d, 1, 3) == 0, "disk: cannot write");
	/* the way back takes a disk with heads longer than anybody waits for it */
	check(move(d, 1, mmio_read(d->bar + CONFIG) - 8) == 0, "disk: cannot write at its end");
	memset((void *)data, 0, 512);
	check(move(d, 0, 3) == 0, "disk: cannot read");
	for (u32 i = 0; i < 512; i++)
		wrong += data[i] != (u8)(i * 5 + salt);
	check(!wrong, "disk: %u bytes came back different", wrong);
	check(move(d, 0, 1u << 30) == 1, "disk: reads behind its end");
}

static void use_console(const struct device *d)
{
	volatile u32 *message = (volatile u32 *)(ARENA + 0x10000);

	device_start(d, 0);
	message[0] = 0;
	message[1] = 0x10000; /* DEVICE_READY 1 */
	device_put(3, 0, (u64)message, DEVICE_REST(8, 0, 0));
	device_put(2, 0, ARENA + 0x11000, DEVICE_REST(64, WRITE, 0));
	write16(device_available(2) + 2, 1);
	check(done(d, 3, 0), "console: no answer");
	check(*(volatile u32 *)(ARENA + 0x11004) == 0x10001, "console: tells %x first", *(volatile u32 *)(ARENA + 0x11004));
}

static void use_all(u32 salt)
{
	use_rng(&devices[0], 0);
	use_rng(&devices[0], 1);
	use_console(&devices[1]);
	use_disk(&devices[2], salt);
}

static u64 random_step(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* What may stand where an address, a length, an index or a flag does: none of them names what this guest needs. */
static u32 mad_value(u64 *state)
{
	u64 r = random_step(state);
	u32 place = (u32)ARENA + ((u32)(r >> 8) % BUSY_BYTES & ~15u);

	switch (r & 7) {
	case 0:
		return (u32)(r >> 32) & 15;
	case 1:
		return ((u32)(r >> 32) & 7) << 16 | ((u32)(r >> 40) & 7);
	case 2:
		return 0xFFFFFFFF;
	case 3:
		return 0xFEE00000 + ((u32)(r >> 32) & 0xFF0);
	case 4:
		return (u32)ARENA + ARENA_BYTES - 16;
	default:
		return place;
	}
}

static volatile bool is_mad, has_ended;

void guest_other(void)
{
	u64 state = 0x9E3779B97F4A7C15;

	lapic_enable();
	for (;;) {
		interrupts_on();
		while (!is_mad)
			pause();
		interrupts_off();
		while (is_mad)
			*(volatile u32 *)(ARENA + (random_step(&state) % BUSY_BYTES & ~3u)) = mad_value(&state);
		has_ended = true;
	}
}

/* Registers but the messages, which would go to this guest's own CPUs: a reset of them is theirs to answer. */
static void poke(const struct device *d, u64 *state)
{
	u64 r = random_step(state);
	u32 offset = (u32)(r >> 8) % (r & 1 ? 56 : TABLE), value = mad_value(state);

	if (r & 2)
		write8(d->bar + offset, (u8)value);
	else if (r & 4)
		write16(d->bar + (offset & ~1u), (u16)value);
	else
		mmio_write(d->bar + (offset & ~3u), value);
	(void)mmio_read(d->bar + ((u32)(r >> 40) % 0x8000 & ~3u));
}

static void rage(void)
{
	u64 state = 0x2545F4914F6CDD1D;
	u32 broken = 0;

	is_mad = true;
	for (u32 i = 0; i < ROUNDS; i++) {
		const struct device *d = &devices[i / 32 % ARRAY_SIZE(devices)];
		u32 queue = (u32)random_step(&state) % d->queues;

		if (!(i % 32) || (mmio_read(d->bar + STATUS) & 0x40)) {
			broken += (mmio_read(d->bar + STATUS) & 0x40) != 0;
			device_start(d, 0);
		}
		/* not the terminal's: the run's log is on it */
		if (d->type != DEVICE_CONSOLE || queue != 1)
			device_notify(d, queue);
		if (!(i % 5))
			poke(d, &state);
	}
	is_mad = false;
	check(WAIT_FOR(has_ended, LONG_TIME), "the other CPU does not end");
	print("guest: rules broken %u times\n", broken);
	check(broken > 20, "only %u times a device said that a rule was broken", broken);
	for (u32 i = 0; i < ARRAY_SIZE(devices); i++)
		write8(devices[i].bar + STATUS, 0);
}

static void on_interrupt(struct trap_frame *frame)
{
	(void)frame;
	lapic_eoi();
}

void guest_main(void)
{
	traps_init(0);
	lapic_enable();
	for (u32 i = 0; i < 16; i++)
		trap_set(DEVICE_VECTOR + i, on_interrupt);
	if (check(cpu_start(1), "the other CPU does not come up")) {
		bool all = true;

		for (u32 i = 0; i < ARRAY_SIZE(devices); i++)
			all &= device_find(&devices[i]);
		if (all) {
			use_all(1);
			rage();
			use_all(2);
		}
	}
	finish("virtio");
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: a hostile guest drives the virtio devices through configuration space, BARs and
 * rings in its RAM, which other CPUs of it change while the device reads. The RAM is a heap block of its
 * own, so that the sanitizer sees every byte beside it. Asserts that values fit their size, that messages
 * go nowhere but where MSI-X says, and that one access makes a bounded number of them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "devices/board.h"
#include "image/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RAM_BYTES 0x10000u
#define RINGS 0x1000u      /* of queue n at n times this; data everywhere */
#define RING_SIZE 8u
#define DEVICES 4u
#define MAX_MESSAGES (4 * VIRTQUEUE_MAX_SIZE)

#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

struct input {
	const uint8_t *data;
	size_t left;
};

static struct board board;
static uint8_t *ram;
static uint32_t messages;
static uint64_t now;

/* What another CPU of the guest writes between two reads of the device. */
static struct input *meanwhile;

static uint64_t take(struct input *input, size_t bytes)
{
	uint64_t value = 0;

	for (; bytes && input->left; bytes--, input->left--)
		value = value << 8 | *input->data++;
	return value;
}

static uint64_t now_ticks(void *context)
{
	(void)context;
	return ++now;
}

static void msi(void *context, uint64_t address, uint32_t data)
{
	(void)context;
	(void)data;
	REQUIRE(!(address & 3));
	REQUIRE(++messages <= MAX_MESSAGES);
}

static void pic_line(void *context, bool level)
{
	(void)context;
	(void)level;
}

static void console_put(void *context, uint8_t byte)
{
	(void)context;
	(void)byte;
}

static void stop(void *context, uint32_t reason, uint64_t detail)
{
	(void)context;
	(void)reason;
	(void)detail;
}

static void health(void *context, enum health_event event)
{
	(void)context;
	(void)event;
}

static void unclaimed(void *context, const struct bus_access *access)
{
	(void)context;
	REQUIRE(access->size <= 8);
}

/* Every look-up is a moment at which the guest may change what it has written. */
static void *memory(void *context, uint64_t gpa, uint64_t count)
{
	(void)context;
	if (meanwhile && meanwhile->left && (take(meanwhile, 1) & 3) == 3)
		ram[take(meanwhile, 2) % RAM_BYTES] = (uint8_t)take(meanwhile, 1);
	return gpa <= RAM_BYTES && count <= RAM_BYTES - gpa ? ram + gpa : NULL;
}

static void random_bytes(void *context, void *bytes, uint32_t count)
{
	(void)context;
	memset(bytes, 0x5A, count);
}

static const struct platform_ops ops = {
	.now_ticks = now_ticks, .msi = msi, .pic_line = pic_line, .console_put = console_put,
	.stop = stop, .health = health, .unclaimed = unclaimed,
	.memory = memory, .random = random_bytes,
};

/* Whoever is behind a port: takes some, sends some, has something to do now and then. */
static uint32_t receive(void *context, struct console_port *port, const uint8_t *bytes,
			uint32_t count)
{
	uint32_t part = bytes[0] % (count + 1);

	(void)context;
	REQUIRE(count);
	REQUIRE(port_send(port, bytes, count) <= count);
	port_start_work(port);
	return part;
}

static void writable(void *context, struct console_port *port)
{
	(void)context;
	port_send(port, "writable", 8);
}

static bool work(void *context, struct console_port *port)
{
	(void)context;
	return port_send(port, "work", 4) == 4;
}

static const struct port_backend backend = {
	.name = "fuzz", .receive = receive, .writable = writable, .work = work,
};

/* A disk that ends its jobs when the input says; what lies in the guest's RAM is touched until then. */
static struct disk_job *begun[DISK_JOBS];

static void start(void *context, struct disk_job *job)
{
	(void)context;
	for (uint32_t i = 0; i < DISK_JOBS; i++)
		if (!begun[i]) {
			begun[i] = job;
			return;
		}
	abort();
}

static void cancel(void *context)
{
	(void)context;
	memset(begun, 0, sizeof(begun));
}

#define DISK_SECTORS 1024u

static void end_job(uint32_t which, bool is_good)
{
	struct disk_job *job = begun[which % DISK_JOBS];
	bool moves = job && (job->operation == DISK_READ || job->operation == DISK_WRITE);

	if (!job)
		return;
	if (job->operation != DISK_FLUSH)
		REQUIRE(job->bytes && job->sector + job->bytes / DISK_SECTOR_BYTES <= DISK_SECTORS);
	for (uint32_t offset = 0; moves && offset < job->bytes;) {
		size_t count = job->bytes - offset;
		uint8_t *at = disk_job_at(job, offset, &count);

		REQUIRE(at && count);
		memset(at, job->operation == DISK_READ ? 0xDD : at[count - 1], count);
		offset += (uint32_t)count;
	}
	begun[which % DISK_JOBS] = NULL;
	disk_done(job, is_good);
}

static const struct disk_backend disk = {
	.sectors = DISK_SECTORS, .block_bytes = 512, .may_discard = true, .serial = "fuzz",
	.start = start, .cancel = cancel,
};

/* A network on which nothing may come from anywhere but the port. */
static uint64_t counts[NET_COUNTS];

static bool send(void *context, const uint8_t *frame, uint32_t count)
{
	(void)context;
	REQUIRE(count >= NET_FRAME_LEAST && count <= NET_FRAME_MOST && !memcmp(frame + 6, "\2fuzz\1", 6));
	return count & 1;
}

static uint32_t receive_frame(void *context, uint8_t *frame, uint32_t room)
{
	uint32_t count = (uint32_t)(now * 7 % (room + 1));

	(void)context;
	memset(frame, (int)now, count);
	return count;
}

static bool is_up(void *context)
{
	(void)context;
	return now & 0x100;
}

static void foreign(void *context, const uint8_t *source)
{
	(void)context;
	(void)source;
}

static const struct net_backend network = {
	.policy.mac = "\2fuzz\1", .counts = counts, .send = send, .receive = receive_frame, .is_up = is_up, .foreign = foreign,
};

static void power_on(void)
{
	const struct platform platform = {
		.ops = &ops, .ticks_hz = 1000000, .devices = UINT32_MAX,
		.ctl_port = &backend, .update_port = &backend, .disk = &disk, .network = &network,
	};

	board_reset(&board, &platform);
}

static void config_write(uint32_t slot, uint32_t offset, uint32_t size, uint64_t value)
{
	board_port_out(&board, 0xCF8, 4, 0x80000000 | slot << 11 | (offset & 0xFC));
	board_port_out(&board, (uint16_t)(0xCFC + (offset & 3)), size, value);
}

static uint64_t config_read(uint32_t slot, uint32_t offset, uint32_t size)
{
	board_port_out(&board, 0xCF8, 4, 0x80000000 | slot << 11 | (offset & 0xFC));
	return board_port_in(&board, (uint16_t)(0xCFC + (offset & 3)), size);
}

static uint64_t bar_of(uint32_t slot)
{
	return config_read(slot, 0x10, 4) & ~0xFull;
}

static void set(uint64_t bar, uint32_t offset, uint32_t size, uint64_t value)
{
	board_mmio_write(&board, bar + offset, size, value);
}

/* The way a good driver starts, so that the fuzzer need not find it. */
static void bring_up(uint32_t slot, uint64_t without)
{
	uint64_t bar;
	uint32_t queues;

	config_write(slot, 4, 2, 6);
	config_write(slot, 0x9A, 2, 0x8000);
	bar = bar_of(slot);
	set(bar, 20, 1, 0);
	set(bar, 20, 1, 3);
	for (uint32_t i = 0; i < 2; i++) {
		set(bar, 0, 4, i);
		set(bar, 8, 4, i);
		set(bar, 12, 4, board_mmio_read(&board, bar + 4, 4) & ~(uint32_t)(without >> 32 * i));
	}
	set(bar, 20, 1, 11);
	queues = (uint32_t)board_mmio_read(&board, bar + 18, 2) % 16;
	for (uint32_t i = 0; i < queues; i++) {
		set(bar, 0x4000 + 16 * i, 4, 0xFEE00000);
		set(bar, 0x400C + 16 * i, 4, 0);
		set(bar, 22, 2, i);
		set(bar, 24, 2, RING_SIZE);
		set(bar, 26, 2, i);
		set(bar, 32, 8, RINGS * i);
		set(bar, 40, 8, RINGS * i + 0x100);
		set(bar, 48, 8, RINGS * i + 0x200);
		bytes_put16(ram + RINGS * i + 0x102, 0);
		set(bar, 28, 2, 1);
	}
	set(bar, 20, 1, 15);
}

/* A descriptor of any kind, mostly one that could be. */
static void put_descriptor(struct input *input, uint8_t *at)
{
	uint32_t kind = (uint32_t)take(input, 1);
	uint64_t gpa = kind & 0x80 ? take(input, 8) : take(input, 2);
	uint32_t count = kind & 0x40 ? (uint32_t)take(input, 4) : (uint32_t)take(input, 1);

	if (kind & 0x20)
		count = (count & 15) * 512;
	bytes_put64(at, gpa);
	bytes_put32(at + 8, count);
	bytes_put16(at + 12, kind & 7);
	bytes_put16(at + 14, (uint16_t)take(input, 1) % (RING_SIZE + 1));
}

static void offer(struct input *input, uint32_t slot)
{
	uint32_t queue = (uint32_t)take(input, 1) % VIRTIO_MAX_QUEUES;
	uint8_t *ring = ram + RINGS * queue;
	uint16_t index = bytes_get16(ring + 0x102);
	uint32_t count = (uint32_t)take(input, 1) % RING_SIZE;

	if (take(input, 1) & 1) /* the start of a request of a disk's */
		bytes_put64(ram + take(input, 2) % (RAM_BYTES - 16), take(input, 1) & 15);
	for (uint32_t i = 0; i < count; i++)
		put_descriptor(input, ring + 16 * i);
	bytes_put16(ring + 0x104 + 2 * (index % RING_SIZE), 0);
	bytes_put16(ring + 0x102, (uint16_t)(index + 1));
	meanwhile = count & 1 ? input : NULL;
	set(bar_of(slot), 0x3000 + 4 * queue, 2, queue);
	meanwhile = NULL;
}

static void write_ram(struct input *input)
{
	uint32_t gpa = (uint32_t)take(input, 2);
	uint32_t count = (uint32_t)take(input, 1) & 15;

	for (uint32_t i = 0; i < count; i++)
		ram[(gpa + i) % RAM_BYTES] = (uint8_t)take(input, 1);
}

static void drive(struct input *input, uint32_t op)
{
	uint32_t slot = op / 8 % DEVICES + 1;
	uint32_t size = 1u << (op >> 6);
	uint64_t value;

	switch (op % 10) {
	case 8:
		value = take(input, 1);
		end_job((uint32_t)value, value & 0x80);
		break;
	case 0:
		bring_up(slot, take(input, 1) == 0xFF ? take(input, 8) : 0);
		break;
	case 1:
	case 2:
		offer(input, slot);
		break;
	case 3:
		write_ram(input);
		break;
	case 4:
		set(bar_of(slot), (uint32_t)take(input, 2) & 0x7FFF, size, take(input, size));
		break;
	case 5:
		value = board_mmio_read(&board, bar_of(slot) + (take(input, 2) & 0x7FFF), size);
		REQUIRE(!(value & ~bus_ones(size)));
		break;
	case 6:
		config_write(slot, (uint32_t)take(input, 1), size & 7 ? size : 4, take(input, size));
		break;
	case 7:
		now += take(input, 2);
		board_run_timers(&board);
		break;
	default:
		value = config_read(slot, (uint32_t)take(input, 1), size & 7 ? size : 4);
		REQUIRE(!(value & ~bus_ones(4)));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	ram = calloc(1, RAM_BYTES);
	REQUIRE(ram);
	power_on();
	while (input.left) {
		messages = 0;
		drive(&input, (uint32_t)take(&input, 1));
	}
	free(ram);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network port from a guest without an operating system: asks the network's router for its address (ARP) through a card that the emulator
 * plays, from the port's own MAC address, from a stranger's, from a group's. "spoofing" on the command line: the stranger's question must be
 * answered, too. Source: VIRTIO 1.2, 5.1 "Network Device"; RFC 826.
 */
#include "device.h"

#define ARENA 0x2100000ull /* behind the rings */
#define SENT_AT ARENA
#define RECEIVED_AT (ARENA + 0x1000)
#define BUFFER_BYTES 2048u
#define BUFFERS 8u
#define HEADER 12u
#define FRAME 60u
#define QUEUE_RECEIVE 0u
#define QUEUE_SEND 1u
#define SHORT_TIME 20000000ull /* ticks: the router answers long before */
#define TRIES 3u

static struct device port = { "network", DEVICE_NETWORK, 0, 0, 0 };
static u8 own[6];
static u16 offered, sent, looked;

static bool is_like(const volatile u8 *a, const u8 *b, u32 count)
{
	for (u32 i = 0; i < count; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

static void offer(u32 buffer)
{
	write16(device_available(QUEUE_RECEIVE) + 4 + 2 * (offered % DEVICE_RING_SIZE), (u16)buffer);
	write16(device_available(QUEUE_RECEIVE) + 2, ++offered);
	device_notify(&port, QUEUE_RECEIVE);
}

static void start(void)
{
	device_start(&port, 0);
	for (u32 i = 0; i < BUFFERS; i++) {
		device_put(QUEUE_RECEIVE, i, RECEIVED_AT + i * BUFFER_BYTES, DEVICE_REST(BUFFER_BYTES, WRITE, 0));
		offer(i);
	}
	for (u32 i = 0; i < 6; i++)
		own[i] = *(volatile u8 *)(port.bar + CONFIG + i);
	print("guest: port %x:%x:%x:%x:%x:%x, link %u\n", own[0], own[1], own[2], own[3], own[4], own[5], read16(port.bar + CONFIG + 6));
}

/* "Who has 10.0.2.2? Tell 10.0.2.15." */
static void ask(const u8 source[6])
{
	static const u8 question[] = { 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1 };
	u8 *frame = (u8 *)(SENT_AT + HEADER);

	memset((void *)SENT_AT, 0, HEADER + FRAME);
	memset(frame, 0xFF, 6);
	memcpy(frame + 6, source, 6);
	memcpy(frame + 12, question, sizeof(question));
	memcpy(frame + 22, source, 6);
	memcpy(frame + 28, (const u8[]){ 10, 0, 2, 15 }, 4);
	memcpy(frame + 38, (const u8[]){ 10, 0, 2, 2 }, 4);
	device_put(QUEUE_SEND, 0, SENT_AT, DEVICE_REST(HEADER + FRAME, 0, 0));
	write16(device_available(QUEUE_SEND) + 4 + 2 * (sent % DEVICE_RING_SIZE), 0);
	write16(device_available(QUEUE_SEND) + 2, ++sent);
	device_notify(&port, QUEUE_SEND);
	check(WAIT_FOR(read16(device_used(QUEUE_SEND) + 2) == sent, SHORT_TIME), "a frame is not taken");
}

/* Looks at what has come; true: the router's answer to `asker`. */
static bool is_answer(const u8 asker[6])
{
	u64 entry = device_used(QUEUE_RECEIVE) + 4 + 8 * (looked % DEVICE_RING_SIZE);
	u32 buffer = *(volatile u32 *)entry, bytes = *(volatile u32 *)(entry + 4);
	const volatile u8 *frame = (const volatile u8 *)(RECEIVED_AT + buffer * BUFFER_BYTES + HEADER);
	bool is_it = bytes >= HEADER + 42 && is_like(frame, asker, 6) && is_like(frame + 12, (const u8[]){ 8, 6 }, 2) && frame[21] == 2 &&
		     is_like(frame + 28, (const u8[]){ 10, 0, 2, 2 }, 4);

	looked++;
	offer(buffer);
	return is_it;
}

static bool answer_comes(const u8 asker[6], u64 ticks)
{
	bool is_it = false;

	interrupts_on();
	while (!is_it && WAIT_FOR(read16(device_used(QUEUE_RECEIVE) + 2) != looked, ticks))
		is_it = is_answer(asker);
	interrupts_off();
	return is_it;
}

/* A card may need a moment for its link: a question is asked more than once. */
static bool is_answered(const u8 source[6])
{
	for (u32 i = 0; i < TRIES; i++) {
		u64 before = rdtsc();

		ask(source);
		if (answer_comes(source, SHORT_TIME)) {
			print("guest: answered after %lu ticks\n", rdtsc() - before);
			return true;
		}
	}
	return false;
}

static bool may_spoof(void)
{
	for (const char *c = command_line(); *c; c++)
		if (c[0] == 's' && c[1] == 'p' && c[2] == 'o')
			return true;
	return false;
}

static void on_interrupt(struct trap_frame *frame)
{
	(void)frame;
	lapic_eoi();
}

void guest_main(void)
{
	static const u8 stranger[] = { 0x02, 0x4E, 0x42, 0, 0, 0x77 }, group[] = { 0x03, 0x4E, 0x42, 0, 0, 1 };

	traps_init(0);
	lapic_enable();
	for (u32 i = 0; i < 4; i++)
		trap_set(DEVICE_VECTOR + i, on_interrupt);
	if (device_find(&port)) {
		start();
		check(is_answered(own), "no answer to the port's own address");
		check(cpus[0].seen[DEVICE_VECTOR + QUEUE_RECEIVE], "frames came without an interrupt");
		check(is_answered(stranger) == may_spoof(), "a stranger's question: not as the layout says");
		ask(group);
		check(!answer_comes(group, SHORT_TIME), "an answer to a group");
		check(is_answered(own), "no answer after strangers");
	}
	finish("network");
}

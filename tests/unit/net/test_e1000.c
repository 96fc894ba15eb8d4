/* SPDX-License-Identifier: Apache-2.0 */
/* The e1000 driver against a card that is played: frames both ways around the rings, broken lengths and words, no link, a card that stops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bsp/net/nics.h"
#include "tests/unit/disk/board.h"

enum { CTRL = 0, STATUS = 8, RCTL = 0x100, TCTL = 0x400, RDBAL = 0x2800, RDLEN = 0x2808, RDH = 0x2810, RDT = 0x2818, TDBAL = 0x3800,
       TDLEN = 0x3808, TDH = 0x3810, TDT = 0x3818, RAL = 0x5400, RAH = 0x5404 };

#define BAR_BYTES 0x20000u

static uint8_t memory[E1000_DMA_BYTES] __attribute__((aligned(4096)));
static const struct nic_address address = { .mac = { 0x02, 0x4E, 0x42, 1, 2, 3 } };
static struct nics nics;
static struct nic *nic;

static struct {
	uint32_t registers[0x6000 / 4];
	uint8_t sent[NIC_FRAME_MOST];
	uint32_t sent_count, sent_frames, resets;
	bool is_stuck, keeps_reset;
} card;

static uint8_t *reach(uint64_t physical, uint64_t bytes)
{
	if (physical < BOARD_DMA_PHYSICAL || bytes > sizeof(memory) || physical - BOARD_DMA_PHYSICAL > sizeof(memory) - bytes) {
		board.bad_accesses++;
		return NULL;
	}
	return memory + (physical - BOARD_DMA_PHYSICAL);
}

static uint32_t *reg(uint32_t offset)
{
	return &card.registers[offset / 4];
}

static uint8_t *descriptor(uint32_t base, uint32_t place)
{
	return reach((*reg(base) | (uint64_t)*reg(base + 4) << 32) + 16 * place, 16);
}

static void play_send(void)
{
	uint32_t ring = *reg(TDLEN) / 16;

	if (card.is_stuck || !(*reg(TCTL) & 2))
		return;
	for (; *reg(TDH) != *reg(TDT); *reg(TDH) = (*reg(TDH) + 1) % ring) {
		uint8_t *d = descriptor(TDBAL, *reg(TDH));
		uint64_t at;
		uint16_t count;

		memcpy(&at, d, 8);
		memcpy(&count, d + 8, 2);
		board.bad_accesses += count > sizeof(card.sent) || (d[11] & 0xB) != 0xB || d[12];
		memcpy(card.sent, reach(at, count), count);
		card.sent_count = count;
		card.sent_frames++;
		d[12] = 1;
	}
}

static uint32_t play_read(uint32_t bar, uint32_t offset, uint32_t size)
{
	board.bad_accesses += size != 4 || bar;
	if (offset == CTRL && !card.keeps_reset)
		*reg(CTRL) &= ~(1u << 26);
	return *reg(offset);
}

static void play_write(uint32_t bar, uint32_t offset, uint32_t size, uint32_t value)
{
	board.bad_accesses += size != 4 || bar;
	/* rings may not change under a card that uses them */
	board.bad_accesses += (offset & ~0x1Fu) == RDBAL && offset != RDT && *reg(RCTL) & 2;
	board.bad_accesses += (offset & ~0x1Fu) == TDBAL && offset != TDT && *reg(TCTL) & 2;
	board.bad_accesses += (offset == RDT || offset == TDT) && value >= E1000_RING;
	card.resets += offset == CTRL && value >> 26 & 1;
	*reg(offset) = value;
	if (offset == TDT)
		play_send();
}

/* Into the next of the driver's buffers, as the card says it; false: the driver has given it none. */
static bool play_receive(uint32_t said_bytes, uint8_t status, uint8_t errors)
{
	uint32_t head = *reg(RDH);
	uint8_t *d = descriptor(RDBAL, head), *buffer;
	uint16_t said = (uint16_t)said_bytes;
	uint64_t at;

	if (head == *reg(RDT) || !(*reg(RCTL) & 2))
		return false;
	memcpy(&at, d, 8);
	buffer = reach(at, 2048);
	for (uint32_t i = 0; i < 2048; i++)
		buffer[i] = (uint8_t)(i + head);
	memcpy(d + 8, &said, 2);
	board.bad_accesses += d[12];
	d[12] = status;
	d[13] = errors;
	*reg(RDH) = (head + 1) % (*reg(RDLEN) / 16);
	return true;
}

static void make(void)
{
	board_make(0x8086, 0x100E, 0x020000);
	board_set_bar(0, BAR_BYTES);
	board.read = play_read;
	board.write = play_write;
	board.host.dma = (struct dma_memory){ memory, BOARD_DMA_PHYSICAL, sizeof(memory) };
	memset(&card, 0, sizeof(card));
	memset(memory, 0x77, sizeof(memory));
	*reg(STATUS) = 2;
}

static int setup(void **state)
{
	make();
	nic = nics_open(&nics, &board.host, &address);
	assert_non_null(nic);
	return 0;
}

static int teardown(void **state)
{
	assert_int_equal(board.bad_accesses, 0);
	return 0;
}

static void is_set_up(void **state)
{
	assert_string_equal(nic->model, "Intel 82540EM");
	assert_string_equal(nic->where, "00:03.0");
	assert_int_equal(*reg(RAL), 0x01424E02);
	assert_int_equal(*reg(RAH), 0x80000302);
	assert_int_equal(*reg(RDLEN), E1000_RING * 16);
	assert_int_equal(*reg(RCTL) & 0x0400801E, 0x04008012); /* on, groups, broadcasts, no check sum; not everything */
	assert_int_equal(*reg(TCTL) & 0xA, 0xA);
	assert_int_equal(*reg(CTRL) >> 6 & 1, 1);
	assert_true(nic->is_up(nic));
	struct nic_address all = address;

	all.takes_all = true;
	*reg(RCTL) = *reg(TCTL) = 0;
	assert_non_null(nics_open(&nics, &board.host, &all));
	assert_int_equal(*reg(RCTL) >> 3 & 3, 3);
}

static void sends_around_the_ring(void **state)
{
	uint8_t frame[NIC_FRAME_MOST];

	for (uint32_t i = 0; i < 5 * E1000_RING; i++) {
		uint32_t count = 14 + i * 9;

		memset(frame, (int)i, sizeof(frame));
		assert_true(nic->send(nic, frame, count));
		assert_int_equal(card.sent_frames, i + 1);
		assert_int_equal(card.sent_count, count);
		assert_memory_equal(card.sent, frame, count);
	}
	assert_int_equal(nic->resets, 0);
}

static void receives_around_the_ring(void **state)
{
	uint8_t frame[NIC_FRAME_MOST];

	assert_int_equal(nic->receive(nic, frame, sizeof(frame)), 0);
	for (uint32_t round = 0; round < 4; round++) {
		uint32_t first = *reg(RDH), fitted = 0;

		while (play_receive(60 + fitted, 3, 0))
			fitted++;
		assert_int_equal(fitted, E1000_RING - 1);
		for (uint32_t i = 0; i < fitted; i++) {
			assert_int_equal(nic->receive(nic, frame, sizeof(frame)), 60 + i);
			assert_int_equal(frame[0], (uint8_t)((first + i) % E1000_RING));
			assert_int_equal(frame[59], (uint8_t)(59 + (first + i) % E1000_RING));
		}
		assert_int_equal(nic->receive(nic, frame, sizeof(frame)), 0);
	}
	assert_int_equal(nic->bad, 0);
}

static void does_not_believe_lengths_and_words(void **state)
{
	static const struct { uint32_t bytes; uint8_t status, errors; } wrong[] = {
		{ 0, 3, 0 }, { NIC_FRAME_MOST + 1, 3, 0 }, { 2049, 3, 0 }, { 0xFFFF, 3, 0 }, { 100, 3, 1 }, { 100, 3, 0x80 },
		{ 2048, 1, 0 }, /* the first part of a long frame */
		{ 2048, 1, 0 },
		{ 100, 3, 0 }, /* and its last */
	};
	uint8_t frame[NIC_FRAME_MOST];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_true(play_receive(wrong[i].bytes, wrong[i].status, wrong[i].errors));
	assert_true(play_receive(64, 3, 0));
	assert_int_equal(nic->receive(nic, frame, sizeof(frame)), 64);
	assert_int_equal(nic->bad, sizeof(wrong) / sizeof(wrong[0]));
	assert_int_equal(nic->receive(nic, frame, sizeof(frame)), 0);
	assert_true(play_receive(64, 3, 0));
	assert_int_equal(nic->receive(nic, frame, 63), 0);
	assert_int_equal(nic->bad, sizeof(wrong) / sizeof(wrong[0]) + 1);
}

/* One that calls everything received, for ever. */
static void ends_with_a_card_that_never_does(void **state)
{
	uint8_t frame[NIC_FRAME_MOST];

	for (uint32_t i = 0; i < E1000_RING; i++)
		descriptor(RDBAL, i)[12] = 1;
	assert_int_equal(nic->receive(nic, frame, sizeof(frame)), 0);
	assert_int_equal(nic->bad, E1000_RING);
}

static void a_full_ring_without_a_link_loses_frames(void **state)
{
	uint8_t frame[60] = { 0 };

	card.is_stuck = true;
	*reg(STATUS) = 0;
	assert_false(nic->is_up(nic));
	for (uint32_t i = 0; i < 100; i++)
		assert_true(nic->send(nic, frame, sizeof(frame)));
	assert_int_equal(nic->lost, 100 - (E1000_RING - 1));
	*reg(STATUS) = UINT32_MAX; /* it has gone */
	assert_false(nic->is_up(nic));
}

static void a_card_that_stops_is_set_up_again(void **state)
{
	uint8_t frame[60] = { 0 };
	uint64_t start = board.now_ms;
	uint32_t resets = card.resets, tries = 0;

	card.is_stuck = true;
	for (uint32_t i = 0; i < E1000_RING - 1; i++)
		assert_true(nic->send(nic, frame, sizeof(frame)));
	while (card.resets == resets && tries++ < 10000)
		assert_false(nic->send(nic, frame, sizeof(frame)));
	assert_in_range(board.now_ms - start, 2000, 2500);
	assert_int_equal(nic->resets, 1);
	card.is_stuck = false;
	assert_true(nic->send(nic, frame, sizeof(frame)));
	assert_int_equal(card.sent_frames, 1);
	assert_true(play_receive(64, 3, 0));
	assert_int_equal(nic->receive(nic, frame, sizeof(frame)), 0); /* too long for it, and taken */
	assert_int_equal(nic->bad, 1);
}

static void is_not_opened_when_it_does_not_answer(void **state)
{
	make();
	card.keeps_reset = true;
	assert_null(nics_open(&nics, &board.host, &address));
	assert_in_range(board.now_ms, 100, 200);
	make();
	*reg(STATUS) = UINT32_MAX;
	assert_null(nics_open(&nics, &board.host, &address));
	make();
	board.refuses_maps = true;
	assert_null(nics_open(&nics, &board.host, &address));
	make();
	board_set_bar(0, 0x4000); /* its addresses would be outside */
	assert_null(nics_open(&nics, &board.host, &address));
	make();
	board.host.dma.size = E1000_DMA_BYTES - 1;
	assert_null(nics_open(&nics, &board.host, &address));
	make();
	board_set_config(0, 4, 0x10D38086); /* of another family */
	assert_null(nics_open(&nics, &board.host, &address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(is_set_up, setup, teardown),
		cmocka_unit_test_setup_teardown(sends_around_the_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(receives_around_the_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(does_not_believe_lengths_and_words, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_with_a_card_that_never_does, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_ring_without_a_link_loses_frames, setup, teardown),
		cmocka_unit_test_setup_teardown(a_card_that_stops_is_set_up_again, setup, teardown),
		cmocka_unit_test(is_not_opened_when_it_does_not_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

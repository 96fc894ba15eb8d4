/* SPDX-License-Identifier: Apache-2.0 */
/* The 8259A pair; see pic.h. Priority falls from the input after `lowest` round to `lowest`. */
#include "devices/pic.h"

#include <string.h>

enum { MASTER, SLAVE };
enum { EXPECT_NOTHING, EXPECT_ICW2, EXPECT_ICW3, EXPECT_ICW4 };

#define CASCADE_INPUT 2u
#define NO_INPUT 8u

#define ICW1_ICW4   0x01u
#define ICW1_SINGLE 0x02u
#define ICW1        0x10u /* in a write to the even port: ICW1, else OCW2 or OCW3 */
#define ICW4_AUTO_EOI       0x02u
#define ICW4_SPECIAL_NESTED 0x10u
#define OCW3              0x08u
#define OCW3_READ_SERVICE 0x01u
#define OCW3_READ         0x02u
#define OCW3_POLL         0x04u
#define OCW3_MASK_ON      0x20u
#define OCW3_MASK_SET     0x40u

/* The first input of `set` in priority order, NO_INPUT if there is none. */
static uint32_t highest(const struct pic *pic, uint8_t set)
{
	for (uint32_t i = 1; i <= 8; i++) {
		uint32_t input = (pic->lowest + i) & 7;

		if (set & 1u << input)
			return input;
	}
	return NO_INPUT;
}

static uint32_t rank(const struct pic *pic, uint32_t input)
{
	return input == NO_INPUT ? NO_INPUT : (input - pic->lowest - 1) & 7;
}

/* The input this chip would interrupt for now, NO_INPUT if for none. */
static uint32_t pending(const struct pic *pic, bool is_master)
{
	uint32_t request = highest(pic, pic->requests & (uint8_t)~pic->mask);
	uint8_t blocking = pic->in_service;

	if (pic->is_special_mask)
		blocking &= (uint8_t)~pic->mask;
	/* Special fully nested mode: the slave may interrupt its own service in the master. */
	if (is_master && pic->is_special_nested && request == CASCADE_INPUT)
		blocking &= (uint8_t)~(1u << CASCADE_INPUT);
	if (request == NO_INPUT)
		return NO_INPUT;
	return rank(pic, request) < rank(pic, highest(pic, blocking)) ? request : NO_INPUT;
}

static void chip_set(struct pic *pic, uint32_t input, bool is_asserted)
{
	uint8_t bit = (uint8_t)(1u << input);

	if (pic->level_triggered & bit)
		pic->requests = is_asserted ? pic->requests | bit : pic->requests & (uint8_t)~bit;
	else if (is_asserted && !(pic->lines & bit))
		pic->requests |= bit;
	pic->lines = is_asserted ? pic->lines | bit : pic->lines & (uint8_t)~bit;
}

static void update_output(struct pic_pair *pair)
{
	struct pic *master = &pair->chip[MASTER];
	bool is_high;

	/* The cascade follows the slave's output: its second request may come without an edge. */
	master->requests &= (uint8_t)~(1u << CASCADE_INPUT);
	if (pending(&pair->chip[SLAVE], false) != NO_INPUT)
		master->requests |= 1u << CASCADE_INPUT;
	is_high = pending(master, true) != NO_INPUT;
	if (is_high == pair->is_output_high)
		return;
	pair->is_output_high = is_high;
	pair->platform->ops->pic_line(pair->platform->context, is_high);
}

void pic_reset(struct pic_pair *pair, const struct platform *platform)
{
	memset(pair, 0, sizeof(*pair));
	pair->platform = platform;
	for (uint32_t i = MASTER; i <= SLAVE; i++) {
		pair->chip[i].lowest = 7;
		pair->chip[i].mask = 0xFF; /* as firmware leaves it */
		pair->chip[i].vector_base = i == MASTER ? 0x08 : 0x70;
	}
	/* Timer, keyboard, cascade, clock and FPU error are edge-triggered for good. */
	pair->chip[MASTER].elcr_writable = 0xF8;
	pair->chip[SLAVE].elcr_writable = 0xDE;
	platform->ops->pic_line(platform->context, false);
}

void pic_set(struct pic_pair *pair, uint32_t input, bool is_asserted)
{
	if (input >= PIC_INPUTS || input == CASCADE_INPUT)
		return;
	chip_set(&pair->chip[input >> 3], input & 7, is_asserted);
	update_output(pair);
}

static void chip_take(struct pic *pic, uint32_t input)
{
	uint8_t bit = (uint8_t)(1u << input);

	if (!(pic->level_triggered & bit))
		pic->requests &= (uint8_t)~bit;
	if (!pic->is_auto_eoi)
		pic->in_service |= bit;
	else if (pic->is_rotating_auto_eoi)
		pic->lowest = (uint8_t)input;
}

/* One chip's part of an acknowledge: its vector. */
static uint8_t chip_acknowledge(struct pic *pic, bool is_master)
{
	uint32_t input = pending(pic, is_master);

	if (input == NO_INPUT)
		return pic->vector_base | 7;
	chip_take(pic, input);
	return (uint8_t)(pic->vector_base | input);
}

uint8_t pic_acknowledge(struct pic_pair *pair)
{
	struct pic *master = &pair->chip[MASTER];
	uint32_t input = pending(master, true);
	uint8_t vector = chip_acknowledge(master, true);

	if (input == CASCADE_INPUT && !master->is_single)
		vector = chip_acknowledge(&pair->chip[SLAVE], false);
	update_output(pair);
	return vector;
}

static void start_initialisation(struct pic *pic, uint8_t icw1)
{
	/* Edge sensing starts afresh, but a level that is there is a request. */
	pic->requests = pic->lines & pic->level_triggered;
	pic->in_service = 0;
	pic->mask = 0;
	pic->lowest = 7;
	pic->is_auto_eoi = false;
	pic->is_rotating_auto_eoi = false;
	pic->is_special_mask = false;
	pic->is_special_nested = false;
	pic->is_reading_service = false;
	pic->is_polling = false;
	pic->needs_icw4 = icw1 & ICW1_ICW4;
	pic->is_single = icw1 & ICW1_SINGLE;
	pic->expected = EXPECT_ICW2;
}

static void continue_initialisation(struct pic *pic, uint8_t value)
{
	uint8_t after_icw3 = pic->needs_icw4 ? EXPECT_ICW4 : EXPECT_NOTHING;

	switch (pic->expected) {
	case EXPECT_ICW2:
		pic->vector_base = value & 0xF8;
		pic->expected = pic->is_single ? after_icw3 : EXPECT_ICW3;
		break;
	case EXPECT_ICW3: /* the cascade is wired, whatever is said about it */
		pic->expected = after_icw3;
		break;
	default:
		pic->is_auto_eoi = value & ICW4_AUTO_EOI;
		pic->is_special_nested = value & ICW4_SPECIAL_NESTED;
		pic->expected = EXPECT_NOTHING;
		break;
	}
}

/* OCW2: bit 7 rotate, bit 6 specific, bit 5 end of interrupt. */
static void operate(struct pic *pic, uint8_t value)
{
	uint32_t named = value & 7;
	uint32_t served = highest(pic, pic->in_service);

	switch (value >> 5) {
	case 0: /* no rotation in automatic EOI */
	case 4:
		pic->is_rotating_auto_eoi = value >> 5 == 4;
		break;
	case 1: /* end the highest in service */
	case 5: /* and rotate */
		if (served == NO_INPUT)
			break;
		pic->in_service &= (uint8_t)~(1u << served);
		if (value >> 5 == 5)
			pic->lowest = (uint8_t)served;
		break;
	case 3: /* end the named one */
	case 7: /* and rotate */
		pic->in_service &= (uint8_t)~(1u << named);
		if (value >> 5 == 7)
			pic->lowest = (uint8_t)named;
		break;
	case 6: /* set priority */
		pic->lowest = (uint8_t)named;
		break;
	default: /* 2: no operation */
		break;
	}
}

static void select(struct pic *pic, uint8_t value)
{
	if (value & OCW3_POLL)
		pic->is_polling = true;
	if (value & OCW3_READ)
		pic->is_reading_service = value & OCW3_READ_SERVICE;
	if (value & OCW3_MASK_SET)
		pic->is_special_mask = value & OCW3_MASK_ON;
}

static uint8_t poll(struct pic_pair *pair, uint32_t chip)
{
	struct pic *pic = &pair->chip[chip];
	uint32_t input = pending(pic, chip == MASTER);

	pic->is_polling = false;
	if (input == NO_INPUT)
		return 0;
	chip_take(pic, input);
	update_output(pair);
	return (uint8_t)(0x80 | input);
}

uint64_t pic_port_read(void *device, uint64_t port, uint32_t size)
{
	struct pic_pair *pair = device;
	uint32_t chip = port & 0x80 ? SLAVE : MASTER;
	const struct pic *pic = &pair->chip[chip];

	(void)size;
	if (pic->is_polling)
		return poll(pair, chip);
	if (port & 1)
		return pic->mask;
	return pic->is_reading_service ? pic->in_service : pic->requests;
}

void pic_port_write(void *device, uint64_t port, uint32_t size, uint64_t value)
{
	struct pic_pair *pair = device;
	struct pic *pic = &pair->chip[port & 0x80 ? SLAVE : MASTER];
	uint8_t byte = (uint8_t)value;

	(void)size;
	if (port & 1) {
		if (pic->expected == EXPECT_NOTHING)
			pic->mask = byte;
		else
			continue_initialisation(pic, byte);
	} else if (byte & ICW1) {
		start_initialisation(pic, byte);
	} else if (byte & OCW3) {
		select(pic, byte);
	} else {
		operate(pic, byte);
	}
	update_output(pair);
}

uint64_t pic_elcr_read(void *device, uint64_t port, uint32_t size)
{
	const struct pic_pair *pair = device;

	(void)size;
	return pair->chip[port & 1].level_triggered;
}

void pic_elcr_write(void *device, uint64_t port, uint32_t size, uint64_t value)
{
	struct pic_pair *pair = device;
	struct pic *pic = &pair->chip[port & 1];
	uint8_t before = pic->level_triggered;

	(void)size;
	pic->level_triggered = (uint8_t)value & pic->elcr_writable;
	/* An input that turns level-sensitive requests exactly while it is asserted. */
	pic->requests &= (uint8_t)~(pic->level_triggered & ~before) | pic->lines;
	pic->requests |= pic->lines & pic->level_triggered;
	update_output(pair);
}

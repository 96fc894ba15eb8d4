/* SPDX-License-Identifier: Apache-2.0 */
/* The 8254 and port 61h; see pit.h. Times here are PIT clocks since reset. */
#include "devices/pit.h"

#include <string.h>

#define INTERRUPT_COUNTER 0
#define SPEAKER_COUNTER 2

#define ACCESS_LATCH 0u
#define ACCESS_LOW   1u
#define ACCESS_HIGH  2u
#define ACCESS_BOTH  3u

#define READ_BACK          3u    /* where a control word names its counter */
#define READ_BACK_NO_COUNT  0x20u
#define READ_BACK_NO_STATUS 0x10u
#define STATUS_OUTPUT 0x80u
#define STATUS_NO_COUNT 0x40u

#define CONTROL_GATE    0x01u
#define CONTROL_SPEAKER 0x02u
#define CONTROL_REFRESH 0x10u
#define CONTROL_OUTPUT  0x20u
#define REFRESH_HALF_PERIOD 18u /* 15 us in PIT clocks */

#define MINIMUM_STEP ((PIT_HZ + MINIMUM_PERIOD_HZ - 1) / MINIMUM_PERIOD_HZ)

enum mode { MODE_TERMINAL, MODE_ONE_SHOT, MODE_RATE, MODE_SQUARE, MODE_STROBE, MODE_GATED_STROBE };

static uint64_t clock_of(const struct pit *pit)
{
	return timebase_count(pit->timebase, PIT_HZ);
}

static bool is_triggered_mode(const struct pit_counter *c)
{
	return c->mode == MODE_ONE_SHOT || c->mode == MODE_GATED_STROBE;
}

static bool is_periodic(const struct pit_counter *c)
{
	return c->mode == MODE_RATE || c->mode == MODE_SQUARE;
}

static bool is_counting(const struct pit_counter *c)
{
	return c->has_count && (is_triggered_mode(c) ? c->is_triggered : c->is_gate_high);
}

/* Clocks counted so far. */
static uint64_t counted(const struct pit_counter *c, uint64_t clock)
{
	return is_counting(c) ? clock - c->start : c->held;
}

static bool output_of(const struct pit_counter *c, uint64_t clock)
{
	uint64_t n = counted(c, clock);

	switch (c->mode) {
	case MODE_TERMINAL:
		return c->has_count && n >= c->count;
	case MODE_ONE_SHOT:
		return !is_counting(c) || n >= c->count;
	case MODE_RATE:
		return !is_counting(c) || n % c->count != c->count - 1;
	case MODE_SQUARE:
		return !is_counting(c) || n % c->count < (c->count + 1) / 2;
	default:
		return !is_counting(c) || n != c->count;
	}
}

static uint16_t to_bcd(uint32_t value)
{
	return (uint16_t)(value / 1000 % 10 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 |
			  value % 10);
}

/* Nibbles above 9 count what they say; the result stays below 2^16. */
static uint32_t from_bcd(uint32_t value)
{
	return (value >> 12 & 15) * 1000 + (value >> 8 & 15) * 100 + (value >> 4 & 15) * 10 +
	       (value & 15);
}

/* What a read of the counting element gives. */
static uint16_t value_of(const struct pit_counter *c, uint64_t clock)
{
	uint32_t modulus = c->is_bcd ? 10000 : 65536;
	uint64_t n = counted(c, clock);
	uint64_t value;

	if (!c->has_count)
		value = 0;
	else if (c->mode == MODE_RATE)
		value = c->count - n % c->count;
	else if (c->mode == MODE_SQUARE) /* it counts by two, twice a period */
		value = c->count - 2 * (n % c->count) % c->count;
	else
		value = c->count + modulus - n % modulus;
	return c->is_bcd ? to_bcd((uint32_t)(value % modulus)) : (uint16_t)value;
}

/* Periodic edges stay on multiples of the count: they neither drift nor come too often. */
static uint32_t step_of(const struct pit_counter *c)
{
	return c->count * ((MINIMUM_STEP + c->count - 1) / c->count);
}

static void plan_edge(struct pit *pit)
{
	const struct pit_counter *c = &pit->counter[INTERRUPT_COUNTER];

	pit->next_edge = DEADLINE_NONE;
	if (!is_counting(c))
		return;
	if (is_periodic(c))
		pit->next_edge = c->start + step_of(c);
	else
		pit->next_edge = c->start + c->count + (c->mode == MODE_STROBE);
}

static void load(struct pit *pit, struct pit_counter *c, uint32_t written)
{
	uint32_t count = c->is_bcd ? from_bcd(written) : written;

	c->reload = count ? count : c->is_bcd ? 10000 : 65536;
	c->has_count = true;
	if (is_triggered_mode(c)) {
		if (!c->is_triggered)
			c->count = c->reload;
		return;
	}
	c->count = c->reload;
	c->start = clock_of(pit);
	c->held = 0;
	if (c == &pit->counter[INTERRUPT_COUNTER]) {
		if (c->mode == MODE_TERMINAL)
			irq_set(pit->irq, IRQ_PIT, false);
		plan_edge(pit);
	}
}

static void write_count(struct pit *pit, struct pit_counter *c, uint8_t byte)
{
	switch (c->access) {
	case ACCESS_LOW:
		load(pit, c, byte);
		break;
	case ACCESS_HIGH:
		load(pit, c, (uint32_t)byte << 8);
		break;
	default:
		if (c->is_write_high_next)
			load(pit, c, (uint32_t)byte << 8 | c->written_low);
		else
			c->written_low = byte;
		c->is_write_high_next = !c->is_write_high_next;
		break;
	}
}

static void latch_count(const struct pit *pit, struct pit_counter *c)
{
	if (c->latched_bytes) /* the first latch stands until it is read */
		return;
	c->latched_count = value_of(c, clock_of(pit));
	c->latched_bytes = c->access == ACCESS_BOTH ? 2 : 1;
}

static void latch_status(const struct pit *pit, struct pit_counter *c)
{
	if (c->has_latched_status)
		return;
	c->has_latched_status = true;
	c->latched_status = (uint8_t)(c->access << 4 | c->mode << 1 | c->is_bcd);
	if (output_of(c, clock_of(pit)))
		c->latched_status |= STATUS_OUTPUT;
	if (!c->has_count)
		c->latched_status |= STATUS_NO_COUNT;
}

static void read_back(struct pit *pit, uint8_t command)
{
	for (uint32_t i = 0; i < 3; i++) {
		if (!(command & 2u << i))
			continue;
		if (!(command & READ_BACK_NO_COUNT))
			latch_count(pit, &pit->counter[i]);
		if (!(command & READ_BACK_NO_STATUS))
			latch_status(pit, &pit->counter[i]);
	}
}

static void set_mode(struct pit *pit, struct pit_counter *c, uint8_t word)
{
	uint8_t mode = word >> 1 & 7;

	c->mode = mode > MODE_GATED_STROBE ? mode & 3 : mode; /* 6 and 7 are 2 and 3 */
	c->access = word >> 4 & 3;
	c->is_bcd = word & 1;
	c->has_count = false;
	c->is_triggered = false;
	c->held = 0;
	c->is_write_high_next = false;
	c->is_read_high_next = false;
	c->has_latched_status = false;
	c->latched_bytes = 0;
	if (c == &pit->counter[INTERRUPT_COUNTER]) {
		irq_set(pit->irq, IRQ_PIT, false);
		pit->next_edge = DEADLINE_NONE;
	}
}

static void write_control_word(struct pit *pit, uint8_t word)
{
	uint32_t which = word >> 6;

	if (which == READ_BACK)
		read_back(pit, word);
	else if ((word >> 4 & 3) == ACCESS_LATCH)
		latch_count(pit, &pit->counter[which]);
	else
		set_mode(pit, &pit->counter[which], word);
}

static uint8_t read_latched(struct pit_counter *c)
{
	uint8_t low = (uint8_t)c->latched_count;

	if (c->access == ACCESS_HIGH || (c->access == ACCESS_BOTH && c->latched_bytes == 1))
		low = (uint8_t)(c->latched_count >> 8);
	c->latched_bytes--;
	return low;
}

static uint8_t read_counter(const struct pit *pit, struct pit_counter *c)
{
	bool is_high = c->access == ACCESS_HIGH;
	uint16_t value;

	if (c->has_latched_status) {
		c->has_latched_status = false;
		return c->latched_status;
	}
	if (c->latched_bytes)
		return read_latched(c);
	value = value_of(c, clock_of(pit));
	if (c->access == ACCESS_BOTH) {
		is_high = c->is_read_high_next;
		c->is_read_high_next = !c->is_read_high_next;
	}
	return (uint8_t)(is_high ? value >> 8 : value);
}

/* "Gate" in the data sheet: a low level pauses, a rising edge restarts or triggers, by mode. */
static void set_gate(const struct pit *pit, struct pit_counter *c, bool is_high)
{
	uint64_t clock = clock_of(pit);

	if (is_high == c->is_gate_high)
		return;
	if (!is_high && !is_triggered_mode(c))
		c->held = counted(c, clock);
	c->is_gate_high = is_high;
	if (!is_high)
		return;
	if (is_triggered_mode(c) || is_periodic(c)) {
		c->count = c->reload;
		c->start = clock;
		c->is_triggered = c->has_count;
	} else {
		c->start = clock - c->held;
	}
}

void pit_reset(struct pit *pit, struct timebase *timebase, struct irq *irq)
{
	memset(pit, 0, sizeof(*pit));
	pit->timebase = timebase;
	pit->irq = irq;
	pit->next_edge = DEADLINE_NONE;
	for (uint32_t i = 0; i < 3; i++) {
		pit->counter[i].access = ACCESS_BOTH;
		pit->counter[i].reload = 65536;
		pit->counter[i].count = 65536;
		pit->counter[i].is_gate_high = i != SPEAKER_COUNTER;
	}
}

void pit_run(struct pit *pit)
{
	const struct pit_counter *c = &pit->counter[INTERRUPT_COUNTER];
	uint64_t clock = clock_of(pit);

	if (clock < pit->next_edge)
		return;
	if (is_periodic(c)) /* edges missed meanwhile are one */
		pit->next_edge = c->start + ((clock - c->start) / step_of(c) + 1) * step_of(c);
	else
		pit->next_edge = DEADLINE_NONE;
	irq_pulse(pit->irq, IRQ_PIT);
}

uint64_t pit_next_deadline(const struct pit *pit)
{
	if (pit->next_edge == DEADLINE_NONE)
		return DEADLINE_NONE;
	return timebase_deadline(pit->timebase, pit->next_edge, PIT_HZ);
}

uint64_t pit_port_read(void *device, uint64_t port, uint32_t size)
{
	struct pit *pit = device;
	uint32_t which = port & 3;

	(void)size;
	/* The control word is write-only. */
	return which == 3 ? 0xFF : read_counter(pit, &pit->counter[which]);
}

void pit_port_write(void *device, uint64_t port, uint32_t size, uint64_t value)
{
	struct pit *pit = device;
	uint32_t which = port & 3;

	(void)size;
	if (which == 3)
		write_control_word(pit, (uint8_t)value);
	else
		write_count(pit, &pit->counter[which], (uint8_t)value);
}

uint64_t pit_control_read(void *device, uint64_t port, uint32_t size)
{
	const struct pit *pit = device;
	const struct pit_counter *c = &pit->counter[SPEAKER_COUNTER];
	uint64_t clock = clock_of(pit);

	(void)port;
	(void)size;
	return (c->is_gate_high ? CONTROL_GATE : 0) |
	       (pit->is_speaker_on ? CONTROL_SPEAKER : 0) |
	       (clock / REFRESH_HALF_PERIOD & 1 ? CONTROL_REFRESH : 0) |
	       (output_of(c, clock) ? CONTROL_OUTPUT : 0);
}

void pit_control_write(void *device, uint64_t port, uint32_t size, uint64_t value)
{
	struct pit *pit = device;

	(void)port;
	(void)size;
	pit->is_speaker_on = value & CONTROL_SPEAKER;
	set_gate(pit, &pit->counter[SPEAKER_COUNTER], value & CONTROL_GATE);
}

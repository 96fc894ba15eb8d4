/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of the machine's CPUs run a partition's: a list as people write it ("2,0" or "4-7"), in the order of the partition's own CPUs. The
 * machine's CPU 0 is the one that starts it, the others are counted in the firmware's order. Pure.
 */
#ifndef LAYOUT_PINS_H
#define LAYOUT_PINS_H

#include <stdbool.h>
#include <stdint.h>

#define PINS_MAX 64u /* CPUs of a machine */
#define PINS_TEXT_BYTES (4u * PINS_MAX)

struct pins {
	uint32_t count;
	uint8_t cpus[PINS_MAX];
};

/* False, and *pins is as it was: no list of numbers below PINS_MAX and ranges of them, or more than PINS_MAX of them. Nothing is an empty list. */
bool pins_parse(const char *text, struct pins *pins);

void pins_print(const struct pins *pins, char text[PINS_TEXT_BYTES]);

/* One bit for each CPU that is named. */
uint64_t pins_mask(const struct pins *pins);

/* Adds the lowest CPUs whose bits are not set in `taken` until there are `count`, as far as there are any. */
void pins_fill(struct pins *pins, uint32_t count, uint64_t taken);

#endif

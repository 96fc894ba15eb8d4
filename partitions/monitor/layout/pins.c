/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of CPUs; see pins.h. */
#include "layout/pins.h"

#include <stdio.h>

static const char *skip_spaces(const char *at)
{
	while (*at == ' ')
		at++;
	return at;
}

/* Behind the number at `at`; null: there is none, or none of a CPU. */
static const char *take_number(const char *at, uint32_t *number)
{
	uint32_t sum = 0;

	at = skip_spaces(at);
	if (*at < '0' || *at > '9')
		return NULL;
	for (; *at >= '0' && *at <= '9'; at++) {
		sum = sum * 10 + (uint32_t)(*at - '0');
		if (sum >= PINS_MAX)
			return NULL;
	}
	*number = sum;
	return skip_spaces(at);
}

static bool add_range(struct pins *pins, uint32_t first, uint32_t last)
{
	for (uint32_t cpu = first; cpu <= last; cpu++) {
		if (pins->count == PINS_MAX)
			return false;
		pins->cpus[pins->count++] = (uint8_t)cpu;
	}
	return first <= last;
}

bool pins_parse(const char *text, struct pins *pins)
{
	const char *at = skip_spaces(text);
	struct pins read = { 0 };
	uint32_t first, last;

	while (*at) {
		at = take_number(at, &first);
		last = first;
		if (at && *at == '-')
			at = take_number(at + 1, &last);
		if (!at || !add_range(&read, first, last))
			return false;
		if (!*at)
			break;
		if (*at++ != ',' || !*skip_spaces(at))
			return false;
	}
	*pins = read;
	return true;
}

void pins_print(const struct pins *pins, char text[PINS_TEXT_BYTES])
{
	int used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < pins->count; i++)
		used += snprintf(text + used, PINS_TEXT_BYTES - (size_t)used, "%s%u", i ? "," : "", pins->cpus[i] % PINS_MAX);
}

uint64_t pins_mask(const struct pins *pins)
{
	uint64_t mask = 0;

	for (uint32_t i = 0; i < pins->count; i++)
		mask |= (uint64_t)1 << pins->cpus[i] % PINS_MAX;
	return mask;
}

void pins_fill(struct pins *pins, uint32_t count, uint64_t taken)
{
	taken |= pins_mask(pins);
	for (uint32_t cpu = 0; cpu < PINS_MAX && pins->count < count; cpu++)
		if (!(taken >> cpu & 1))
			pins->cpus[pins->count++] = (uint8_t)cpu;
}

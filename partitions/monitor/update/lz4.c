/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The LZ4 block format.
 */
#include "update/lz4.h"

#include <string.h>

#include "image/bytes.h"

#define SHORTEST_COPY 4u
#define LENGTH_GOES_ON 15u

struct decoding {
	const uint8_t *from;
	size_t count, at; /* of the input */
	uint8_t *to;
	size_t size, done;
};

/* A length of 15 is followed by bytes to be added, up to one that is not 255. */
static bool length_read(struct decoding *d, size_t *length)
{
	uint8_t more;

	if (*length != LENGTH_GOES_ON)
		return true;
	do {
		if (d->at == d->count)
			return false;
		more = d->from[d->at++];
		*length += more;
	} while (more == UINT8_MAX);
	return true;
}

static bool literals_take(struct decoding *d, size_t length)
{
	if (length > d->count - d->at || length > d->size - d->done)
		return false;
	memcpy(d->to + d->done, d->from + d->at, length);
	d->at += length;
	d->done += length;
	return true;
}

/* Source and destination may overlap, forwards: that is how a pattern is repeated. */
static bool copy_take(struct decoding *d, size_t length)
{
	size_t distance;

	if (d->count - d->at < 2)
		return false;
	distance = bytes_get16(d->from + d->at);
	d->at += 2;
	if (!length_read(d, &length))
		return false;
	length += SHORTEST_COPY;
	if (!distance || distance > d->done || length > d->size - d->done)
		return false;
	while (length--) {
		d->to[d->done] = d->to[d->done - distance];
		d->done++;
	}
	return true;
}

bool lz4_decode(const uint8_t *from, size_t count, uint8_t *to, size_t size)
{
	struct decoding d = { .from = from, .count = count, .to = to, .size = size };

	while (d.at < d.count) {
		uint8_t token = d.from[d.at++];
		size_t literals = token >> 4;

		if (!length_read(&d, &literals) || !literals_take(&d, literals))
			return false;
		/* the last sequence has no copy */
		if (d.at == d.count)
			return d.done == d.size;
		if (!copy_take(&d, token & 15))
			return false;
	}
	return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Names and ranges of requests; see serve_request.h. */
#include "serve_request.h"

#include <stddef.h>
#include <string.h>

#define NAME_MAX_BYTES 255u

const char *serve_name(const char *path)
{
	const char *name = path + 1;
	size_t length;

	if (path[0] != '/' || name[0] == '.' || !name[0])
		return NULL;
	for (length = 0; name[length]; length++)
		if (name[length] == '/' || (unsigned char)name[length] < ' ' || name[length] == 0x7F)
			return NULL;
	return length <= NAME_MAX_BYTES ? name : NULL;
}

/* Digits up to something else; false when there are none, or more than 64 bits of them. */
static bool take_number(const char **text, uint64_t *value)
{
	const char *at = *text;

	for (*value = 0; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, (uint64_t)(*at - '0'), value))
			return false;
	bool has_digits = at != *text;

	*text = at;
	return has_digits;
}

/* "-COUNT": so many at the end. */
static enum serve_range_kind take_tail(const char *text, uint64_t file_bytes, struct serve_range *range)
{
	uint64_t count;

	if (!take_number(&text, &count) || *text)
		return SERVE_WHOLE;
	if (!count || !file_bytes)
		return SERVE_UNSATISFIABLE;
	range->count = count < file_bytes ? count : file_bytes;
	range->first = file_bytes - range->count;
	return SERVE_PART;
}

enum serve_range_kind serve_range(const char *header, uint64_t file_bytes, struct serve_range *range)
{
	static const char unit[] = "bytes=";
	uint64_t first, last = UINT64_MAX;

	if (!header || strncmp(header, unit, sizeof(unit) - 1))
		return SERVE_WHOLE;
	header += sizeof(unit) - 1;
	if (*header == '-')
		return take_tail(header + 1, file_bytes, range);
	if (!take_number(&header, &first) || *header++ != '-')
		return SERVE_WHOLE;
	if (*header && (!take_number(&header, &last) || *header || last < first))
		return SERVE_WHOLE;
	if (first >= file_bytes)
		return SERVE_UNSATISFIABLE;
	if (last > file_bytes - 1)
		last = file_bytes - 1;
	*range = (struct serve_range){ first, last - first + 1 };
	return SERVE_PART;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interpreter over payload.def: header, each part, then the parts together.
 */
#include "image/payload.h"

#include <assert.h>
#include <string.h>

#include "image/bytes.h"
#include "image/manifest.h"

static_assert(PAYLOAD_HEADER_BYTES + PAYLOAD_MAX_PARTS * PAYLOAD_PART_BYTES <= PAYLOAD_TABLE_BYTES,
	      "table is too small");

static const uint8_t *part_entry(const uint8_t *bytes, size_t index)
{
	return bytes + PAYLOAD_HEADER_BYTES + index * PAYLOAD_PART_BYTES;
}

/* The table behind its last part. */
static bool tail_is_zero(const uint8_t *bytes, size_t count)
{
	const uint8_t *tail = part_entry(bytes, count);

	return bytes_are_zero(tail, PAYLOAD_TABLE_BYTES - (size_t)(tail - bytes));
}

static bool is_kernel(uint32_t type)
{
	return type >= PART_KERNEL_LINUX && type <= PART_KERNEL_MULTIBOOT2;
}

static size_t kernel_count(const struct payload *payload)
{
	size_t count = 0;

	for (size_t i = 0; i < payload->count; i++)
		count += is_kernel(payload->parts[i].type);
	return count;
}

const struct payload_part *payload_kernel(const struct payload *payload)
{
	for (size_t i = 0; i < payload->count; i++)
		if (is_kernel(payload->parts[i].type))
			return &payload->parts[i];
	return NULL;
}

static bool is_linux(const struct payload *payload)
{
	return payload_count(payload, PART_KERNEL_LINUX) == 1;
}

const struct payload_part *payload_find(const struct payload *payload, enum part_type type,
					const struct payload_part *previous)
{
	size_t i = previous ? (size_t)(previous - payload->parts) + 1 : 0;

	for (; i < payload->count; i++)
		if (payload->parts[i].type == type)
			return &payload->parts[i];
	return NULL;
}

size_t payload_count(const struct payload *payload, enum part_type type)
{
	size_t count = 0;

	for (size_t i = 0; i < payload->count; i++)
		count += payload->parts[i].type == type;
	return count;
}

static bool command_line_is_text(const struct payload *payload)
{
	const struct payload_part *line = payload_find(payload, PART_COMMAND_LINE, NULL);

	if (!line)
		return true;
	if (line->size > PAYLOAD_MAX_COMMAND_LINE)
		return false;
	for (uint64_t i = 0; i < line->size; i++)
		if (line->data[i] < 0x20 || line->data[i] >= 0x7F)
			return false;
	return true;
}

/* What the rows of payload.def talk about. */
struct check_scope {
	const uint8_t *bytes; /* of the table, or of one part's entry */
	uint64_t size;        /* of the payload */
	uint64_t behind;
	uint32_t count;
	const struct payload_part *part;
	const struct payload *payload;
};

struct payload_check {
	enum image_error error;
	bool (*holds)(const struct check_scope *scope);
};

#define ROW_FUNCTION(name, expression)                                                         \
	static bool holds_##name(const struct check_scope *scope)                              \
	{                                                                                      \
		const uint8_t *bytes = scope->bytes;                                           \
		const struct payload_part *part = scope->part;                                 \
		const struct payload *payload = scope->payload;                                \
		uint64_t size = scope->size, behind = scope->behind;                           \
		uint32_t count = scope->count;                                                 \
                                                                                               \
		(void)bytes, (void)part, (void)payload, (void)size, (void)behind, (void)count; \
		return expression;                                                             \
	}
#define PAYLOAD_CHECK(name, expression, sentence) ROW_FUNCTION(PAYLOAD_##name, expression)
#define PART_CHECK(name, expression, sentence) ROW_FUNCTION(PART_##name, expression)
#define PARTS_CHECK(name, expression, sentence) ROW_FUNCTION(PARTS_##name, expression)
#include "image/payload.def"
#undef PAYLOAD_CHECK
#undef PART_CHECK
#undef PARTS_CHECK

#define ROW_NONE(name, expression, sentence)
#define PAYLOAD_CHECK(name, expression, sentence) \
	{ IMAGE_ERROR_PAYLOAD_##name, holds_PAYLOAD_##name },
#define PART_CHECK ROW_NONE
#define PARTS_CHECK ROW_NONE
static const struct payload_check header_checks[] = {
#include "image/payload.def"
	{ IMAGE_OK, NULL }
};
#undef PAYLOAD_CHECK
#undef PART_CHECK
#undef PARTS_CHECK

#define PAYLOAD_CHECK ROW_NONE
#define PART_CHECK(name, expression, sentence) { IMAGE_ERROR_PART_##name, holds_PART_##name },
#define PARTS_CHECK ROW_NONE
static const struct payload_check part_checks[] = {
#include "image/payload.def"
	{ IMAGE_OK, NULL }
};
#undef PAYLOAD_CHECK
#undef PART_CHECK
#undef PARTS_CHECK

#define PAYLOAD_CHECK ROW_NONE
#define PART_CHECK ROW_NONE
#define PARTS_CHECK(name, expression, sentence) { IMAGE_ERROR_PARTS_##name, holds_PARTS_##name },
static const struct payload_check parts_checks[] = {
#include "image/payload.def"
	{ IMAGE_OK, NULL }
};
#undef PAYLOAD_CHECK
#undef PART_CHECK
#undef PARTS_CHECK

static enum image_error checks_run(const struct payload_check *check,
				   const struct check_scope *scope)
{
	while (check->holds && check->holds(scope))
		check++;
	return check->error;
}

static void part_decode(const uint8_t *entry, struct payload_part *part)
{
	part->type = bytes_get32(entry);
	part->offset = bytes_get64(entry + 8);
	part->size = bytes_get64(entry + 16);
	part->data = NULL;
	memcpy(part->text, entry + 24, PAYLOAD_TEXT_BYTES);
}

static enum image_error parts_parse(const uint8_t *bytes, struct check_scope *scope,
				    struct payload *payload)
{
	for (size_t i = 0; i < scope->count; i++) {
		struct payload_part *part = &payload->parts[i];
		enum image_error error;

		scope->bytes = part_entry(bytes, i);
		scope->part = part;
		part_decode(scope->bytes, part);
		error = checks_run(part_checks, scope);
		if (error)
			return error;
		part->data = bytes + part->offset;
		scope->behind = part->offset + part->size;
	}
	payload->count = scope->count;
	return IMAGE_OK;
}

enum image_error payload_parse(const uint8_t *bytes, uint64_t size, struct payload *payload)
{
	struct check_scope scope = {
		.bytes = bytes, .size = size, .behind = PAYLOAD_TABLE_BYTES, .payload = payload
	};
	enum image_error error;

	payload->count = 0;
	if (size < PAYLOAD_TABLE_BYTES)
		return IMAGE_ERROR_TRUNCATED;
	scope.count = bytes_get32(bytes + 12);
	error = checks_run(header_checks, &scope);
	if (!error)
		error = parts_parse(bytes, &scope, payload);
	return error ? error : checks_run(parts_checks, &scope);
}

void payload_write_table(const struct payload *payload, uint8_t table[PAYLOAD_TABLE_BYTES])
{
	memset(table, 0, PAYLOAD_TABLE_BYTES);
	memcpy(table, PAYLOAD_MAGIC, 8);
	bytes_put32(table + 8, 1);
	bytes_put32(table + 12, (uint32_t)payload->count);
	for (size_t i = 0; i < payload->count && i < PAYLOAD_MAX_PARTS; i++) {
		const struct payload_part *part = &payload->parts[i];
		uint8_t *entry = table + PAYLOAD_HEADER_BYTES + i * PAYLOAD_PART_BYTES;

		bytes_put32(entry, part->type);
		bytes_put64(entry + 8, part->offset);
		bytes_put64(entry + 16, part->size);
		memcpy(entry + 24, part->text, PAYLOAD_TEXT_BYTES);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and sentences of what goes wrong with slots and updates.
 */
#include "update/error.h"

struct error_text {
	const char *name;
	const char *sentence;
};

#define UPDATE_ERROR(name, sentence) [UPDATE_ERROR_##name] = { #name, sentence },
#define GPT_CHECK(name, holds, sentence) [UPDATE_ERROR_GPT_##name] = { "GPT_" #name, sentence },
#define GPT_PARTITION_CHECK(name, holds, sentence) [UPDATE_ERROR_GPT_##name] = { "GPT_" #name, sentence },
static const struct error_text texts[UPDATE_ERROR_COUNT] = {
	[UPDATE_OK] = { "OK", "done" },
#include "update/error.def"
#include "update/gpt.def"
};

static const struct error_text unknown = { "UNKNOWN", "an unknown error; this is a defect, please report it" };

static const struct error_text *text_of(enum update_error error)
{
	return (unsigned int)error < UPDATE_ERROR_COUNT ? &texts[error] : &unknown;
}

const char *update_error_name(enum update_error error)
{
	return text_of(error)->name;
}

const char *update_error_text(enum update_error error)
{
	return text_of(error)->sentence;
}

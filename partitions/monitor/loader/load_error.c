/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and sentences of load_error.def.
 */
#include "loader/load_error.h"

struct load_error_row {
	const char *name;
	const char *sentence;
};

#define LOAD_ERROR(name, sentence) [LOAD_ERROR_##name] = { #name, sentence },
static const struct load_error_row rows[LOAD_ERROR_COUNT] = {
	[LOAD_OK] = { "OK", "the image is loaded" },
#include "loader/load_error.def"
};

const char *load_error_name(enum load_error error)
{
	return (unsigned int)error < LOAD_ERROR_COUNT ? rows[error].name : "UNKNOWN";
}

const char *load_error_text(enum load_error error)
{
	return (unsigned int)error < LOAD_ERROR_COUNT
		   ? rows[error].sentence
		   : "an unknown error; this is a defect, please report it";
}

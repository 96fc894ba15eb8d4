/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a genuine image cannot be loaded; the rows are in load_error.def.
 */
#ifndef LOADER_LOAD_ERROR_H
#define LOADER_LOAD_ERROR_H

#define LOAD_ERROR(name, sentence) LOAD_ERROR_##name,
enum load_error {
	LOAD_OK = 0,
#include "loader/load_error.def"
	LOAD_ERROR_COUNT
};
#undef LOAD_ERROR

/* The name as in the table; never null. */
const char *load_error_name(enum load_error error);

/* "what is wrong; what to do"; never null. */
const char *load_error_text(enum load_error error);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why something about slots and updates cannot be: one enum for everything in this folder, made
 * from the .def tables.
 */
#ifndef UPDATE_ERROR_H
#define UPDATE_ERROR_H

#define UPDATE_ERROR(name, sentence) UPDATE_ERROR_##name,
#define GPT_CHECK(name, holds, sentence) UPDATE_ERROR_GPT_##name,
#define GPT_PARTITION_CHECK(name, holds, sentence) UPDATE_ERROR_GPT_##name,
enum update_error {
	UPDATE_OK = 0,
#include "update/error.def"
#include "update/gpt.def"
	UPDATE_ERROR_COUNT
};
#undef UPDATE_ERROR
#undef GPT_CHECK
#undef GPT_PARTITION_CHECK

/* The name as in the tables, e.g. "GPT_OVERLAP"; "OK" for UPDATE_OK; never null. */
const char *update_error_name(enum update_error error);

/* One sentence: what is wrong; what to do about it. Never null. */
const char *update_error_text(enum update_error error);

#endif

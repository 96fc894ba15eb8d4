/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why an image is refused. One enum for everything in this folder, made from the .def tables, so
 * that one value carries the reason from the deepest check to the console.
 */
#ifndef IMAGE_ERROR_H
#define IMAGE_ERROR_H

#define IMAGE_ERROR(name, sentence) IMAGE_ERROR_##name,
#define MANIFEST_CHECK(name, holds, sentence) IMAGE_ERROR_MANIFEST_##name,
#define VERIFY_CHECK(name, holds, sentence) IMAGE_ERROR_##name,
#define PART_CHECK(name, holds, sentence) IMAGE_ERROR_PART_##name,
#define PAYLOAD_CHECK(name, holds, sentence) IMAGE_ERROR_PAYLOAD_##name,
#define PARTS_CHECK(name, holds, sentence) IMAGE_ERROR_PARTS_##name,
#define KEYRING_CHECK(name, holds, sentence) IMAGE_ERROR_KEYRING_##name,
enum image_error {
	IMAGE_OK = 0,
#include "image/error.def"
#include "image/manifest.def"
#include "image/verify.def"
#include "image/payload.def"
#include "image/keyring_file.def"
	IMAGE_ERROR_COUNT
};
#undef IMAGE_ERROR
#undef MANIFEST_CHECK
#undef VERIFY_CHECK
#undef PART_CHECK
#undef PAYLOAD_CHECK
#undef PARTS_CHECK
#undef KEYRING_CHECK

/* The name as in the tables, e.g. "MANIFEST_FORMAT"; "OK" for IMAGE_OK; never null. */
const char *image_error_name(enum image_error error);

/* One sentence: what is wrong and what to do about it; never null. */
const char *image_error_text(enum image_error error);

#endif

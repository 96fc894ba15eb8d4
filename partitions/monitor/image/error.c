/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and sentences of the reasons to refuse an image.
 */
#include "image/error.h"

struct error_text {
	const char *name;
	const char *sentence;
};

#define IMAGE_ERROR(name, sentence) [IMAGE_ERROR_##name] = { #name, sentence },
#define MANIFEST_CHECK(name, holds, sentence) \
	[IMAGE_ERROR_MANIFEST_##name] = { "MANIFEST_" #name, sentence },
#define VERIFY_CHECK(name, holds, sentence) [IMAGE_ERROR_##name] = { #name, sentence },
#define PART_CHECK(name, holds, sentence) [IMAGE_ERROR_PART_##name] = { "PART_" #name, sentence },
#define PAYLOAD_CHECK(name, holds, sentence) \
	[IMAGE_ERROR_PAYLOAD_##name] = { "PAYLOAD_" #name, sentence },
#define PARTS_CHECK(name, holds, sentence) \
	[IMAGE_ERROR_PARTS_##name] = { "PARTS_" #name, sentence },
#define KEYRING_CHECK(name, holds, sentence) \
	[IMAGE_ERROR_KEYRING_##name] = { "KEYRING_" #name, sentence },
static const struct error_text texts[IMAGE_ERROR_COUNT] = {
	[IMAGE_OK] = { "OK", "the image is good" },
#include "image/error.def"
#include "image/manifest.def"
#include "image/verify.def"
#include "image/payload.def"
#include "image/keyring_file.def"
};

static const struct error_text unknown = { "UNKNOWN",
					   "an unknown error; this is a defect, please report it" };

static const struct error_text *text_of(enum image_error error)
{
	return (unsigned int)error < IMAGE_ERROR_COUNT ? &texts[error] : &unknown;
}

const char *image_error_name(enum image_error error)
{
	return text_of(error)->name;
}

const char *image_error_text(enum image_error error)
{
	return text_of(error)->sentence;
}

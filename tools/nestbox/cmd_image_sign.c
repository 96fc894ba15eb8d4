/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox image sign: adds a signature to an image that is whole.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "image/bytes.h"
#include "image/crypto.h"
#include "image/payload.h"
#include "image/payload_check.h"
#include "image_sign.h"
#include "text.h"

static struct {
	const char *key, *out;
} given;

static const struct option_row options[] = {
	{ OPTION_TEXT, "key", "FILE.key", "the private key", &given.key },
	{ OPTION_TEXT, "out", "FILE", "write the signed image there (IMAGE itself)", &given.out },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static enum image_error payload_is_whole(const struct manifest *m, const struct input_file *image)
{
	static struct payload_check check;
	const struct image_source source = { .bytes = image->bytes, .size = image->size };
	const uint8_t *bytes = image->bytes + m->payload_offset;
	struct payload payload;
	enum image_error error;

	payload_check_start(&check, m, &source);
	payload_check_take(&check, bytes, m->payload_bytes);
	error = payload_check_finish(&check);
	return error ? error : payload_parse(bytes, m->payload_bytes, &payload);
}

static bool is_padded_with_zeros(const struct manifest *m, const uint8_t *bytes)
{
	uint64_t end = m->payload_offset + m->payload_bytes;

	return bytes_are_zero(bytes + MANIFEST_BYTES_TOTAL,
			      m->payload_offset - MANIFEST_BYTES_TOTAL) &&
	       (!m->tree_bytes || bytes_are_zero(bytes + end, m->tree_offset - end));
}

/* A signature vouches for the whole image: one that a box would refuse anyway is not signed. */
static enum image_error image_check(const struct input_file *image)
{
	struct manifest m;
	enum image_error error;

	if (image->size < MANIFEST_BYTES_TOTAL)
		return IMAGE_ERROR_TRUNCATED;
	error = manifest_parse(image->bytes, MANIFEST_BYTES_TOTAL, &m);
	if (error)
		return error;
	if (manifest_image_bytes(&m) > image->size)
		return IMAGE_ERROR_TRUNCATED;
	if (manifest_image_bytes(&m) != image->size)
		return IMAGE_ERROR_TRAILING;
	if (!is_padded_with_zeros(&m, image->bytes))
		return IMAGE_ERROR_PADDING;
	return payload_is_whole(&m, image);
}

static enum exit_code image_write(const struct input_file *image, const uint8_t *head)
{
	struct output_file output;
	enum exit_code code = output_open(given.out ? given.out : image->path, 0666, &output);

	if (code)
		return code;
	code = output_write(&output, 0, head, MANIFEST_BYTES_TOTAL);
	if (!code)
		code = output_write(&output, MANIFEST_BYTES_TOTAL,
				    image->bytes + MANIFEST_BYTES_TOTAL,
				    image->size - MANIFEST_BYTES_TOTAL);
	return output_end(&output, code);
}

static enum exit_code image_sign(const struct input_file *image, const struct private_key *key)
{
	static uint8_t head[MANIFEST_BYTES_TOTAL];
	enum image_error error = image_check(image);
	enum exit_code code;

	if (error)
		return report_error(EXIT_REFUSED, "%s is not signed: %s: %s", image->path,
				    image_error_name(error), image_error_text(error));
	memcpy(head, image->bytes, sizeof(head));
	code = head_sign(head, key);
	return code ? code : image_write(image, head);
}

static enum exit_code run(const struct text_list *operands)
{
	char id[2 * KEY_ID_BYTES + 1];
	struct private_key key;
	struct input_file image;
	enum exit_code code;

	if (!given.key)
		return report_error(
			EXIT_USAGE,
			"say which key signs: --key FILE.key (made by 'nestbox keygen')");
	code = private_key_load(given.key, &key);
	if (code)
		return code;
	code = input_open(operands->items[0], &image);
	if (!code) {
		code = image_sign(&image, &key);
		input_close(&image);
	}
	text_hex(key.public.key_id, KEY_ID_BYTES, id);
	private_key_wipe(&key);
	if (code)
		return code;
	printf("%s: signed with key %s\n", given.out ? given.out : operands->items[0], id);
	return output_flush_stdout();
}

const struct command command_image_sign = {
	.name = "image sign",
	.summary = "sign an image",
	.operands = "IMAGE",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.run = run,
	.notes =
		"Signatures by other keys stay (at most 4 in all); one by the same key is replaced.",
};

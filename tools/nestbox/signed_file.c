/* SPDX-License-Identifier: Apache-2.0 */
/* Images and keyrings as one kind of thing; see signed_file.h. */
#include "signed_file.h"

#include <string.h>

#include "image/bytes.h"
#include "image/payload.h"
#include "image/payload_check.h"
#include "image_sign.h"

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

	return bytes_are_zero(bytes + MANIFEST_BYTES_TOTAL, m->payload_offset - MANIFEST_BYTES_TOTAL) &&
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

static enum image_error keyring_check(const struct input_file *input)
{
	static struct keyring_file keyring;

	if (input->size != KEYRING_FILE_BYTES)
		return input->size < KEYRING_FILE_BYTES ? IMAGE_ERROR_TRUNCATED : IMAGE_ERROR_TRAILING;
	return keyring_file_parse(input->bytes, &keyring);
}

static enum image_error file_check(struct signed_file *file)
{
	enum image_error error = file->is_keyring ? keyring_check(&file->input) : image_check(&file->input);

	if (error)
		return error;
	file->area = file->is_keyring ? KEYRING_SIGNED_BYTES : SIGNATURE_AREA_OFFSET;
	file->head_bytes = file->area + SIGNATURE_AREA_BYTES;
	memcpy(file->head, file->input.bytes, file->head_bytes);
	if (file->is_keyring ? keyring_file_digest(file->head, file->digest) : signature_digest(file->head, file->digest))
		return IMAGE_OK;
	return IMAGE_ERROR_CRYPTO;
}

enum exit_code signed_file_open(const char *path, struct signed_file *file)
{
	enum exit_code code = input_open(path, &file->input);
	enum image_error error;

	if (code)
		return code;
	file->is_keyring = file->input.size >= 8 && !memcmp(file->input.bytes, KEYRING_MAGIC, 8);
	error = file_check(file);
	if (!error)
		return EXIT_OK;
	input_close(&file->input);
	return report_error(EXIT_REFUSED, "%s is not signed: %s: %s", path, image_error_name(error), image_error_text(error));
}

void signed_file_close(struct signed_file *file)
{
	input_close(&file->input);
}

enum exit_code signed_file_add(struct signed_file *file, const struct trusted_key *key, const uint8_t *signature)
{
	const struct crypto_signed what = { file->digest, SIGNATURE_DIGEST_BYTES, signature };
	bool is_root = key->role == KEY_ROOT || key->role == KEY_DEV_ROOT;

	if (key->role && is_root != file->is_keyring)
		return report_error(EXIT_REFUSED, "%s",
				    is_root ? "a root key signs keyrings and no images" :
					      "an image key signs images and no keyrings; a root key does that");
	if (!crypto_signature_is_valid(key->algorithm, key->point, &what))
		return report_error(EXIT_REFUSED,
				    "the signature is not one of this key over %s: it is of other bytes or by another key",
				    file->input.path);
	return area_add(file->head + file->area, key, signature);
}

enum exit_code signed_file_write(const struct signed_file *file, const char *path)
{
	struct output_file output;
	enum exit_code code = output_open(path, 0666, &output);

	if (code)
		return code;
	code = output_write(&output, 0, file->head, file->head_bytes);
	if (!code)
		code = output_write(&output, file->head_bytes, file->input.bytes + file->head_bytes,
				    file->input.size - file->head_bytes);
	return output_end(&output, code);
}

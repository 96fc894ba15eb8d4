/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures in files; see detached.h. RFC 3279 section 2.2.3: Ecdsa-Sig-Value. */
#include "detached.h"

#include <string.h>

#include "file.h"
#include "image/signature.h"

#define DER_INTEGER 0x02
#define DER_SEQUENCE 0x30

size_t detached_digest_bytes(const struct trusted_key *key)
{
	size_t order_bytes = crypto_point_bytes(key->algorithm) / 2;

	return key->algorithm != KEY_LMS && order_bytes < SIGNATURE_DIGEST_BYTES ? order_bytes : SIGNATURE_DIGEST_BYTES;
}

/*
 * A number into `count` bytes, which it fits into. DER has one way to write it (X.690 sections 8.3.2, 10.1): not negative, no zeros in front but the
 * one that says so, its length in one byte.
 */
static bool integer_take(const uint8_t **at, const uint8_t *end, uint8_t *to, size_t count)
{
	const uint8_t *value = *at + 2;
	size_t length;

	if (end - *at < 3 || (*at)[0] != DER_INTEGER || (*at)[1] > end - value || !(*at)[1])
		return false;
	length = (*at)[1];
	if (value[0] & 0x80 || (length > 1 && !value[0] && !(value[1] & 0x80)))
		return false;
	*at = value + length;
	if (!value[0]) {
		value++;
		length--;
	}
	if (length > count)
		return false;
	memset(to, 0, count - length);
	memcpy(to + count - length, value, length);
	return true;
}

static bool der_parse(const struct input_file *input, uint8_t *signature, size_t half)
{
	const uint8_t *at = input->bytes + 2, *end = input->bytes + input->size;

	/* all lengths are one byte: two numbers of 384 bits need no more */
	if (input->size < 2 || input->size > 2 + 127 || input->bytes[0] != DER_SEQUENCE || input->bytes[1] != input->size - 2)
		return false;
	return integer_take(&at, end, signature, half) && integer_take(&at, end, signature + half, half) && at == end;
}

enum exit_code detached_load(const char *path, const struct trusted_key *key, uint8_t signature[CRYPTO_MAX_SIGNATURE_BYTES])
{
	size_t bytes = crypto_signature_bytes(key->algorithm);
	struct input_file input;
	enum exit_code code = input_open(path, &input);

	if (code)
		return code;
	if (input.size == bytes)
		memcpy(signature, input.bytes, bytes);
	else if (key->algorithm == KEY_LMS || !der_parse(&input, signature, bytes / 2))
		code = report_error(EXIT_REFUSED, "%s is no signature for this key: %zu raw bytes, or r and s as DER", path, bytes);
	input_close(&input);
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures in files; see detached.h. RFC 3279 section 2.2.3: Ecdsa-Sig-Value. */
#include "detached.h"

#include <mbedtls/asn1.h>
#include <string.h>

#include "file.h"
#include "image/signature.h"

size_t detached_digest_bytes(const struct trusted_key *key)
{
	size_t order_bytes = crypto_point_bytes(key->algorithm) / 2;

	return key->algorithm != KEY_LMS && order_bytes < SIGNATURE_DIGEST_BYTES ? order_bytes : SIGNATURE_DIGEST_BYTES;
}

/* A number into `count` bytes, which it fits into. */
static bool integer_take(unsigned char **at, const unsigned char *end, uint8_t *to, size_t count)
{
	size_t length;

	if (mbedtls_asn1_get_tag(at, end, &length, MBEDTLS_ASN1_INTEGER))
		return false;
	for (; length && !**at; length--)
		++*at;
	if (length > count)
		return false;
	memset(to, 0, count - length);
	memcpy(to + count - length, *at, length);
	*at += length;
	return true;
}

static bool der_parse(const struct input_file *input, uint8_t *signature, size_t half)
{
	unsigned char copy[160], *at = copy;
	size_t length;

	if (input->size > sizeof(copy))
		return false;
	memcpy(copy, input->bytes, (size_t)input->size);
	return !mbedtls_asn1_get_tag(&at, copy + input->size, &length, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) &&
	       at + length == copy + input->size && integer_take(&at, copy + input->size, signature, half) &&
	       integer_take(&at, copy + input->size, signature + half, half) && at == copy + input->size;
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

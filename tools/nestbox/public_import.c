/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys of other tools and of tokens; see public_key.h. */
#include <string.h>

#include "file.h"
#include "host_mbedtls.h"
#include "public_key.h"

#define MOST_BYTES 4096

/* X || Y of what was parsed, by the form every tool agrees on (SEC 1 section 2.3.3). */
static bool point_take(const mbedtls_pk_context *pk, struct trusted_key *key)
{
	uint8_t sec1[1 + CRYPTO_MAX_POINT_BYTES];
	mbedtls_ecp_group group;
	mbedtls_ecp_point q;
	mbedtls_mpi d;
	size_t count = 0;

	mbedtls_ecp_group_init(&group);
	mbedtls_ecp_point_init(&q);
	mbedtls_mpi_init(&d);
	bool is_taken = !mbedtls_ecp_export(mbedtls_pk_ec(*pk), &group, &d, &q) &&
			!mbedtls_ecp_point_write_binary(&group, &q, MBEDTLS_ECP_PF_UNCOMPRESSED, &count, sec1, sizeof(sec1));
	key->algorithm = group.id == MBEDTLS_ECP_DP_SECP256R1 ? KEY_ECDSA_P256 :
			 group.id == MBEDTLS_ECP_DP_SECP384R1 ? KEY_ECDSA_P384 :
								0;
	is_taken = is_taken && key->algorithm && count == crypto_point_bytes(key->algorithm) + 1;
	if (is_taken)
		memcpy(key->point, sec1 + 1, count - 1);
	mbedtls_mpi_free(&d);
	mbedtls_ecp_point_free(&q);
	mbedtls_ecp_group_free(&group);
	return is_taken;
}

enum exit_code public_key_import(const char *path, struct trusted_key *key)
{
	unsigned char text[MOST_BYTES + 1] = { 0 };
	struct input_file input;
	mbedtls_pk_context pk;
	enum exit_code code = input_open(path, &input);

	if (code)
		return code;
	mbedtls_pk_init(&pk);
	size_t count = input.size < MOST_BYTES ? (size_t)input.size : MOST_BYTES;
	memcpy(text, input.bytes, count);
	/* the terminating zero belongs to PEM, and not to DER */
	bool is_pem = count && text[0] == '-';
	if (mbedtls_pk_parse_public_key(&pk, text, count + is_pem) || !mbedtls_pk_can_do(&pk, MBEDTLS_PK_ECKEY) ||
	    !point_take(&pk, key) || !crypto_point_is_valid(key->algorithm, key->point) ||
	    !trusted_key_id(key->algorithm, key->point, key->key_id))
		code = report_error(EXIT_REFUSED, "%s is no public key on P-256 or P-384 (PEM or DER)", path);
	mbedtls_pk_free(&pk);
	input_close(&input);
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing keys on mbedtls. RFC 6979 "Deterministic Usage of DSA and ECDSA"; RFC 5915 "Elliptic
 * Curve Private Key Structure" for the PEM.
 */
#include "private_key.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "host_mbedtls.h"
#include "lms_private.h"

struct host_random {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context drbg;
};

static const struct {
	uint32_t algorithm;
	mbedtls_ecp_group_id group;
} curves[] = {
	{ KEY_ECDSA_P256, MBEDTLS_ECP_DP_SECP256R1 },
	{ KEY_ECDSA_P384, MBEDTLS_ECP_DP_SECP384R1 },
};

#define CURVE_COUNT (sizeof(curves) / sizeof(curves[0]))

static mbedtls_ecp_group_id group_of(uint32_t algorithm)
{
	for (size_t i = 0; i < CURVE_COUNT; i++)
		if (curves[i].algorithm == algorithm)
			return curves[i].group;
	return MBEDTLS_ECP_DP_NONE;
}

static uint32_t algorithm_of(mbedtls_ecp_group_id group)
{
	for (size_t i = 0; i < CURVE_COUNT; i++)
		if (curves[i].group == group)
			return curves[i].algorithm;
	return 0;
}

static enum exit_code random_start(struct host_random *random)
{
	static const unsigned char purpose[] = "nestbox";

	mbedtls_entropy_init(&random->entropy);
	mbedtls_ctr_drbg_init(&random->drbg);
	if (mbedtls_ctr_drbg_seed(&random->drbg, mbedtls_entropy_func, &random->entropy, purpose,
				  sizeof(purpose)))
		return report_error(EXIT_IO,
				    "this computer gives no random numbers; check /dev/urandom");
	return EXIT_OK;
}

static void random_end(struct host_random *random)
{
	mbedtls_ctr_drbg_free(&random->drbg);
	mbedtls_entropy_free(&random->entropy);
}

/* Takes the numbers of a key out of mbedtls's containers. */
static bool keypair_take(const mbedtls_ecp_keypair *pair, struct private_key *key)
{
	uint8_t sec1[1 + CRYPTO_MAX_POINT_BYTES];
	mbedtls_ecp_group group;
	mbedtls_ecp_point q;
	mbedtls_mpi d;
	size_t count, written;
	bool is_taken;

	mbedtls_ecp_group_init(&group);
	mbedtls_ecp_point_init(&q);
	mbedtls_mpi_init(&d);
	memset(key, 0, sizeof(*key));
	is_taken = mbedtls_ecp_export(pair, &group, &d, &q) == 0;
	key->public.algorithm = is_taken ? algorithm_of(group.id) : 0;
	count = crypto_point_bytes(key->public.algorithm);
	is_taken = is_taken && count && mbedtls_mpi_write_binary(&d, key->secret, count / 2) == 0 &&
		   mbedtls_ecp_point_write_binary(&group, &q, MBEDTLS_ECP_PF_UNCOMPRESSED, &written,
						  sec1, sizeof(sec1)) == 0 &&
		   written == count + 1;
	if (is_taken)
		memcpy(key->public.point, sec1 + 1, count);
	mbedtls_mpi_free(&d);
	mbedtls_ecp_point_free(&q);
	mbedtls_ecp_group_free(&group);
	return is_taken &&
	       trusted_key_id(key->public.algorithm, key->public.point, key->public.key_id);
}

static bool pk_generate(mbedtls_pk_context *pk, uint32_t algorithm, struct host_random *random,
			char *pem)
{
	return mbedtls_pk_setup(pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) == 0 &&
	       mbedtls_ecp_gen_key(group_of(algorithm), mbedtls_pk_ec(*pk), mbedtls_ctr_drbg_random,
				   &random->drbg) == 0 &&
	       mbedtls_pk_write_key_pem(pk, (unsigned char *)pem, PRIVATE_KEY_PEM_BYTES) == 0;
}

static bool lms_take(const struct lms_private *lms, struct private_key *key)
{
	memset(key, 0, sizeof(*key));
	key->public.algorithm = KEY_LMS;
	lms_private_public(lms, key->public.point);
	return trusted_key_id(KEY_LMS, key->public.point, key->public.key_id);
}

static enum exit_code lms_make(struct private_key *key, char *text)
{
	struct lms_private lms = { .next = 0 };
	struct host_random random;
	enum exit_code code = random_start(&random);

	if (!code && (mbedtls_ctr_drbg_random(&random.drbg, lms.id, sizeof(lms.id)) ||
		      mbedtls_ctr_drbg_random(&random.drbg, lms.seed, sizeof(lms.seed)) ||
		      !lms_private_complete(&lms) || !lms_take(&lms, key)))
		code = report_error(EXIT_IO,
				    "the key could not be made (the cryptographic library failed)");
	lms_private_format(&lms, text);
	mbedtls_platform_zeroize(&lms, sizeof(lms));
	random_end(&random);
	return code;
}

enum exit_code private_key_make(uint32_t algorithm, struct private_key *key,
				char pem[PRIVATE_KEY_PEM_BYTES])
{
	struct host_random random;
	mbedtls_pk_context pk;
	enum exit_code code;

	if (algorithm == KEY_LMS)
		return lms_make(key, pem);
	code = random_start(&random);

	mbedtls_pk_init(&pk);
	if (!code &&
	    (!pk_generate(&pk, algorithm, &random, pem) || !keypair_take(mbedtls_pk_ec(pk), key)))
		code = report_error(EXIT_IO,
				    "the key could not be made (the cryptographic library failed)");
	mbedtls_pk_free(&pk);
	random_end(&random);
	return code;
}

static void mode_check(const char *path)
{
	struct stat status;

	if (!stat(path, &status) && (status.st_mode & 077))
		report_warning("%s can be read by others; 'chmod 600 %s' keeps it yours", path,
			       path);
}

static enum exit_code pem_parse(const char *path, char *pem, size_t count, struct private_key *key)
{
	struct host_random random;
	mbedtls_pk_context pk;
	enum exit_code code = random_start(&random);

	mbedtls_pk_init(&pk);
	if (!code &&
	    (host_pk_parse(&pk, (unsigned char *)pem, count + 1, &random.drbg) ||
	     !mbedtls_pk_can_do(&pk, MBEDTLS_PK_ECKEY) || !keypair_take(mbedtls_pk_ec(pk), key)))
		code = report_error(EXIT_REFUSED,
				    "%s is not an unencrypted PEM private key on P-256 or P-384; "
				    "make one with 'nestbox keygen'",
				    path);
	mbedtls_pk_free(&pk);
	random_end(&random);
	return code;
}

static enum exit_code lms_parse(const char *path, const char *text, struct private_key *key)
{
	struct lms_private lms;
	bool is_key = lms_private_parse(text, &lms) && lms_take(&lms, key);

	mbedtls_platform_zeroize(&lms, sizeof(lms));
	key->path = path;
	return is_key ? EXIT_OK : report_error(EXIT_REFUSED, "%s is not an intact LMS key", path);
}

enum exit_code private_key_load(const char *path, struct private_key *key)
{
	char pem[PRIVATE_KEY_PEM_BYTES] = "";
	struct input_file input;
	enum exit_code code = input_open(path, &input);

	if (code)
		return code;
	mode_check(path);
	if (input.size >= sizeof(pem))
		code = report_error(
			EXIT_REFUSED,
			"%s is too long for a private key; give the .key file of 'nestbox keygen'",
			path);
	else
		memcpy(pem, input.bytes, (size_t)input.size);
	if (!code && !strncmp(pem, "nestbox-lms-key", 15))
		code = lms_parse(path, pem, key);
	else if (!code)
		code = pem_parse(path, pem, (size_t)input.size, key);
	if (!code && !crypto_point_is_valid(key->public.algorithm, key->public.point))
		code = report_error(EXIT_REFUSED, "%s is damaged; make a key with 'nestbox keygen'",
				    path);
	mbedtls_platform_zeroize(pem, sizeof(pem));
	input_close(&input);
	return code;
}

static bool sign_scalars(const struct private_key *key, const uint8_t *digest, uint8_t *signature,
			 struct host_random *random)
{
	size_t half = crypto_point_bytes(key->public.algorithm) / 2;
	mbedtls_ecp_group group;
	mbedtls_mpi d, r, s;
	bool is_signed;

	mbedtls_ecp_group_init(&group);
	mbedtls_mpi_init(&d);
	mbedtls_mpi_init(&r);
	mbedtls_mpi_init(&s);
	is_signed = mbedtls_ecp_group_load(&group, group_of(key->public.algorithm)) == 0 &&
		    mbedtls_mpi_read_binary(&d, key->secret, half) == 0 &&
		    mbedtls_ecdsa_sign_det_ext(&group, &r, &s, &d, digest, SIGNATURE_DIGEST_BYTES,
					       MBEDTLS_MD_SHA384, mbedtls_ctr_drbg_random,
					       &random->drbg) == 0 &&
		    mbedtls_mpi_write_binary(&r, signature, half) == 0 &&
		    mbedtls_mpi_write_binary(&s, signature + half, half) == 0;
	mbedtls_mpi_free(&s);
	mbedtls_mpi_free(&r);
	mbedtls_mpi_free(&d);
	mbedtls_ecp_group_free(&group);
	return is_signed;
}

/* The leaf is taken first: a signature that is thrown away costs one of 1024. */
static enum exit_code lms_sign(const struct private_key *key, const uint8_t *digest, uint8_t *signature)
{
	char text[LMS_KEY_TEXT_BYTES] = "";
	struct lms_private lms;
	struct input_file input;
	uint32_t leaf = 0;
	enum exit_code code = lms_private_take(key->path, &leaf);

	if (!code)
		code = input_open(key->path, &input);
	if (code)
		return code;
	memcpy(text, input.bytes, input.size < sizeof(text) ? (size_t)input.size : 0);
	input_close(&input);
	if (!lms_private_parse(text, &lms) || !lms_private_sign(&lms, leaf, digest, signature) ||
	    !lms_verify(key->public.point, digest, SIGNATURE_DIGEST_BYTES, signature))
		code = report_error(EXIT_REFUSED,
				    "the key does not make valid signatures; its file is damaged");
	mbedtls_platform_zeroize(text, sizeof(text));
	mbedtls_platform_zeroize(&lms, sizeof(lms));
	return code;
}

enum exit_code private_key_sign(const struct private_key *key, const uint8_t *digest,
				uint8_t signature[CRYPTO_MAX_SIGNATURE_BYTES])
{
	struct crypto_signed what = { digest, SIGNATURE_DIGEST_BYTES, signature };
	struct host_random random;
	enum exit_code code;

	if (key->public.algorithm == KEY_LMS)
		return lms_sign(key, digest, signature);
	code = random_start(&random);
	/*
	 * A signature that went wrong can give the secret away: it is checked before anyone sees
	 * it.
	 */
	if (!code && (!sign_scalars(key, digest, signature, &random) ||
		      !crypto_signature_is_valid(key->public.algorithm, key->public.point, &what)))
		code = report_error(EXIT_REFUSED,
				    "the key does not make valid signatures; its file is damaged");
	random_end(&random);
	return code;
}

void private_key_wipe(struct private_key *key)
{
	mbedtls_platform_zeroize(key, sizeof(*key));
}

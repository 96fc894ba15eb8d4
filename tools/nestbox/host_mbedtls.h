/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mbedtls on the host: the names of 3.6, and the same for 2.28.
 */
#ifndef NESTBOX_HOST_MBEDTLS_H
#define NESTBOX_HOST_MBEDTLS_H

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/version.h>

#if MBEDTLS_VERSION_MAJOR < 3
static inline int mbedtls_ecp_export(const mbedtls_ecp_keypair *key, mbedtls_ecp_group *group,
				     mbedtls_mpi *d, mbedtls_ecp_point *q)
{
	int error = mbedtls_ecp_group_copy(group, &key->grp);

	if (!error)
		error = mbedtls_mpi_copy(d, &key->d);
	return error ? error : mbedtls_ecp_copy(q, &key->Q);
}

static inline int host_pk_parse(mbedtls_pk_context *pk, const unsigned char *text, size_t count,
				mbedtls_ctr_drbg_context *random)
{
	(void)random;
	return mbedtls_pk_parse_key(pk, text, count, NULL, 0);
}
#else
static inline int host_pk_parse(mbedtls_pk_context *pk, const unsigned char *text, size_t count,
				mbedtls_ctr_drbg_context *random)
{
	return mbedtls_pk_parse_key(pk, text, count, NULL, 0, mbedtls_ctr_drbg_random, random);
}
#endif

#endif

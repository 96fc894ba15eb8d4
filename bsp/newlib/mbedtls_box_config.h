/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the box has of mbedtls: SHA-2, PBKDF2, and verification of ECDSA over P-256 and P-384 on raw points
 * and raw (r, s).  It becomes mbedtls/mbedtls_config.h of the box's library (tools/setup), so users
 * need no extra macro.  No ASN.1 or key parsing, no entropy, no time, no file system, no network:
 * what is absent cannot be attacked.  Memory comes from one fixed buffer (memory_buffer_alloc.h).
 */
#ifndef NESTBOX_MBEDTLS_BOX_CONFIG_H
#define NESTBOX_MBEDTLS_BOX_CONFIG_H

#define MBEDTLS_HAVE_ASM
#define MBEDTLS_NO_PLATFORM_ENTROPY

#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_MEMORY_BUFFER_ALLOC_C

#define MBEDTLS_MD_C
#define MBEDTLS_PKCS5_C
#define MBEDTLS_SHA224_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C

#define MBEDTLS_BIGNUM_C
#define MBEDTLS_MPI_MAX_SIZE 64
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECP_WINDOW_SIZE 4
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 1

/* mbedtls ties ECDSA to ASN.1 (the DER form of a signature); only the raw form is called. */
#define MBEDTLS_ECDSA_C
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C

#endif

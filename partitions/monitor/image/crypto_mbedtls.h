/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mbedtls 3.6 as crypto.c uses it, and the names mbedtls 2.28 has for the same functions.
 */
#ifndef IMAGE_CRYPTO_MBEDTLS_H
#define IMAGE_CRYPTO_MBEDTLS_H

#include <mbedtls/bignum.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/pkcs5.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>
#include <mbedtls/version.h>

#if MBEDTLS_VERSION_MAJOR < 3
#define MBEDTLS_PRIVATE(member) member
#define mbedtls_internal_sha256_process mbedtls_internal_sha256_process_ret
#define mbedtls_sha256_starts mbedtls_sha256_starts_ret
#define mbedtls_sha256_update mbedtls_sha256_update_ret
#define mbedtls_sha256_finish mbedtls_sha256_finish_ret
#define mbedtls_sha512_starts mbedtls_sha512_starts_ret
#define mbedtls_sha512_update mbedtls_sha512_update_ret
#define mbedtls_sha512_finish mbedtls_sha512_finish_ret
#endif

#endif

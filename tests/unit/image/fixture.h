/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small, valid, signed image for tests to damage, with keys made when the test starts (none is in
 * the tree).
 */
#ifndef TESTS_UNIT_IMAGE_FIXTURE_H
#define TESTS_UNIT_IMAGE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image/payload.h"
#include "image/verify.h"
#include "private_key.h"

#define FIXTURE_PAYLOAD_BYTES (8192 + 5000)
#define FIXTURE_IMAGE_BYTES (IMAGE_PAYLOAD_OFFSET + FIXTURE_PAYLOAD_BYTES)
#define FIXTURE_TREE_OFFSET (IMAGE_PAYLOAD_OFFSET + 16384) /* four leaves, one block over them */
#define FIXTURE_TREE_IMAGE_BYTES (FIXTURE_TREE_OFFSET + 4096)

struct fixture {
	uint8_t *bytes; /* source.size, exactly so many */
	struct image_source source;
	struct manifest manifest; /* what fixture_seal() writes */
	struct private_key private_key;
	struct trusted_key key; /* its public half, in the keyring */
	struct keyring keyring;
	struct verify_policy policy;
	struct verify_result result;
};

/* Everything valid: P-256, SHA-256, a Linux kernel and an initrd. */
void fixture_open(struct fixture *f);
void fixture_close(struct fixture *f);

/* A manifest that satisfies every row, without a tree and with one. */
void fixture_manifest(struct manifest *m);
void fixture_manifest_with_tree(struct manifest *m);

/* Writes f->manifest (checked) with the payload's digest and signs. */
void fixture_seal(struct fixture *f);

/* Signs the 4096 bytes as they are, whatever is in them; replaces all signatures. */
void fixture_sign(struct fixture *f);

/* Adds a signature by another key. */
void fixture_sign_also(struct fixture *f, const struct private_key *key);

/* A key pair; *public with role and any partition. */
void fixture_key(uint32_t algorithm, uint32_t role, struct private_key *private,
		 struct trusted_key *public);

/* Verification of all: the first error. */
enum image_error fixture_verify(struct fixture *f);

/*
 * Gives the image a hash tree by `algorithm`, behind its payload and seals it again.
 */
void fixture_add_tree(struct fixture *f, uint16_t algorithm);

#define assert_error(actual, expected) \
	assert_string_equal(image_error_name(actual), image_error_name(expected))

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A keyring file signed by two of three roots, for tests to damage.
 */
#ifndef TESTS_UNIT_IMAGE_KEYRING_FIXTURE_H
#define TESTS_UNIT_IMAGE_KEYRING_FIXTURE_H

#include "fixture.h"
#include "image/keyring_file.h"

#define FIXTURE_ROOTS 3

struct keyring_fixture {
	struct private_key root_keys[FIXTURE_ROOTS], image_keys[2];
	struct trusted_key root_public[FIXTURE_ROOTS];
	struct keyring_roots roots;
	struct keyring_policy policy;
	struct keyring_file file;   /* what keyring_fixture_seal() writes */
	struct keyring_file result; /* what was verified */
	uint8_t bytes[KEYRING_FILE_BYTES];
};

/* Version 5 with a release and a dev key; threshold 2. */
void keyring_fixture_open(struct keyring_fixture *f);

/* Writes f->file, checked, and signs it with the first two roots. */
void keyring_fixture_seal(struct keyring_fixture *f);

/* Signs the bytes as they are with each key. */
void keyring_fixture_sign(struct keyring_fixture *f, const struct private_key *const *keys, size_t count);

enum image_error keyring_fixture_verify(struct keyring_fixture *f);

#endif

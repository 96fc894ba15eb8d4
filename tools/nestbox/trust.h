/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom the box in question believes, as options say it: image keys one by one, or a keyring with the roots that have signed it.
 */
#ifndef NESTBOX_TRUST_H
#define NESTBOX_TRUST_H

#include "image/keyring_file.h"
#include "options.h"

struct trust_options {
	struct text_list keys, roots;
	const char *keyring, *threshold;
};

#define TRUST_OPTIONS(given) \
	{ OPTION_LIST, "pub", "FILE.pub", "a key the box trusts; repeated", &(given).keys }, \
		{ OPTION_TEXT, "keyring", "FILE", "instead: the box's keyring", &(given).keyring }, \
		{ OPTION_LIST, "root", "FILE.pub", "a root key of the box, for --keyring; repeated", &(given).roots }, \
	{ \
		OPTION_TEXT, "threshold", "N", "how many roots must have signed (all)", &(given).threshold \
	}

struct trust {
	struct keyring keyring;
	struct trusted_key keys[LIST_MAX], root_keys[LIST_MAX];
	struct keyring_roots roots;
	struct keyring_file file;
};

/* Reads the files, and verifies a keyring by the box's code. *trust must stay where it is. */
enum exit_code trust_load(const struct trust_options *options, struct trust *trust);

/* The roots alone, with a threshold. */
enum exit_code trust_roots_load(const struct trust_options *options, struct trust *trust);

#endif

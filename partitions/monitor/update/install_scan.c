/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of an image is there already: in the slot itself, from an attempt before, or in the other
 * one.
 */
#include "update/install.h"

enum update_error install_scan_start(struct install *in)
{
	struct verify_policy policy = update_policy(in->box);

	if (in->phase != INSTALL_LEAVES)
		return UPDATE_ERROR_ORDER;
	policy.security_version_floor = 0; /* blocks are taken by digest, from whatever is signed */
	reuse_open(&in->reuse, &in->box->slots[in->box->running.slot - 1], &policy, install_manifest(in));
	in->phase = INSTALL_SCAN;
	in->at = 0;
	in->leaves_done = 0;
	in->there_bytes = 0;
	in->missing.count = 0;
	return install_write_piece(in);
}

/* True when leaf in->at is there, or has been taken from the other slot. */
static bool leaf_obtain(struct install *in, enum update_error *error)
{
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES], block[TREE_BLOCK_BYTES];
	enum image_error image_error = tree_expected(install_tree(in), 0, in->at, digest);

	if (image_error) {
		*error = install_altered(image_error);
		return false;
	}
	if (install_is_there(in, in->at, digest)) {
		in->there_bytes += TREE_BLOCK_BYTES;
		return true;
	}
	if (!reuse_find(&in->reuse, in->at, digest, block))
		return false;
	in->leaves_taken++;
	*error = install_keep(in, in->at, block);
	return !*error;
}

/* Ends the run of missing leaves. */
static struct leaf_run run_take(struct install *in)
{
	struct leaf_run run = in->missing;

	in->missing.count = 0;
	return run;
}

enum update_error install_scan(struct install *in, struct leaf_run *run, bool *is_done)
{
	enum update_error error = UPDATE_OK;

	run->count = 0;
	*is_done = false;
	if (in->phase != INSTALL_SCAN)
		return UPDATE_ERROR_ORDER;
	if (reuse_index(&in->reuse))
		return UPDATE_OK;
	for (unsigned int i = 0; i < INSTALL_PIECE_BLOCKS && !run->count && !error; i++) {
		if (in->at == install_manifest(in)->leaf_count) {
			*run = run_take(in);
			*is_done = true;
			in->phase = INSTALL_LEAVES;
			return install_write_piece(in);
		}
		if (leaf_obtain(in, &error)) {
			in->leaves_done++;
			*run = run_take(in);
		} else if (!in->missing.count++) {
			in->missing.first = in->at;
		}
		in->at++;
	}
	return error;
}

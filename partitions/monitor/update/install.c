/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of an installation.
 */
#include "update/install.h"

#include <string.h>

static uint64_t leaf_place(const struct install *in, uint64_t number)
{
	return install_manifest(in)->payload_offset + (number << TREE_BLOCK_LOG2);
}

void install_reset(struct install *in, const struct update_box *box)
{
	uint32_t *index = in->reuse.index;
	size_t entries = in->reuse.index_entries;

	memset(in, 0, sizeof(*in));
	in->box = box;
	in->reuse.index = index;
	in->reuse.index_entries = entries;
}

static enum update_error sync(struct install *in)
{
	if (!block_flush(&in->target))
		return UPDATE_ERROR_DISK_WRITE;
	in->synced_bytes = in->written_bytes;
	return UPDATE_OK;
}

static enum update_error write_out(struct install *in, uint64_t at, const uint8_t *bytes, uint64_t count)
{
	if (!block_write(&in->target, at, bytes, count))
		return UPDATE_ERROR_DISK_WRITE;
	in->written_bytes += count;
	return in->written_bytes - in->synced_bytes >= INSTALL_SYNC_BYTES ? sync(in) : UPDATE_OK;
}

/* Nothing here writes; the manifest is copied before it is looked at. */
static enum update_error image_accept(struct install *in, const uint8_t *head)
{
	const struct update_box *box = in->box;
	const struct verdict *running = &box->running.verdict;
	const struct record_role *role = update_role(box);
	struct verify_policy policy = update_policy(box);
	struct image_source source = { .bytes = head, .is_slot = true };
	struct verdict verdict;
	enum update_error error;

	if (!role)
		return UPDATE_ERROR_NO_SLOT;
	error = transition_may_install(role, &box->running);
	if (error)
		return error;
	source.size = box->slots[slot_other(box->running.slot) - 1].bytes;
	in->image_error = image_verify_head(&source, &policy, &in->result);
	if (in->image_error)
		return UPDATE_ERROR_IMAGE;
	slot_judge(&in->result, &verdict);
	if (!install_manifest(in)->tree_bytes)
		return UPDATE_ERROR_NO_TREE;
	if (!memcmp(verdict.digest, running->digest, sizeof(verdict.digest)))
		return UPDATE_ERROR_SAME;
	return verdict.version < running->version ? UPDATE_ERROR_OLDER : UPDATE_OK;
}

enum update_error install_begin(struct install *in, const uint8_t head[MANIFEST_BYTES_TOTAL])
{
	enum update_error error;

	install_reset(in, in->box);
	error = image_accept(in, head);
	if (error)
		return error;
	in->target = in->box->slots[slot_other(in->box->running.slot) - 1];
	in->source = slot_source(&in->target);
	if (!block_zero(&in->target, 0, MANIFEST_BYTES_TOTAL) || sync(in) ||
	    !block_zero(&in->target, MANIFEST_BYTES_TOTAL, install_manifest(in)->payload_offset - MANIFEST_BYTES_TOTAL))
		return UPDATE_ERROR_DISK_WRITE;
	tree_open(install_tree(in), install_manifest(in), &in->source);
	in->phase = INSTALL_RESUME;
	return UPDATE_OK;
}

/* Is the next block of the tree there from an earlier attempt? */
static bool tree_block_is_there(struct install *in)
{
	uint64_t at = install_manifest(in)->tree_offset + (in->tree_done << TREE_BLOCK_LOG2), index;
	uint8_t block[TREE_BLOCK_BYTES];
	enum image_error error;
	unsigned int level;

	tree_locate(install_tree(in), in->tree_done, &level, &index);
	return block_read(&in->target, at, block, sizeof(block)) && tree_block_is(install_tree(in), level, index, block, &error);
}

enum update_error install_resume(struct install *in, bool *is_done)
{
	uint64_t count = tree_block_count(install_tree(in));

	*is_done = false;
	if (in->phase != INSTALL_RESUME)
		return UPDATE_ERROR_ORDER;
	for (unsigned int i = 0; i < INSTALL_PIECE_BLOCKS; i++) {
		if (in->tree_done == count || !tree_block_is_there(in)) {
			*is_done = true;
			in->phase = in->tree_done < count ? INSTALL_TREE : INSTALL_LEAVES;
			break;
		}
		in->tree_done++;
	}
	return UPDATE_OK;
}

enum update_error install_altered(enum image_error error)
{
	return error == IMAGE_ERROR_UNREADABLE ? UPDATE_ERROR_DISK_READ : UPDATE_ERROR_BLOCK_ALTERED;
}

enum update_error install_tree_block(struct install *in, uint64_t number, const uint8_t block[TREE_BLOCK_BYTES])
{
	struct tree *tree = install_tree(in);
	enum image_error image_error;
	enum update_error error;
	unsigned int level;
	uint64_t index;

	if (in->phase != INSTALL_TREE && in->phase != INSTALL_LEAVES)
		return UPDATE_ERROR_ORDER;
	if (number >= tree_block_count(tree))
		return UPDATE_ERROR_BLOCK_PLACE;
	if (number < in->tree_done)
		return UPDATE_OK;
	if (number > in->tree_done)
		return UPDATE_ERROR_ORDER;
	tree_locate(tree, number, &level, &index);
	if (!tree_block_is(tree, level, index, block, &image_error))
		return install_altered(image_error);
	error = write_out(in, install_manifest(in)->tree_offset + (number << TREE_BLOCK_LOG2), block, TREE_BLOCK_BYTES);
	if (!error && ++in->tree_done == tree_block_count(tree))
		in->phase = INSTALL_LEAVES;
	return error;
}

enum update_error install_write_piece(struct install *in)
{
	uint64_t count = in->piece_count;

	in->piece_count = 0;
	return count ? write_out(in, leaf_place(in, in->piece_first), in->piece, count << TREE_BLOCK_LOG2) : UPDATE_OK;
}

enum update_error install_keep(struct install *in, uint64_t number, const uint8_t *block)
{
	enum update_error error = UPDATE_OK;

	if (in->piece_count == INSTALL_PIECE_BLOCKS || in->piece_first + in->piece_count != number)
		error = install_write_piece(in);
	if (error)
		return error;
	if (!in->piece_count)
		in->piece_first = number;
	memcpy(in->piece + (in->piece_count++ << TREE_BLOCK_LOG2), block, TREE_BLOCK_BYTES);
	return UPDATE_OK;
}

bool install_is_there(struct install *in, uint64_t number, const uint8_t *digest)
{
	uint8_t block[TREE_BLOCK_BYTES], found[CRYPTO_MAX_DIGEST_BYTES];

	return block_read(&in->target, leaf_place(in, number), block, sizeof(block)) &&
	       tree_digest(install_manifest(in), block, sizeof(block), found) && crypto_equal(found, digest, sizeof(found));
}

enum update_error install_leaf(struct install *in, uint64_t number, const uint8_t block[TREE_BLOCK_BYTES])
{
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES], found[CRYPTO_MAX_DIGEST_BYTES];
	enum image_error error;

	if (in->phase != INSTALL_LEAVES)
		return UPDATE_ERROR_ORDER;
	if (number >= install_manifest(in)->leaf_count)
		return UPDATE_ERROR_BLOCK_PLACE;
	error = tree_expected(install_tree(in), 0, number, digest);
	if (error)
		return install_altered(error);
	if (!tree_digest(install_manifest(in), block, TREE_BLOCK_BYTES, found) || !crypto_equal(found, digest, sizeof(found)))
		return UPDATE_ERROR_BLOCK_ALTERED;
	if (in->leaves_done < install_manifest(in)->leaf_count)
		in->leaves_done++;
	/* flash wears: what is there is not written again */
	if (!install_is_there(in, number, digest))
		return install_keep(in, number, block);
	in->there_bytes += TREE_BLOCK_BYTES;
	return UPDATE_OK;
}

enum update_error install_finish(struct install *in)
{
	enum update_error error;

	if (in->phase != INSTALL_LEAVES)
		return UPDATE_ERROR_ORDER;
	error = install_write_piece(in);
	if (!error)
		error = sync(in);
	if (error)
		return error;
	payload_check_start(&in->result.payload, install_manifest(in), &in->source);
	in->phase = INSTALL_CHECK;
	return UPDATE_OK;
}

/* What is missing can be sent still. `at` is a byte of the payload in the bad leaf. */
static enum update_error leaf_is_bad(struct install *in, enum image_error error, uint64_t at)
{
	in->phase = INSTALL_LEAVES;
	in->at = at >> TREE_BLOCK_LOG2;
	return error == IMAGE_ERROR_UNREADABLE ? UPDATE_ERROR_DISK_READ : UPDATE_ERROR_INCOMPLETE;
}

/* Manifest, flush, look at it again, record. in->reuse is not needed any more and lends its memory. */
static enum update_error image_commit(struct install *in)
{
	const struct record_role *entry = update_role(in->box);
	struct verify_policy policy = update_policy(in->box);
	struct record_role role;
	struct verdict verdict;
	enum update_error error;

	if (!entry)
		return UPDATE_ERROR_NO_SLOT;
	if (!block_write(&in->target, 0, in->result.head, MANIFEST_BYTES_TOTAL) || !block_flush(&in->target))
		return UPDATE_ERROR_DISK_WRITE;
	in->reuse.is_usable = false;
	slot_inspect(&in->target, &policy, &in->reuse.from, &verdict);
	if (verdict.kind != VERDICT_GOOD || memcmp(verdict.digest, in->result.digest, sizeof(verdict.digest))) {
		in->image_error = in->reuse.from.error;
		return UPDATE_ERROR_RECORD_READ_BACK;
	}
	role = *entry;
	error = transition_stage(&role, &in->box->running, verdict.digest, in->box->tries);
	return error ? error : update_commit(in->box, &role);
}

enum update_error install_check(struct install *in, bool *is_done)
{
	struct payload_check *check = &in->result.payload;
	uint64_t left = install_manifest(in)->payload_bytes - check->done;
	uint64_t count = left < sizeof(in->piece) ? left : sizeof(in->piece);
	enum image_error image_error;
	enum update_error error;

	*is_done = false;
	if (in->phase != INSTALL_CHECK)
		return UPDATE_ERROR_ORDER;
	if (!source_read(&in->source, leaf_place(in, 0) + check->done, in->piece, count))
		return leaf_is_bad(in, IMAGE_ERROR_UNREADABLE, check->done);
	image_error = payload_check_take(check, in->piece, count);
	if (image_error)
		return leaf_is_bad(in, image_error, check->done - 1);
	if (check->done < install_manifest(in)->payload_bytes)
		return UPDATE_OK;
	error = payload_check_finish(check) ? UPDATE_ERROR_INCOMPLETE : image_commit(in);
	if (error)
		return error;
	in->phase = INSTALL_DONE;
	*is_done = true;
	return UPDATE_OK;
}

unsigned int install_percent(struct install *in)
{
	const struct manifest *m = install_manifest(in);
	unsigned int percent = 0;

	if (in->phase == INSTALL_DONE)
		percent = 100;
	else if (in->phase == INSTALL_CHECK)
		percent = 90 + (unsigned int)(in->result.payload.done * 9 / m->payload_bytes);
	else if (in->phase != INSTALL_IDLE)
		percent = (unsigned int)(in->leaves_done * 89 / m->leaf_count);
	if (percent > in->percent)
		in->percent = percent;
	return in->percent;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dialogue: bytes to frames, frames to install.h and operate.h.
 */
#include "update/protocol.h"

#include <string.h>

#include "update/protocol_lines.h"
#include "update/rekey.h"

void protocol_open(struct protocol *p)
{
	install_reset(p->install, p->box);
	p->state = PROTOCOL_IDLE;
	p->last_error = UPDATE_OK;
	p->have = 0;
	line_ready(p);
}

static enum update_error take_start(struct protocol *p)
{
	install_reset(p->install, p->box);
	p->state = PROTOCOL_OPEN;
	p->last_error = UPDATE_OK;
	p->told_percent = 0;
	return UPDATE_OK;
}

static enum update_error take_manifest(struct protocol *p)
{
	return install_begin(p->install, p->body);
}

static enum update_error take_blocks(struct protocol *p,
				     enum update_error (*take)(struct install *in, uint64_t number, const uint8_t *block))
{
	const uint8_t *blocks = frame_blocks(&p->frame, p->body, p->blocks);
	enum update_error error = blocks ? UPDATE_OK : UPDATE_ERROR_BLOCK_ALTERED;

	for (uint32_t i = 0; i < p->frame.blocks && !error; i++)
		error = take(p->install, p->frame.number + i, blocks + i * FRAME_BLOCK_BYTES);
	if (!error)
		line_progress(p);
	return error;
}

static enum update_error take_tree(struct protocol *p)
{
	return take_blocks(p, install_tree_block);
}

static enum update_error take_leaves(struct protocol *p)
{
	return take_blocks(p, install_leaf);
}

static enum update_error take_query(struct protocol *p)
{
	p->missing = 0;
	return install_scan_start(p->install);
}

static enum update_error take_finish(struct protocol *p)
{
	return install_finish(p->install);
}

static enum update_error take_status(struct protocol *p)
{
	const struct record_role *role = update_role(p->box);

	if (!role)
		return UPDATE_ERROR_NO_SLOT;
	line_status(p, role);
	return UPDATE_OK;
}

static enum update_error take_confirm(struct protocol *p)
{
	enum update_error error = update_confirm(p->box);

	if (!error)
		line_ok(p, "CONFIRM");
	return error;
}

/* The installation that may be going on lends its memory, and ends: it would be for the same slot. */
static enum update_error take_revert(struct protocol *p)
{
	enum update_error error;

	install_reset(p->install, p->box);
	if (p->state == PROTOCOL_OPEN)
		p->state = PROTOCOL_IDLE;
	error = update_revert(p->box, &p->install->result);
	install_reset(p->install, p->box);
	if (!error)
		line_ok(p, "REVERT");
	return error;
}

/* So it does here, and an image that follows is checked with the new keys. */
static enum update_error take_keyring(struct protocol *p)
{
	enum update_error error;

	install_reset(p->install, p->box);
	error = rekey_install(p->box, p->body, &p->install->result, &p->keyring_error);
	install_reset(p->install, p->box);
	if (!error)
		line_ok(p, "KEYRING");
	return error;
}

static const struct {
	enum update_error (*take)(struct protocol *p);
	bool is_operation; /* needs no START, and an error of it ends nothing */
	unsigned int cost; /* of PROTOCOL_WORK, besides its blocks */
} handlers[] = {
	[FRAME_START] = { take_start, true, 1 },
	[FRAME_MANIFEST] = { take_manifest, false, PROTOCOL_WORK },
	[FRAME_TREE] = { take_tree, false, 0 },
	[FRAME_LEAVES] = { take_leaves, false, 0 },
	[FRAME_QUERY] = { take_query, false, PROTOCOL_WORK },
	[FRAME_FINISH] = { take_finish, false, PROTOCOL_WORK },
	[FRAME_STATUS] = { take_status, true, 1 },
	[FRAME_CONFIRM] = { take_confirm, true, PROTOCOL_WORK },
	[FRAME_REVERT] = { take_revert, true, PROTOCOL_WORK },
	[FRAME_KEYRING] = { take_keyring, true, PROTOCOL_WORK },
};

/* After these the same installation can go on, with what is missing. */
static bool is_mendable(enum update_error error)
{
	return error == UPDATE_ERROR_BLOCK_ALTERED || error == UPDATE_ERROR_BLOCK_PLACE || error == UPDATE_ERROR_INCOMPLETE;
}

/* A stream of bad blocks is one line, not a million. */
static void error_tell(struct protocol *p, enum update_error error)
{
	if (error != p->last_error)
		line_error(p, error);
	p->last_error = error;
}

static void frame_take(struct protocol *p)
{
	enum frame_type type = p->frame.type;
	bool is_operation = handlers[type].is_operation;
	enum update_error error;

	if (!is_operation && p->state == PROTOCOL_REFUSED)
		return;
	p->spent += handlers[type].cost + p->frame.blocks;
	if (is_operation || type == FRAME_QUERY || type == FRAME_FINISH)
		p->last_error = UPDATE_OK;
	error = !is_operation && p->state == PROTOCOL_IDLE ? UPDATE_ERROR_ORDER : handlers[type].take(p);
	if (!error)
		return;
	error_tell(p, error);
	if (!is_operation && !is_mendable(error))
		p->state = PROTOCOL_REFUSED;
}

static enum update_error resume_work(struct protocol *p)
{
	bool is_done;
	enum update_error error = install_resume(p->install, &is_done);

	if (!error && is_done)
		line_manifest(p);
	return error;
}

static enum update_error scan_work(struct protocol *p)
{
	struct leaf_run run;
	bool is_done;
	enum update_error error = install_scan(p->install, &run, &is_done);

	if (!error && run.count) {
		p->missing += run.count;
		line_missing(p, &run);
	}
	if (!error && is_done)
		line_queried(p);
	return error;
}

static enum update_error check_work(struct protocol *p)
{
	bool is_done;
	enum update_error error = install_check(p->install, &is_done);

	if (error == UPDATE_ERROR_INCOMPLETE) {
		struct leaf_run run = { p->install->at, 1 };

		line_missing(p, &run);
	}
	if (!error && is_done) {
		line_progress(p);
		line_done(p);
		p->state = PROTOCOL_IDLE;
	}
	return error;
}

/* By phase: what it does without being sent anything. */
static enum update_error (*const works[])(struct protocol *p) = {
	[INSTALL_RESUME] = resume_work,
	[INSTALL_SCAN] = scan_work,
	[INSTALL_CHECK] = check_work,
	[INSTALL_DONE] = NULL,
};

static bool is_working(const struct protocol *p)
{
	return p->state == PROTOCOL_OPEN && works[p->install->phase];
}

/* The next piece of a frame into its place. Returns how many bytes. */
static size_t piece_take(struct protocol *p, const uint8_t *bytes, size_t count)
{
	bool is_head = p->have < FRAME_HEAD_BYTES;
	size_t at = is_head ? p->have : p->have - FRAME_HEAD_BYTES;
	size_t room = (is_head ? FRAME_HEAD_BYTES : p->frame.body_bytes) - at;
	size_t piece = count < room ? count : room;

	memcpy((is_head ? p->head : p->body) + at, bytes, piece);
	p->have += piece;
	return piece;
}

size_t protocol_take(struct protocol *p, const uint8_t *bytes, size_t count)
{
	size_t done = 0;

	while (done < count && !is_working(p) && p->spent < PROTOCOL_WORK) {
		enum update_error error = UPDATE_OK;

		if (p->state == PROTOCOL_LOST)
			return count;
		done += piece_take(p, bytes + done, count - done);
		if (p->have == FRAME_HEAD_BYTES)
			error = frame_read(p->head, &p->frame);
		if (error) {
			line_error(p, error);
			install_reset(p->install, p->box);
			p->state = PROTOCOL_LOST;
		} else if (p->have >= FRAME_HEAD_BYTES && p->have == FRAME_HEAD_BYTES + p->frame.body_bytes) {
			p->have = 0;
			frame_take(p);
		}
	}
	return done;
}

bool protocol_work(struct protocol *p)
{
	bool has_rested = p->spent >= PROTOCOL_WORK;
	enum update_error error;

	p->spent = 0;
	if (!is_working(p))
		return has_rested;
	error = works[p->install->phase](p);
	if (!error) {
		line_progress(p);
		return true;
	}
	error_tell(p, error);
	if (!is_mendable(error))
		p->state = PROTOCOL_REFUSED;
	return true;
}

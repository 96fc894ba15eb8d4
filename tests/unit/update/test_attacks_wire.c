/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attacks of test_attacks.c that somebody on the way can make: on bundles, and on the line they come through.
 */
#include "client.h"

#include <string.h>

#include "image/bytes.h"

/* TUF: slow retrieval; Uptane: drop request: a byte at a time, and the line is cut every few hundred; no block that was taken is asked for again. */
static void slow_retrieval_gets_there(void **state)
{
	uint64_t sent = 0;

	(void)state;
	while (sent < v3.manifest.leaf_count) {
		client_put_manifest(&v3);
		client_put_tree(&v3);
		for (size_t i = 0; i < client.count; i++)
			client_send_range(i, i + 1);
		client.count = 0;
		client_put_leaf(&v3, sent);
		for (size_t i = 0; i < client.count; i++)
			client_send_range(i, i + 1);
		client_send_word(FRAME_QUERY); /* writes what it has */
		sent++;
		client_open();
		client_put_leaf(&v3, sent % v3.manifest.leaf_count);
		client_send_range(0, 300); /* and the line is cut */
		box_assert_runs(1);
	}
	client_put_manifest(&v3);
	client_put((struct frame){ .type = FRAME_QUERY }, NULL);
	client_put((struct frame){ .type = FRAME_FINISH }, NULL);
	client_send();
	client_assert_said("queried 0 ");
	box_assert_runs(3);
}

/* Uptane: partial bundle: cut between any two frames and in the middle of each: the old image runs, nothing is tried. */
static void partial_bundle(void **state)
{
	size_t ends[64], count = 0;

	(void)state;
	client_put_bundle(&v3);
	for (size_t at = 0; at < client.count; at += FRAME_HEAD_BYTES + bytes_get32(client.bytes + at + 16))
		ends[count++] = at;
	assert_true(count == 4 + v3.manifest.leaf_count);
	for (size_t i = 0; i < 2 * count; i++) {
		client_open();
		client_send_range(0, ends[i / 2] + (i % 2 ? 20 : 0));
		box_assert_runs(1);
		assert_int_equal(update_role(&world.box)->try_slot, SLOT_NONE);
	}
	client_send();
	box_assert_runs(3);
}

/* TUF: mix-and-match; Uptane: mixed bundles: manifest, tree and leaves of images that are genuine each. */
static void mix_and_match_of_blocks(void **state)
{
	(void)state;
	client_put_manifest(&v2);
	client_put_tree(&v3);
	client_send();
	client_assert_said("error BLOCK_ALTERED");
	client_open();
	client_put_manifest(&v2);
	client_put_tree(&v2);
	for (uint64_t i = 0; i < v2.manifest.leaf_count; i++)
		client_put_leaf(i % 2 ? &v3 : &v2, i);
	client_put((struct frame){ .type = FRAME_FINISH }, NULL);
	client_send();
	client_assert_said("error BLOCK_ALTERED");
	box_assert_runs(1);
	/* one installation over the other's remains */
	client_put_bundle(&v2);
	client_send();
	client_assert_said("done b");
	box_assert_runs(2);
}

/* TUF: endless data: a genuine beginning, then leaves for ever: those that are there are not even written again. */
static void endless_data_through_the_port(void **state)
{
	unsigned int writes;

	(void)state;
	client_put_manifest(&v3);
	client_put_tree(&v3);
	client_put_leaf(&v3, 0);
	client_put_leaf(&v3, 5); /* elsewhere: leaf 0 is written out */
	client_put_leaf(&v3, 0);
	client_send();
	client.count = 0;
	client_put_leaf(&v3, 0);
	client_put_leaf(&v3, 5);
	client_send();
	writes = disk.writes;
	for (int i = 0; i < 1000; i++)
		client_send();
	assert_int_equal(disk.writes, writes);
	client.count = 0;
	for (uint64_t i = 0; i < 60; i++)
		client_put(
			(struct frame){
				.type = FRAME_LEAVES, .blocks = 1, .number = v3.manifest.leaf_count + i, .body_bytes = 4096 },
			v3.bytes);
	client_send();
	client_assert_said("error BLOCK_PLACE");
	assert_int_equal(disk.writes, writes);
	box_assert_runs(1);
}

/* TUF: malicious mirrors: each copy is damaged somewhere else: what is good of each is kept, what is not never counts. */
static void malicious_mirrors_each_with_a_good_part(void **state)
{
	(void)state;
	client_put_bundle(&v3);
	for (size_t at = FRAME_HEAD_BYTES; at < 20000; at += 997) { /* manifest and tree: nothing good comes of it */
		client.bytes[at] ^= 0x40;
		client_open();
		client_send();
		client.bytes[at] ^= 0x40;
		box_assert_runs(1);
	}
	for (uint64_t bad = 1; bad <= 2; bad++) { /* the first two leaves, which nobody else has */
		size_t at = client.count - FRAME_HEAD_BYTES - (20 - bad) * (FRAME_HEAD_BYTES + FRAME_BLOCK_BYTES) - 1;

		box_assert_runs(1);
		client.bytes[at] ^= 0x40;
		client_send();
		client.bytes[at] ^= 0x40;
		client_assert_said("error BLOCK_ALTERED");
	}
	client_assert_said("done b");
	box_assert_runs(3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_BOX(slow_retrieval_gets_there),
		ON_A_BOX(partial_bundle),
		ON_A_BOX(mix_and_match_of_blocks),
		ON_A_BOX(endless_data_through_the_port),
		ON_A_BOX(malicious_mirrors_each_with_a_good_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

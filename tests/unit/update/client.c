/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A box with three images, and what somebody on its update port may send.
 */
#include "client.h"

#include <string.h>

struct model_disk disk;
struct world world;
struct test_image v1, v2, v3;
struct client client;
static struct protocol protocol;
static char said[65536];

static void hear(void *context, const char *line, size_t length)
{
	size_t have = strlen(said);

	assert_null(context);
	if (have + length >= sizeof(said))
		said[have = 0] = '\0';
	memcpy(said + have, line, length);
	said[have + length] = '\0';
}

void client_open(void)
{
	protocol = (struct protocol){ .install = &world.install, .box = &world.box, .emit = hear };
	said[0] = '\0';
	protocol_open(&protocol);
}

void box_assert_runs(uint16_t version)
{
	assert_true(world_boot(&world));
	assert_int_equal(world.choice.running.verdict.version >> 48, version);
	client_open();
}

int box_open(void **state)
{
	static const struct image_spec specs[] = {
		{ 1, 1, 20, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 } },
		{ 2, 2, 20, { 1, 2, 33, 4, 5, 6, 7, 8, 39, 10 } },
		{ 3, 2, 20, { 60, 61, 62, 63, 64, 65, 66, 67 } },
	};

	(void)state;
	disk_open(&disk, WORLD_DISK_BYTES, 512);
	world_open(&world, &disk.device);
	world_image(&world, &specs[0], &v1);
	world_image(&world, &specs[1], &v2);
	world_image(&world, &specs[2], &v3);
	world_flash(&world, &v1);
	box_assert_runs(1);
	return 0;
}

int box_close(void **state)
{
	(void)state;
	world_image_free(&v1);
	world_image_free(&v2);
	world_image_free(&v3);
	disk_close(&disk);
	return 0;
}

void client_put(struct frame frame, const void *body)
{
	assert_true(client.count + FRAME_HEAD_BYTES + frame.body_bytes <= sizeof(client.bytes));
	frame_write(&frame, client.bytes + client.count);
	if (frame.body_bytes)
		memcpy(client.bytes + client.count + FRAME_HEAD_BYTES, body, frame.body_bytes);
	client.count += FRAME_HEAD_BYTES + frame.body_bytes;
}

void client_put_manifest(const struct test_image *image)
{
	client.count = 0;
	client_put((struct frame){ .type = FRAME_START, .number = FRAME_VERSION }, NULL);
	client_put((struct frame){ .type = FRAME_MANIFEST, .body_bytes = MANIFEST_BYTES_TOTAL }, image->bytes);
}

void client_put_tree(const struct test_image *image)
{
	uint32_t count = (uint32_t)(image->manifest.tree_bytes / FRAME_BLOCK_BYTES);

	client_put((struct frame){ .type = FRAME_TREE, .blocks = count, .body_bytes = count * FRAME_BLOCK_BYTES },
		   image->bytes + image->manifest.tree_offset);
}

void client_put_leaf(const struct test_image *image, uint64_t number)
{
	uint8_t block[FRAME_BLOCK_BYTES];

	client_put((struct frame){ .type = FRAME_LEAVES, .blocks = 1, .number = number, .body_bytes = FRAME_BLOCK_BYTES },
		   test_image_leaf(image, number, block));
}

void client_put_bundle(const struct test_image *image)
{
	client_put_manifest(image);
	client_put_tree(image);
	for (uint64_t i = 0; i < image->manifest.leaf_count; i++)
		client_put_leaf(image, i);
	client_put((struct frame){ .type = FRAME_FINISH }, NULL);
}

void client_send_range(size_t from, size_t to)
{
	while (from < to) {
		from += protocol_take(&protocol, client.bytes + from, to - from);
		if (from < to)
			assert_true(protocol_work(&protocol));
	}
	while (protocol_work(&protocol))
		;
}

void client_send(void)
{
	client_send_range(0, client.count);
}

void client_send_word(enum frame_type type)
{
	client.count = 0;
	client_put((struct frame){ .type = type }, NULL);
	client_send();
}

void client_assert_said(const char *text)
{
	if (!strstr(said, text))
		fail_msg("'%s' is not in:\n%s", text, said);
}

void box_update_to(const struct test_image *image, bool is_confirmed)
{
	client_put_bundle(image);
	client_send();
	client_assert_said("done ");
	box_assert_runs(image->manifest.version_major);
	if (is_confirmed)
		assert_update(update_confirm(&world.box), UPDATE_OK);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A box that runs version 1 out of slot a, two more genuine images, and a client at its update port that sends what it likes. One of each, for
 * tests that set up with box_open() and end with box_close().
 */
#ifndef TESTS_UNIT_UPDATE_CLIENT_H
#define TESTS_UNIT_UPDATE_CLIENT_H

#include "model_disk.h"
#include "update/protocol.h"
#include "world.h"

/* What is to be sent. */
struct client {
	size_t count;
	uint8_t bytes[1 << 20];
};

extern struct model_disk disk;
extern struct world world;
extern struct test_image v1, v2, v3; /* security versions 1, 2, 2 */
extern struct client client;

int box_open(void **state);
int box_close(void **state);

/* The box starts; this major version runs. Its port is open. */
void box_assert_runs(uint16_t version);

/* The image is written; it is tried at the next start, and confirmed if that is wanted. */
void box_update_to(const struct test_image *image, bool is_confirmed);

/* The port is closed and opened; what was said is forgotten. */
void client_open(void);

/* Appends to what is to be sent; a manifest starts anew, with START before it. A bundle is all of it. */
void client_put(struct frame frame, const void *body);
void client_put_manifest(const struct test_image *image);
void client_put_tree(const struct test_image *image);
void client_put_leaf(const struct test_image *image, uint64_t number);
void client_put_bundle(const struct test_image *image);

/* Sends all of it, or bytes [from, to), and lets the box work. It stays, to be sent again. */
void client_send(void);
void client_send_range(size_t from, size_t to);
void client_send_word(enum frame_type type);

void client_assert_said(const char *text);

#define ON_A_BOX(test) cmocka_unit_test_setup_teardown(test, box_open, box_close)

#endif

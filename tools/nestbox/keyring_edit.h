/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keyring files on the host: read, changed, written unsigned. The next version is made from the one before, so that no revocation is lost.
 */
#ifndef NESTBOX_KEYRING_EDIT_H
#define NESTBOX_KEYRING_EDIT_H

#include "image/keyring_file.h"
#include "options.h"

/* An empty keyring, which has to get a key before it can be written. */
void keyring_edit_new(struct keyring_file *keyring);

/* Reads a file as it is, verified by nobody; `bytes` gets all of it if it is not null. */
enum exit_code keyring_edit_load(const char *path, struct keyring_file *keyring, uint8_t *bytes);

/* Adds the key of a .pub file; removes a key; removes and revokes one, in the keyring or not. `key` is a .pub file or a key id. */
enum exit_code keyring_edit_add(struct keyring_file *keyring, const char *path);
enum exit_code keyring_edit_retire(struct keyring_file *keyring, const char *key);
enum exit_code keyring_edit_revoke(struct keyring_file *keyring, const char *key);

/* Writes it without a signature. */
enum exit_code keyring_edit_write(const struct keyring_file *keyring, const char *path);

#endif

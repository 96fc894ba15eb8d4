/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a keyring; see keyring_edit.h. */
#include "keyring_edit.h"

#include <string.h>

#include "file.h"
#include "public_key.h"
#include "text.h"

void keyring_edit_new(struct keyring_file *keyring)
{
	memset(keyring, 0, sizeof(*keyring));
	memcpy(keyring->magic, KEYRING_MAGIC, sizeof(keyring->magic));
	keyring->format_major = 1;
	keyring->signed_bytes = KEYRING_SIGNED_BYTES;
}

enum exit_code keyring_edit_load(const char *path, struct keyring_file *keyring, uint8_t *bytes)
{
	struct input_file input;
	enum image_error error = IMAGE_ERROR_TRUNCATED;
	enum exit_code code = input_open(path, &input);

	if (code)
		return code;
	if (input.size == KEYRING_FILE_BYTES)
		error = keyring_file_parse(input.bytes, keyring);
	if (!error && bytes)
		memcpy(bytes, input.bytes, KEYRING_FILE_BYTES);
	input_close(&input);
	return error ? report_error(EXIT_REFUSED, "%s is no intact keyring: %s", path, image_error_text(error)) : EXIT_OK;
}

enum exit_code keyring_edit_add(struct keyring_file *keyring, const char *path)
{
	const struct text_list one = { .items = { path }, .count = 1 };
	static struct trusted_key keys[LIST_MAX];
	enum exit_code code = public_keys_load(&one, keys);

	if (code)
		return code;
	if (keyring->key_count == KEYRING_MAX_KEYS)
		return report_error(EXIT_REFUSED, "the keyring has %u keys already; retire one", KEYRING_MAX_KEYS);
	keyring->keys[keyring->key_count++] = keys[0];
	return EXIT_OK;
}

/* Which key is meant: of a .pub file, or a whole id. */
static enum exit_code id_of(const char *key, uint8_t id[KEY_ID_BYTES])
{
	struct trusted_key public;
	enum exit_code code;

	if (text_hex_parse(key, id, KEY_ID_BYTES))
		return EXIT_OK;
	code = public_key_load(key, &public);
	if (!code)
		memcpy(id, public.key_id, KEY_ID_BYTES);
	return code;
}

static bool take_out(struct keyring_file *keyring, const uint8_t id[KEY_ID_BYTES])
{
	for (uint32_t i = 0; i < keyring->key_count; i++) {
		if (memcmp(keyring->keys[i].key_id, id, KEY_ID_BYTES))
			continue;
		memmove(&keyring->keys[i], &keyring->keys[i + 1], (keyring->key_count - i - 1) * sizeof(keyring->keys[0]));
		keyring->key_count--;
		return true;
	}
	return false;
}

enum exit_code keyring_edit_retire(struct keyring_file *keyring, const char *key)
{
	uint8_t id[KEY_ID_BYTES];
	enum exit_code code = id_of(key, id);

	if (!code && !take_out(keyring, id))
		code = report_error(EXIT_REFUSED, "%s is not in the keyring; 'nestbox key list' shows what is", key);
	return code;
}

enum exit_code keyring_edit_revoke(struct keyring_file *keyring, const char *key)
{
	uint8_t id[KEY_ID_BYTES];
	enum exit_code code = id_of(key, id);

	if (code)
		return code;
	take_out(keyring, id);
	if (keyring->revoked_count == KEYRING_MAX_REVOKED)
		return report_error(EXIT_REFUSED, "the keyring revokes %u keys already; build the next boxes without the oldest",
				    KEYRING_MAX_REVOKED);
	memcpy(keyring->revoked[keyring->revoked_count++], id, KEY_ID_BYTES);
	return EXIT_OK;
}

enum exit_code keyring_edit_write(const struct keyring_file *keyring, const char *path)
{
	static uint8_t bytes[KEYRING_FILE_BYTES];
	enum image_error error = keyring_file_write(keyring, bytes);

	if (error)
		return report_error(EXIT_REFUSED, "%s: %s", image_error_name(error), image_error_text(error));
	return output_file_at_once(path, 0666, bytes, sizeof(bytes));
}

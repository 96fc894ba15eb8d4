/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public key files.
 */
#include "public_key.h"

#include <stdio.h>
#include <string.h>

#include "file.h"
#include "text.h"

struct name_row {
	const char *name;
	uint32_t value;
};

static const struct name_row algorithms[] = {
	{ "ecdsa-p256", KEY_ECDSA_P256 },
	{ "ecdsa-p384", KEY_ECDSA_P384 },
	{ "lms", KEY_LMS },
	{ "p256", KEY_ECDSA_P256 },
	{ "p384", KEY_ECDSA_P384 },
	{ NULL, 0 },
};

static const struct name_row roles[] = { { "dev", KEY_DEV },
					 { "release", KEY_RELEASE },
					 { "root", KEY_ROOT },
					 { "dev-root", KEY_DEV_ROOT },
					 { NULL, 0 } };

static const char *name_of(const struct name_row *row, uint32_t value)
{
	while (row->name && row->value != value)
		row++;
	return row->name;
}

static uint32_t value_of(const struct name_row *row, const char *name)
{
	while (row->name && strcmp(row->name, name))
		row++;
	return row->value;
}

const char *key_algorithm_name(uint32_t algorithm)
{
	return name_of(algorithms, algorithm);
}

uint32_t key_algorithm_from_name(const char *name)
{
	return value_of(algorithms, name);
}

const char *key_role_name(uint32_t role)
{
	return name_of(roles, role);
}

uint32_t key_role_from_name(const char *name)
{
	return value_of(roles, name);
}

void public_key_format(const struct trusted_key *key, char text[PUBLIC_KEY_TEXT_BYTES])
{
	char id[2 * KEY_ID_BYTES + 1], point[2 * CRYPTO_MAX_POINT_BYTES + 1], uuid[UUID_TEXT_BYTES];
	int at = snprintf(text, PUBLIC_KEY_TEXT_BYTES,
			  "nestbox-public-key 1\nalgorithm %s\nrole %s\n",
			  key_algorithm_name(key->algorithm), key_role_name(key->role));

	for (uint32_t i = 0; i < key->partition_count; i++) {
		uuid_format(key->partitions[i], uuid);
		at += snprintf(text + at, PUBLIC_KEY_TEXT_BYTES - (size_t)at, "partition %s\n",
			       uuid);
	}
	text_hex(key->key_id, KEY_ID_BYTES, id);
	text_hex(key->point, crypto_point_bytes(key->algorithm), point);
	snprintf(text + at, PUBLIC_KEY_TEXT_BYTES - (size_t)at, "key-id %s\npoint %s\n", id, point);
}

/* The value of the next line if it starts with `word`, cut off and stepped over; else null. */
static char *line_take(char **at, const char *word)
{
	size_t length = strlen(word);
	char *value = *at + length + 1, *end;

	if (strncmp(*at, word, length) || (*at)[length] != ' ')
		return NULL;
	end = strchr(value, '\n');
	if (!end)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return value;
}

static bool partitions_parse(char **at, struct trusted_key *key)
{
	char *value;

	while ((value = line_take(at, "partition")))
		if (key->partition_count == KEYRING_MAX_PARTITIONS ||
		    !uuid_parse(value, key->partitions[key->partition_count++]))
			return false;
	return true;
}

static bool public_key_parse(char *text, struct trusted_key *key)
{
	const char *version = line_take(&text, "nestbox-public-key");
	const char *algorithm = version ? line_take(&text, "algorithm") : NULL;
	const char *role = algorithm ? line_take(&text, "role") : NULL;
	const char *id, *point;

	memset(key, 0, sizeof(*key));
	if (!role || strcmp(version, "1"))
		return false;
	key->algorithm = key_algorithm_from_name(algorithm);
	key->role = key_role_from_name(role);
	if (!key->algorithm || !key->role || !partitions_parse(&text, key))
		return false;
	id = line_take(&text, "key-id");
	point = id ? line_take(&text, "point") : NULL;
	return point && *text == '\0' && text_hex_parse(id, key->key_id, KEY_ID_BYTES) &&
	       text_hex_parse(point, key->point, crypto_point_bytes(key->algorithm));
}

enum exit_code public_key_load(const char *path, struct trusted_key *key)
{
	char text[PUBLIC_KEY_TEXT_BYTES] = "";
	struct input_file input;
	enum exit_code code = input_open(path, &input);

	if (code)
		return code;
	if (input.size < sizeof(text))
		memcpy(text, input.bytes, (size_t)input.size);
	if (strlen(text) != input.size || !public_key_parse(text, key) || !trusted_key_is_sound(key))
		code = report_error(
			EXIT_REFUSED,
			"%s is not an intact public key; give the .pub file of 'nestbox keygen'",
			path);
	input_close(&input);
	return code;
}

static bool is_root(const struct trusted_key *key)
{
	return key->role == KEY_ROOT || key->role == KEY_DEV_ROOT;
}

static enum exit_code keys_load(const struct text_list *paths, bool are_roots, struct trusted_key keys[LIST_MAX])
{
	for (size_t i = 0; i < paths->count; i++) {
		const struct keyring before = { .keys = keys, .count = i };
		enum exit_code code = public_key_load(paths->items[i], &keys[i]);

		if (code)
			return code;
		if (is_root(&keys[i]) != are_roots)
			return report_error(EXIT_REFUSED, "%s is %s", paths->items[i],
					    are_roots ? "no root key: roots sign keyrings; give one made with --role root"
						      : "a root key: roots sign keyrings only, images need another key");
		if (keyring_find(&before, keys[i].key_id))
			return report_error(EXIT_REFUSED,
					    "%s is a key that is already given; give each once",
					    paths->items[i]);
	}
	return EXIT_OK;
}

enum exit_code public_keys_load(const struct text_list *paths, struct trusted_key keys[LIST_MAX])
{
	return keys_load(paths, false, keys);
}

enum exit_code public_roots_load(const struct text_list *paths, struct trusted_key keys[LIST_MAX])
{
	return keys_load(paths, true, keys);
}

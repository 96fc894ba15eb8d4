/* SPDX-License-Identifier: Apache-2.0 */
/* The password's file; see password_file.h. */
#include "password_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "file.h"
#include "image/crypto.h"
#include "text.h"

#define FILE_BYTES 256u
#define SALT_TEXT (2 * PASSWORD_SALT_BYTES)
#define HASH_TEXT (2 * PASSWORD_HASH_BYTES)

static bool stretch(const char *text, const struct password *password, uint8_t hash[PASSWORD_HASH_BYTES])
{
	const struct crypto_secret secret = {
		.text = text, .bytes = strlen(text), .salt = password->salt, .salt_bytes = PASSWORD_SALT_BYTES,
		.iterations = password->iterations,
	};

	return crypto_stretch(&secret, hash, PASSWORD_HASH_BYTES);
}

enum exit_code password_hash(const char *text, struct password *password)
{
	size_t length = strlen(text);

	if (!length)
		return report_error(EXIT_REFUSED, "an empty password is none; give one of at least %u characters", PASSWORD_MIN_BYTES);
	if (length < PASSWORD_MIN_BYTES)
		return report_error(EXIT_REFUSED, "the password has %zu characters; give at least %u", length, PASSWORD_MIN_BYTES);
	for (size_t i = 0; i < length; i++)
		if (text[i] < ' ' || text[i] > '~')
			return report_error(EXIT_REFUSED, "the password has a character that the box's prompt does not take; use printable ASCII");
	if (getrandom(password->salt, sizeof(password->salt), 0) != sizeof(password->salt))
		return report_system_error("no random numbers");
	return stretch(text, password, password->hash) ? EXIT_OK : report_error(EXIT_IO, "the password cannot be hashed");
}

enum exit_code password_file_write(const char *path, const struct password *password)
{
	char text[FILE_BYTES], salt[SALT_TEXT + 1], hash[HASH_TEXT + 1];

	text_hex(password->salt, PASSWORD_SALT_BYTES, salt);
	text_hex(password->hash, PASSWORD_HASH_BYTES, hash);
	int length = snprintf(text, sizeof(text), "nestbox-password 1\niterations %" PRIu32 "\nsalt %s\nhash %s\n",
			      password->iterations, salt, hash);
	return output_file_at_once(path, 0600, text, (uint64_t)length);
}

static bool parse(const char *text, struct password *password)
{
	char salt[SALT_TEXT + 1], hash[HASH_TEXT + 1];
	int end = 0;

	return sscanf(text, "nestbox-password 1\niterations %8" SCNu32 "\nsalt %32[0-9a-f]\nhash %64[0-9a-f]\n%n",
		      &password->iterations, salt, hash, &end) == 3 &&
	       end && !text[end] && password->iterations && text_hex_parse(salt, password->salt, PASSWORD_SALT_BYTES) &&
	       text_hex_parse(hash, password->hash, PASSWORD_HASH_BYTES);
}

enum exit_code password_file_read(const char *path, struct password *password)
{
	uint8_t empty[PASSWORD_HASH_BYTES];
	char text[FILE_BYTES] = "";
	struct input_file input;
	enum exit_code code = input_open(path, &input);

	if (code)
		return code;
	bool fits = input.size < sizeof(text);
	if (fits)
		memcpy(text, input.bytes, input.size);
	input_close(&input);
	if (!fits || !parse(text, password))
		return report_error(EXIT_REFUSED, "%s is no file of 'nestbox password make'; make it again", path);
	if (!stretch("", password, empty))
		return report_error(EXIT_IO, "the hash in %s cannot be checked", path);
	if (crypto_equal(empty, password->hash, sizeof(empty)))
		return report_error(EXIT_REFUSED, "%s is the hash of an empty password; make it again with 'nestbox password make'", path);
	return EXIT_OK;
}

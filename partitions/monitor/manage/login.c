/* SPDX-License-Identifier: Apache-2.0 */
/* The password and its back-off; see login.h. */
#include "manage/login.h"

#include <string.h>

#include "image/crypto.h"

uint64_t login_wait(const struct login *login, uint64_t now)
{
	uint32_t extra = login->failures < LOGIN_FREE_TRIES ? 0 : login->failures - LOGIN_FREE_TRIES + 1;
	uint64_t wait = extra ? 1ull << (extra < 16 ? extra : 16) : 0;
	uint64_t passed = now > login->failed_at ? now - login->failed_at : 0;

	if (wait > LOGIN_MAX_WAIT_SECONDS)
		wait = LOGIN_MAX_WAIT_SECONDS;
	return passed < wait ? wait - passed : 0;
}

static bool is_right(const struct password *password, const char *text)
{
	uint8_t hash[PASSWORD_HASH_BYTES];
	const struct crypto_secret secret = {
		.text = text, .bytes = strlen(text), .salt = password->salt, .salt_bytes = sizeof(password->salt),
		.iterations = password->iterations,
	};

	return crypto_stretch(&secret, hash, sizeof(hash)) && crypto_equal(hash, password->hash, sizeof(hash));
}

bool login_try(struct login *login, const char *password, uint64_t now)
{
	if (login_wait(login, now))
		return false;
	if (login->password->iterations && password[0] && is_right(login->password, password)) {
		login->failures = 0;
		return true;
	}
	login->failures += login->failures < UINT32_MAX;
	login->failed_at = now;
	return false;
}

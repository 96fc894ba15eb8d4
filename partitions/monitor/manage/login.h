/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may use the console: one password, kept as PBKDF2-HMAC-SHA-256 (RFC 8018 section 5.2), and a wait that doubles
 * with every wrong one. Time is whatever the caller counts.
 */
#ifndef MANAGE_LOGIN_H
#define MANAGE_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#define PASSWORD_SALT_BYTES 16u
#define PASSWORD_HASH_BYTES 32u
#define PASSWORD_MIN_BYTES 8u /* for a new one */

struct password {
	uint32_t iterations; /* 0: there is none, and nobody gets in */
	uint8_t salt[PASSWORD_SALT_BYTES];
	uint8_t hash[PASSWORD_HASH_BYTES];
};

/* Made by the build out of the file of `nestbox password`. */
extern const struct password box_password;

#define LOGIN_FREE_TRIES 3u
#define LOGIN_MAX_WAIT_SECONDS 900u

struct login {
	const struct password *password;
	uint32_t failures; /* since the last success */
	uint64_t failed_at; /* seconds */
};

/* Seconds that have to pass before the next try; 0: now. */
uint64_t login_wait(const struct login *login, uint64_t now);

/* False for a wrong or empty one, and as long as there is a wait, which is checked first. */
bool login_try(struct login *login, const char *password, uint64_t now);

#endif

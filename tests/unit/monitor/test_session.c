/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The escape key, the login with its back-off, the prompt, and the way back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "image/crypto.h"
#include "manage/session.h"

#define WORD "correct horse"
#define ESCAPE_KEY "\x1e"

static struct password password = { .iterations = 10, .salt = { 1, 2, 3 } };
static struct session session;
static char shown[65536], ran[256], noted[256];
static size_t shown_bytes;
static uint64_t now;
static bool is_taken;
static uint32_t to_guest;

static void show(void *context, const char *bytes, size_t count)
{
	(void)context;
	assert_true(shown_bytes + count < sizeof(shown));
	memcpy(shown + shown_bytes, bytes, count);
	shown_bytes += count;
	shown[shown_bytes] = 0;
}

static uint64_t seconds(void *context)
{
	(void)context;
	return now;
}

static uint32_t runs;
static bool has_enough;

static enum command_end run(void *context, char *text)
{
	(void)context;
	snprintf(ran, sizeof(ran), "%s", text);
	runs++;
	if (!strcmp(text, "follow"))
		return has_enough ? COMMAND_STAYS : COMMAND_FOLLOWS;
	if (!strcmp(text, "debug"))
		return COMMAND_DEBUGS;
	return !strcmp(text, "leave") ? COMMAND_LEAVES : !strcmp(text, "logout") ? COMMAND_LOGS_OUT : COMMAND_STAYS;
}

static char debugged[64];
static uint32_t debug_ends;

static bool debug(uint8_t byte)
{
	strncat(debugged, (char *)&byte, 1);
	return byte != 'D';
}

static void debug_end(void)
{
	debug_ends++;
}

static void note(void *context, const char *what)
{
	(void)context;
	snprintf(noted, sizeof(noted), "%s", what);
}

static void attention(void *context, bool taken)
{
	(void)context;
	assert_int_not_equal(is_taken, taken);
	is_taken = taken;
}

static int open_session(void **state)
{
	const struct crypto_secret secret = { WORD, strlen(WORD), password.salt, sizeof(password.salt), password.iterations };

	(void)state;
	assert_true(crypto_stretch(&secret, password.hash, sizeof(password.hash)));
	session = (struct session){ .login.password = &password, .out.write = show, .now_seconds = seconds,
				    .run = run, .note = note, .attention = attention, .debug = debug, .debug_end = debug_end };
	debugged[0] = 0;
	debug_ends = 0;
	shown_bytes = 0;
	now = 1000;
	is_taken = false;
	ran[0] = noted[0] = 0;
	return 0;
}

static void type(const char *keys)
{
	shown_bytes = 0;
	shown[0] = 0;
	to_guest = 0;
	for (; *keys; keys++)
		to_guest += session_feed(&session, (uint8_t)*keys) == SESSION_IS_GUESTS;
}

static void log_in(void)
{
	type(ESCAPE_KEY WORD "\r");
	assert_int_equal(session.state, SESSION_PROMPT);
}

static void the_guest_has_the_line(void **state)
{
	(void)state;
	type("ls -l\r\x03\x04\t\x1b");
	assert_int_equal(to_guest, 10);
	assert_string_equal(shown, "");
	assert_false(is_taken);
}

static void the_key_twice_is_the_guests(void **state)
{
	(void)state;
	type(ESCAPE_KEY ESCAPE_KEY "x");
	assert_int_equal(to_guest, 2);
	assert_false(is_taken);
	type(ESCAPE_KEY "y" ESCAPE_KEY "x");
	assert_int_equal(to_guest, 1);
}

static void the_password_opens(void **state)
{
	(void)state;
	log_in();
	assert_null(strstr(shown, "horse"));
	assert_string_equal(noted, "login");
	assert_true(is_taken);
	type("status now\r");
	assert_string_equal(ran, "status now");
	type("leave\r");
	assert_false(is_taken);
	type(ESCAPE_KEY); /* still logged in */
	assert_int_equal(session.state, SESSION_PROMPT);
	type("logout\r" ESCAPE_KEY);
	assert_int_equal(session.state, SESSION_LOGIN);
}

static void wrong_and_empty_ones_do_not(void **state)
{
	static const char *const words[] = { "", "correct hors", "correct horse ", "Correct horse" };

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		session.login.failures = 0;
		type(ESCAPE_KEY);
		type(words[i]);
		type("\r");
		assert_int_equal(session.state, SESSION_LOGIN);
		assert_non_null(strstr(shown, "wrong password"));
		type("status\r");
		assert_string_equal(ran, "");
		type("\x04");
		assert_int_equal(session.state, SESSION_GUEST);
	}
}

static void no_password_lets_nobody_in(void **state)
{
	static const struct password none;

	(void)state;
	session.login.password = &none;
	type(ESCAPE_KEY "\r");
	assert_non_null(strstr(shown, "without a password"));
	type(WORD "\r");
	assert_int_equal(session.state, SESSION_LOGIN);
}

static void waits_double(void **state)
{
	uint64_t expected = 2;

	(void)state;
	type(ESCAPE_KEY);
	for (uint32_t i = 0; i + 1 < LOGIN_FREE_TRIES; i++) {
		type("wrong\r");
		assert_int_equal(login_wait(&session.login, now), 0);
	}
	for (uint32_t i = 0; i < 12; i++) {
		type("wrong\r");
		assert_int_equal(login_wait(&session.login, now), expected);
		now += expected - 1;
		type(WORD "\r"); /* right, but too early: does not even count */
		assert_int_equal(session.state, SESSION_LOGIN);
		assert_non_null(strstr(shown, "try again in 1 s"));
		now += 1;
		expected = expected * 2 < LOGIN_MAX_WAIT_SECONDS ? expected * 2 : LOGIN_MAX_WAIT_SECONDS;
	}
	type(WORD "\r");
	assert_int_equal(session.state, SESSION_PROMPT);
	assert_int_equal(session.login.failures, 0);
}

static void idle_logs_out(void **state)
{
	(void)state;
	log_in();
	now += SESSION_IDLE_SECONDS;
	type("poweroff\r");
	assert_string_equal(ran, "");
	assert_int_equal(session.state, SESSION_LOGIN);
	now += 1;
	open_session(state);
	log_in();
	type("leave\r");
	now += SESSION_IDLE_SECONDS;
	type(ESCAPE_KEY);
	assert_int_equal(session.state, SESSION_LOGIN);
}

static void pbkdf2_is_the_standards(void **state)
{
	/* RFC 7914 section 11, "Test Vectors for PBKDF2 with HMAC-SHA-256", the first 32 bytes */
	static const uint8_t expected[32] = { 0x55, 0xac, 0x04, 0x6e, 0x56, 0xe3, 0x08, 0x9f, 0xec, 0x16, 0x91, 0xc2, 0x25, 0x44, 0xb6, 0x05,
					      0xf9, 0x41, 0x85, 0x21, 0x6d, 0xde, 0x04, 0x65, 0xe6, 0x8b, 0x9d, 0x57, 0xc2, 0x0d, 0xac, 0xbc };
	const struct crypto_secret secret = { "passwd", 6, (const uint8_t *)"salt", 4, 1 };
	const struct crypto_secret none = { "passwd", 6, (const uint8_t *)"salt", 4, 0 };
	uint8_t key[32];

	(void)state;
	assert_true(crypto_stretch(&secret, key, sizeof(key)));
	assert_memory_equal(key, expected, sizeof(key));
	assert_false(crypto_stretch(&none, key, sizeof(key)));
}

static void follows(void **state)
{
	(void)state;
	type(ESCAPE_KEY WORD "\r");
	has_enough = false;
	runs = 0;
	session_tick(&session);
	assert_int_equal(runs, 0);
	type("follow\r");
	assert_true(session_is_following(&session));
	assert_int_equal(runs, 1);
	assert_null(strstr(shown, "nestbox> "));
	now++;
	session_tick(&session);
	session_tick(&session);
	assert_int_equal(runs, 3);
	assert_string_equal(ran, "follow");
	type("q"); /* any key, which is not part of the next line */
	assert_false(session_is_following(&session));
	assert_non_null(strstr(shown, "nestbox> "));
	type("x\r");
	assert_string_equal(ran, "x");
	type("follow\r");
	has_enough = true;
	session_tick(&session);
	assert_false(session_is_following(&session));
}

static void nobody_follows_for_ever(void **state)
{
	(void)state;
	type(ESCAPE_KEY WORD "\r");
	has_enough = false;
	type("follow\r");
	now += SESSION_IDLE_SECONDS;
	shown_bytes = 0;
	session_tick(&session);
	assert_false(session_is_following(&session));
	assert_non_null(strstr(shown, "password: "));
}

static void a_debugger_has_the_line(void **state)
{
	(void)state;
	log_in();
	type("debug\r");
	assert_int_equal(session.state, SESSION_DEBUG);
	type("$g#67\r\x03");
	assert_string_equal(debugged, "$g#67\r\x03");
	assert_string_equal(shown, "");
	now += SESSION_IDLE_SECONDS + 1; /* it may think for long */
	type("+D");
	assert_int_equal(session.state, SESSION_PROMPT);
	assert_int_equal(debug_ends, 0); /* it has said so itself */
	type("status\r");
	assert_string_equal(ran, "status");
	type("debug\rx" ESCAPE_KEY);
	assert_int_equal(debug_ends, 1);
	assert_false(is_taken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(follows, open_session),
		cmocka_unit_test_setup(nobody_follows_for_ever, open_session),
		cmocka_unit_test_setup(the_guest_has_the_line, open_session),
		cmocka_unit_test_setup(the_key_twice_is_the_guests, open_session),
		cmocka_unit_test_setup(the_password_opens, open_session),
		cmocka_unit_test_setup(wrong_and_empty_ones_do_not, open_session),
		cmocka_unit_test_setup(no_password_lets_nobody_in, open_session),
		cmocka_unit_test_setup(waits_double, open_session),
		cmocka_unit_test_setup(idle_logs_out, open_session),
		cmocka_unit_test_setup(a_debugger_has_the_line, open_session),
		cmocka_unit_test(pbkdf2_is_the_standards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

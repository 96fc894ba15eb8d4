/* SPDX-License-Identifier: Apache-2.0 */
/* A PKCS#11 module, loaded and asked; see pkcs11.h. PKCS #11 v2.40, 5.4 to 5.11; mechanism CKM_ECDSA: a digest in, r and s out. */
#include "pkcs11.h"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "detached.h"
#include "file.h"

#define MAX_SLOTS 32
#define PIN_BYTES 256

struct token {
	void *library;
	CK_FUNCTION_LIST *call;
	CK_SESSION_HANDLE session;
	char pin[PIN_BYTES];
};

static enum exit_code pin_read(const char *path, char pin[PIN_BYTES])
{
	struct input_file input;
	enum exit_code code;

	if (!path) {
		const char *typed = isatty(STDIN_FILENO) ? getpass("PIN of the token: ") : NULL;

		if (!typed)
			return report_error(EXIT_USAGE, "the token wants a PIN: --pin-from FILE");
		snprintf(pin, PIN_BYTES, "%s", typed);
		return EXIT_OK;
	}
	code = input_open(path, &input);
	if (code)
		return code;
	memset(pin, 0, PIN_BYTES);
	memcpy(pin, input.bytes, input.size < PIN_BYTES ? (size_t)input.size : PIN_BYTES - 1);
	pin[strcspn(pin, "\r\n")] = 0;
	input_close(&input);
	return EXIT_OK;
}

static enum exit_code module_open(const char *path, struct token *token)
{
	CK_C_GetFunctionList list;

	token->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!token->library)
		return report_error(EXIT_IO, "cannot load the PKCS#11 module: %s", dlerror());
	*(void **)&list = dlsym(token->library, "C_GetFunctionList");
	if (!list || list(&token->call) != CKR_OK || token->call->C_Initialize(NULL) != CKR_OK) {
		dlclose(token->library);
		return report_error(EXIT_IO, "%s is no PKCS#11 module that works", path);
	}
	return EXIT_OK;
}

static void module_close(struct token *token)
{
	token->call->C_Finalize(NULL);
	dlclose(token->library);
	explicit_bzero(token->pin, sizeof(token->pin));
}

static bool key_find(struct token *token, const char *label, CK_OBJECT_HANDLE *key)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof(class) }, { CKA_LABEL, (void *)(uintptr_t)label, strlen(label) } };
	CK_ULONG count = 0;

	if (token->call->C_FindObjectsInit(token->session, wanted, 2) != CKR_OK)
		return false;
	if (token->call->C_FindObjects(token->session, key, 1, &count) != CKR_OK)
		count = 0;
	token->call->C_FindObjectsFinal(token->session);
	return count == 1;
}

/* A session in the slot, logged in; false when the PIN is not that token's. */
static bool slot_enter(struct token *token, CK_SLOT_ID slot)
{
	if (token->call->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &token->session) != CKR_OK)
		return false;
	CK_RV answer = token->call->C_Login(token->session, CKU_USER, (CK_UTF8CHAR *)token->pin, strlen(token->pin));
	if (answer == CKR_OK || answer == CKR_USER_ALREADY_LOGGED_IN)
		return true;
	token->call->C_CloseSession(token->session);
	return false;
}

/* What is signed with which key, and where the signature goes. */
struct order {
	const char *label;
	const struct trusted_key *key;
	const uint8_t *digest;
	uint8_t *signature;
};

static bool digest_sign(struct token *token, CK_OBJECT_HANDLE handle, const struct order *order)
{
	CK_MECHANISM mechanism = { CKM_ECDSA, NULL, 0 };
	CK_ULONG count = crypto_signature_bytes(order->key->algorithm), expected = count;
	CK_BYTE *digest = (CK_BYTE *)(uintptr_t)order->digest;

	return token->call->C_SignInit(token->session, &mechanism, handle) == CKR_OK &&
	       token->call->C_Sign(token->session, digest, detached_digest_bytes(order->key), order->signature, &count) == CKR_OK &&
	       count == expected;
}

static enum exit_code tokens_try(struct token *token, const struct order *order)
{
	CK_SLOT_ID slots[MAX_SLOTS];
	CK_ULONG count = MAX_SLOTS;
	CK_OBJECT_HANDLE handle;

	if (token->call->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK)
		return report_error(EXIT_IO, "the PKCS#11 module does not list its tokens");
	for (CK_ULONG i = 0; i < count; i++) {
		if (!slot_enter(token, slots[i]))
			continue;
		bool is_found = key_find(token, order->label, &handle);
		bool is_signed = is_found && digest_sign(token, handle, order);

		token->call->C_CloseSession(token->session);
		if (is_signed)
			return EXIT_OK;
		if (is_found)
			return report_error(EXIT_REFUSED, "the token does not sign with its key '%s'", order->label);
	}
	return report_error(EXIT_REFUSED, "no token has a private key '%s' for this PIN", order->label);
}

enum exit_code pkcs11_sign(const struct pkcs11_key *wanted, const struct trusted_key *key, const uint8_t *digest,
			   uint8_t signature[CRYPTO_MAX_SIGNATURE_BYTES])
{
	const struct order order = { wanted->label, key, digest, signature };
	static struct token token;
	enum exit_code code;

	if (!wanted->label)
		return report_error(EXIT_USAGE, "say which key of the token signs: --label");
	if (key->algorithm == KEY_LMS)
		return report_error(EXIT_USAGE, "PKCS#11 is used for ECDSA keys; sign with an LMS key by --key or --attach");
	code = pin_read(wanted->pin_path, token.pin);
	if (!code)
		code = module_open(wanted->module, &token);
	if (code)
		return code;
	code = tokens_try(&token, &order);
	module_close(&token);
	return code;
}

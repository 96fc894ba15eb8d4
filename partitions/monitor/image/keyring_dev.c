/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Development builds accept development and release keys. Not linked into a release build.
 */
#include "image/keyring.h"

const uint8_t keyring_dev_keys_are_allowed = 1;

bool keyring_accepts_role(uint32_t key_role)
{
	return key_role == KEY_RELEASE || key_role == KEY_DEV;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Release builds accept release keys only, and cannot be linked with a keyring that holds a
 * development key.
 */
#include "image/keyring.h"

bool keyring_accepts_role(uint32_t key_role)
{
	return key_role == KEY_RELEASE;
}

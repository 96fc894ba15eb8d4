/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends a keyring to the box, which decides whether it takes it.
 */
#ifndef NESTBOXCTL_KEYRING_H
#define NESTBOXCTL_KEYRING_H

#include <stdio.h>

/* 0: it is in force; 1: refused; 3: unreadable, or the box does not answer. */
int keyring_install(FILE *file);

#endif

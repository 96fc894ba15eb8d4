/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends a bundle to the box. What the box has already, from an earlier attempt or from its other slot, is not sent.
 */
#ifndef NESTBOXCTL_UPDATE_H
#define NESTBOXCTL_UPDATE_H

#include <stdio.h>

/* 0: installed and to be tried at the next start; 1: refused; 3: cut or unreadable, the same command goes on where it was. */
int update_install(FILE *bundle);

#endif

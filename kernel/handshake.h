/* SPDX-License-Identifier: Apache-2.0 */
/* The same-build handshake: a Nestbox that runs in a Nestbox compares builds. */
#ifndef KERNEL_HANDSHAKE_H
#define KERNEL_HANDSHAKE_H

#include "kernel/parent.h"

/* Says what this machine is to Nestbox: bare, or whose guest. Refuses to start where another build is not to be trusted. */
enum parent_kind handshake(void);

#endif

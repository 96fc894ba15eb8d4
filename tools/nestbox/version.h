/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What 'nestbox --version' says. The Makefile may give the build's identity.
 */
#ifndef NESTBOX_VERSION_H
#define NESTBOX_VERSION_H

#ifndef NESTBOX_VERSION
#define NESTBOX_VERSION "0.1"
#endif

#endif

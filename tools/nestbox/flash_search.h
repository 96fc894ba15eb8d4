/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files that gather facts about a block device share: whom the facts are about, and reading lines of sysfs.
 */
#ifndef NESTBOX_FLASH_SEARCH_H
#define NESTBOX_FLASH_SEARCH_H

#include "flash_target.h"

/* Whom a fact is about, and below which folder it is looked for. */
struct search {
	struct target *target;
	const char *root;
};

/* The first line of a file below sysfs's folder of block devices, without blanks behind it; "" and false if there is none. */
bool search_line(const char *root, char *text, size_t bytes, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Cuts off what is too long; what a terminal could take for a command becomes '?'. */
void search_copy(char text[TARGET_TEXT], const char *from);

/* Model and serial number. */
void search_identity(const struct search *s);

/* What lies on the device `name` (the target or a partition of it), by libblkid. */
void search_contents(const struct search *s, const char *name);

#endif

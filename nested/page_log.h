/* SPDX-License-Identifier: Apache-2.0 */
/*
 * L1's page-modification log. The CPU's own stays off: a page of EPT02 is writable only once its page in EPT12 is dirty, so that every entry is
 * written here, when the flag is set. vmcs02 is current. Source: Intel SDM volume 3 "Page-Modification Logging".
 */
#ifndef NESTED_PAGE_LOG_H
#define NESTED_PAGE_LOG_H

#include "nested/nested.h"

#define PAGE_LOG_ENTRIES 512u

static inline bool page_log_is_on(const struct nested *n)
{
	return nested_uses(n, GROUP_SECONDARY, SECONDARY_ENABLE_PML);
}

/* No flag can be set before L1 has made room. */
bool must_check page_log_is_full(struct nested *n);
/* A dirty flag has been set for this address; the log is not full. */
void page_log_add(struct nested *n, l2pa_t address);

#endif

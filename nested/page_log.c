/* SPDX-License-Identifier: Apache-2.0 */
/* See page_log.h. */
#include "nested/page_log.h"

#include "kernel/guest_memory.h"
#include "nested/vmcs12.h"

bool page_log_is_full(struct nested *n)
{
	return vmcs12_get_live(n, FIELD_GUEST_PML_INDEX) >= PAGE_LOG_ENTRIES;
}

void page_log_add(struct nested *n, l2pa_t address)
{
	u64 index = vmcs12_get_live(n, FIELD_GUEST_PML_INDEX), page = address.value & ~PAGE_MASK;

	/* a log where there is no RAM keeps nothing */
	(void)!guest_write(GPA(n->value[FIELD_PML_ADDRESS] + index * sizeof(page)), &page, sizeof(page));
	vmcs12_set_data(n, FIELD_GUEST_PML_INDEX, (index - 1) & 0xFFFF);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How L1's EPT works under the controls and the EPT pointer in force, and vmcs02's EPT pointer for it.
 * Source: Intel SDM volume 3 "Extended-Page-Table Pointer (EPTP)", "Exit Qualification for EPT Violations".
 */
#ifndef NESTED_EPT_MODE_H
#define NESTED_EPT_MODE_H

#include "kernel/vmx/vmx.h"
#include "nested/nested.h"

/* Controls or the EPT pointer have changed. */
void ept_mode_prepare(struct nested *n);

/* vmcs02 is current, for the rest. After the root in use may have moved: */
static inline void ept_mode_follow(struct nested *n)
{
	u64 eptp = n->ept.uses_tables ? ept02_eptp(&n->ept02, n->ept02_root) : vmx_ept01_pointer;

	if (eptp != n->eptp02)
		vmwrite(VMCS_EPT_POINTER, eptp);
	n->eptp02 = eptp;
}

/* The root of the key in force. */
static inline void ept_mode_load(struct nested *n)
{
	if (n->ept.uses_tables && !ept02_root_is(&n->ept02, n->ept02_root, n->ept.key))
		n->ept02_root = ept02_root_for(&n->ept02, n->ept.key);
	ept_mode_follow(n);
}

#endif

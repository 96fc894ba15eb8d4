/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which x2APIC MSRs of L2 may pass without an exit: those that the controls in vmcs02 send to the virtual-APIC page. Any other would be the
 * machine's own APIC. Pure. Source: Intel SDM volume 3 "Virtualizing MSR-Based APIC Accesses".
 */
#ifndef NESTED_X2APIC_H
#define NESTED_X2APIC_H

#include "nested/bitmaps.h"
#include "nested/controls.h"

/* Adds the words of the range with an MSR that may pass to those where the MSR bitmap follows L1's. vmcs02: the controls as vmcs02 has them. */
void x2apic_open(struct bitmap_open *open, const struct controls *vmcs02);
/* All ones for the whole range of an MSR bitmap. */
void x2apic_close(u64 *bitmap);
/* False: x2apic_open() adds nothing. */
bool x2apic_is_virtual(const struct controls *vmcs02);

#endif

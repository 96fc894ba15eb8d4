/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the containment guest, in the order they run. */
#ifndef CONTAIN_H
#define CONTAIN_H

void contain_instructions(void);
void contain_control_registers(void);
void contain_cpuid(void);
void contain_debug(void);
void contain_ports(void);
void contain_msrs(void);
void contain_mmio(void);
void contain_lapic(void);
void contain_ioapic(void);

#endif

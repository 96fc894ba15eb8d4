/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets that assembly uses; percpu.c asserts that they are the compiler's. */
#ifndef KERNEL_OFFSETS_H
#define KERNEL_OFFSETS_H

#define VCPU_GPR 0
#define VCPU_LAUNCHED 128
#define STACK_BYTES 16384
#define PERCPU_UPCALL_RSP 0
#define PERCPU_TSS_RSP0 76

#endif

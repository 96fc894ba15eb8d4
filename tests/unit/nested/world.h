/* SPDX-License-Identifier: Apache-2.0 */
/* A CPU with every VMX control, what L1 is offered of it, and a vmcs12 that every check accepts. */
#ifndef TESTS_NESTED_WORLD_H
#define TESTS_NESTED_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bsp/msr.h"
#include "nested/capability.h"
#include "nested/checks.h"
#include "nested/fields.h"

/* Hardware that can do everything the manual names. */
struct vmx_capabilities world_hardware(void);
struct offer world_offer(void);
/* A 64-bit L1 that uses EPT, VPID and unrestricted guest for a 64-bit L2. */
void world_vmcs12(u64 value[FIELD_COUNT]);
struct controls world_controls(const u64 value[FIELD_COUNT]);

/* xorshift64*, seeded the same in every run */
u64 world_random(void);

#endif

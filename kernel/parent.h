/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Nestbox itself runs on: the machine, a Nestbox, another hypervisor. Only a parent of the same build is what this one is tested on: a child
 * says so when it is not, and refuses it when configured. A parent can claim what it wants: this is a check of consistency, not of trust. Pure.
 * Source: Intel SDM volume 2 "CPUID" (leaf 1, ECX bit 31 and leaves from 40000000H are the hypervisor's).
 */
#ifndef KERNEL_PARENT_H
#define KERNEL_PARENT_H

#include "kernel/cpuid_policy.h"

enum parent_kind { PARENT_NONE, PARENT_SAME_BUILD, PARENT_OTHER_BUILD, PARENT_OTHER_HYPERVISOR };

struct parent {
	enum parent_kind kind;
	char name[13];    /* the hypervisor's signature, printable */
	u8 identity[16];  /* a Nestbox's build, zero where it does not tell */
};

/* own: this build's identity. hardware: CPUID. */
struct parent parent_read(const u8 own[16], cpuid_source *hardware);
bool parent_is_refused(const struct parent *parent, bool refuse_other_build);

/* The first digits of a build's identity, as in build_name. */
#define PARENT_BUILD_BYTES 13
void parent_build_text(char out[PARENT_BUILD_BYTES], const u8 identity[16]);

#endif

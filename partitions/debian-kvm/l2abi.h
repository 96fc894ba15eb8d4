/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What l2demo (the VMM, a program in L1) and its guest (L2) agree on: where things lie in
 * guest-physical memory, the ports, and the parameter block.
 */
#ifndef L2ABI_H
#define L2ABI_H

#define L2_LOAD		0x8000		/* the guest's image; also the SIPI target of CPU 1 */
#define L2_PARAMS	0x7000
#define L2_LOW_SIZE	0x02000000	/* RAM from 0 */
#define L2_LOW_TEST	0x01000000	/* the part of it that is patterned */
#define L2_LOW_TEST_SIZE	0x00400000
#define L2_HIGH		0x100000000	/* RAM above 4 GiB, all of it patterned */
#define L2_HIGH_SIZE	0x00200000
#define L2_CPUS		2

#define L2_PORT_ECHO	0x510		/* what is written comes back inverted, any width */
#define L2_PORT_TEXT	0x514		/* a byte of text */
#define L2_PORT_EXIT	0x518		/* 0: every check passed */

#ifndef __ASSEMBLER__
#include <stdint.h>

enum l2_stage {
	L2_STAGE_START,
	L2_STAGE_CPUID,
	L2_STAGE_PORTS,
	L2_STAGE_MEMORY,
	L2_STAGE_TIMER,
	L2_STAGE_CPUS,
	L2_STAGE_DONE,
};

struct l2_params {
	char vendor[12];	/* CPUID leaf 0, as the VMM set it */
	uint32_t stage;		/* enum l2_stage, written by L2: where it is, or was when it failed */
};
#endif

#endif

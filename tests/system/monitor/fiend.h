/* SPDX-License-Identifier: Apache-2.0 */
/* What a monitor of the tests does when its guest writes a number to a port that no board has; between fiend.c in the monitor and the guest. */
#ifndef FIEND_H
#define FIEND_H

#define FIEND_PORT 0x4E40

enum fiend_deed {
	/* these end it */
	FIEND_READS_NOTHING, FIEND_READS_RING0, FIEND_WRITES_TEXT, FIEND_RUNS_GUEST_RAM, FIEND_RECURSES, FIEND_JUMPS_NOWHERE,
	FIEND_MASKS, FIEND_USES_A_PORT, FIEND_WRITES_MSR, FIEND_SYSCALL, FIEND_SYSENTER, FIEND_STEPS, FIEND_ENDS,
	/* these come back */
	FIEND_ASKS_FOR_OTHERS = FIEND_ENDS, FIEND_CALLS_IN_DISORDER,
	FIEND_DEEDS,
	/* and this does not end */
	FIEND_HOGS = FIEND_DEEDS,
	FIEND_COUNT,
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The other CPU of the bare-metal L1: does what it is handed, one thing after the other. */
#include "guest.h"
#include "vmx.h"

other_job *volatile other_handed;

void guest_other(void)
{
	lapic_enable();
	for (;;) {
		while (!other_handed)
			pause();
		other_handed();
		other_handed = NULL;
	}
}

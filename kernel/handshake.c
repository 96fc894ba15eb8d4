/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of the parent, and when it is too much; see handshake.h. What there is to know comes from parent.c. */
#include "kernel/handshake.h"

#include "bsp/cpu.h"
#include "kernel/build_identity.h"
#include "kernel/config_text.h"
#include "kernel/crash.h"
#include "kernel/log.h"
#include "kernel/parent.h"

static void refuse_or_warn(const struct parent *parent)
{
	char own[PARENT_BUILD_BYTES], theirs[PARENT_BUILD_BYTES];

	parent_build_text(own, build_identity);
	parent_build_text(theirs, parent->identity);
	if (parent_is_refused(parent, CONFIG_REFUSE_OTHER_BUILD))
		refuse_to_start("this Nestbox is build %s, its parent build %s: put the same build on both, or choose \"warn and go on\" under "
				"Security > When Nestbox runs in a Nestbox of another build in menuconfig", own, theirs);
	log_line("parent: Nestbox of another build: this Nestbox is build %s, its parent build %s: nobody has tested the two together, put the "
		 "same build on both", own, theirs);
}

enum parent_kind handshake(void)
{
	struct parent parent = parent_read(build_identity, cpuid);

	switch (parent.kind) {
	case PARENT_NONE: log_line("parent: none"); break;
	case PARENT_SAME_BUILD: log_line("parent: Nestbox of the same build"); break;
	case PARENT_OTHER_BUILD: refuse_or_warn(&parent); break;
	case PARENT_OTHER_HYPERVISOR: log_line("parent: another hypervisor, \"%s\"", parent.name); break;
	}
	return parent.kind;
}

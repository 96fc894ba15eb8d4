/* SPDX-License-Identifier: Apache-2.0 */
/* See parent.h. */
#include "kernel/parent.h"

#include "bsp/memory/string.h"

#define FEATURE_HYPERVISOR BIT(31)
#define BUILD_BYTES ((PARENT_BUILD_BYTES - 1) / 2)

static void store(u8 *out, u32 value)
{
	for (u32 i = 0; i < 4; i++)
		out[i] = (u8)(value >> (8 * i));
}

/* Up to its end; what is not printable would reach somebody's terminal. */
static void read_name(char name[13], const struct cpuid_result *leaf)
{
	u8 bytes[12];
	u32 i = 0;

	store(bytes, leaf->ebx);
	store(bytes + 4, leaf->ecx);
	store(bytes + 8, leaf->edx);
	for (; i < sizeof(bytes) && bytes[i]; i++)
		name[i] = bytes[i] >= ' ' && bytes[i] <= '~' ? (char)bytes[i] : '.';
	name[i] = '\0';
}

static void read_identity(u8 identity[16], cpuid_source *hardware)
{
	struct cpuid_result leaf = hardware(CPUID_HYPERVISOR_LEAF + 1, 0);

	store(identity, leaf.eax);
	store(identity + 4, leaf.ebx);
	store(identity + 8, leaf.ecx);
	store(identity + 12, leaf.edx);
}

struct parent parent_read(const u8 own[16], cpuid_source *hardware)
{
	struct parent parent = { .kind = PARENT_NONE };

	if (!(hardware(1, 0).ecx & FEATURE_HYPERVISOR))
		return parent;
	struct cpuid_result leaf = hardware(CPUID_HYPERVISOR_LEAF, 0);
	read_name(parent.name, &leaf);
	parent.kind = PARENT_OTHER_HYPERVISOR;
	if (memcmp(parent.name, CPUID_HYPERVISOR_SIGNATURE, sizeof(parent.name)))
		return parent;
	if (leaf.eax > CPUID_HYPERVISOR_LEAF)
		read_identity(parent.identity, hardware);
	parent.kind = memcmp(parent.identity, own, sizeof(parent.identity)) ? PARENT_OTHER_BUILD : PARENT_SAME_BUILD;
	return parent;
}

bool parent_is_refused(const struct parent *parent, bool refuse_other_build)
{
	return parent->kind == PARENT_OTHER_BUILD && refuse_other_build;
}

void parent_build_text(char out[PARENT_BUILD_BYTES], const u8 identity[16])
{
	static const char digits[] = "0123456789abcdef";

	for (u32 i = 0; i < BUILD_BYTES; i++) {
		out[2 * i] = digits[identity[i] >> 4];
		out[2 * i + 1] = digits[identity[i] & 15];
	}
	out[PARENT_BUILD_BYTES - 1] = '\0';
}

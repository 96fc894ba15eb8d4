/* SPDX-License-Identifier: Apache-2.0 */
/* See shadow12.h. */
#include "nested/shadow12.h"

#include "kernel/guest_memory.h"
#include "nested/access.h"
#include "nested/instructions.h"
#include "nested/vmcs12.h"
#include "nested/vmfail.h"

/* L1's link pointer was checked at the entry; what lies there may have changed since, and is only ever data of L2's. */
static gpa_t place_of(const struct nested *n, int index)
{
	return GPA(n->value[FIELD_LINK_POINTER] + offsetof(struct vmcs12_page, value) + sizeof(u64) * (u32)index);
}

static u64 read_field(const struct nested *n, int index)
{
	u64 value;

	return guest_read(place_of(n, index), &value, sizeof(value)) ? value & field_mask(fields[index].encoding) : 0;
}

static void write_field(const struct nested *n, int index, u64 value)
{
	value &= field_mask(fields[index].encoding);
	(void)!guest_write(place_of(n, index), &value, sizeof(value));
}

static enum exit_action run_vmread(struct vcpu *v, const struct field_access *access, int index)
{
	if (index < 0)
		return vm_fail(v, VMERR_UNSUPPORTED_FIELD);
	u64 value = field_part(access->encoding, read_field(v->nested, index));
	return access_write_value(v, access, value) ? vm_succeed() : EXIT_ACTION_RESUME;
}

static enum exit_action run_vmwrite(struct vcpu *v, const struct field_access *access, int index)
{
	u64 value;

	if (!access_read_value(v, access, &value))
		return EXIT_ACTION_RESUME;
	if (index < 0)
		return vm_fail(v, VMERR_UNSUPPORTED_FIELD);
	if (field_is_high_part(access->encoding))
		value = field_with_high_part(read_field(v->nested, index), value);
	write_field(v->nested, index, value);
	return vm_succeed();
}

enum exit_action shadow12_instruction(struct vcpu *v, u32 basic_reason)
{
	struct field_access access = access_field(v);
	int index = instructions_field(access.encoding);

	if (vcpu_cpl())
		return EXIT_ACTION_INJECT_GP;
	if (v->nested->value[FIELD_LINK_POINTER] == NO_VMCS)
		return vm_fail_invalid();
	return basic_reason == EXIT_VMREAD ? run_vmread(v, &access, index) : run_vmwrite(v, &access, index);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See vmcs12.h. */
#include "nested/vmcs12.h"

#include "kernel/guest_memory.h"
#include "kernel/vmx/vmx_insn.h"
#include "nested/vmcs02.h"

static struct vmcs12_page *map(u64 address)
{
	hpa_t host;

	if (!guest_to_host(GPA(address), PAGE_SIZE, &host))
		return NULL;
	return window_map(WINDOW_VMCS12, host);
}

u32 vmcs12_revision(u64 address)
{
	u32 revision;

	return guest_read(GPA(address), &revision, sizeof(revision)) ? revision : ~0u;
}

static void refresh_controls(struct nested *n)
{
	const u64 *value = n->value;
	u32 primary = (u32)value[FIELD_PRIMARY_CONTROLS];

	n->controls = (struct controls){ {
		(u32)value[FIELD_PIN_CONTROLS], primary,
		primary & PRIMARY_SECONDARY_CONTROLS ? (u32)value[FIELD_SECONDARY_CONTROLS] : 0,
		(u32)value[FIELD_EXIT_CONTROLS], (u32)value[FIELD_ENTRY_CONTROLS],
	} };
}

static void push_live(struct nested *n)
{
	for (u32 i = 0; i < nested_machine.live_count; i++) {
		enum field_index index = nested_machine.live_list[i];

		vmwrite(fields[index].encoding, n->value[index]);
	}
}

static void pull_live(struct nested *n)
{
	for (u32 i = 0; i < nested_machine.live_count; i++) {
		enum field_index index = nested_machine.live_list[i];

		n->value[index] = vmread(fields[index].encoding);
	}
}

void vmcs12_load(struct vcpu *v, u64 address)
{
	struct nested *n = v->nested;
	const volatile struct vmcs12_page *page = map(address);

	if (!page)
		return; /* not reached: a page outside RAM has no valid revision */
	n->launched12 = page->is_launched == 1;
	for (enum field_index i = 0; i < FIELD_COUNT; i++)
		n->value[i] = page->value[i] & field_masks[i];
	n->current = address;
	n->stale = STALE_ALL;
	refresh_controls(n);
	vmcs02_borrow(v);
	push_live(n);
	vmcs02_return(v);
	vmcs02_attach_shadow(v);
}

void vmcs12_unload(struct vcpu *v)
{
	struct nested *n = v->nested;

	if (n->current == NO_VMCS)
		return;
	vmcs02_detach_shadow(v);
	vmcs02_borrow(v);
	pull_live(n);
	vmcs02_return(v);
	struct vmcs12_page *page = map(n->current);
	if (page) {
		page->is_launched = n->launched12;
		for (enum field_index i = 0; i < FIELD_COUNT; i++)
			page->value[i] = n->value[i];
	}
	n->current = NO_VMCS;
}

void vmcs12_clear_other(u64 address)
{
	struct vmcs12_page *page = map(address);

	if (page)
		page->is_launched = 0;
}

void vmcs12_write_abort(const struct nested *n, u32 indicator)
{
	struct vmcs12_page *page = map(n->current);

	if (page)
		page->abort = indicator;
}

u64 vmcs12_read(struct vcpu *v, enum field_index index)
{
	u64 value = v->nested->value[index];

	if (nested_machine.live[index]) {
		vmcs02_borrow(v);
		value = vmread(fields[index].encoding);
		vmcs02_return(v);
	}
	return value;
}

/* What an event to inject says is looked at whenever there is one. */
static bool is_of_event(enum field_index index)
{
	return index == FIELD_ENTRY_INTERRUPTION_INFO || index == FIELD_ENTRY_EXCEPTION_ERROR_CODE || index == FIELD_ENTRY_INSTRUCTION_LENGTH;
}

static u32 stale_group(enum field_index index)
{
	switch (field_type(fields[index].encoding)) {
	case FIELD_TYPE_HOST: return STALE_HOST;
	case FIELD_TYPE_GUEST: return STALE_GUEST;
	case FIELD_TYPE_DATA: return 0;
	case FIELD_TYPE_CONTROL: break;
	}
	if (is_of_event(index))
		return 0;
	/* the address-space checks of the host state look at these two */
	return index == FIELD_EXIT_CONTROLS || index == FIELD_ENTRY_CONTROLS ? STALE_CONTROLS | STALE_HOST : STALE_CONTROLS;
}

void vmcs12_write(struct vcpu *v, enum field_index index, u64 value)
{
	struct nested *n = v->nested;

	value &= field_mask(fields[index].encoding);
	n->value[index] = value;
	n->stale |= stale_group(index);
	if (field_type(fields[index].encoding) == FIELD_TYPE_CONTROL)
		refresh_controls(n);
	if (nested_machine.live[index]) {
		vmcs02_borrow(v);
		vmwrite(fields[index].encoding, value);
		vmcs02_return(v);
	}
}

void vmcs12_set_data(struct nested *n, enum field_index index, u64 value)
{
	n->value[index] = value;
	if (nested_machine.live[index])
		vmwrite(fields[index].encoding, value);
}

u64 vmcs12_get_live(struct nested *n, enum field_index index)
{
	if (nested_machine.live[index])
		n->value[index] = vmread(fields[index].encoding);
	return n->value[index];
}

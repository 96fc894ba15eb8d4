/* SPDX-License-Identifier: Apache-2.0 */
/* vmcs02 as an object: pages, probing, shadow indicator, loading; see vmcs02.h. What it holds is merged in merge.c. */
#include "nested/vmcs02.h"

#include "bsp/memory/paging.h"
#include "kernel/vmx/vmx.h"
#include "kernel/vmx/vmx_insn.h"

static union vmcs_page pages[CONFIG_PARTITION_CPUS] page_aligned;
static u64 msr_bitmaps[CONFIG_PARTITION_CPUS][BITMAP_WORDS] page_aligned;
/* For all CPUs: a set bit exits. */
static u8 vmread_bitmap[PAGE_SIZE] page_aligned, vmwrite_bitmap[PAGE_SIZE] page_aligned;

static bool probe_field(enum field_index i)
{
	u64 value;

	if (!field_is_shadowable(i) || !vmread_try(fields[i].encoding, &value))
		return false;
	return vmwrite_try(fields[i].encoding, value);
}

static void list_fields(void)
{
	struct nested_machine *m = &nested_machine;

	m->live_count = m->kept_data_count = m->copied_count = 0;
	for (enum field_index i = 0; i < FIELD_COUNT; i++) {
		if (m->live[i])
			m->live_list[m->live_count++] = (u8)i;
		if (!field_exists(i, &m->offer.may))
			continue;
		if (fields[i].source == FIELD_SOURCE_DATA && !m->live[i])
			m->kept_data[m->kept_data_count++] = (u8)i;
		if (fields[i].source == FIELD_SOURCE_COPIED)
			m->copied[m->copied_count++] = (u8)i;
	}
}

static void open_bitmaps(void)
{
	__builtin_memset(vmread_bitmap, 0xFF, sizeof(vmread_bitmap));
	__builtin_memset(vmwrite_bitmap, 0xFF, sizeof(vmwrite_bitmap));
	for (enum field_index i = 0; i < FIELD_COUNT; i++) {
		u32 encoding = fields[i].encoding;

		if (!nested_machine.live[i] || !field_exists(i, &nested_machine.offer.may))
			continue;
		vmread_bitmap[encoding / 8] &= (u8)~(1u << (encoding & 7));
		vmwrite_bitmap[encoding / 8] &= (u8)~(1u << (encoding & 7));
	}
}

void vmcs02_probe(struct vcpu *v)
{
	struct nested *n = v->nested;

	n->vmcs02 = &pages[v->index];
	n->vmcs02_page = HPA(kernel_physical(n->vmcs02));
	n->msr_bitmap02 = msr_bitmaps[v->index];
	vmcs02_clear(n, 0);
	if (!v->is_boot) /* the CPUs of a box are alike */
		return;
	CHECK(vmptrld(&n->vmcs02_page));
	for (enum field_index i = 0; i < FIELD_COUNT; i++)
		nested_machine.live[i] = probe_field(i);
	CHECK(vmclear(&n->vmcs02_page));
	CHECK(vmptrld(&v->vmcs01));
	list_fields();
	open_bitmaps();
}

/* So that what was last written is known. */
static void zero_controls(struct nested *n)
{
	for (enum field_index i = 0; i < FIELD_COUNT; i++) {
		bool is_made = fields[i].source == FIELD_SOURCE_COPIED || fields[i].source == FIELD_SOURCE_MERGED;

		n->written[i] = 0;
		if (is_made && field_type(fields[i].encoding) == FIELD_TYPE_CONTROL && field_exists(i, &nested_machine.offer.may))
			vmwrite(fields[i].encoding, 0);
	}
}

void vmcs02_setup(struct vcpu *v)
{
	static const u32 zeroed[] = { VMCS_EXIT_MSR_STORE_COUNT, VMCS_EXIT_MSR_LOAD_COUNT, VMCS_ENTRY_MSR_LOAD_COUNT,
				      VMCS_ENTRY_INTERRUPTION_INFO };
	struct nested *n = v->nested;

	vmcs02_clear(n, 0);
	CHECK(vmptrld(&n->vmcs02_page));
	vmx_write_host_state(v);
	for (u32 i = 0; i < ARRAY_SIZE(zeroed); i++)
		vmwrite(zeroed[i], 0);
	zero_controls(n);
	__builtin_memset(n->msr_bitmap02, 0xFF, PAGE_SIZE);
	vmwrite(VMCS_MSR_BITMAP, kernel_physical(n->msr_bitmap02));
	vmwrite(VMCS_VPID, flush_vpid02(v->index));
	vmwrite(VMCS_EPT_POINTER, vmx_ept01_pointer);
	n->eptp02 = vmx_ept01_pointer;
	vmwrite(VMCS_LINK_POINTER, ~0ull);
	if (nested_machine.offer.may.word[GROUP_SECONDARY] & SECONDARY_ENABLE_VM_FUNCTIONS)
		vmwrite(VMCS_VM_FUNCTION_CONTROLS, 0); /* none: every VMFUNC exits */
	CHECK(vmptrld(&v->vmcs01));
	if (nested_machine.has_shadowing) {
		vmwrite(VMCS_VMREAD_BITMAP, kernel_physical(vmread_bitmap));
		vmwrite(VMCS_VMWRITE_BITMAP, kernel_physical(vmwrite_bitmap));
	}
}

void vmcs02_borrow(struct vcpu *v)
{
	CHECK(vmptrld(&v->nested->vmcs02_page));
}

void vmcs02_return(struct vcpu *v)
{
	CHECK(vmptrld(&v->vmcs01));
}

static void set_shadowing(bool on, u64 link)
{
	u64 controls = vmread(VMCS_SECONDARY_CONTROLS);

	vmwrite(VMCS_SECONDARY_CONTROLS, on ? controls | SECONDARY_VMCS_SHADOWING : controls & ~(u64)SECONDARY_VMCS_SHADOWING);
	vmwrite(VMCS_LINK_POINTER, link);
}

void vmcs02_attach_shadow(struct vcpu *v)
{
	struct nested *n = v->nested;

	if (!nested_machine.has_shadowing)
		return;
	vmcs02_clear(n, VMCS_SHADOW_INDICATOR);
	set_shadowing(true, kernel_physical(n->vmcs02));
}

void vmcs02_detach_shadow(struct vcpu *v)
{
	struct nested *n = v->nested;

	if (!nested_machine.has_shadowing)
		return;
	set_shadowing(false, ~0ull);
	vmcs02_clear(n, 0);
}

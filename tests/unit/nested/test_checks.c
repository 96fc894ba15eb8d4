/* SPDX-License-Identifier: Apache-2.0 */
/* Every row of checks.def, violated once in a vmcs12 that is otherwise valid, names itself. */
#include "world.h"

struct world { u64 value[FIELD_COUNT]; struct controls controls; struct offer offer; struct check_context context; };

static void make(struct world *w)
{
	world_vmcs12(w->value);
	w->offer = world_offer();
	w->context = (struct check_context){ .value = w->value, .controls = &w->controls, .offer = &w->offer,
					     .l1_is_long_mode = true, .vtpr = 0xFF, .link_is_valid = true };
}

static int run_all(struct world *w)
{
	w->controls = world_controls(w->value);
	for (enum check_class c = 0; c < CHECK_CLASS_COUNT; c++) {
		int row = checks_run(c, &w->context);

		if (row >= 0)
			return row;
	}
	return -1;
}

/* One change (or two, where a condition must hold first) that violates exactly the named row. */
struct violation {
	enum check_index row;
	enum field_index field;
	u64 set, clear;
	enum field_index also;
	u64 also_set, also_clear;
};

#define NOT_CANONICAL 0x0000800000000000ull
#define TOO_WIDE BIT(40)
#define EVENT(type, vector) (INTERRUPTION_VALID | (type) << 8 | (vector))
#define ROW(name) .row = CHECK_ROW_##name

static const struct violation violations[] = {
	{ ROW(pin_reserved), FIELD_PIN_CONTROLS, .set = BIT(8) },
	{ ROW(primary_reserved), FIELD_PRIMARY_CONTROLS, .set = PRIMARY_TERTIARY_CONTROLS },
	{ ROW(secondary_reserved), FIELD_SECONDARY_CONTROLS, .set = SECONDARY_SUB_PAGE_WRITE },
	{ ROW(cr3_target_count), FIELD_CR3_TARGET_COUNT, .set = 5 },
	{ ROW(io_bitmap_a), FIELD_IO_BITMAP_A, .set = 1 },
	{ ROW(io_bitmap_b), FIELD_IO_BITMAP_B, .set = TOO_WIDE },
	{ ROW(msr_bitmap), FIELD_MSR_BITMAP, .set = 0x800 },
	{ ROW(virtual_apic_address), FIELD_VIRTUAL_APIC_ADDRESS, .set = 0x10 },
	{ ROW(tpr_threshold_reserved), FIELD_TPR_THRESHOLD, .set = 0x10 },
	{ ROW(tpr_threshold_above_vtpr), FIELD_TPR_THRESHOLD, .set = 3 },
	{ ROW(x2apic_needs_shadow), FIELD_PRIMARY_CONTROLS, .clear = PRIMARY_USE_TPR_SHADOW,
	  .also = FIELD_SECONDARY_CONTROLS, .also_set = SECONDARY_VIRTUALIZE_X2APIC },
	{ ROW(registers_need_shadow), FIELD_PRIMARY_CONTROLS, .clear = PRIMARY_USE_TPR_SHADOW,
	  .also = FIELD_SECONDARY_CONTROLS, .also_set = SECONDARY_APIC_REGISTER_VIRTUALIZATION },
	{ ROW(delivery_needs_shadow), FIELD_PRIMARY_CONTROLS, .clear = PRIMARY_USE_TPR_SHADOW,
	  .also = FIELD_SECONDARY_CONTROLS, .also_set = SECONDARY_VIRTUAL_INTERRUPT_DELIVERY },
	{ ROW(x2apic_and_accesses), FIELD_SECONDARY_CONTROLS, .set = SECONDARY_VIRTUALIZE_X2APIC | SECONDARY_VIRTUALIZE_APIC_ACCESSES },
	{ ROW(delivery_needs_exiting), FIELD_PIN_CONTROLS, .clear = PIN_EXTERNAL_INTERRUPT_EXITING,
	  .also = FIELD_SECONDARY_CONTROLS, .also_set = SECONDARY_VIRTUAL_INTERRUPT_DELIVERY },
	{ ROW(posting_needs_delivery), FIELD_PIN_CONTROLS, .set = PIN_POSTED_INTERRUPTS,
	  .also = FIELD_EXIT_CONTROLS, .also_set = EXIT_CONTROL_ACKNOWLEDGE_INTERRUPT },
	{ ROW(virtual_nmis), FIELD_PIN_CONTROLS, .clear = PIN_NMI_EXITING },
	{ ROW(nmi_window), FIELD_PRIMARY_CONTROLS, .set = PRIMARY_NMI_WINDOW_EXITING,
	  .also = FIELD_PIN_CONTROLS, .also_clear = PIN_VIRTUAL_NMIS },
	{ ROW(apic_access_address), FIELD_APIC_ACCESS_ADDRESS, .set = 1,
	  .also = FIELD_SECONDARY_CONTROLS, .also_set = SECONDARY_VIRTUALIZE_APIC_ACCESSES },
	{ ROW(vpid_zero), FIELD_VPID, .clear = 0xFFFF },
	{ ROW(ept_pointer), FIELD_EPT_POINTER, .set = BIT(7) },
	{ ROW(vmread_bitmap), FIELD_VMREAD_BITMAP, .set = 0x10, .also = FIELD_SECONDARY_CONTROLS, .also_set = SECONDARY_VMCS_SHADOWING },
	{ ROW(vmwrite_bitmap), FIELD_VMWRITE_BITMAP, .set = TOO_WIDE, .also = FIELD_SECONDARY_CONTROLS, .also_set = SECONDARY_VMCS_SHADOWING },
	{ ROW(tsc_multiplier_zero), FIELD_TSC_MULTIPLIER, .clear = ~0ull, .also = FIELD_SECONDARY_CONTROLS, .also_set = SECONDARY_TSC_SCALING },
	{ ROW(vm_functions_reserved), FIELD_VM_FUNCTION_CONTROLS, .set = BIT(1),
	  .also = FIELD_SECONDARY_CONTROLS, .also_set = SECONDARY_ENABLE_VM_FUNCTIONS },
	{ ROW(eptp_switching), FIELD_VM_FUNCTION_CONTROLS, .set = VM_FUNCTION_EPTP_SWITCHING,
	  .also = FIELD_SECONDARY_CONTROLS, .also_set = SECONDARY_ENABLE_VM_FUNCTIONS,
	  .also_clear = SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST },
	{ ROW(ve_information), FIELD_VE_INFORMATION_ADDRESS, .set = TOO_WIDE,
	  .also = FIELD_SECONDARY_CONTROLS, .also_set = SECONDARY_EPT_VIOLATION_VE },
	{ ROW(mode_based_needs_ept), FIELD_SECONDARY_CONTROLS, .set = SECONDARY_MODE_BASED_EXECUTE,
	  .clear = SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST },
	{ ROW(pml_needs_ept), FIELD_SECONDARY_CONTROLS, .set = SECONDARY_ENABLE_PML, .clear = SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST },
	{ ROW(pml_address), FIELD_PML_ADDRESS, .set = 0x800, .also = FIELD_SECONDARY_CONTROLS, .also_set = SECONDARY_ENABLE_PML },
	{ ROW(unrestricted_needs_ept), FIELD_SECONDARY_CONTROLS, .clear = SECONDARY_ENABLE_EPT },
	{ ROW(exit_reserved), FIELD_EXIT_CONTROLS, .set = EXIT_CONTROL_LOAD_PERF_GLOBAL_CTRL },
	{ ROW(save_timer_without_timer), FIELD_EXIT_CONTROLS, .set = EXIT_CONTROL_SAVE_PREEMPTION_TIMER },
	{ ROW(exit_msr_store), FIELD_EXIT_MSR_STORE_ADDRESS, .set = 8, .also = FIELD_EXIT_MSR_STORE_COUNT, .also_set = 1 },
	{ ROW(exit_msr_load), FIELD_EXIT_MSR_LOAD_ADDRESS, .set = TOO_WIDE - 16, .also = FIELD_EXIT_MSR_LOAD_COUNT, .also_set = 2 },
	{ ROW(entry_reserved), FIELD_ENTRY_CONTROLS, .set = ENTRY_CONTROL_ENTRY_TO_SMM },
	{ ROW(entry_msr_load), FIELD_ENTRY_MSR_LOAD_ADDRESS, .set = TOO_WIDE, .also = FIELD_ENTRY_MSR_LOAD_COUNT, .also_set = 1 },
	{ ROW(event_type), FIELD_ENTRY_INTERRUPTION_INFO, .set = EVENT(1u, 0u) },
	{ ROW(event_vector), FIELD_ENTRY_INTERRUPTION_INFO, .set = EVENT(TYPE_NMI, 3u) },
	{ ROW(event_error_code_flag), FIELD_ENTRY_INTERRUPTION_INFO, .set = EVENT(TYPE_HARDWARE_EXCEPTION, EXC_GP) },
	{ ROW(event_reserved), FIELD_ENTRY_INTERRUPTION_INFO, .set = EVENT(TYPE_EXTERNAL_INTERRUPT, 32u) | BIT(12) },
	{ ROW(event_error_code), FIELD_ENTRY_EXCEPTION_ERROR_CODE, .set = BIT(16),
	  .also = FIELD_ENTRY_INTERRUPTION_INFO, .also_set = EVENT(TYPE_HARDWARE_EXCEPTION, EXC_GP) | INTERRUPTION_HAS_ERROR },
	{ ROW(event_length), FIELD_ENTRY_INSTRUCTION_LENGTH, .set = 16,
	  .also = FIELD_ENTRY_INTERRUPTION_INFO, .also_set = EVENT(TYPE_SOFTWARE_INTERRUPT, 0x80u) },
	{ ROW(host_cr0), FIELD_HOST_CR0, .clear = CR0_NE },
	{ ROW(host_cr4), FIELD_HOST_CR4, .clear = CR4_VMXE },
	{ ROW(host_cr3), FIELD_HOST_CR3, .set = TOO_WIDE },
	{ ROW(host_sysenter_esp), FIELD_HOST_IA32_SYSENTER_ESP, .set = NOT_CANONICAL },
	{ ROW(host_sysenter_eip), FIELD_HOST_IA32_SYSENTER_EIP, .set = NOT_CANONICAL },
	{ ROW(host_pat), FIELD_HOST_IA32_PAT, .set = 2 << 8, .clear = 0xFF00 },
	{ ROW(host_efer_reserved), FIELD_HOST_IA32_EFER, .set = BIT(1) },
	{ ROW(host_efer_long), FIELD_HOST_IA32_EFER, .clear = EFER_LMA },
	{ ROW(host_es_selector), FIELD_HOST_ES_SELECTOR, .set = 3 },
	{ ROW(host_cs_selector), FIELD_HOST_CS_SELECTOR, .set = 4 },
	{ ROW(host_ss_selector), FIELD_HOST_SS_SELECTOR, .set = 1 },
	{ ROW(host_ds_selector), FIELD_HOST_DS_SELECTOR, .set = 1 },
	{ ROW(host_fs_selector), FIELD_HOST_FS_SELECTOR, .set = 1 },
	{ ROW(host_gs_selector), FIELD_HOST_GS_SELECTOR, .set = 4 },
	{ ROW(host_tr_selector), FIELD_HOST_TR_SELECTOR, .set = 4 },
	{ ROW(host_cs_null), FIELD_HOST_CS_SELECTOR, .clear = 0xFFFF },
	{ ROW(host_tr_null), FIELD_HOST_TR_SELECTOR, .clear = 0xFFFF },
	{ ROW(host_fs_base), FIELD_HOST_FS_BASE, .set = NOT_CANONICAL },
	{ ROW(host_gs_base), FIELD_HOST_GS_BASE, .set = NOT_CANONICAL },
	{ ROW(host_gdtr_base), FIELD_HOST_GDTR_BASE, .set = NOT_CANONICAL },
	{ ROW(host_idtr_base), FIELD_HOST_IDTR_BASE, .set = NOT_CANONICAL },
	{ ROW(host_tr_base), FIELD_HOST_TR_BASE, .set = NOT_CANONICAL },
	{ ROW(host_pae_long), FIELD_HOST_CR4, .clear = CR4_PAE },
	{ ROW(host_rip_long), FIELD_HOST_RIP, .set = NOT_CANONICAL },
	{ ROW(guest_cr0), FIELD_GUEST_CR0, .clear = CR0_NE },
	{ ROW(guest_cr4), FIELD_GUEST_CR4, .set = CR4_SMXE },
	{ ROW(guest_debugctl), FIELD_GUEST_IA32_DEBUGCTL, .set = BIT(6) },
	{ ROW(guest_dr7), FIELD_GUEST_DR7, .set = BIT(32) },
	{ ROW(guest_pat), FIELD_GUEST_IA32_PAT, .set = 3, .clear = 0xFF },
	{ ROW(guest_efer_reserved), FIELD_GUEST_IA32_EFER, .set = BIT(9) },
	{ ROW(guest_efer_mode), FIELD_GUEST_IA32_EFER, .clear = EFER_LMA | EFER_LME },
	{ ROW(guest_activity), FIELD_GUEST_ACTIVITY_STATE, .set = ACTIVITY_SHUTDOWN },
	{ ROW(guest_nmi_blocked), FIELD_GUEST_INTERRUPTIBILITY, .set = BLOCKING_BY_NMI,
	  .also = FIELD_ENTRY_INTERRUPTION_INFO, .also_set = EVENT(TYPE_NMI, EXC_NMI) },
	{ ROW(link_pointer), FIELD_LINK_POINTER, .clear = ~0ull, .set = 0x123 },
};

static void apply(struct world *w, const struct violation *v)
{
	w->value[v->field] = (w->value[v->field] & ~v->clear) | v->set;
	if (v->also_set || v->also_clear)
		w->value[v->also] = (w->value[v->also] & ~v->also_clear) | v->also_set;
	if (v->row == CHECK_ROW_tpr_threshold_above_vtpr)
		w->context.vtpr = 0x2F;
}

static void the_valid_one_passes(void **state)
{
	struct world w;

	(void)state;
	make(&w);
	assert_int_equal(run_all(&w), -1);
}

static bool seen[CHECK_COUNT];

static void each_violation_names_its_row(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(violations); i++) {
		struct world w;

		make(&w);
		apply(&w, &violations[i]);
		assert_string_equal(checks_name(run_all(&w)), checks_name(violations[i].row));
		seen[violations[i].row] = true;
	}
}

/* A 32-bit L1 whose exits go to 32-bit code. */
static void make_legacy(struct world *w)
{
	make(w);
	w->context.l1_is_long_mode = false;
	w->value[FIELD_EXIT_CONTROLS] &= ~(u64)EXIT_CONTROL_HOST_ADDRESS_SPACE_SIZE;
	w->value[FIELD_ENTRY_CONTROLS] &= ~(u64)ENTRY_CONTROL_IA32E_MODE_GUEST;
	w->value[FIELD_HOST_IA32_EFER] = w->value[FIELD_GUEST_IA32_EFER] = 0;
}

static const struct violation legacy_violations[] = {
	{ ROW(host_efer_not_long), FIELD_HOST_IA32_EFER, .set = EFER_LMA | EFER_LME },
	{ ROW(host_ss_null), FIELD_HOST_SS_SELECTOR, .clear = 0xFFFF },
	{ ROW(host_size_long_mode), FIELD_EXIT_CONTROLS, .set = EXIT_CONTROL_HOST_ADDRESS_SPACE_SIZE,
	  .also = FIELD_HOST_IA32_EFER, .also_set = EFER_LMA | EFER_LME },
	{ ROW(guest_long_from_legacy), FIELD_ENTRY_CONTROLS, .set = ENTRY_CONTROL_IA32E_MODE_GUEST },
	{ ROW(host_pcide_legacy), FIELD_HOST_CR4, .set = CR4_PCIDE },
	{ ROW(host_rip_legacy), FIELD_HOST_RIP, .set = BIT(32) },
};

static void each_legacy_violation_names_its_row(void **state)
{
	struct world w;

	(void)state;
	make_legacy(&w);
	assert_int_equal(run_all(&w), -1);
	for (u32 i = 0; i < ARRAY_SIZE(legacy_violations); i++) {
		make_legacy(&w);
		apply(&w, &legacy_violations[i]);
		assert_string_equal(checks_name(run_all(&w)), checks_name(legacy_violations[i].row));
		seen[legacy_violations[i].row] = true;
	}
}

/* An L2 with virtual-interrupt delivery and posted interrupts. */
static void make_posting(struct world *w)
{
	make(w);
	w->value[FIELD_PIN_CONTROLS] |= PIN_POSTED_INTERRUPTS;
	w->value[FIELD_SECONDARY_CONTROLS] |= SECONDARY_VIRTUAL_INTERRUPT_DELIVERY | SECONDARY_APIC_REGISTER_VIRTUALIZATION |
					      SECONDARY_VIRTUALIZE_X2APIC;
	w->value[FIELD_EXIT_CONTROLS] |= EXIT_CONTROL_ACKNOWLEDGE_INTERRUPT;
	w->value[FIELD_POSTED_INTERRUPT_VECTOR] = 0xF2;
	w->value[FIELD_POSTED_INTERRUPT_DESCRIPTOR] = 0x15040;
}

static const struct violation posting_violations[] = {
	{ ROW(posting_needs_acknowledge), FIELD_EXIT_CONTROLS, .clear = EXIT_CONTROL_ACKNOWLEDGE_INTERRUPT },
	{ ROW(posting_needs_delivery), FIELD_SECONDARY_CONTROLS, .clear = SECONDARY_VIRTUAL_INTERRUPT_DELIVERY },
	{ ROW(posted_vector), FIELD_POSTED_INTERRUPT_VECTOR, .set = 0x100 },
	{ ROW(posted_descriptor), FIELD_POSTED_INTERRUPT_DESCRIPTOR, .set = 0x20 },
	{ ROW(posted_descriptor), FIELD_POSTED_INTERRUPT_DESCRIPTOR, .set = TOO_WIDE },
};

static void each_violation_of_posting_names_its_row(void **state)
{
	struct world w;

	(void)state;
	make_posting(&w);
	assert_int_equal(run_all(&w), -1);
	for (u32 i = 0; i < ARRAY_SIZE(posting_violations); i++) {
		make_posting(&w);
		apply(&w, &posting_violations[i]);
		assert_string_equal(checks_name(run_all(&w)), checks_name(posting_violations[i].row));
		seen[posting_violations[i].row] = true;
	}
}

/* Delivery knows no threshold; with virtualized APIC accesses only its reserved bits are looked at. */
static void threshold_is_judged_by_mode(void **state)
{
	struct world w;

	(void)state;
	make_posting(&w);
	w.value[FIELD_TPR_THRESHOLD] = ~0u;
	w.context.vtpr = 0;
	assert_int_equal(run_all(&w), -1);
	make(&w);
	w.context.vtpr = 0x2F;
	w.value[FIELD_TPR_THRESHOLD] = 3;
	assert_int_equal(run_all(&w), CHECK_ROW_tpr_threshold_above_vtpr);
	assert_int_equal(checks_run_threshold(&w.context), CHECK_ROW_tpr_threshold_above_vtpr);
	w.value[FIELD_SECONDARY_CONTROLS] |= SECONDARY_VIRTUALIZE_APIC_ACCESSES;
	assert_int_equal(run_all(&w), -1);
	assert_int_equal(checks_run_threshold(&w.context), -1);
	w.value[FIELD_TPR_THRESHOLD] = 0x13;
	assert_int_equal(run_all(&w), CHECK_ROW_tpr_threshold_reserved);
}

static void no_row_is_left_out(void **state)
{
	(void)state;
	for (int i = 0; i < CHECK_COUNT; i++)
		if (!seen[i])
			fail_msg("no violation of %s", checks_name(i));
}

/* DESIGN 5: every field hardware does not see exactly as L1 wrote it has a check, or any value will do. */
static void every_field_hardware_does_not_see_is_checked(void **state)
{
	static const enum field_index any_value[] = {
		FIELD_TSC_OFFSET, FIELD_EXCEPTION_BITMAP, FIELD_CR0_MASK, FIELD_CR4_MASK, FIELD_CR0_READ_SHADOW,
		FIELD_CR4_READ_SHADOW, FIELD_EXECUTIVE_VMCS_POINTER, FIELD_GUEST_SMBASE, FIELD_EPTP_INDEX,
		FIELD_INSTRUCTION_ERROR, FIELD_HOST_IA32_SYSENTER_CS, FIELD_HOST_RSP, FIELD_EOI_EXIT_BITMAP_0, FIELD_EOI_EXIT_BITMAP_1,
		FIELD_EOI_EXIT_BITMAP_2, FIELD_EOI_EXIT_BITMAP_3,
		/* looked at with the address they count for */
		FIELD_EXIT_MSR_STORE_COUNT, FIELD_EXIT_MSR_LOAD_COUNT, FIELD_ENTRY_MSR_LOAD_COUNT, FIELD_EPTP_LIST_ADDRESS,
	};
	bool covered[FIELD_COUNT] = { false };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(any_value); i++)
		covered[any_value[i]] = true;
	for (u32 i = 0; i < ARRAY_SIZE(violations); i++)
		covered[violations[i].field] = true;
	for (u32 i = 0; i < ARRAY_SIZE(posting_violations); i++)
		covered[posting_violations[i].field] = true;
	for (enum field_index i = 0; i < FIELD_COUNT; i++)
		if (fields[i].source != FIELD_SOURCE_LIVE && fields[i].source != FIELD_SOURCE_DATA &&
		    fields[i].source != FIELD_SOURCE_COPIED && !covered[i])
			fail_msg("field %x has neither a check nor a reason", fields[i].encoding);
}

static void events_are_judged_by_mode(void **state)
{
	struct world w;

	(void)state;
	make(&w);
	/* in unrestricted real mode no exception has an error code */
	w.value[FIELD_GUEST_CR0] &= ~(CR0_PE | CR0_PG);
	w.value[FIELD_GUEST_IA32_EFER] = 0;
	w.value[FIELD_ENTRY_CONTROLS] &= ~(u64)ENTRY_CONTROL_IA32E_MODE_GUEST;
	w.value[FIELD_ENTRY_INTERRUPTION_INFO] = EVENT(TYPE_HARDWARE_EXCEPTION, EXC_GP);
	assert_int_equal(run_all(&w), -1);
	w.value[FIELD_ENTRY_INTERRUPTION_INFO] |= INTERRUPTION_HAS_ERROR;
	assert_int_equal(run_all(&w), CHECK_ROW_event_error_code_flag);
	/* an event that is not valid is not looked at */
	w.value[FIELD_ENTRY_INTERRUPTION_INFO] = 0x7FFFFFFF;
	assert_int_equal(run_all(&w), -1);
}

static void rows_of_a_class_stand_together(void **state)
{
	(void)state;
	for (int i = 1; i < CHECK_COUNT; i++)
		assert_true(checks_class(i - 1) <= checks_class(i));
}

static void all_shutdown_states_are_refused(void **state)
{
	(void)state;
	for (u64 activity = 2; activity < 6; activity++) {
		struct world w;

		make(&w);
		w.value[FIELD_GUEST_ACTIVITY_STATE] = activity;
		assert_int_equal(run_all(&w), CHECK_ROW_guest_activity);
	}
}

static void link_pointer_has_its_qualification(void **state)
{
	struct world w;

	(void)state;
	assert_int_equal(checks_qualification(CHECK_ROW_link_pointer), 4);
	assert_int_equal(checks_qualification(CHECK_ROW_guest_cr0), 0);
	make(&w);
	w.value[FIELD_LINK_POINTER] = 0x1000;
	assert_int_equal(run_all(&w), -1);
	w.context.link_is_valid = false;
	assert_int_equal(run_all(&w), CHECK_ROW_link_pointer);
}

static void random_vmcs12_is_judged_without_harm(void **state)
{
	(void)state;
	for (u32 i = 0; i < 20000; i++) {
		struct world w;

		make(&w);
		for (u32 change = 0; change < 4; change++)
			w.value[world_random() % FIELD_COUNT] = world_random();
		(void)run_all(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_valid_one_passes),
		cmocka_unit_test(each_violation_names_its_row),
		cmocka_unit_test(each_legacy_violation_names_its_row),
		cmocka_unit_test(each_violation_of_posting_names_its_row),
		cmocka_unit_test(threshold_is_judged_by_mode),
		cmocka_unit_test(no_row_is_left_out),
		cmocka_unit_test(every_field_hardware_does_not_see_is_checked),
		cmocka_unit_test(events_are_judged_by_mode),
		cmocka_unit_test(rows_of_a_class_stand_together),
		cmocka_unit_test(all_shutdown_states_are_refused),
		cmocka_unit_test(link_pointer_has_its_qualification),
		cmocka_unit_test(random_vmcs12_is_judged_without_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

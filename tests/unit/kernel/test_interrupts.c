/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routing of IPIs and messages, and what an entry injects, over a VMCS that is an array: interrupts.c is compiled here with VMREAD and VMWRITE
 * of its own. SDM volume 3 "Issuing Interprocessor Interrupts", "Event Injection", "Guest Non-Register State".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bsp/types.h"

#define KERNEL_VMX_VMX_INSN_H /* the real one is for a CPU in VMX operation */
#include "kernel/vmx/vmcs.h"
static u64 vmcs[0x7000];
static u64 vmread(u64 field) { return vmcs[field]; }
static void vmwrite(u64 field, u64 value) { vmcs[field] = value; }

#include "kernel/interrupts.c"

#define CPUS 4

struct vcpu vcpus[MONITOR_MAX_CPUS];
static struct exit_statistics statistics;
static u32 kicked, requested[CPUS];
static u64 intack;
static struct vcpu *const v = &vcpus[0];
static struct partition partition = { .vcpus = vcpus, .cpu_count = CPUS };

void vcpu_kick(struct vcpu *target) { kicked |= 1u << target->index; }
void vcpu_request(struct vcpu *target, enum vcpu_request request) { requested[target->index] |= request; }
u32 nested_primary_controls(const struct vcpu *unused) { (void)unused; return 0; }

struct nested_pending nested_before_entry(struct vcpu *unused, struct nested_pending due)
{
	(void)unused;
	return due;
}

u64 upcall_run(enum upcall_reason reason, u64 address, u32 size, u64 value)
{
	(void)address, (void)size, (void)value;
	assert_int_equal(reason, UPCALL_INTACK);
	return intack;
}

static int fresh(void **state)
{
	(void)state;
	memset(vcpus, 0, sizeof(vcpus));
	memset(vmcs, 0, sizeof(vmcs));
	memset(requested, 0, sizeof(requested));
	kicked = 0;
	intack = ~0ull;
	for (u32 i = 0; i < CPUS; i++) {
		vcpus[i].index = i;
		vcpus[i].partition = &partition;
		vcpus[i].is_boot = i == 0;
		vcpus[i].statistics = &statistics;
		apic_reset(&vcpus[i].apic, i, i == 0);
		vcpus[i].apic.svr = 0x1FF;
		vcpus[i].apic.ldr = 1u << (24 + i);
	}
	vmcs[VMCS_GUEST_RFLAGS] = RFLAGS_IF | 2;
	return 0;
}

static bool has(u32 cpu, u32 vector)
{
	return vcpus[cpu].apic.irr[vector / 32] >> vector % 32 & 1;
}

static u32 receivers(u32 vector)
{
	u32 set = 0;

	for (u32 i = 0; i < CPUS; i++)
		set |= (u32)has(i, vector) << i;
	return set;
}

static void ipis_reach_whom_they_name(void **state)
{
	static const struct { u32 sender, command, destination, set; } rows[] = {
		{ 0, 0x40FD, 2, 1u << 2 },     { 0, 0x40FD, 0xFF, 0xF },       { 0, 0x40FD, 9, 0 },          { 1, 0x440FD, 9, 1u << 1 },
		{ 1, 0x840FD, 9, 0xF },        { 1, 0xC40FD, 9, 0xD },         { 0, 0x48FD, 0x6, 0x6 },      { 0, 0x48FD, 0x10, 0 },
		{ 3, 0xC0FD, 1, 1u << 1 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		fresh(state);
		interrupts_ipi(&vcpus[rows[i].sender], rows[i].command, rows[i].destination);
		if (receivers(0xFD) != rows[i].set)
			fail_msg("row %u reached %x", i, receivers(0xFD));
		assert_int_equal(kicked, rows[i].set);
	}
}

static void requests_follow_the_mode(void **state)
{
	static const u32 expected[8] = { [4] = REQUEST_NMI, [5] = REQUEST_INIT, [6] = REQUEST_SIPI };

	for (u32 mode = 0; mode < 8; mode++) {
		fresh(state);
		interrupts_ipi(v, 0x4000 | mode << 8 | 0x9A, 2);
		assert_int_equal(requested[2], expected[mode]);
		assert_int_equal(requested[0] | requested[1] | requested[3], 0);
		assert_int_equal(receivers(0x9A), mode < 2 ? 1u << 2 : 0);
		if (mode == 6)
			assert_int_equal(vcpus[2].sipi_vector, 0x9A);
	}
}

static void hostile_commands_are_inert(void **state)
{
	(void)state;
	interrupts_ipi(v, 0x4500, 0);         /* INIT and SIPI to oneself */
	interrupts_ipi(v, 0x4600, 0);
	interrupts_ipi(v, 0x44500, 0);
	interrupts_ipi(v, 0x8500, 0xFF);      /* INIT level de-assert */
	for (u32 i = 0; i < CPUS; i++)
		assert_int_equal(requested[i], 0);
	for (u32 vector = 0; vector < 16; vector++) {
		v->apic.esr_pending = 0;
		interrupts_ipi(v, 0x4000 | vector, 1);
		assert_int_equal(v->apic.esr_pending, APIC_ESR_SEND_ILLEGAL);
	}
	assert_int_equal(vcpus[1].apic.irr[0], 0);
	assert_int_equal(kicked, 0);
}

static void messages_are_routed(void **state)
{
	static const struct { u64 address; u32 data, set; bool taken; } rows[] = {
		{ 0xFEE02000, 0x51, 1u << 2, true },   { 0xFEEFF000, 0x51, 0xF, true },    { 0xFEE06004, 0x51, 0x6, true },
		{ 0xFEE0E00C, 0x151, 0x2, true },      { 0xFEE20000, 0x51, 0, true },      { 0xFED00000, 0x51, 0, false },
		{ 0xFEF00000, 0x51, 0, false },        { 0x1FEE00000, 0x51, 0, false },    { 0, 0x51, 0, false },
		{ 0xFEE01000, 0x251, 0, true },        { 0xFEE01000, 0x351, 0, true },     { 0xFEE01000, 0x751, 0, true },
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		fresh(state);
		assert_int_equal(interrupts_msi(&partition, rows[i].address, rows[i].data), rows[i].taken);
		if (receivers(0x51) != rows[i].set)
			fail_msg("row %u reached %x", i, receivers(0x51));
	}
}

/* Is vector injected at the next entry? */
static u32 entered(void)
{
	vmcs[VMCS_ENTRY_INTERRUPTION_INFO] = 0;
	interrupts_prepare_entry(v);
	return (u32)vmcs[VMCS_ENTRY_INTERRUPTION_INFO];
}

static void injects_when_the_guest_is_open(void **state)
{
	for (u32 i = 0; i < 16; i++) {
		bool closed = !(i & 1) || i & 6;

		fresh(state);
		vmcs[VMCS_GUEST_RFLAGS] = i & 1 ? RFLAGS_IF : 0;
		vmcs[VMCS_GUEST_INTERRUPTIBILITY] = (i & 2 ? BLOCKING_BY_STI : 0) | (i & 4 ? BLOCKING_BY_MOV_SS : 0) |
						    (i & 8 ? BLOCKING_BY_NMI : 0);
		interrupts_post(v, 0x41, false);
		assert_int_equal(entered(), closed ? 0 : 0x80000041);
		/* what cannot go in now is never left without a window */
		assert_int_equal((vmcs[VMCS_PRIMARY_CONTROLS] & PRIMARY_INTERRUPT_WINDOW_EXITING) != 0, closed);
		assert_int_equal(v->window_armed, closed);
		assert_int_equal(has(0, 0x41), closed);
		if (!closed)
			continue;
		vmcs[VMCS_GUEST_RFLAGS] = RFLAGS_IF;
		vmcs[VMCS_GUEST_INTERRUPTIBILITY] = 0;
		assert_int_equal(entered(), 0x80000041);
		assert_int_equal(vmcs[VMCS_PRIMARY_CONTROLS], 0);
		assert_int_equal(entered(), 0);
	}
}

static void keeps_a_window_for_the_second(void **state)
{
	(void)state;
	interrupts_post(v, 0x41, false);
	interrupts_post(v, 0xE1, false);
	assert_int_equal(entered(), 0x800000E1);
	assert_false(v->window_armed); /* of lower priority: waits for the EOI */
	apic_end_of_interrupt(&v->apic);
	assert_int_equal(entered(), 0x80000041);
	interrupts_post(v, 0xF1, false);
	vmcs[VMCS_GUEST_RFLAGS] = 0;
	assert_int_equal(entered(), 0);
	assert_true(v->window_armed);
}

static void an_exception_goes_first(void **state)
{
	(void)state;
	interrupts_post(v, 0x41, false);
	v->event = (struct event){ .info = 0x80000B0E, .error_code = 2 };
	assert_int_equal(entered(), 0x80000B0E);
	assert_int_equal(vmcs[VMCS_ENTRY_EXCEPTION_ERROR_CODE], 2);
	assert_true(v->window_armed && has(0, 0x41));
	assert_int_equal(v->event.info, 0);
	assert_int_equal(entered(), 0x80000041);
}

static void nmis_wait_for_their_window(void **state)
{
	static const u32 blocking[] = { BLOCKING_BY_NMI, BLOCKING_BY_STI, BLOCKING_BY_MOV_SS };

	for (u32 i = 0; i < ARRAY_SIZE(blocking); i++) {
		fresh(state);
		vmcs[VMCS_GUEST_RFLAGS] = 0; /* IF does not count */
		vmcs[VMCS_GUEST_INTERRUPTIBILITY] = blocking[i];
		v->nmi_pending = true;
		assert_int_equal(entered(), 0);
		assert_true(vmcs[VMCS_PRIMARY_CONTROLS] & PRIMARY_NMI_WINDOW_EXITING);
		vmcs[VMCS_GUEST_INTERRUPTIBILITY] = 0;
		assert_int_equal(entered(), 0x80000202);
		assert_int_equal(vmcs[VMCS_PRIMARY_CONTROLS] & PRIMARY_NMI_WINDOW_EXITING, 0);
		assert_int_equal(entered(), 0);
	}
}

static void an_nmi_goes_before_an_interrupt(void **state)
{
	(void)state;
	v->nmi_pending = true;
	interrupts_post(v, 0x41, false);
	assert_int_equal(entered(), 0x80000202);
	assert_true(v->window_armed);
	vmcs[VMCS_GUEST_INTERRUPTIBILITY] = BLOCKING_BY_NMI; /* its handler runs */
	assert_int_equal(entered(), 0x80000041);
}

static void puts_back_what_an_exit_cut_short(void **state)
{
	static const struct { u32 info; bool error, length; } rows[] = {
		{ 0x80000041, false, false }, { 0x80000B0E, true, false }, { 0x80000202, false, false }, { 0x80000480, false, true },
		{ 0x80000603, false, true },  { 0x80001B0D, true, false },
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		fresh(state);
		vmcs[VMCS_IDT_VECTORING_INFO] = rows[i].info;
		vmcs[VMCS_IDT_VECTORING_ERROR_CODE] = 0x1234;
		vmcs[VMCS_EXIT_INSTRUCTION_LENGTH] = 2;
		vmcs[VMCS_GUEST_INTERRUPTIBILITY] = BLOCKING_BY_NMI;
		interrupts_requeue_vectoring(v);
		assert_int_equal((vmcs[VMCS_GUEST_INTERRUPTIBILITY] & BLOCKING_BY_NMI) == 0, (rows[i].info >> 8 & 7) == TYPE_NMI);
		/* bit 12 is undefined in one field and reserved in the other */
		assert_int_equal(entered(), rows[i].info & ~0x1000u);
		assert_int_equal(vmcs[VMCS_ENTRY_EXCEPTION_ERROR_CODE], rows[i].error ? 0x1234 : 0);
		assert_int_equal(vmcs[VMCS_ENTRY_INSTRUCTION_LENGTH], rows[i].length ? 2 : 0);
		assert_int_equal(v->event.info, 0);
	}
	fresh(state);
	vmcs[VMCS_IDT_VECTORING_INFO] = 0x41; /* not valid: stale */
	interrupts_requeue_vectoring(v);
	assert_int_equal(v->event.info, 0);
}

/* A window left armed (INIT, a vector withdrawn) closes; it must not conjure up an event. */
static void closes_idle_windows(void **state)
{
	(void)state;
	v->window_armed = v->nmi_window_armed = true;
	vmcs[VMCS_PRIMARY_CONTROLS] = PRIMARY_INTERRUPT_WINDOW_EXITING | PRIMARY_HLT_EXITING | PRIMARY_NMI_WINDOW_EXITING;
	assert_int_equal(entered(), 0);
	assert_int_equal(vmcs[VMCS_PRIMARY_CONTROLS], 0);
	assert_false(v->window_armed || v->nmi_window_armed);
	for (u32 i = 0; i < 8; i++)
		assert_int_equal(v->apic.isr[i], 0);
}

static void takes_the_pics_vector(void **state)
{
	(void)state;
	v->apic.lvt[LVT_LINT0] = 0x700;
	interrupts_pic_line(&partition, true);
	assert_int_equal(kicked, 1);
	intack = 0x30;
	assert_int_equal(entered(), 0x80000030);
	assert_int_equal(v->apic.isr[1], 0); /* not the LAPIC's to end */
	interrupts_pic_line(&partition, false);
	assert_int_equal(entered(), 0);
	interrupts_pic_line(&partition, true);
	intack = 0x100; /* the PIC had none after all */
	assert_int_equal(entered(), 0);
}

static void hlt_exits_only_while_a_window_is_armed(void **state)
{
	(void)state;
	vmcs[VMCS_PRIMARY_CONTROLS] = PRIMARY_USE_MSR_BITMAPS;
	interrupts_open_window(v, true);
	assert_int_equal(vmcs[VMCS_PRIMARY_CONTROLS],
			 PRIMARY_USE_MSR_BITMAPS | PRIMARY_INTERRUPT_WINDOW_EXITING | PRIMARY_HLT_EXITING);
	interrupts_open_window(v, false);
	assert_int_equal(vmcs[VMCS_PRIMARY_CONTROLS], PRIMARY_USE_MSR_BITMAPS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipis_reach_whom_they_name), cmocka_unit_test(requests_follow_the_mode),
		cmocka_unit_test_setup(hostile_commands_are_inert, fresh), cmocka_unit_test(messages_are_routed),
		cmocka_unit_test(injects_when_the_guest_is_open), cmocka_unit_test_setup(keeps_a_window_for_the_second, fresh),
		cmocka_unit_test_setup(an_exception_goes_first, fresh), cmocka_unit_test(nmis_wait_for_their_window),
		cmocka_unit_test_setup(an_nmi_goes_before_an_interrupt, fresh), cmocka_unit_test(puts_back_what_an_exit_cut_short),
		cmocka_unit_test_setup(closes_idle_windows, fresh), cmocka_unit_test_setup(takes_the_pics_vector, fresh),
		cmocka_unit_test_setup(hlt_exits_only_while_a_window_is_armed, fresh),
	};

	return cmocka_run_group_tests_name("interrupts", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions raised by L0 on top of an event that is waiting: what they become, and when L1 is asked; vcpu.c is compiled here over a VMCS that is an
 * array. SDM volume 3 "Conditions for Generating a Double Fault", "Exceptions" (of other causes of VM exits).
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
enum invvpid_type { INVVPID_SINGLE };
static void invvpid(enum invvpid_type type, u16 vpid, u64 linear) { (void)type, (void)vpid, (void)linear; }

#include "kernel/vcpu.c"

static struct vcpu *const v = &vcpus[0];
static u32 l1_bitmap, asked, taken, shutdowns, stops;
static u32 taken_vectoring;

bool nested_takes_exception(struct vcpu *vcpu, u32 vector, u32 error_code, u64 address)
{
	(void)error_code, (void)address;
	asked |= 1u << vector;
	if (!(l1_bitmap >> vector & 1))
		return false;
	taken |= 1u << vector;
	taken_vectoring = vcpu->event.info;
	vcpu->event.info = 0;
	return true;
}

void nested_take_triple_fault(struct vcpu *vcpu) { (void)vcpu; shutdowns++; }
void partition_stop(enum stop_reason reason, u64 detail) { (void)reason, (void)detail; stops++; }
void nested_reset(struct vcpu *vcpu) { (void)vcpu; }
void fpu_reset_guest(struct percpu *cpu) { (void)cpu; }
struct vmx_controls vmx_controls;
void lapic_send_ipi(u32 apic_id, u8 vector) { (void)apic_id, (void)vector; }
void apic_reset(struct apic *apic, u32 id, bool is_boot) { (void)apic, (void)id, (void)is_boot; }

static int fresh(void **state)
{
	(void)state;
	memset(vcpus, 0, sizeof(vcpus));
	memset(vmcs, 0, sizeof(vmcs));
	l1_bitmap = asked = taken = shutdowns = stops = taken_vectoring = 0;
	vmcs[VMCS_GUEST_CR0] = CR0_PE;
	return 0;
}

static u32 exception(u32 vector)
{
	return INTERRUPTION_VALID | TYPE_HARDWARE_EXCEPTION << 8 | vector | (has_error_code(vector) ? INTERRUPTION_HAS_ERROR : 0);
}

static bool contributes(u32 vector)
{
	return vector == 0 || (vector >= 10 && vector <= 13);
}

/* #PF and #VE */
static bool is_of_paging(u32 vector)
{
	return vector == 14 || vector == 20;
}

/* The manual's table, written out once more. */
static void pairs_become_double_faults(void **state)
{
	for (u32 first = 0; first < 32; first++)
		for (u32 second = 0; second < 32; second++) {
			bool is_double = contributes(first) ? contributes(second) :
							      is_of_paging(first) && (contributes(second) || is_of_paging(second));

			fresh(state);
			v->event.info = exception(first);
			vcpu_inject_exception(v, second, 0);
			if (first == 8)
				assert_int_equal(stops, 1);
			else
				assert_int_equal(v->event.info, exception(is_double ? 8 : second));
			assert_int_equal(asked, 0);
		}
}

/* An interrupt that an exception displaces is gone, as on a CPU. */
static void interrupts_make_no_double_fault(void **state)
{
	static const u32 types[] = { TYPE_EXTERNAL_INTERRUPT, TYPE_NMI, TYPE_SOFTWARE_INTERRUPT, TYPE_SOFTWARE_EXCEPTION };

	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		fresh(state);
		v->event.info = INTERRUPTION_VALID | types[i] << 8 | 13;
		vcpu_inject_exception(v, EXC_GP, 0);
		assert_int_equal(v->event.info, exception(EXC_GP));
	}
}

static void l1_is_asked_for_the_second_first(void **state)
{
	(void)state;
	v->in_l2 = true;
	v->event.info = exception(EXC_PF);
	l1_bitmap = 1u << EXC_GP | 1u << EXC_DF;
	vcpu_inject_exception(v, EXC_GP, 0);
	assert_int_equal(taken, 1u << EXC_GP);
	assert_int_equal(taken_vectoring, exception(EXC_PF));
	assert_int_equal(v->event.info, 0);
}

/* An exit for a double fault has no IDT-vectoring information. */
static void l1_is_asked_for_the_double_fault(void **state)
{
	(void)state;
	v->in_l2 = true;
	v->event.info = exception(EXC_PF);
	l1_bitmap = 1u << EXC_DF;
	vcpu_inject_exception(v, EXC_GP, 0);
	assert_int_equal(asked, 1u << EXC_GP | 1u << EXC_DF);
	assert_int_equal(taken, 1u << EXC_DF);
	assert_int_equal(taken_vectoring, 0);
	assert_int_equal(v->event.info, 0);
}

static void l2_shuts_down_alone(void **state)
{
	(void)state;
	v->in_l2 = true;
	v->event.info = exception(EXC_DF);
	vcpu_inject_exception(v, EXC_GP, 0);
	assert_int_equal(shutdowns, 1);
	assert_int_equal(stops, 0);
	/* unless L1 wants to see what came on top */
	fresh(state);
	v->in_l2 = true;
	v->event.info = exception(EXC_DF);
	l1_bitmap = 1u << EXC_GP;
	vcpu_inject_exception(v, EXC_GP, 0);
	assert_int_equal(shutdowns, 0);
	assert_int_equal(taken, 1u << EXC_GP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(pairs_become_double_faults, fresh),
		cmocka_unit_test_setup(interrupts_make_no_double_fault, fresh),
		cmocka_unit_test_setup(l1_is_asked_for_the_second_first, fresh),
		cmocka_unit_test_setup(l1_is_asked_for_the_double_fault, fresh),
		cmocka_unit_test_setup(l2_shuts_down_alone, fresh),
	};

	return cmocka_run_group_tests_name("vcpu", tests, NULL, NULL);
}

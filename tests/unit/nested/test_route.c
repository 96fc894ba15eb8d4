/* SPDX-License-Identifier: Apache-2.0 */
/* Routing of L2's exits: total over every reason, and each deciding control, mask and bitmap bit in both positions. */
#include "nested/capability.h"
#include "nested/route.h"
#include "world.h"

static u8 bitmap_a[PAGE_SIZE], bitmap_b[PAGE_SIZE], msr_bitmap[PAGE_SIZE], vmread_bitmap[PAGE_SIZE], vmwrite_bitmap[PAGE_SIZE];

static u8 read_byte(u64 gpa)
{
	if (gpa >= 0x10000 && gpa < 0x11000)
		return bitmap_a[gpa - 0x10000];
	if (gpa >= 0x11000 && gpa < 0x12000)
		return bitmap_b[gpa - 0x11000];
	if (gpa >= 0x12000 && gpa < 0x13000)
		return msr_bitmap[gpa - 0x12000];
	if (gpa >= 0x13000 && gpa < 0x14000)
		return vmread_bitmap[gpa - 0x13000];
	if (gpa >= 0x14000 && gpa < 0x15000)
		return vmwrite_bitmap[gpa - 0x14000];
	return 0xFF;
}

struct world { u64 value[FIELD_COUNT]; struct controls controls; struct route route; };

static void make(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->value[FIELD_IO_BITMAP_A] = 0x10000;
	w->value[FIELD_IO_BITMAP_B] = 0x11000;
	w->value[FIELD_MSR_BITMAP] = 0x12000;
	w->value[FIELD_VMREAD_BITMAP] = 0x13000;
	w->value[FIELD_VMWRITE_BITMAP] = 0x14000;
	w->route = (struct route){ .value = w->value, .controls = &w->controls, .read = read_byte };
	memset(bitmap_a, 0, sizeof(bitmap_a));
	memset(bitmap_b, 0, sizeof(bitmap_b));
	memset(msr_bitmap, 0, sizeof(msr_bitmap));
}

static bool l1(const struct world *w, u32 reason)
{
	return route_is_for_l1(reason, &w->route);
}

/* With nothing intercepted by L1: what is L0's, what is L1's whatever it says. The lists together are all reasons. */
static void every_reason_has_an_owner(void **state)
{
	static const u32 ours[] = {
		EXIT_EXTERNAL_INTERRUPT, EXIT_INIT, EXIT_SIPI, EXIT_IO_SMI, EXIT_OTHER_SMI, EXIT_ENTRY_MACHINE_CHECK, EXIT_EPT_VIOLATION,
		EXIT_EPT_MISCONFIGURATION, EXIT_PML_FULL, EXIT_SPP_EVENT, EXIT_BUS_LOCK, EXIT_NOTIFY,
		/* by a control or a mask that is clear here */
		EXIT_EXCEPTION_OR_NMI, EXIT_INTERRUPT_WINDOW, EXIT_NMI_WINDOW, EXIT_HLT, EXIT_RDPMC, EXIT_CR_ACCESS, EXIT_IO, EXIT_MWAIT,
		EXIT_MONITOR, EXIT_PREEMPTION_TIMER, EXIT_WBINVD,
	};
	struct world w;

	(void)state;
	make(&w);
	for (u32 reason = 0; reason < 0x10000; reason++) {
		bool is_ours = false;

		for (u32 i = 0; i < ARRAY_SIZE(ours); i++)
			is_ours |= ours[i] == reason;
		assert_int_equal(l1(&w, reason), !is_ours);
	}
}

static void controls_decide(void **state)
{
	static const struct { u32 reason; enum control_group group; u32 bit; } cases[] = {
		{ EXIT_INTERRUPT_WINDOW, GROUP_PRIMARY, PRIMARY_INTERRUPT_WINDOW_EXITING },
		{ EXIT_NMI_WINDOW, GROUP_PRIMARY, PRIMARY_NMI_WINDOW_EXITING }, { EXIT_HLT, GROUP_PRIMARY, PRIMARY_HLT_EXITING },
		{ EXIT_RDPMC, GROUP_PRIMARY, PRIMARY_RDPMC_EXITING }, { EXIT_MWAIT, GROUP_PRIMARY, PRIMARY_MWAIT_EXITING },
		{ EXIT_MONITOR, GROUP_PRIMARY, PRIMARY_MONITOR_EXITING },
		{ EXIT_PREEMPTION_TIMER, GROUP_PIN, PIN_PREEMPTION_TIMER },
		{ EXIT_WBINVD, GROUP_SECONDARY, SECONDARY_WBINVD_EXITING },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct world w;

		make(&w);
		assert_false(l1(&w, cases[i].reason));
		w.controls.word[cases[i].group] = cases[i].bit;
		assert_true(l1(&w, cases[i].reason));
		w.controls.word[cases[i].group] = ~cases[i].bit;
		assert_false(l1(&w, cases[i].reason));
	}
}

static void exceptions_follow_the_bitmap(void **state)
{
	(void)state;
	for (u32 vector = 0; vector < 32; vector++) {
		struct world w;

		make(&w);
		w.route.interruption_info = INTERRUPTION_VALID | TYPE_HARDWARE_EXCEPTION << 8 | vector;
		w.value[FIELD_PAGE_FAULT_ERROR_MASK] = 0; /* match: #PF follows its bit */
		assert_false(l1(&w, EXIT_EXCEPTION_OR_NMI));
		w.value[FIELD_EXCEPTION_BITMAP] = 1u << vector;
		assert_int_equal(l1(&w, EXIT_EXCEPTION_OR_NMI), vector != EXC_MC);
		w.value[FIELD_EXCEPTION_BITMAP] = ~(1u << vector);
		assert_false(l1(&w, EXIT_EXCEPTION_OR_NMI));
	}
}

static void page_faults_follow_mask_and_match(void **state)
{
	struct world w;

	(void)state;
	make(&w);
	w.value[FIELD_PAGE_FAULT_ERROR_MASK] = 2;
	w.value[FIELD_PAGE_FAULT_ERROR_MATCH] = 2;
	w.value[FIELD_EXCEPTION_BITMAP] = 1u << EXC_PF;
	assert_true(route_exception(&w.route, EXC_PF, 3));
	assert_false(route_exception(&w.route, EXC_PF, 1));
	w.value[FIELD_EXCEPTION_BITMAP] = 0; /* the bit clear: the other ones */
	assert_false(route_exception(&w.route, EXC_PF, 3));
	assert_true(route_exception(&w.route, EXC_PF, 1));
}

static void the_machines_nmi_is_ours(void **state)
{
	struct world w;

	(void)state;
	make(&w);
	w.value[FIELD_EXCEPTION_BITMAP] = ~0u;
	w.controls.word[GROUP_PIN] = PIN_NMI_EXITING;
	w.route.interruption_info = INTERRUPTION_VALID | TYPE_NMI << 8 | EXC_NMI;
	assert_false(l1(&w, EXIT_EXCEPTION_OR_NMI));
}

enum { MOV_TO = 0, MOV_FROM = 1 << 4, CLTS = 2 << 4, LMSW = 3 << 4 };

static void cr0_and_cr4_follow_mask_and_shadow(void **state)
{
	static const struct { u64 qualification; enum field_index mask, shadow; } crs[] = {
		{ MOV_TO | 0, FIELD_CR0_MASK, FIELD_CR0_READ_SHADOW }, { MOV_TO | 4, FIELD_CR4_MASK, FIELD_CR4_READ_SHADOW },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(crs); i++) {
		struct world w;

		make(&w);
		w.route.qualification = crs[i].qualification;
		w.value[crs[i].mask] = CR0_PG;
		w.value[crs[i].shadow] = CR0_PG;
		w.route.operand = CR0_PG | CR0_PE;
		assert_false(l1(&w, EXIT_CR_ACCESS)); /* an unowned bit changes */
		w.route.operand = CR0_PE;
		assert_true(l1(&w, EXIT_CR_ACCESS));  /* an owned one does */
	}
}

static void cr3_and_cr8_follow_their_controls(void **state)
{
	static const struct { u64 qualification; u32 bit; } cases[] = {
		{ MOV_TO | 3, PRIMARY_CR3_LOAD_EXITING }, { MOV_FROM | 3, PRIMARY_CR3_STORE_EXITING },
		{ MOV_TO | 8, PRIMARY_CR8_LOAD_EXITING }, { MOV_FROM | 8, PRIMARY_CR8_STORE_EXITING },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct world w;

		make(&w);
		w.route.qualification = cases[i].qualification;
		w.controls.word[GROUP_PRIMARY] = ~cases[i].bit;
		assert_false(l1(&w, EXIT_CR_ACCESS));
		w.controls.word[GROUP_PRIMARY] = cases[i].bit;
		assert_true(l1(&w, EXIT_CR_ACCESS));
	}
}

static void cr3_targets_are_let_through(void **state)
{
	struct world w;

	(void)state;
	make(&w);
	w.route.qualification = MOV_TO | 3;
	w.controls.word[GROUP_PRIMARY] = PRIMARY_CR3_LOAD_EXITING;
	w.value[FIELD_CR3_TARGET_2] = 0x5000;
	w.route.operand = 0x5000;
	w.value[FIELD_CR3_TARGET_COUNT] = 2;
	assert_true(l1(&w, EXIT_CR_ACCESS));
	w.value[FIELD_CR3_TARGET_COUNT] = 3;
	assert_false(l1(&w, EXIT_CR_ACCESS));
	w.value[FIELD_CR3_TARGET_COUNT] = ~0ull; /* refused at entry; must not run off here either */
	assert_false(l1(&w, EXIT_CR_ACCESS));
}

static void clts_and_lmsw_follow_mask_and_shadow(void **state)
{
	struct world w;

	(void)state;
	make(&w);
	w.route.qualification = CLTS;
	w.value[FIELD_CR0_MASK] = CR0_TS;
	assert_false(l1(&w, EXIT_CR_ACCESS));
	w.value[FIELD_CR0_READ_SHADOW] = CR0_TS;
	assert_true(l1(&w, EXIT_CR_ACCESS));
	w.route.qualification = LMSW | (u64)CR0_TS << 16;
	assert_false(l1(&w, EXIT_CR_ACCESS)); /* as the shadow has it */
	w.route.qualification = LMSW;
	assert_true(l1(&w, EXIT_CR_ACCESS));
	/* LMSW cannot clear PE, so only setting it counts */
	w.value[FIELD_CR0_MASK] = CR0_PE;
	w.value[FIELD_CR0_READ_SHADOW] = CR0_PE;
	assert_false(l1(&w, EXIT_CR_ACCESS));
	w.value[FIELD_CR0_READ_SHADOW] = 0;
	w.route.qualification = LMSW | (u64)CR0_PE << 16;
	assert_true(l1(&w, EXIT_CR_ACCESS));
}

static u64 io(u32 port, u32 size)
{
	return (u64)port << 16 | (size - 1);
}

static void ports_follow_both_bitmaps(void **state)
{
	struct world w;

	(void)state;
	make(&w);
	w.controls.word[GROUP_PRIMARY] = PRIMARY_USE_IO_BITMAPS | PRIMARY_UNCONDITIONAL_IO_EXITING;
	for (u32 i = 0; i < 64; i++) {
		u32 port = (u32)world_random() & 0xFFFF;
		u8 *byte = port < 0x8000 ? &bitmap_a[port / 8] : &bitmap_b[(port - 0x8000) / 8];

		w.route.qualification = io(port, 1);
		assert_false(l1(&w, EXIT_IO));
		*byte = (u8)(1u << (port & 7));
		assert_true(l1(&w, EXIT_IO));
		*byte = 0;
	}
}

static void wide_ports_count_every_byte(void **state)
{
	struct world w;

	(void)state;
	make(&w);
	w.controls.word[GROUP_PRIMARY] = PRIMARY_USE_IO_BITMAPS;
	bitmap_b[0] = 2; /* port 8001H: the last of four at 7FFEH, across both bitmaps */
	w.route.qualification = io(0x7FFE, 4);
	assert_true(l1(&w, EXIT_IO));
	w.route.qualification = io(0x7FFE, 2);
	assert_false(l1(&w, EXIT_IO));
	w.route.qualification = io(0xFFFF, 2); /* wraps: always */
	assert_true(l1(&w, EXIT_IO));
	w.route.qualification = io(0xFFFC, 4);
	assert_false(l1(&w, EXIT_IO));
}

static void ports_without_bitmaps_follow_the_control(void **state)
{
	struct world w;

	(void)state;
	make(&w);
	memset(bitmap_a, 0xFF, sizeof(bitmap_a));
	w.route.qualification = io(0x80, 1);
	assert_false(l1(&w, EXIT_IO));
	w.controls.word[GROUP_PRIMARY] = PRIMARY_UNCONDITIONAL_IO_EXITING;
	assert_true(l1(&w, EXIT_IO));
}

static void msrs_follow_the_bitmap(void **state)
{
	static const struct { u32 msr, read_at; } cases[] = {
		{ 0x10, 0x10 / 8 }, { 0x1FFF, 0x3FF }, { 0xC0000080, 1024 + 0x80 / 8 }, { 0xC0001FFF, 2047 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct world w;

		make(&w);
		w.route.operand = cases[i].msr;
		assert_true(l1(&w, EXIT_RDMSR)); /* no bitmap in use */
		w.controls.word[GROUP_PRIMARY] = PRIMARY_USE_MSR_BITMAPS;
		assert_false(l1(&w, EXIT_RDMSR));
		assert_false(l1(&w, EXIT_WRMSR));
		msr_bitmap[cases[i].read_at] = (u8)(1u << (cases[i].msr & 7));
		assert_true(l1(&w, EXIT_RDMSR));
		assert_false(l1(&w, EXIT_WRMSR));
		msr_bitmap[cases[i].read_at + 2048] = (u8)(1u << (cases[i].msr & 7));
		assert_true(l1(&w, EXIT_WRMSR));
	}
}

static void msrs_outside_both_ranges_always_exit(void **state)
{
	static const u32 outside[] = { 0x2000, 0xBFFFFFFF, 0xC0002000, 0xFFFFFFFF };
	struct world w;

	(void)state;
	make(&w);
	w.controls.word[GROUP_PRIMARY] = PRIMARY_USE_MSR_BITMAPS;
	for (u32 i = 0; i < ARRAY_SIZE(outside); i++) {
		w.route.operand = outside[i];
		assert_true(l1(&w, EXIT_RDMSR));
		assert_true(l1(&w, EXIT_WRMSR));
	}
}

static void field_bitmaps_decide_with_shadowing(void **state)
{
	static const struct { u32 reason; u8 *bitmap; } cases[] = { { EXIT_VMREAD, vmread_bitmap }, { EXIT_VMWRITE, vmwrite_bitmap } };
	struct world w;

	(void)state;
	make(&w);
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++)
		for (u32 encoding = 0; encoding < 0x8000; encoding += 0x3F) {
			w.route.operand = encoding;
			w.controls.word[GROUP_SECONDARY] = ~SECONDARY_VMCS_SHADOWING;
			assert_true(l1(&w, cases[i].reason));
			w.controls.word[GROUP_SECONDARY] = SECONDARY_VMCS_SHADOWING;
			assert_false(l1(&w, cases[i].reason));
			cases[i].bitmap[encoding / 8] = (u8)(1u << (encoding & 7));
			assert_true(l1(&w, cases[i].reason));
			cases[i].bitmap[encoding / 8] = 0;
			/* no bit for it, and nothing is read beyond the page */
			w.route.operand = encoding | BIT(15 + encoding % 49);
			assert_true(l1(&w, cases[i].reason));
		}
}

/* EAX below, ECX above. */
static void vm_functions(void **state)
{
	struct world w;

	(void)state;
	make(&w);
	assert_true(l1(&w, EXIT_VMFUNC));
	w.value[FIELD_VM_FUNCTION_CONTROLS] = VM_FUNCTION_EPTP_SWITCHING;
	for (u64 index = 0; index < 1024; index++) {
		w.route.operand = index << 32;
		assert_int_equal(l1(&w, EXIT_VMFUNC), index >= 512);
	}
	w.route.operand = BIT(63);
	assert_true(l1(&w, EXIT_VMFUNC));
	for (u64 function = 1; function < 64; function++) {
		w.route.operand = function;
		assert_true(l1(&w, EXIT_VMFUNC));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_has_an_owner),
		cmocka_unit_test(controls_decide),
		cmocka_unit_test(exceptions_follow_the_bitmap),
		cmocka_unit_test(page_faults_follow_mask_and_match),
		cmocka_unit_test(the_machines_nmi_is_ours),
		cmocka_unit_test(cr0_and_cr4_follow_mask_and_shadow),
		cmocka_unit_test(cr3_and_cr8_follow_their_controls),
		cmocka_unit_test(cr3_targets_are_let_through),
		cmocka_unit_test(clts_and_lmsw_follow_mask_and_shadow),
		cmocka_unit_test(ports_follow_both_bitmaps),
		cmocka_unit_test(wide_ports_count_every_byte),
		cmocka_unit_test(ports_without_bitmaps_follow_the_control),
		cmocka_unit_test(msrs_follow_the_bitmap),
		cmocka_unit_test(field_bitmaps_decide_with_shadowing),
		cmocka_unit_test(msrs_outside_both_ranges_always_exit),
		cmocka_unit_test(vm_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

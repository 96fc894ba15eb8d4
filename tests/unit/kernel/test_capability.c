/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Negotiation of VMX controls: each required row taken away in turn is refused by its name, wanted rows follow the CPU, nothing unasked is
 * set. Source: Intel SDM volume 3, appendix A "VMX Capability Reporting Facility".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/vmx/capability.h"
#include "kernel/vmx/vmcs.h"

enum need { REQUIRED, WANTED, FORBIDDEN };
enum group { pin, primary, secondary, exit_, entry, GROUPS };
#define exit exit_
static const struct { enum group group; u32 bit; enum need need; const char *name; } rows[] = {
#define ROW(group, bit, need) { group, bit, need, #bit },
#include "kernel/vmx/capability.def"
#undef ROW
};
#undef exit

#define EPT_NEEDED (BIT(6) | BIT(14) | BIT(16) | BIT(20) | BIT(26) | BIT(32) | BIT(41))

static u64 *group_of(struct vmx_capabilities *c, enum group group)
{
	u64 *const fields[GROUPS] = { &c->pin, &c->primary, &c->secondary, &c->exit, &c->entry };

	return fields[group];
}

static u32 *chosen(struct vmx_controls *c, enum group group)
{
	u32 *const fields[GROUPS] = { &c->pin, &c->primary, &c->secondary, &c->exit, &c->entry };

	return fields[group];
}

/* A CPU that may do everything and must do nothing. */
static struct vmx_capabilities able(void)
{
	const u64 all = 0xFFFFFFFF00000000ull;

	return (struct vmx_capabilities){ .pin = all, .primary = all, .secondary = all, .exit = all, .entry = all,
					  .ept_vpid = EPT_NEEDED };
}

static u32 asked(enum group group, enum need need)
{
	u32 bits = 0;

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		bits |= rows[i].group == group && rows[i].need == need ? rows[i].bit : 0;
	return bits;
}

static void takes_what_the_rows_ask_and_no_more(void **state)
{
	struct vmx_capabilities c = able();
	struct vmx_controls controls;

	(void)state;
	assert_null(vmx_negotiate(&c, &controls));
	for (enum group g = 0; g < GROUPS; g++)
		assert_int_equal(*chosen(&controls, g), asked(g, REQUIRED) | asked(g, WANTED));
}

static void names_each_missing_control(void **state)
{
	u32 refused = 0;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vmx_capabilities c = able();
		struct vmx_controls controls;

		if (rows[i].need != REQUIRED)
			continue;
		*group_of(&c, rows[i].group) &= ~((u64)rows[i].bit << 32);
		const struct vmx_requirement *missing = vmx_negotiate(&c, &controls);
		if (!missing || !strstr(missing->missing, rows[i].name))
			fail_msg("%s: %s", rows[i].name, missing ? missing->missing : "not refused");
		assert_true(strlen(missing->remedy) > 8);
		refused++;
	}
	assert_true(refused > 20);
}

static void names_each_control_that_cannot_be_off(void **state)
{
	u32 refused = 0;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vmx_capabilities c = able();
		struct vmx_controls controls;

		if (rows[i].need != FORBIDDEN)
			continue;
		*group_of(&c, rows[i].group) |= rows[i].bit;
		const struct vmx_requirement *missing = vmx_negotiate(&c, &controls);
		assert_non_null(missing);
		assert_non_null(strstr(missing->missing, rows[i].name));
		refused++;
	}
	assert_int_equal(refused, 3);
}

static void does_without_wanted_controls(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vmx_capabilities c = able();
		struct vmx_controls controls;

		if (rows[i].need != WANTED)
			continue;
		*group_of(&c, rows[i].group) &= ~((u64)rows[i].bit << 32);
		assert_null(vmx_negotiate(&c, &controls));
		assert_int_equal(*chosen(&controls, rows[i].group) & rows[i].bit, 0);
	}
}

static void keeps_the_bits_that_must_be_one(void **state)
{
	struct vmx_capabilities c = able();
	struct vmx_controls controls;

	(void)state;
	c.pin |= 0x16;
	c.primary |= 0x04006172;
	c.exit |= 0x00036DFB;
	c.entry |= 0x000011FB;
	assert_null(vmx_negotiate(&c, &controls));
	assert_int_equal(controls.pin & 0x16, 0x16);
	assert_int_equal(controls.primary & 0x04006172, 0x04006172);
	assert_int_equal(controls.exit & 0x00036DFB, 0x00036DFB);
	assert_int_equal(controls.entry & 0x000011FB, 0x000011FB);
}

/* Without TRUE capability MSRs CR3 exiting is a default-1 control: such a CPU is refused. */
static void refuses_a_cpu_with_default_one_cr3_exiting(void **state)
{
	struct vmx_capabilities c = able();
	struct vmx_controls controls;

	(void)state;
	c.primary |= 0x0401E172;
	assert_non_null(vmx_negotiate(&c, &controls));
}

static void names_each_missing_part_of_ept(void **state)
{
	(void)state;
	for (u32 bit = 0; bit < 64; bit++) {
		struct vmx_capabilities c = able();
		struct vmx_controls controls;

		if (!(EPT_NEEDED >> bit & 1))
			continue;
		c.ept_vpid &= ~BIT(bit);
		const struct vmx_requirement *missing = vmx_negotiate(&c, &controls);
		assert_non_null(missing);
		assert_non_null(strstr(missing->missing, bit >= 32 ? "INVVPID" : bit >= 20 ? "INVEPT" : "EPT"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_the_rows_ask_and_no_more), cmocka_unit_test(names_each_missing_control),
		cmocka_unit_test(names_each_control_that_cannot_be_off), cmocka_unit_test(does_without_wanted_controls),
		cmocka_unit_test(keeps_the_bits_that_must_be_one), cmocka_unit_test(refuses_a_cpu_with_default_one_cr3_exiting),
		cmocka_unit_test(names_each_missing_part_of_ept),
	};

	return cmocka_run_group_tests_name("capability", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The interpreter of checks.def and its rules; see checks.h. A rule is true when the value may be entered with. */
#include "nested/checks.h"

#include "bsp/msr.h"

#define EFER_DEFINED (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)
#define DEBUGCTL_DEFINED 3ull /* LBR, BTF */

typedef bool rule_function(const struct check_context *context, u64 value, u64 argument);

static u32 event_info(const struct check_context *c)
{
	return (u32)c->value[FIELD_ENTRY_INTERRUPTION_INFO];
}

static bool fits_width(const struct check_context *c, u64 address)
{
	return !(address >> c->offer->physical_bits);
}

bool check_is_canonical(u64 address)
{
	return (u64)((int64_t)(address << 16) >> 16) == address;
}

bool check_pat_is_valid(u64 pat)
{
	for (u32 i = 0; i < 8; i++) {
		u32 type = pat >> (8 * i) & 0xFF;

		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	return true;
}

static bool rule_allowed(const struct check_context *c, u64 value, u64 group)
{
	const struct vmx_capabilities *m = &c->offer->msr;
	const u64 words[GROUP_COUNT] = { m->pin, m->primary, m->secondary, m->exit, m->entry };
	u32 must = (u32)words[group], may = (u32)(words[group] >> 32);

	return !(must & ~value) && !((u32)value & ~may);
}

static bool rule_zero(const struct check_context *c, u64 value, u64 mask)
{
	(void)c;
	return !(value & mask);
}

static bool rule_ones(const struct check_context *c, u64 value, u64 mask)
{
	(void)c;
	return (value & mask) == mask;
}

static bool rule_not_zero(const struct check_context *c, u64 value, u64 argument)
{
	(void)c, (void)argument;
	return value != 0;
}

static bool rule_at_most(const struct check_context *c, u64 value, u64 most)
{
	(void)c;
	return value <= most;
}

static bool rule_cr3_targets(const struct check_context *c, u64 value, u64 argument)
{
	(void)argument;
	return value <= MISC_CR3_TARGETS(c->offer->msr.misc);
}

static bool rule_address(const struct check_context *c, u64 value, u64 alignment)
{
	return !(value & (alignment - 1)) && fits_width(c, value);
}

static bool rule_physical_width(const struct check_context *c, u64 value, u64 argument)
{
	(void)argument;
	return fits_width(c, value);
}

static bool rule_canonical(const struct check_context *c, u64 value, u64 argument)
{
	(void)c, (void)argument;
	return check_is_canonical(value);
}

static bool rule_pat(const struct check_context *c, u64 value, u64 argument)
{
	(void)c, (void)argument;
	return check_pat_is_valid(value);
}

static bool rule_delivery_in_force(const struct check_context *c, u64 value, u64 argument)
{
	(void)value, (void)argument;
	return controls_has(c->controls, GROUP_SECONDARY, SECONDARY_VIRTUAL_INTERRUPT_DELIVERY);
}

/* Virtual-interrupt delivery knows no threshold. */
static bool rule_tpr_threshold(const struct check_context *c, u64 value, u64 argument)
{
	return rule_delivery_in_force(c, value, argument) || !(value & ~0xFull);
}

static bool rule_not_above_vtpr(const struct check_context *c, u64 value, u64 argument)
{
	(void)argument;
	if (controls_has(c->controls, GROUP_SECONDARY, SECONDARY_VIRTUALIZE_APIC_ACCESSES | SECONDARY_VIRTUAL_INTERRUPT_DELIVERY))
		return true;
	return (value & 0xF) <= (u64)(c->vtpr >> 4);
}

static bool rule_ept_pointer(const struct check_context *c, u64 value, u64 argument)
{
	(void)argument;
	return capability_allows_eptp(c->offer, value);
}

/* The function needs EPT and its list. SDM "VM-Execution Control Fields" (checks) */
static bool rule_eptp_switching(const struct check_context *c, u64 value, u64 argument)
{
	(void)argument;
	return !(value & VM_FUNCTION_EPTP_SWITCHING) || (controls_has(c->controls, GROUP_SECONDARY, SECONDARY_ENABLE_EPT) &&
							 rule_address(c, c->value[FIELD_EPTP_LIST_ADDRESS], PAGE_SIZE));
}

/* The first and the last byte; nothing is checked for an empty area. */
static bool rule_msr_area(const struct check_context *c, u64 value, u64 count_field)
{
	u64 count = c->value[count_field];

	return !count || (!(value & 15) && fits_width(c, value) && fits_width(c, value + count * 16 - 1));
}

static bool rule_event_type(const struct check_context *c, u64 value, u64 argument)
{
	u32 type = INTERRUPTION_TYPE((u32)value);

	(void)argument;
	if (type == TYPE_OTHER_EVENT)
		return c->offer->may.word[GROUP_PRIMARY] & PRIMARY_MONITOR_TRAP_FLAG;
	return type != 1;
}

static bool rule_event_vector(const struct check_context *c, u64 value, u64 argument)
{
	u32 vector = INTERRUPTION_VECTOR((u32)value);

	(void)c, (void)argument;
	switch (INTERRUPTION_TYPE((u32)value)) {
	case TYPE_NMI: return vector == EXC_NMI;
	case TYPE_HARDWARE_EXCEPTION: return vector <= 31;
	case TYPE_OTHER_EVENT: return vector == 0;
	default: return true;
	}
}

static bool is_unrestricted_real_mode(const struct check_context *c)
{
	return controls_has(c->controls, GROUP_SECONDARY, SECONDARY_UNRESTRICTED_GUEST) && !(c->value[FIELD_GUEST_CR0] & CR0_PE);
}

static bool rule_event_error_flag(const struct check_context *c, u64 value, u64 argument)
{
	const u64 with_code = BIT(EXC_DF) | BIT(EXC_TS) | BIT(EXC_NP) | BIT(EXC_SS) | BIT(EXC_GP) | BIT(EXC_PF) | BIT(EXC_AC);
	bool flag = value & INTERRUPTION_HAS_ERROR;
	bool is_exception = INTERRUPTION_TYPE((u32)value) == TYPE_HARDWARE_EXCEPTION;

	(void)argument;
	if (!is_exception || is_unrestricted_real_mode(c))
		return !flag;
	if (c->offer->msr.basic & BASIC_ANY_ERROR_CODE)
		return true;
	return flag == (INTERRUPTION_VECTOR((u32)value) < 32 && with_code >> INTERRUPTION_VECTOR((u32)value) & 1);
}

static bool rule_event_error_code(const struct check_context *c, u64 value, u64 mask)
{
	return !(event_info(c) & INTERRUPTION_HAS_ERROR) || !(value & mask);
}

static bool rule_event_length(const struct check_context *c, u64 value, u64 most)
{
	u32 type = INTERRUPTION_TYPE(event_info(c));
	bool counts = type >= TYPE_SOFTWARE_INTERRUPT && type <= TYPE_SOFTWARE_EXCEPTION;
	u64 least = c->offer->msr.misc & MISC_INJECT_LENGTH_0 ? 0 : 1;

	return !counts || (value >= least && value <= most);
}

static bool rule_host_cr0(const struct check_context *c, u64 value, u64 argument)
{
	(void)argument;
	return !(c->offer->msr.cr0_fixed0 & ~value) && !(value & ~c->offer->msr.cr0_fixed1);
}

static bool rule_guest_cr0(const struct check_context *c, u64 value, u64 argument)
{
	bool unrestricted = controls_has(c->controls, GROUP_SECONDARY, SECONDARY_UNRESTRICTED_GUEST);
	u64 fixed0 = c->offer->msr.cr0_fixed0 & ~(unrestricted ? CR0_PE | CR0_PG : 0);

	(void)argument;
	return !(fixed0 & ~value) && !(value & ~c->offer->msr.cr0_fixed1) && (!(value & CR0_PG) || value & CR0_PE);
}

static bool rule_cr4(const struct check_context *c, u64 value, u64 argument)
{
	(void)argument;
	return !(c->offer->msr.cr4_fixed0 & ~value) && !(value & ~c->offer->msr.cr4_fixed1);
}

static bool rule_size_as_l1(const struct check_context *c, u64 value, u64 argument)
{
	(void)argument;
	return c->l1_is_long_mode == ((value & EXIT_CONTROL_HOST_ADDRESS_SPACE_SIZE) != 0);
}

static bool rule_guest_efer(const struct check_context *c, u64 value, u64 argument)
{
	bool is_long = controls_has(c->controls, GROUP_ENTRY, ENTRY_CONTROL_IA32E_MODE_GUEST);
	bool lma = value & EFER_LMA, lme = value & EFER_LME;

	(void)argument;
	return lma == is_long && (!(c->value[FIELD_GUEST_CR0] & CR0_PG) || lma == lme);
}

/* vmcs02 always has virtual NMIs, L1's VMCS perhaps not: the rule is L1's. */
static bool rule_nmi_not_blocked(const struct check_context *c, u64 value, u64 argument)
{
	u32 info = event_info(c);

	(void)argument;
	return !(info & INTERRUPTION_VALID) || INTERRUPTION_TYPE(info) != TYPE_NMI || !(value & BLOCKING_BY_NMI);
}

static bool rule_link_pointer(const struct check_context *c, u64 value, u64 argument)
{
	(void)argument;
	return value == ~0ull || (rule_address(c, value, PAGE_SIZE) && c->link_is_valid);
}

enum condition { WHEN_ALWAYS, WHEN_IF, WHEN_UNLESS, WHEN_HOST_64, WHEN_HOST_32 };

struct row {
	const char *name;
	rule_function *rule;
	u64 argument;
	u32 when_bit;
	u8 class, field, condition, when_group;
};

#define ALWAYS WHEN_ALWAYS, GROUP_PIN, 0
#define IF(group, bit) WHEN_IF, GROUP_##group, bit
#define UNLESS(group, bit) WHEN_UNLESS, GROUP_##group, bit
#define HOST_IS_64_AND(group, bit) WHEN_HOST_64, GROUP_##group, bit
#define HOST_IS_32_AND(group, bit) WHEN_HOST_32, GROUP_##group, bit
#define ROW(class, name, field, rule, argument, condition, group, bit) \
	{ #name, rule_##rule, argument, bit, CHECK_##class, FIELD_##field, condition, group },
#define ROW_EXPANDED(...) ROW(__VA_ARGS__)

static const struct row rows[CHECK_COUNT] = {
#define CHECK(class, name, field, rule, argument, when) ROW_EXPANDED(class, name, field, rule, argument, when)
#include "nested/checks.def"
#undef CHECK
};

static bool applies(const struct row *row, const struct controls *controls)
{
	bool is_set = controls_has(controls, row->when_group, row->when_bit);
	bool host_is_64 = controls_has(controls, GROUP_EXIT, EXIT_CONTROL_HOST_ADDRESS_SPACE_SIZE);

	switch ((enum condition)row->condition) {
	case WHEN_IF: return is_set;
	case WHEN_UNLESS: return !is_set;
	case WHEN_HOST_64: return is_set && host_is_64;
	case WHEN_HOST_32: return is_set && !host_is_64;
	case WHEN_ALWAYS: break;
	}
	return true;
}

/* Rows of classes up to and with this one: the rows of a class stand together, which the test of the table asserts. */
static inline int rows_through(enum check_class last)
{
	return 0
#define CHECK(class, name, field, rule, argument, when) + (CHECK_##class <= last)
#include "nested/checks.def"
#undef CHECK
	;
}

static int run(int first, int end, const struct check_context *context)
{
	for (int i = first; i < end; i++) {
		const struct row *row = &rows[i];

		if (applies(row, context->controls) && !row->rule(context, context->value[row->field], row->argument))
			return i;
	}
	return -1;
}

int checks_run(enum check_class class, const struct check_context *context)
{
	switch (class) {
	case CHECK_CONTROL: return run(0, rows_through(CHECK_CONTROL), context);
	case CHECK_EVENT:
		if (!(event_info(context) & INTERRUPTION_VALID))
			return -1;
		return run(rows_through(CHECK_CONTROL), rows_through(CHECK_EVENT), context);
	case CHECK_HOST: return run(rows_through(CHECK_EVENT), rows_through(CHECK_HOST), context);
	default: return run(rows_through(CHECK_HOST), CHECK_COUNT, context);
	}
}

int checks_run_threshold(const struct check_context *context)
{
	return run(CHECK_ROW_tpr_threshold_above_vtpr, CHECK_ROW_tpr_threshold_above_vtpr + 1, context);
}

enum check_class checks_class(int row)
{
	return rows[row].class;
}

const char *checks_name(int row)
{
	return row >= 0 && row < CHECK_COUNT ? rows[row].name : "none";
}

u64 checks_qualification(int row)
{
	return row == CHECK_ROW_link_pointer ? 4 : 0;
}

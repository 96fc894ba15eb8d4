/* SPDX-License-Identifier: Apache-2.0 */
/* The interpreter of exits.def and the functions its ASK rows name; see route.h. */
#include "nested/route.h"

#include "bsp/msr.h"
#include "nested/bitmaps.h"
#include "nested/capability.h"

bool route_exception(const struct route *r, u32 vector, u32 error_code)
{
	bool bit = r->value[FIELD_EXCEPTION_BITMAP] >> vector & 1;

	if (vector != EXC_PF)
		return bit;
	u64 masked = error_code & r->value[FIELD_PAGE_FAULT_ERROR_MASK];
	return bit == (masked == r->value[FIELD_PAGE_FAULT_ERROR_MATCH]);
}

/* The machine's NMIs and machine checks are ours. */
static bool ask_exception(const struct route *r)
{
	u32 vector = INTERRUPTION_VECTOR(r->interruption_info);

	if (INTERRUPTION_TYPE(r->interruption_info) == TYPE_NMI || vector == EXC_MC || vector > 31)
		return false;
	return route_exception(r, vector, r->error_code);
}

static bool primary(const struct route *r, u32 bit)
{
	return controls_has(r->controls, GROUP_PRIMARY, bit);
}

static bool differs(const struct route *r, u64 written, u64 bits, enum field_index mask, enum field_index shadow)
{
	return (written ^ r->value[shadow]) & r->value[mask] & bits;
}

static bool is_cr3_target(const struct route *r)
{
	for (u64 i = 0; i < r->value[FIELD_CR3_TARGET_COUNT] && i < 4; i++)
		if (r->operand == r->value[FIELD_CR3_TARGET_0 + i])
			return true;
	return false;
}

static bool ask_mov_to_cr(const struct route *r)
{
	switch (r->qualification & 15) {
	case 0: return differs(r, r->operand, ~0ull, FIELD_CR0_MASK, FIELD_CR0_READ_SHADOW);
	case 3: return primary(r, PRIMARY_CR3_LOAD_EXITING) && !is_cr3_target(r);
	case 4: return differs(r, r->operand, ~0ull, FIELD_CR4_MASK, FIELD_CR4_READ_SHADOW);
	case 8: return primary(r, PRIMARY_CR8_LOAD_EXITING);
	default: return true;
	}
}

/* LMSW writes PE, MP, EM, TS and cannot clear PE: it exits for PE only if it sets it. SDM "LMSW" under conditional exits. */
static bool ask_lmsw(const struct route *r)
{
	u64 source = r->qualification >> 16 & 0xFFFF;
	bool sets_pe = source & ~r->value[FIELD_CR0_READ_SHADOW] & r->value[FIELD_CR0_MASK] & CR0_PE;

	return sets_pe || differs(r, source, CR0_MP | CR0_EM | CR0_TS, FIELD_CR0_MASK, FIELD_CR0_READ_SHADOW);
}

static bool ask_cr_access(const struct route *r)
{
	enum { MOV_TO, MOV_FROM, CLTS, LMSW };

	switch (r->qualification >> 4 & 3) {
	case MOV_TO:
		return ask_mov_to_cr(r);
	case MOV_FROM:
		return (r->qualification & 15) == 3 ? primary(r, PRIMARY_CR3_STORE_EXITING)
						    : primary(r, PRIMARY_CR8_STORE_EXITING);
	case CLTS:
		return r->value[FIELD_CR0_MASK] & r->value[FIELD_CR0_READ_SHADOW] & CR0_TS;
	default:
		return ask_lmsw(r);
	}
}

static bool io_bit(const struct route *r, u32 port)
{
	enum field_index bitmap = port < 0x8000 ? FIELD_IO_BITMAP_A : FIELD_IO_BITMAP_B;

	return r->read(r->value[bitmap] + (port & 0x7FFF) / 8) >> (port & 7) & 1;
}

/* Any byte of the access counts; one that wraps around FFFFH always exits. */
static bool ask_io(const struct route *r)
{
	u32 port = r->qualification >> 16 & 0xFFFF, size = (r->qualification & 7) + 1;

	if (!primary(r, PRIMARY_USE_IO_BITMAPS))
		return primary(r, PRIMARY_UNCONDITIONAL_IO_EXITING);
	if (port + size > 0x10000)
		return true;
	for (u32 i = 0; i < size; i++)
		if (io_bit(r, port + i))
			return true;
	return false;
}

static bool ask_msr(const struct route *r, bool write)
{
	u32 bit = bitmap_msr_bit((u32)r->operand, write);

	if (!primary(r, PRIMARY_USE_MSR_BITMAPS) || bit == BITMAP_NO_BIT)
		return true;
	return r->read(r->value[FIELD_MSR_BITMAP] + bit / 8) >> bit % 8 & 1;
}

static bool ask_rdmsr(const struct route *r)
{
	return ask_msr(r, false);
}

static bool ask_wrmsr(const struct route *r)
{
	return ask_msr(r, true);
}

/* An encoding the bitmap has no bit for exits. */
static bool ask_field(const struct route *r, enum field_index bitmap)
{
	if (!controls_has(r->controls, GROUP_SECONDARY, SECONDARY_VMCS_SHADOWING) || r->operand >> 15)
		return true;
	return r->read(r->value[bitmap] + r->operand / 8) >> (r->operand & 7) & 1;
}

static bool ask_vmread(const struct route *r)
{
	return ask_field(r, FIELD_VMREAD_BITMAP);
}

static bool ask_vmwrite(const struct route *r)
{
	return ask_field(r, FIELD_VMWRITE_BITMAP);
}

/* One function, if it is on, with a list of 512. */
static bool ask_vmfunc(const struct route *r)
{
	u32 function = (u32)r->operand, index = r->operand >> 32;

	return function != 0 || !(r->value[FIELD_VM_FUNCTION_CONTROLS] & VM_FUNCTION_EPTP_SWITCHING) || index >= PAGE_SIZE / sizeof(u64);
}

#define OURS { OWNER_OURS, GROUP_NONE, 0, NULL }
#define L1S { OWNER_L1S, GROUP_NONE, 0, NULL }
#define PIN(b) { OWNER_CONTROL, GROUP_PIN, b, NULL }
#define PRIMARY(b) { OWNER_CONTROL, GROUP_PRIMARY, b, NULL }
#define SECONDARY(b) { OWNER_CONTROL, GROUP_SECONDARY, b, NULL }
#define ASK(function) { OWNER_ASK, GROUP_NONE, 0, ask_##function }

const struct route_row route_rows[ROUTE_ROWS] = {
#define EXIT(reason, ...) [reason] = __VA_ARGS__,
#include "nested/exits.def"
#undef EXIT
};

bool route_is_for_l1(u32 basic_reason, const struct route *route)
{
	enum route_answer answer = route_by_controls(basic_reason, route->controls);

	return answer == ROUTE_ASK ? route_rows[basic_reason].ask(route) : answer == ROUTE_L1;
}

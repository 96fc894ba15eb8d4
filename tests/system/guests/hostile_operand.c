/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A case about instructions: some VMX instructions in a row with operands nobody should give them, on a few VMCS regions that live on between them.
 * The result of each goes into the hash. Source: Intel SDM volume 3 "VMX Instruction Reference".
 */
#include "hostile.h"

#define STEPS 10u
#define UNMAPPED 0x300000000ul  /* 12 GiB: L1 has no page there */
#define FIRST_OUTSIDE 6u        /* of step_fault's operands */

extern const u8 snippet_operand[];

static void note_result(const char *name, u32 result)
{
	note(name, result);
	if (result == VM_FAIL_VALID)
		note("error", instruction_error());
	if (result >= VM_FAULT)
		note("fault code", this_cpu()->error);
}

/* A 64-bit pointer as VMXON, VMCLEAR and VMPTRLD take it. */
static u64 pick_region(void)
{
	switch (below(8)) {
	case 0: return arena(P_VMXON);
	case 1: return arena(P_SHADOW);
	case 2: return random_value(arena(P_VMCS), 64);
	case 3: return 1ul << below(64);
	case 4: return arena(P_VMCS + below(REGIONS)) | 1ul << below(12);
	default: return arena(P_VMCS + below(REGIONS));
	}
}

/* Only pages that may be written over: what a region holds is the CPU's affair. */
static bool is_harmless(u64 address)
{
	bool is_ours = address >= arena(P_SHADOW) && address < arena(ARENA_PAGES);

	return is_ours || address & 4095 || address >> caps_physical_bits();
}

static u32 pick_encoding(void)
{
	u32 encoding = one_in(3) ? (u32)random64() & 0x7FFF : field_list[1 + below(field_count - 1)];

	if (one_in(4))
		encoding ^= 1u << below(32);
	return caps_field_unclear(encoding) ? VMCS_GUEST_RIP : encoding;
}

static void step_read(void)
{
	u32 encoding = pick_encoding();
	u64 wide = one_in(8) ? 1ul << (32 + below(32)) | encoding : encoding, v = 0x5A5A;
	u32 result = vmx_read(wide, &v);

	note("VMREAD of", wide);
	note_result("VMREAD", result);
	if ((encoding >> 10 & 3) != 1 || result)
		note("value", v);
}

/* Host state stays what this program can go on with; exit information can be written on one machine only, perhaps; Bochs does not check DEBUGCTL. */
static void step_write(void)
{
	u32 encoding = pick_encoding(), type = encoding >> 10 & 3;
	u64 v = random_value(value(encoding & 0x6FFE), 64);
	bool is_field = caps_has_field(encoding & ~1u), is_other = encoding == VMCS_GUEST_ACTIVITY_STATE || (encoding & ~1u) == VMCS_GUEST_IA32_DEBUGCTL;

	if (is_field && (type == 3 || type == 0 || is_other || (type == 1 && caps_differ(CAP_MISC) >> 29 & 1)))
		encoding = VMCS_GUEST_RSP;
	note("VMWRITE of", encoding);
	note_result("VMWRITE", vmx_write(encoding, v));
}

static void step_load(void)
{
	u64 address = pick_region();

	note("VMPTRLD of", address);
	note_result("VMPTRLD", vmx_load(address));
}

static void step_clear(void)
{
	u64 address = pick_region();

	if (!is_harmless(address))
		return;
	note("VMCLEAR of", address);
	note_result("VMCLEAR", vmx_clear(address));
}

static void step_store(void)
{
	u64 address = 0x5A5A;

	note_result("VMPTRST", vmx_store(&address));
	note("current", address);
}

static void step_on(void)
{
	u64 address = pick_region();
	bool is_off = one_in(2);

	if (!is_harmless(address))
		return;
	if (is_off)
		note_result("VMXOFF", vmx_off());
	note("VMXON of", address);
	note_result("VMXON", vmx_on(address));
	if (is_off) { /* and back to where the others want it; without operation this fails and says so */
		note_result("VMXOFF", vmx_off());
		note_result("VMXON", vmx_on(arena(P_VMXON)));
		note_result("VMPTRLD", vmx_load(arena(P_VMCS)));
	}
}

static void step_invept(void)
{
	u64 descriptor[2] = { one_in(2) ? value(VMCS_EPT_POINTER) ^ (one_in(2) ? 1ul << below(64) : 0) : random_value(0, 64), one_in(8) ? random64() : 0 };
	u64 type = one_in(4) ? random64() : below(5);

	if (caps_differ(CAP_EPT_VPID) >> 21 & 1)
		descriptor[0] &= ~0x40ul;
	note("INVEPT type", type);
	note_result("INVEPT", vmx_invept(type, descriptor));
}

static void step_invvpid(void)
{
	u64 descriptor[2] = { one_in(2) ? below(4) : random_value(1, 64), random_value(0, 64) };
	u64 type = one_in(4) ? random64() : below(5);

	note("INVVPID type", type);
	note_result("INVVPID", vmx_invvpid(type, descriptor));
}

/* Launch state and current VMCS decide; what L2 does is not the matter here. */
static void step_enter(void)
{
	bool launch = one_in(2);
	u64 current = ~0ul;
	u32 result;

	(void)vmx_store(&current);
	if (current != ~0ul && current != arena(P_VMCS))
		return; /* a region with no state to come back with */
	result = hostile_enter(launch);
	note_result(launch ? "VMLAUNCH" : "VMRESUME", result);
	if (!result)
		note("reason", field(VMCS_EXIT_REASON));
}

/*
 * Operands that fault: not mapped, not canonical, across the end of what is mapped, read-only; some lie outside RAM. Bochs reads descriptors before
 * it looks at the type, the manual has it the other way: types are good ones. VMREAD and VMWRITE are the CPU's own where VMCS shadowing is: outside
 * RAM they are like any other access, which stops a partition.
 */
static void step_fault(void)
{
	u64 at[] = { UNMAPPED, 0x8000000000000000ul, 0x00007FFFFFFFFFFCul, arena(ARENA_PAGES) - 4, arena(P_PROTECTED) + below(4088), arena(P_PROTECTED),
		     arena(P_OUTSIDE + 1) - 4, arena(P_OUTSIDE) };
	u32 pick = below(ARRAY_SIZE(at)), which = below(8);
	bool is_field_access = which == 1 || which == 7;
	void *operand = (void *)at[is_field_access && pick >= FIRST_OUTSIDE ? 0 : pick];

	note("operand", (u64)operand);
	switch (which) {
	case 0: note_result("vmptrst", vmx_store(operand)); break;
	case 1: note_result("vmread", vmx_read(VMCS_GUEST_RSP, operand)); break;
	case 2: note_result("vmptrld", VMX_OPERATION("vmptrld (%2)", "r"(operand))); break;
	case 3: note_result("vmclear", VMX_OPERATION("vmclear (%2)", "r"(operand))); break;
	case 4: note_result("vmxon", VMX_OPERATION("vmxon (%2)", "r"(operand))); break;
	case 5: note_result("invept", VMX_OPERATION("invept (%2), %3", "r"(operand), "r"(below(2) + 1ul))); break;
	case 6: note_result("invvpid", VMX_OPERATION("invvpid (%2), %3", "r"(operand), "r"(below(4) + 0ul))); break;
	default: note_result("vmwrite", VMX_OPERATION("vmwrite (%2), %3", "r"(operand), "r"(VMCS_GUEST_RSP + 0ul))); break;
	}
	note("cr2", READ_CR(2));
}

/* The VMX instructions and GETSEC from ring 3, with operands good and bad. */
static void step_ring3(void)
{
	u32 which = below(13);
	u64 argument = one_in(3) ? UNMAPPED : (u64)&hostile_gprs;
	u32 vector = snippet_run(snippet_operand + 16 * which, argument, 3);

	note("ring 3 instruction", which);
	note("vector", vector);
	note("code", this_cpu()->error);
}

void operand_case(void)
{
	static void (*const steps[])(void) = { step_read, step_read, step_write, step_load, step_clear, step_store, step_on, step_invept, step_invvpid,
					       step_enter, step_fault, step_ring3 };

	tables_reset();
	world_start(V_LONG);
	sanitize();
	tables_set_program((const u8[]){ 0x0F, 0x01, 0xC1 }, 3);
	hostile_gprs = (struct gprs){ 0 };
	for (u32 i = 1; i < REGIONS; i++) {
		memset((void *)arena(P_VMCS + i), 0, 4096);
		*(u32 *)arena(P_VMCS + i) = ((u32)rdmsr(0x480) & 0x7FFFFFFF) ^ (one_in(8) ? 1u << below(32) : 0);
		(void)vmx_clear(arena(P_VMCS + i));
	}
	world_write(0);
	record_start();
	for (u32 i = 0; i < STEPS; i++)
		steps[below(ARRAY_SIZE(steps))]();
	print("@%lu operands %x\n", case_number, (u32)record_hash());
	(void)vmx_clear(arena(P_VMCS));
	(void)vmx_load(arena(P_VMCS));
}

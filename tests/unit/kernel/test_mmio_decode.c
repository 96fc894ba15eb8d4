/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MOV decoder: instructions written out by hand with what they mean, each cut short at every byte and behind every prefix; then random
 * bytes against what must hold for any input. The bytes end at the end of a heap block, so that ASan sees a byte read too many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/mmio_decode.h"

enum { LOAD = 0, STORE = 1, IMM = 2, SIGN = 4, HIGH = 8 };

struct form {
	u32 code;
	const char *bytes;
	u8 length, how, size, register_size, gpr;
	u64 immediate;
};

#define B(text) text, sizeof(text) - 1
static const struct form forms[] = {
	/* 64-bit code */
	{ 64, B("\x88\x07"), STORE, 1, 1, 0, 0 },                          /* mov [rdi], al */
	{ 64, B("\x88\x27"), STORE | HIGH, 1, 1, 0, 0 },                   /* mov [rdi], ah */
	{ 64, B("\x40\x88\x27"), STORE, 1, 1, 4, 0 },                      /* mov [rdi], spl */
	{ 64, B("\x44\x88\x27"), STORE, 1, 1, 12, 0 },                     /* mov [rdi], r12b */
	{ 64, B("\x89\x37"), STORE, 4, 4, 6, 0 },                          /* mov [rdi], esi */
	{ 64, B("\x66\x89\x37"), STORE, 2, 2, 6, 0 },                      /* mov [rdi], si */
	{ 64, B("\x48\x89\x37"), STORE, 8, 8, 6, 0 },                      /* mov [rdi], rsi */
	{ 64, B("\x66\x48\x89\x37"), STORE, 8, 8, 6, 0 },                  /* REX.W beats 66 */
	{ 64, B("\x4C\x89\x3F"), STORE, 8, 8, 15, 0 },                     /* mov [rdi], r15 */
	{ 64, B("\x89\x14\x25\xB0\xE0\xFE\xFF"), STORE, 4, 4, 2, 0 },      /* mov [disp32], edx */
	{ 64, B("\x89\x15\x10\x20\x30\x40"), STORE, 4, 4, 2, 0 },          /* mov [rip + disp32], edx */
	{ 64, B("\x89\x57\x20"), STORE, 4, 4, 2, 0 },                      /* mov [rdi + 0x20], edx */
	{ 64, B("\x89\x97\x00\x03\x00\x00"), STORE, 4, 4, 2, 0 },          /* mov [rdi + 0x300], edx */
	{ 64, B("\x89\x54\x24\x20"), STORE, 4, 4, 2, 0 },                  /* mov [rsp + 0x20], edx */
	{ 64, B("\x89\x94\xCB\x00\x03\x00\x00"), STORE, 4, 4, 2, 0 },      /* mov [rbx + rcx*8 + 0x300], edx */
	{ 64, B("\x89\x14\xCB"), STORE, 4, 4, 2, 0 },                      /* mov [rbx + rcx*8], edx */
	{ 64, B("\x8A\x0F"), LOAD, 1, 1, 1, 0 },                           /* mov cl, [rdi] */
	{ 64, B("\x8A\x3F"), LOAD | HIGH, 1, 1, 3, 0 },                    /* mov bh, [rdi] */
	{ 64, B("\x8B\x87\x20\x00\x00\x00"), LOAD, 4, 4, 0, 0 },           /* mov eax, [rdi + 0x20] */
	{ 64, B("\x67\x8B\x07"), LOAD, 4, 4, 0, 0 },                       /* mov eax, [edi] */
	{ 64, B("\x45\x8B\x45\x00"), LOAD, 4, 4, 8, 0 },                   /* mov r8d, [r13] */
	{ 64, B("\x49\x8B\x04\x24"), LOAD, 8, 8, 0, 0 },                   /* mov rax, [r12] */
	{ 64, B("\x65\x8B\x07"), LOAD, 4, 4, 0, 0 },                       /* mov eax, gs:[rdi] */
	{ 64, B("\x0F\xB6\x07"), LOAD, 1, 4, 0, 0 },                       /* movzx eax, byte [rdi] */
	{ 64, B("\x0F\xB7\x0F"), LOAD, 2, 4, 1, 0 },                       /* movzx ecx, word [rdi] */
	{ 64, B("\x48\x0F\xB6\x07"), LOAD, 1, 8, 0, 0 },                   /* movzx rax, byte [rdi] */
	{ 64, B("\x66\x0F\xB6\x27"), LOAD, 1, 2, 4, 0 },                   /* movzx sp, byte [rdi]: no high byte */
	{ 64, B("\x0F\xBE\x07"), LOAD | SIGN, 1, 4, 0, 0 },                /* movsx eax, byte [rdi] */
	{ 64, B("\x4C\x0F\xBF\x07"), LOAD | SIGN, 2, 8, 8, 0 },            /* movsx r8, word [rdi] */
	{ 64, B("\xC6\x07\x80"), STORE | IMM, 1, 1, 0, 0x80 },             /* mov byte [rdi], 0x80 */
	{ 64, B("\x66\xC7\x07\x34\x12"), STORE | IMM, 2, 2, 0, 0x1234 },   /* mov word [rdi], 0x1234 */
	{ 64, B("\xC7\x07\x78\x56\x34\x92"), STORE | IMM, 4, 4, 0, 0x92345678 },
	{ 64, B("\x48\xC7\x07\x00\x00\x00\x80"), STORE | IMM, 8, 8, 0, 0xFFFFFFFF80000000 },
	{ 64, B("\xC7\x04\x25\x80\xE3\xFE\xFF\x01\x00\x00\x00"), STORE | IMM, 4, 4, 0, 1 },
	{ 64, B("\xA1\x20\x00\xE0\xFE\x00\x00\x00\x00"), LOAD, 4, 4, 0, 0 },   /* mov eax, [moffs64] */
	{ 64, B("\x48\xA3\x20\x00\xE0\xFE\x00\x00\x00\x00"), STORE, 8, 8, 0, 0 },
	{ 64, B("\x67\xA0\x20\x00\xE0\xFE"), LOAD, 1, 1, 0, 0 },           /* mov al, [moffs32] */
	{ 64, B("\x66\xA3\x20\x00\xE0\xFE\x00\x00\x00\x00"), STORE, 2, 2, 0, 0 },
	/* 32-bit code */
	{ 32, B("\x89\x37"), STORE, 4, 4, 6, 0 },
	{ 32, B("\x66\x89\x37"), STORE, 2, 2, 6, 0 },
	{ 32, B("\x88\x37"), STORE | HIGH, 1, 1, 2, 0 },                   /* mov [edi], dh */
	{ 32, B("\x89\x15\xB0\x00\xE0\xFE"), STORE, 4, 4, 2, 0 },          /* mov [disp32], edx */
	{ 32, B("\xA1\x20\x00\xE0\xFE"), LOAD, 4, 4, 0, 0 },
	{ 32, B("\x67\x8B\x46\x10"), LOAD, 4, 4, 0, 0 },                   /* mov eax, [bp + 0x10] */
	{ 32, B("\x67\x8B\x0E\x10\x20"), LOAD, 4, 4, 1, 0 },               /* mov ecx, [disp16] */
	{ 32, B("\x67\xA3\x10\x20"), STORE, 4, 4, 0, 0 },
	{ 32, B("\xC7\x05\xB0\x00\xE0\xFE\x00\x00\x00\x00"), STORE | IMM, 4, 4, 0, 0 },
	/* 16-bit code */
	{ 16, B("\x89\x04"), STORE, 2, 2, 0, 0 },                          /* mov [si], ax */
	{ 16, B("\x66\x89\x04"), STORE, 4, 4, 0, 0 },
	{ 16, B("\x8B\x16\x10\x20"), LOAD, 2, 2, 2, 0 },                   /* mov dx, [disp16] */
	{ 16, B("\x8B\x86\x10\x20"), LOAD, 2, 2, 0, 0 },                   /* mov ax, [bp + disp16] */
	{ 16, B("\x8B\x46\x10"), LOAD, 2, 2, 0, 0 },
	{ 16, B("\x67\x66\x8B\x04\x25\xB0\x00\xE0\xFE"), LOAD, 4, 4, 0, 0 }, /* mov eax, [disp32] by SIB */
	{ 16, B("\xA1\x10\x20"), LOAD, 2, 2, 0, 0 },
	{ 16, B("\xC7\x04\x34\x12"), STORE | IMM, 2, 2, 0, 0x1234 },
	{ 16, B("\x66\xC7\x04\x78\x56\x34\x12"), STORE | IMM, 4, 4, 0, 0x12345678 },
	{ 16, B("\x66\x0F\xB6\x04"), LOAD, 1, 4, 0, 0 },
};

static bool decode(const void *bytes, u32 available, u32 code, struct mmio_insn *insn)
{
	u8 *copy = malloc(available ? available : 1);

	memcpy(copy, bytes, available);
	memset(insn, 0xEE, sizeof(*insn));
	bool done = mmio_decode(available ? copy : copy + 1, available, code, insn);
	free(copy);
	return done;
}

static void expect(const struct form *f, const struct mmio_insn *insn, u32 length)
{
	if (insn->length != length || insn->size != f->size || insn->register_size != f->register_size || insn->is_write != !!(f->how & STORE) ||
	    insn->has_immediate != !!(f->how & IMM) || insn->sign_extend != !!(f->how & SIGN))
		fail_msg("form %zu: length %u size %u register %u", (size_t)(f - forms), insn->length, insn->size, insn->register_size);
	if (f->how & IMM) {
		assert_int_equal(insn->immediate, f->immediate);
		return;
	}
	if (insn->gpr != f->gpr || insn->high_byte != !!(f->how & HIGH))
		fail_msg("form %zu: register %u, high %u", (size_t)(f - forms), insn->gpr, insn->high_byte);
}

static void decodes_each_form(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(forms); i++) {
		struct mmio_insn insn;
		u8 longer[15];

		if (!decode(forms[i].bytes, forms[i].length, forms[i].code, &insn))
			fail_msg("form %u refused", i);
		expect(&forms[i], &insn, forms[i].length);
		memset(longer, 0xCC, sizeof(longer)); /* what follows does not matter */
		memcpy(longer, forms[i].bytes, forms[i].length);
		assert_true(decode(longer, sizeof(longer), forms[i].code, &insn));
		expect(&forms[i], &insn, forms[i].length);
	}
}

static void refuses_each_form_cut_short(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(forms); i++)
		for (u32 available = 0; available < forms[i].length; available++) {
			struct mmio_insn insn;

			if (decode(forms[i].bytes, available, forms[i].code, &insn))
				fail_msg("form %u taken with %u bytes", i, available);
		}
}

static bool decode_behind(const struct form *f, u32 count, u8 prefix, struct mmio_insn *insn)
{
	u8 bytes[32];

	memset(bytes, prefix, count);
	memcpy(bytes + count, f->bytes, f->length);
	return decode(bytes, count + f->length, f->code, insn);
}

static void passes_over_segment_overrides(void **state)
{
	static const u8 overrides[] = { 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65 };
	struct mmio_insn insn;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(forms); i++)
		for (u32 o = 0; o < ARRAY_SIZE(overrides); o++)
			for (u32 count = 1; count < 17; count++) {
				bool fits = count + forms[i].length <= 15;

				assert_int_equal(decode_behind(&forms[i], count, overrides[o], &insn), fits);
				if (fits)
					expect(&forms[i], &insn, count + forms[i].length);
			}
}

static void refuses_lock_repeat_and_vex(void **state)
{
	static const u8 refused[] = { 0xF0, 0xF2, 0xF3, 0xC4, 0xC5, 0x62, 0x8F, 0x0F };
	struct mmio_insn insn;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(forms); i++)
		for (u32 r = 0; r < ARRAY_SIZE(refused); r++)
			assert_false(decode_behind(&forms[i], 1, refused[r], &insn));
}

/* A REX prefix counts only right before the opcode: anything between makes it another instruction. */
static void refuses_a_prefix_behind_rex(void **state)
{
	struct mmio_insn insn;

	(void)state;
	assert_false(decode("\x48\x66\x89\x37", 4, 64, &insn));
	assert_false(decode("\x48\x48\x89\x37", 4, 64, &insn));
	assert_false(decode("\x40\x65\x8B\x07", 4, 64, &insn));
}

/* Outside 64-bit code 40 to 4F are INC and DEC. */
static void knows_no_rex_outside_64_bit_code(void **state)
{
	struct mmio_insn insn;

	(void)state;
	for (u32 byte = 0x40; byte < 0x50; byte++) {
		const u8 bytes[] = { (u8)byte, 0x89, 0x37, 0, 0, 0 };

		assert_true(decode(bytes, sizeof(bytes), 64, &insn));
		assert_false(decode(bytes, sizeof(bytes), 32, &insn));
		assert_false(decode(bytes, sizeof(bytes), 16, &insn));
	}
}

static bool is_known(u8 opcode)
{
	return (opcode >= 0x88 && opcode <= 0x8B) || (opcode >= 0xA0 && opcode <= 0xA3) || opcode == 0xC6 || opcode == 0xC7;
}

/* Every one-byte and 0F opcode with a memory operand and with a register operand. */
static void refuses_all_other_opcodes(void **state)
{
	struct mmio_insn insn;

	(void)state;
	for (u32 opcode = 0; opcode < 256; opcode++) {
		const u8 one[15] = { (u8)opcode, 0x00 }, two[15] = { 0x0F, (u8)opcode, 0x00 };
		bool is_prefix = opcode == 0x66 || opcode == 0x67 || opcode == 0x26 || opcode == 0x2E || opcode == 0x36 || opcode == 0x3E ||
				 opcode == 0x64 || opcode == 0x65;
		bool extends = opcode == 0xB6 || opcode == 0xB7 || opcode == 0xBE || opcode == 0xBF;

		assert_int_equal(decode(one, 15, 32, &insn), is_known((u8)opcode) && !is_prefix);
		assert_int_equal(decode(two, 15, 64, &insn), extends);
	}
}

static void refuses_register_operands(void **state)
{
	static const u8 opcodes[] = { 0x88, 0x89, 0x8A, 0x8B, 0xC6, 0xC7 };
	struct mmio_insn insn;

	(void)state;
	for (u32 o = 0; o < ARRAY_SIZE(opcodes); o++)
		for (u32 modrm = 0xC0; modrm < 256; modrm++) {
			const u8 bytes[15] = { opcodes[o], (u8)modrm };

			assert_false(decode(bytes, sizeof(bytes), 64, &insn));
			assert_false(decode(bytes, sizeof(bytes), 16, &insn));
		}
}

/* C6 and C7 are MOV only as /0; /7 with F8 is XABORT, XBEGIN. */
static void refuses_other_groups_of_c6_and_c7(void **state)
{
	struct mmio_insn insn;

	(void)state;
	for (u32 reg = 0; reg < 8; reg++)
		for (u32 wide = 0; wide < 2; wide++) {
			const u8 bytes[15] = { (u8)(0xC6 + wide), (u8)(reg << 3) };

			assert_int_equal(decode(bytes, sizeof(bytes), 64, &insn), reg == 0);
		}
}

static u64 random_next(u64 *seed)
{
	*seed ^= *seed << 13, *seed ^= *seed >> 7, *seed ^= *seed << 17;
	return *seed;
}

static void check_any(const u8 *bytes, u32 available, u32 code)
{
	struct mmio_insn insn, shorter, longer;
	u8 padded[15];

	if (!decode(bytes, available, code, &insn))
		return;
	assert_true(insn.length >= 2 && insn.length <= available && insn.length <= 15);
	assert_true(insn.size == 1 || insn.size == 2 || insn.size == 4 || (insn.size == 8 && code == 64));
	assert_true(insn.register_size >= insn.size && insn.register_size <= (code == 64 ? 8 : 4));
	assert_true(insn.gpr < (code == 64 ? 16 : 8));
	assert_true(!insn.high_byte || (insn.gpr < 4 && insn.register_size == 1));
	assert_true(!insn.has_immediate || (insn.is_write && !insn.sign_extend));
	assert_true(!insn.is_write || insn.register_size == insn.size);
	/* neither more bytes nor fewer than its own change what it is */
	assert_false(decode(bytes, insn.length - 1u, code, &shorter));
	assert_true(decode(bytes, insn.length, code, &shorter));
	assert_memory_equal(&shorter, &insn, sizeof(insn));
	memset(padded, 0x90, sizeof(padded));
	memcpy(padded, bytes, insn.length);
	assert_true(decode(padded, sizeof(padded), code, &longer));
	assert_memory_equal(&longer, &insn, sizeof(insn));
}

static void holds_its_promises_on_random_bytes(void **state)
{
	static const u8 likely[] = { 0x66, 0x67, 0x48, 0x41, 0x65, 0x0F, 0xB6, 0x88, 0x89, 0x8A, 0x8B, 0xA0, 0xA3, 0xC6, 0xC7, 0x04, 0x05, 0x44, 0x84, 0xBF };
	static const u32 codes[] = { 16, 32, 64 };
	u64 seed = 0x9E3779B97F4A7C15ull;

	(void)state;
	for (u32 i = 0; i < 60000; i++) {
		u8 bytes[20];

		for (u32 b = 0; b < sizeof(bytes); b++) {
			u64 r = random_next(&seed);
			bytes[b] = r & 0x300 ? likely[(r >> 16) % ARRAY_SIZE(likely)] : (u8)r;
		}
		check_any(bytes, (u32)(random_next(&seed) >> 20) % (sizeof(bytes) + 1), codes[i % 3]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_each_form), cmocka_unit_test(refuses_each_form_cut_short),
		cmocka_unit_test(passes_over_segment_overrides), cmocka_unit_test(refuses_lock_repeat_and_vex),
		cmocka_unit_test(refuses_a_prefix_behind_rex), cmocka_unit_test(knows_no_rex_outside_64_bit_code),
		cmocka_unit_test(refuses_all_other_opcodes), cmocka_unit_test(refuses_register_operands),
		cmocka_unit_test(refuses_other_groups_of_c6_and_c7), cmocka_unit_test(holds_its_promises_on_random_bytes),
	};

	return cmocka_run_group_tests_name("mmio_decode", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Decoder of MMIO instructions; see mmio_decode.h. A cursor over the bytes, a table of opcodes. */
#include "kernel/mmio_decode.h"

struct cursor {
	const u8 *bytes;
	u32 available, at;
	bool failed;
};

struct prefixes {
	u32 code;
	bool operand_size, address_size;
	u8 rex;
};

static u8 next(struct cursor *c)
{
	if (c->at >= c->available || c->at >= 15) {
		c->failed = true;
		return 0;
	}
	return c->bytes[c->at++];
}

static u64 next_value(struct cursor *c, u32 bytes)
{
	u64 value = 0;

	for (u32 i = 0; i < bytes; i++)
		value |= (u64)next(c) << (8 * i);
	return value;
}

/* LOCK, REP and VEX are not MOV's; the segment overrides do not matter, the address is known already. */
static u8 skip_prefixes(struct cursor *c, struct prefixes *p)
{
	for (;;) {
		u8 byte = next(c);

		switch (byte) {
		case 0x66: p->operand_size = true; break;
		case 0x67: p->address_size = true; break;
		case 0x26: case 0x2E: case 0x36: case 0x3E: case 0x64: case 0x65: break;
		case 0x40 ... 0x4F:
			if (p->code != 64)
				return byte;
			p->rex = byte;
			return next(c);
		default: return byte;
		}
		if (c->failed)
			return 0;
	}
}

static u32 operand_bytes(const struct prefixes *p)
{
	if (p->rex & 8)
		return 8;
	return (p->code == 16) != p->operand_size ? 2 : 4;
}

static u32 address_bytes(const struct prefixes *p)
{
	if (p->code == 64)
		return p->address_size ? 4 : 8;
	return (p->code == 16) != p->address_size ? 2 : 4;
}

/* Passes over ModRM, SIB and displacement; the memory form only. */
static u8 skip_modrm(struct cursor *c, const struct prefixes *p)
{
	u8 modrm = next(c), mod = modrm >> 6, rm = modrm & 7;

	if (mod == 3) {
		c->failed = true;
		return modrm;
	}
	if (address_bytes(p) == 2) {
		c->at += mod == 1 ? 1 : mod == 2 || rm == 6 ? 2 : 0;
		return modrm;
	}
	u8 base = rm == 4 ? next(c) & 7 : rm;
	c->at += mod == 1 ? 1 : mod == 2 || base == 5 ? 4 : 0;
	return modrm;
}

enum operand { REGISTER_TO_MEMORY, MEMORY_TO_REGISTER, IMMEDIATE, OFFSET_LOAD, OFFSET_STORE, EXTEND_ZERO, EXTEND_SIGN };

static const struct opcode { u16 code; u8 operand; u8 size; } opcodes[] = {
	/* size 0: the operand size */
	{ 0x88, REGISTER_TO_MEMORY, 1 }, { 0x89, REGISTER_TO_MEMORY, 0 },
	{ 0x8A, MEMORY_TO_REGISTER, 1 }, { 0x8B, MEMORY_TO_REGISTER, 0 },
	{ 0xA0, OFFSET_LOAD, 1 },        { 0xA1, OFFSET_LOAD, 0 },
	{ 0xA2, OFFSET_STORE, 1 },       { 0xA3, OFFSET_STORE, 0 },
	{ 0xC6, IMMEDIATE, 1 },          { 0xC7, IMMEDIATE, 0 },
	{ 0x0FB6, EXTEND_ZERO, 1 },      { 0x0FB7, EXTEND_ZERO, 2 },
	{ 0x0FBE, EXTEND_SIGN, 1 },      { 0x0FBF, EXTEND_SIGN, 2 },
};

static const struct opcode *find_opcode(u16 code)
{
	for (u32 i = 0; i < ARRAY_SIZE(opcodes); i++)
		if (opcodes[i].code == code)
			return &opcodes[i];
	return NULL;
}

static void name_register(struct mmio_insn *insn, const struct prefixes *p, u8 modrm)
{
	insn->gpr = (modrm >> 3 & 7) | (p->rex & 4 ? 8 : 0);
	bool byte_register = insn->register_size == 1;

	if (byte_register && !p->rex && insn->gpr >= 4) {
		insn->high_byte = true;
		insn->gpr -= 4;
	}
}

static void decode_operand(struct cursor *c, const struct prefixes *p, const struct opcode *op, struct mmio_insn *insn)
{
	if (op->operand == OFFSET_LOAD || op->operand == OFFSET_STORE) {
		insn->is_write = op->operand == OFFSET_STORE;
		c->at += address_bytes(p);
		return; /* register 0: AL, AX, EAX or RAX */
	}
	u8 modrm = skip_modrm(c, p);
	insn->is_write = op->operand == REGISTER_TO_MEMORY || op->operand == IMMEDIATE;
	insn->sign_extend = op->operand == EXTEND_SIGN;
	if (op->operand != IMMEDIATE) {
		name_register(insn, p, modrm);
		return;
	}
	u32 bytes = insn->size == 8 ? 4 : insn->size;
	insn->has_immediate = true;
	insn->immediate = next_value(c, bytes);
	if (insn->size == 8)
		insn->immediate = (u64)(int64_t)(int32_t)insn->immediate;
	if (modrm & 0x38)
		c->failed = true;
}

bool mmio_decode(const u8 *bytes, u32 available, u32 code, struct mmio_insn *insn)
{
	struct cursor c = { bytes, available, 0, false };
	struct prefixes p = { .code = code };
	u16 byte = skip_prefixes(&c, &p);

	if (byte == 0x0F)
		byte = 0x0F00 | next(&c);
	const struct opcode *op = find_opcode(byte);
	if (c.failed || !op)
		return false;
	*insn = (struct mmio_insn){ .size = op->size ? op->size : (u8)operand_bytes(&p) };
	bool extends = op->operand == EXTEND_ZERO || op->operand == EXTEND_SIGN;
	insn->register_size = extends ? (u8)operand_bytes(&p) : insn->size;
	decode_operand(&c, &p, op, insn);
	insn->length = (u8)c.at;
	return !c.failed && c.at <= available && c.at <= 15;
}

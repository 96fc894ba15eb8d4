/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What two machines offer to a hypervisor, as words of numbers that travel on a command line: VMX capability MSRs 480H to 491H, the VMCS fields there
 * are, some CPUID words. Cases use what both have. Also the command line.
 */
#include "hostile.h"

static struct capabilities own, other;
static const u32 control_words[GROUPS] = { 13, 14, 11, 15, 16 }; /* the TRUE MSRs */

/* Fields with an index below 64: the index, then type, then width. */
static u32 field_number(u32 encoding)
{
	return (encoding >> 1 & 63) | (encoding >> 10 & 3) << 6 | (encoding >> 13 & 3) << 8;
}

static bool is_plain_field(u32 encoding)
{
	return !(encoding & ~0x6C7Eu);
}

static u64 read_capability(u32 msr)
{
	u64 v;

	return probe_rdmsr(msr, &v) == NO_FAULT ? v : 0;
}

static void gather_fields(void)
{
	for (u32 e = 0; e < 0x7000; e += 2) {
		u64 v;

		if (is_plain_field(e) && vmx_read(e, &v) == VM_OK)
			own.word[CAP_FIELDS + field_number(e) / 64] |= 1ull << field_number(e) % 64;
	}
}

/* In VMX operation, with a current VMCS. */
void caps_gather(void)
{
	struct registers r1 = cpuid(1, 0), r7 = cpuid(7, 0), rd = cpuid(13, 1), re = cpuid(0x80000001, 0);
	u64 *words = own.word + CAP_CPUID;

	for (u32 i = 0; i < MSR_WORDS; i++)
		own.word[i] = read_capability(0x480 + i);
	gather_fields();
	words[0] = r1.c & ~(1u << 27 | 1u << 31);
	words[1] = r1.d;
	words[2] = r7.b;
	words[3] = r7.c;
	words[4] = r7.d;
	words[5] = rd.a;
	words[6] = (u64)re.c << 32 | re.d;
	words[7] = cpuid(0x80000008, 0).a & 0xFF;
	other = own;
}

void caps_print(void)
{
	print("caps=");
	for (u32 i = 0; i < CAPABILITY_WORDS; i++)
		print("%s%lx", i ? "," : "", own.word[i]);
	print("\n");
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void caps_take(const char *text)
{
	for (u32 i = 0; text && i < CAPABILITY_WORDS; i++, text += *text == ',') {
		other.word[i] = 0;
		for (; digit(*text) >= 0; text++)
			other.word[i] = other.word[i] << 4 | (u64)digit(*text);
	}
}

u64 caps_common(u32 word)
{
	return own.word[word] & other.word[word];
}

u64 caps_differ(u32 word)
{
	return own.word[word] ^ other.word[word];
}

u32 caps_must(enum group group)
{
	return (u32)own.word[control_words[group]] | (u32)other.word[control_words[group]];
}

u32 caps_may(enum group group)
{
	return (u32)(caps_common(control_words[group]) >> 32);
}

u32 caps_unclear(enum group group)
{
	u64 differ = caps_differ(control_words[group]);

	return (u32)differ | (u32)(differ >> 32);
}

static bool bit_of(u64 (*of)(u32 word), u32 encoding)
{
	u32 number = field_number(encoding);

	return is_plain_field(encoding) && of(CAP_FIELDS + number / 64) >> number % 64 & 1;
}

bool caps_has_field(u32 encoding)
{
	return bit_of(caps_common, encoding);
}

bool caps_field_unclear(u32 encoding)
{
	return bit_of(caps_differ, encoding & ~1u);
}

u32 caps_physical_bits(void)
{
	return (u32)own.word[CAP_CPUID + 7];
}

/* What follows name= on the command line, or NULL. */
const char *option(const char *name)
{
	for (const char *at = command_line(); *at; at++) {
		u32 i = 0;

		while (name[i] && at[i] == name[i])
			i++;
		if (!name[i] && (at == command_line() || at[-1] == ' '))
			return at[i] == '=' ? at + i + 1 : at + i;
	}
	return NULL;
}

/* Decimal. */
u64 option_number(const char *name, u64 otherwise)
{
	const char *text = option(name);
	u64 number = 0;

	for (; text && *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (u64)(*text - '0');
	return text ? number : otherwise;
}

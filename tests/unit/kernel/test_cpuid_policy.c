/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest sees of CPUID, against CPUs that claim everything, something or nothing. The lists of leaves here are written by hand, not
 * taken from cpuid.def: a row too many fails. Source: Intel SDM volume 2 "CPUID".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/cpuid_policy.h"

static const struct cpuid_moment still;
static const struct cpuid_config plain = { .cpu_count = 2, .has_rdtscp = true, .has_invpcid = true, .tsc_hz = 2000000000 };

static struct cpuid_result claims_all(u32 leaf, u32 subleaf)
{
	(void)subleaf;
	if (leaf == 0 || leaf == 0x80000000)
		return (struct cpuid_result){ leaf | 0xFF, ~0u, ~0u, ~0u };
	return (struct cpuid_result){ ~0u, ~0u, ~0u, ~0u };
}

static struct cpuid_result claims_nothing(u32 leaf, u32 subleaf)
{
	(void)subleaf;
	return (struct cpuid_result){ leaf & 0x80000000, 0, 0, 0 };
}

static struct cpuid_table build(struct cpuid_config config, cpuid_source *hardware)
{
	struct cpuid_table table;

	memset(&table, 0xA5, sizeof(table));
	cpuid_build(&table, &config, hardware);
	return table;
}

static struct cpuid_result look(const struct cpuid_table *table, u32 leaf, u32 subleaf)
{
	return cpuid_lookup(table, leaf, subleaf, &still);
}

static bool is_zero(struct cpuid_result r)
{
	return !r.eax && !r.ebx && !r.ecx && !r.edx;
}

#define ANY CPUID_ANY_SUBLEAF
static const struct { u32 leaf, subleaf; } allowed[] = {
	{ 0x0, ANY }, { 0x1, ANY }, { 0x2, ANY }, { 0x4, 0 }, { 0x4, 1 }, { 0x4, 2 }, { 0x4, 3 }, { 0x7, 0 }, { 0xB, ANY },
	{ 0xD, 0 }, { 0xD, 1 }, { 0xD, 2 }, { 0xD, 5 }, { 0xD, 6 }, { 0xD, 7 }, { 0x15, ANY },
	{ 0x40000000, ANY }, { 0x40000001, ANY }, { 0x40000002, ANY }, { 0x40000100, ANY },
	{ 0x80000000, ANY }, { 0x80000001, ANY }, { 0x80000002, ANY }, { 0x80000003, ANY }, { 0x80000004, ANY },
	{ 0x80000006, ANY }, { 0x80000007, ANY }, { 0x80000008, ANY },
};

static bool is_allowed(u32 leaf, u32 subleaf)
{
	for (u32 i = 0; i < ARRAY_SIZE(allowed); i++)
		if (allowed[i].leaf == leaf && (allowed[i].subleaf == ANY || allowed[i].subleaf == subleaf))
			return true;
	return false;
}

static void reads_zero_where_no_row_is(void **state)
{
	static const u32 subleaves[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 18, 31, 32, 63, 0x100, 0x80000000, ~0u };
	static const u32 bases[] = { 0, 0x20000000, 0x40000000, 0x40000100, 0x40000200, 0x80000000, 0x8000FF00, 0xC0000000, 0xFFFFFF00 };
	struct cpuid_config config = plain;
	struct cpuid_moment second = { .apic_id = 1 };

	(void)state;
	config.nested = true;
	memset(config.build_identity, 0x5A, sizeof(config.build_identity));
	struct cpuid_table table = build(config, claims_all);
	for (u32 b = 0; b < ARRAY_SIZE(bases); b++)
		for (u32 n = 0; n < 256; n++)
			for (u32 s = 0; s < ARRAY_SIZE(subleaves); s++) {
				struct cpuid_result r = cpuid_lookup(&table, bases[b] + n, subleaves[s], &second);

				if (is_allowed(bases[b] + n, subleaves[s]) == is_zero(r))
					fail_msg("leaf %x subleaf %x", bases[b] + n, subleaves[s]);
			}
}

/* Bits of what a guest must never be told, however much the CPU claims: register 0 EAX .. 3 EDX. */
static void hides_what_nestbox_does_not_run(void **state)
{
	static const struct { u32 leaf, subleaf, index, bits; const char *what; } hidden[] = {
		{ 1, 0, 2, 1u << 3, "MONITOR" }, { 1, 0, 2, 1u << 5, "VMX" }, { 1, 0, 2, 1u << 6, "SMX" },
		{ 1, 0, 2, 1u << 7 | 1u << 8, "EIST, TM2" }, { 1, 0, 2, 1u << 2 | 1u << 15, "DTES64, PDCM" },
		{ 1, 0, 2, 1u << 18, "DCA" }, { 1, 0, 2, 1u << 27, "OSXSAVE before CR4 has it" },
		{ 1, 0, 3, 1u << 18 | 1u << 21 | 1u << 22 | 1u << 29 | 1u << 31, "PSN, DS, ACPI, TM, PBE" },
		{ 7, 0, 0, ~0u, "subleaves" },
		{ 7, 0, 1, 1u << 2 | 1u << 4 | 1u << 11 | 1u << 12 | 1u << 14 | 1u << 15 | 1u << 25, "SGX HLE RTM PQM MPX PQE PT" },
		{ 7, 0, 2, 1u << 3 | 1u << 4 | 1u << 5 | 1u << 7 | 1u << 13 | 1u << 16 | 1u << 23 | 1u << 30 | 1u << 31,
		  "PKU OSPKE WAITPKG CET_SS TME LA57 KL SGX_LC PKS" },
		{ 7, 0, 3, 1u << 5 | 1u << 18 | 1u << 19 | 1u << 20 | 1u << 22 | 1u << 24 | 1u << 25,
		  "UINTR PCONFIG ArchLBR CET_IBT AMX" },
		{ 0xD, 0, 0, ~0xE7u, "state components" }, { 0xD, 0, 3, ~0u, "high state components" },
		{ 0xD, 1, 0, 1u << 3 | 1u << 4, "XSAVES, XFD" }, { 0xD, 1, 2, ~0u, "supervisor state" },
		{ 0x80000007, 0, 3, ~(1u << 8), "power management" }, { 0x80000008, 0, 1, ~0u, "extended features" },
		{ 0x80000001, 0, 2, 1u << 2 | 1u << 6, "SVM, SSE4A" },
	};
	struct cpuid_table table = build(plain, claims_all);

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(hidden); i++) {
		struct cpuid_result r = look(&table, hidden[i].leaf, hidden[i].subleaf);
		const u32 value[4] = { r.eax, r.ebx, r.ecx, r.edx };

		if (value[hidden[i].index] & hidden[i].bits)
			fail_msg("%s: %x", hidden[i].what, value[hidden[i].index] & hidden[i].bits);
	}
}

static void adds_nothing_to_a_bare_cpu(void **state)
{
	struct cpuid_table table = build(plain, claims_nothing);

	(void)state;
	assert_int_equal(look(&table, 0, 0).eax, 0x15);
	assert_int_equal(look(&table, 1, 0).ecx, 1u << 31);     /* a hypervisor is there */
	assert_int_equal(look(&table, 1, 0).edx, 1u << 28);     /* HTT: two CPUs */
	assert_true(is_zero(look(&table, 7, 0)));
	assert_true(is_zero(look(&table, 4, 0)));
	assert_true(is_zero(look(&table, 0xD, 0)));
	assert_true(is_zero(look(&table, 0x80000001, 0)));
}

static struct cpuid_result old_cpu(u32 leaf, u32 subleaf)
{
	(void)subleaf;
	if (leaf == 0)
		return (struct cpuid_result){ 6, 0, 0, 0 };
	/* Intel answers leaves above the highest with data of the highest: it must not be taken for theirs */
	return (struct cpuid_result){ ~0u, ~0u, ~0u, ~0u };
}

static void asks_no_leaf_the_cpu_lacks(void **state)
{
	struct cpuid_table table = build(plain, old_cpu);

	(void)state;
	assert_int_not_equal(look(&table, 4, 0).eax, 0);
	assert_true(is_zero(look(&table, 7, 0)));
	assert_true(is_zero(look(&table, 0xD, 0)));
	assert_true(is_zero(look(&table, 0xD, 2)));
}

static void shows_vmx_only_with_nesting(void **state)
{
	struct cpuid_config config = plain;

	(void)state;
	for (u32 nested = 0; nested < 2; nested++) {
		config.nested = nested;
		struct cpuid_table full = build(config, claims_all), bare = build(config, claims_nothing);

		assert_int_equal(look(&full, 1, 0).ecx >> 5 & 1, nested);
		assert_int_equal(look(&bare, 1, 0).ecx >> 5 & 1, nested);
		assert_int_equal(look(&full, 0x40000002, 0).eax, nested);
	}
}

static void follows_the_controls(void **state)
{
	struct cpuid_config config = plain;
	config.has_xsaves = config.has_arch_capabilities = true;
	struct cpuid_table with = build(config, claims_all);

	(void)state;
	config.has_rdtscp = config.has_invpcid = config.has_xsaves = config.has_arch_capabilities = false;
	struct cpuid_table without = build(config, claims_all);
	assert_int_equal(look(&with, 7, 0).ebx ^ look(&without, 7, 0).ebx, 1u << 10);
	assert_int_equal(look(&with, 7, 0).ecx ^ look(&without, 7, 0).ecx, 1u << 22);
	assert_int_equal(look(&with, 7, 0).edx ^ look(&without, 7, 0).edx, 1u << 29);
	assert_int_equal(look(&with, 0xD, 1).eax ^ look(&without, 0xD, 1).eax, 1u << 3);
	assert_int_equal(look(&with, 0x80000001, 0).edx ^ look(&without, 0x80000001, 0).edx, 1u << 27);
}

static struct cpuid_result with_caches(u32 leaf, u32 subleaf)
{
	if (leaf == 0)
		return (struct cpuid_result){ 0x20, 0, 0, 0 };
	if (leaf == 4) /* types data, code, unified, unified; levels 1 1 2 3; the machine's own sharing everywhere */
		return (struct cpuid_result){ 0xFFFFC100u | (u32[]){ 0x21, 0x22, 0x43, 0x63 }[subleaf & 3], 1, 2, 3 };
	return (struct cpuid_result){ 0, 0, 0, 0 };
}

static void describes_one_package(void **state)
{
	static const u32 shift[] = { 0, 0, 1, 2, 2, 3, 3, 3, 3 };

	(void)state;
	for (u32 cpus = 1; cpus <= 8; cpus++) {
		struct cpuid_config config = plain;
		config.cpu_count = cpus;
		struct cpuid_table table = build(config, with_caches);
		struct cpuid_moment last = { .apic_id = cpus - 1 };
		struct cpuid_result one = cpuid_lookup(&table, 1, 0, &last);

		assert_int_equal(one.ebx >> 24, cpus - 1);
		assert_int_equal(one.ebx >> 16 & 0xFF, cpus);
		assert_int_equal(one.edx >> 28 & 1, cpus > 1);
		struct cpuid_result thread = cpuid_lookup(&table, 0xB, 0, &last), core = cpuid_lookup(&table, 0xB, 1, &last);
		assert_int_equal(thread.eax, 0);
		assert_int_equal(thread.ebx, 1);
		assert_int_equal(thread.ecx, 0x100);
		assert_int_equal(core.eax, shift[cpus]);
		assert_int_equal(core.ebx, cpus);
		assert_int_equal(core.ecx, 0x201);
		assert_int_equal(thread.edx, cpus - 1);
		assert_int_equal(core.edx, cpus - 1);
		assert_true((cpus - 1) >> core.eax == 0);
		for (u32 cache = 0; cache < 4; cache++) {
			u32 eax = look(&table, 4, cache).eax;

			assert_int_equal(eax >> 26, (1u << shift[cpus]) - 1);
			assert_int_equal(eax >> 14 & 0xFFF, cache == 3 ? (1u << shift[cpus]) - 1 : 0);
			assert_int_equal(eax & 0x1FF, with_caches(4, cache).eax & 0x1FF);
		}
	}
}

static void ends_the_topology(void **state)
{
	struct cpuid_table table = build(plain, claims_all);
	struct cpuid_moment second = { .apic_id = 1 };
	struct cpuid_result r = cpuid_lookup(&table, 0xB, 0x1FF, &second);

	(void)state;
	assert_int_equal(r.eax, 0);
	assert_int_equal(r.ebx, 0);
	assert_int_equal(r.ecx, 0xFF);
	assert_int_equal(r.edx, 1);
}

static void tells_the_tsc(void **state)
{
	struct cpuid_config config = plain;

	(void)state;
	for (u64 hz = 50000000; hz < 4200000000; hz += 415000001) {
		config.tsc_hz = hz;
		struct cpuid_table table = build(config, claims_all);
		struct cpuid_result r = look(&table, 0x15, 0);

		assert_int_equal((u64)r.ecx * r.ebx / r.eax, hz);
	}
}

static void follows_the_moment(void **state)
{
	struct cpuid_table table = build(plain, claims_all);
	struct cpuid_moment moment = { .apic_id = 1, .osxsave = true, .xsave_bytes = 0x340 };

	(void)state;
	assert_int_equal(cpuid_lookup(&table, 1, 0, &moment).ecx ^ look(&table, 1, 0).ecx, 1u << 27);
	assert_int_equal(cpuid_lookup(&table, 0xD, 0, &moment).ebx, 0x340);
	assert_int_equal(look(&table, 0xD, 0).ebx, ~0u);
}

static void signs_the_hypervisor_leaves(void **state)
{
	struct cpuid_config config = plain;
	char text[13] = "";

	(void)state;
	for (u32 i = 0; i < 16; i++)
		config.build_identity[i] = (u8)(0xF0 + i);
	struct cpuid_table table = build(config, claims_all);
	struct cpuid_result r = look(&table, 0x40000000, 0);
	memcpy(text, &r.ebx, 12);
	assert_string_equal(text, "NestboxNestb");
	assert_int_equal(r.eax, 0x40000002);
	r = look(&table, 0x40000001, 7);
	assert_memory_equal(&r, config.build_identity, 16);
	r = look(&table, 0x40000100, 0);
	memcpy(text, &r.ebx, 12);
	assert_string_equal(text, "KVMKVMKVM");
	assert_int_equal(r.eax, 0x40000101);
}

static void keeps_every_row_findable(void **state)
{
	struct cpuid_table table = build(plain, claims_all);

	(void)state;
	for (u32 i = 0; i < table.count; i++) {
		const struct cpuid_entry *e = &table.entry[i];
		struct cpuid_result r = look(&table, e->leaf, e->subleaf == ANY ? 0 : e->subleaf);

		r.edx = e->leaf == 0xB ? e->value.edx : r.edx;
		assert_memory_equal(&r, &e->value, sizeof(r));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_zero_where_no_row_is), cmocka_unit_test(hides_what_nestbox_does_not_run),
		cmocka_unit_test(adds_nothing_to_a_bare_cpu), cmocka_unit_test(asks_no_leaf_the_cpu_lacks),
		cmocka_unit_test(shows_vmx_only_with_nesting), cmocka_unit_test(follows_the_controls),
		cmocka_unit_test(describes_one_package), cmocka_unit_test(ends_the_topology), cmocka_unit_test(tells_the_tsc),
		cmocka_unit_test(follows_the_moment), cmocka_unit_test(signs_the_hypervisor_leaves),
		cmocka_unit_test(keeps_every_row_findable),
	};

	return cmocka_run_group_tests_name("cpuid_policy", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instructions C has no words for, one inline function each. Nothing here decides anything.
 * Source: Intel SDM volume 2, each instruction under its own name.
 */
#ifndef BSP_CPU_H
#define BSP_CPU_H

#include "bsp/types.h"

struct cpuid_result { u32 eax, ebx, ecx, edx; };

static inline struct cpuid_result cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_result r;

	asm volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
	return r;
}

static inline u64 rdmsr(u32 msr)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (u64)high << 32 | low;
}

static inline void wrmsr(u32 msr, u64 value)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static inline u64 rdtsc(void)
{
	u32 low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

#define DEFINE_PORT_ACCESS(suffix, type)                                                                   \
	static inline type port_in##suffix(u16 port)                                                       \
	{                                                                                                  \
		type value;                                                                                \
		asm volatile("in" #suffix " %1, %0" : "=a"(value) : "Nd"(port));                           \
		return value;                                                                              \
	}                                                                                                  \
	static inline void port_out##suffix(u16 port, type value)                                          \
	{                                                                                                  \
		asm volatile("out" #suffix " %0, %1" : : "a"(value), "Nd"(port));                          \
	}
DEFINE_PORT_ACCESS(b, u8)
DEFINE_PORT_ACCESS(w, u16)
DEFINE_PORT_ACCESS(l, u32)

static inline void port_read_words(u16 port, void *to, u64 count)
{
	asm volatile("rep insw" : "+D"(to), "+c"(count) : "d"(port) : "memory");
}

static inline void port_write_words(u16 port, const void *from, u64 count)
{
	asm volatile("rep outsw" : "+S"(from), "+c"(count) : "d"(port) : "memory");
}

#define DEFINE_CR_ACCESS(n)                                                                                \
	static inline u64 read_cr##n(void)                                                                 \
	{                                                                                                  \
		u64 value;                                                                                 \
		asm volatile("mov %%cr" #n ", %0" : "=r"(value));                                          \
		return value;                                                                              \
	}                                                                                                  \
	static inline void write_cr##n(u64 value)                                                          \
	{                                                                                                  \
		asm volatile("mov %0, %%cr" #n : : "r"(value) : "memory");                                 \
	}
DEFINE_CR_ACCESS(0)
DEFINE_CR_ACCESS(2)
DEFINE_CR_ACCESS(3)
DEFINE_CR_ACCESS(4)

static inline u64 xgetbv(u32 index)
{
	u32 low, high;

	asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(index));
	return (u64)high << 32 | low;
}

static inline void xsetbv(u32 index, u64 value)
{
	asm volatile("xsetbv" : : "c"(index), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static inline void invlpg(const void *address)
{
	asm volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline void wbinvd(void) { asm volatile("wbinvd" ::: "memory"); }
static inline void cpu_pause(void) { asm volatile("pause" ::: "memory"); }
static inline void cpu_halt(void) { asm volatile("hlt" ::: "memory"); }
static inline void interrupts_disable(void) { asm volatile("cli" ::: "memory"); }
/* STI's one-instruction shadow makes the pair atomic: no wake-up is lost between them. */
static inline void interrupts_enable_and_halt(void) { asm volatile("sti; hlt; cli" ::: "memory"); }
/* STAC and CLAC exist only with SMAP, which is on wherever it exists. */
static inline bool has_smap(void) { return read_cr4() & BIT(21); }
static inline void user_access_begin(void) { if (has_smap()) asm volatile("stac" ::: "memory"); }
static inline void user_access_end(void) { if (has_smap()) asm volatile("clac" ::: "memory"); }

#endif

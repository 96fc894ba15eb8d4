/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the test guests share: registers, ports, printing, traps that are caught and named, other CPUs. A guest
 * defines guest_main() and reports with check(); finish() prints the count line and ends the run.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define CPUS 2

enum { VECTOR_DB = 1, VECTOR_NMI = 2, VECTOR_UD = 6, VECTOR_GP = 13, VECTOR_PF = 14, VECTOR_AC = 17, NO_FAULT = 0x81 };
enum { CODE_RING0 = 0x08, DATA_RING0 = 0x10, DATA_RING3 = 0x23, CODE_RING3 = 0x2B };

struct trap_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	u64 vector, error, rip, cs, rflags, rsp, ss;
};

/* At GS base; start.S and GUARDED() know the first three offsets. */
struct cpu {
	struct cpu *self;
	u64 fixup;        /* where a fault of a guarded instruction continues; 0: none expected */
	u64 snippet_rsp;  /* of snippet_enter(); 0: no snippet runs */
	u32 vector;       /* of the last fault caught */
	u32 error;
	u32 index;
	volatile u32 seen[256]; /* interrupts and exceptions by vector */
};

extern struct cpu cpus[CPUS];
extern u64 boot_information;

static inline struct cpu *this_cpu(void)
{
	struct cpu *cpu;

	asm volatile("movq %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

/* guest.c; the guest defines guest_main(), which the boot CPU enters with its traps ready after traps_init(0) */
void guest_main(void);
void *memcpy(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Counts; prints the text when it does not hold. Safe on both CPUs. */
bool check(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));
void finish(const char *name) __attribute__((noreturn));
const char *command_line(void);
void debug_exit(u8 status) __attribute__((noreturn));

/* trap.c */
void traps_init(u64 index);
/* A handler of a vector runs with interrupts off and ends the interrupt itself. */
typedef void trap_handler(struct trap_frame *frame);
void trap_set(u32 vector, trap_handler *handler);
/* Runs code that ends with INT $0x81, with the argument in RDI, in ring 0 or 3. Returns the vector it left by. */
u32 snippet_run(const void *code, u64 argument, u32 ring);

/* lapic.c: the local APIC through its page or its MSRs, whichever APIC_BASE says */
enum { APIC_ID = 0x20, APIC_VERSION = 0x30, APIC_TPR = 0x80, APIC_EOI = 0xB0, APIC_LDR = 0xD0, APIC_DFR = 0xE0, APIC_SVR = 0xF0,
       APIC_ISR = 0x100, APIC_IRR = 0x200, APIC_ESR = 0x280, APIC_ICR = 0x300, APIC_ICR2 = 0x310, APIC_TIMER = 0x320,
       APIC_LINT0 = 0x350, APIC_ERROR = 0x370, APIC_INITIAL = 0x380, APIC_CURRENT = 0x390, APIC_DIVIDE = 0x3E0 };
#define APIC_PAGE 0xFEE00000ull
#define IOAPIC_PAGE 0xFEC00000ull
u32 lapic_read(u32 offset);
void lapic_write(u32 offset, u32 value);
void lapic_enable(void);
void lapic_eoi(void);
void lapic_send(u32 destination, u32 command);
bool lapic_is_x2(void);
void lapic_to_x2(void);
/* INIT and two SIPIs; true once it has come to guest_other_main(). */
bool cpu_start(u32 index);
extern volatile u32 cpu_generation; /* how often the other CPU has come up */
/* What the other CPU does once it is up. */
void guest_other(void);

/* ports */
static inline void outb(u16 port, u8 value) { asm volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }
static inline void outw(u16 port, u16 value) { asm volatile("outw %0, %1" : : "a"(value), "Nd"(port)); }
static inline void outl(u16 port, u32 value) { asm volatile("outl %0, %1" : : "a"(value), "Nd"(port)); }
static inline u8 inb(u16 port) { u8 v; asm volatile("inb %1, %0" : "=a"(v) : "Nd"(port)); return v; }
static inline u16 inw(u16 port) { u16 v; asm volatile("inw %1, %0" : "=a"(v) : "Nd"(port)); return v; }
static inline u32 inl(u16 port) { u32 v; asm volatile("inl %1, %0" : "=a"(v) : "Nd"(port)); return v; }

static inline u64 rdtsc(void)
{
	u32 low, high;

	asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

struct registers { u32 a, b, c, d; };

static inline struct registers cpuid(u32 leaf, u32 subleaf)
{
	struct registers r;

	asm volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(subleaf));
	return r;
}

/* One instruction that may fault: afterwards this_cpu()->vector is NO_FAULT or what it was. */
#define GUARDED(text) "movl $0x81, %%gs:24; movq $771f, %%gs:8; " text "; 771: movq $0, %%gs:8"

static inline u32 probe_rdmsr(u32 msr, u64 *value)
{
	u32 low = 0, high = 0;

	asm volatile(GUARDED("rdmsr") : "+a"(low), "+d"(high) : "c"(msr) : "memory");
	*value = (u64)high << 32 | low;
	return this_cpu()->vector;
}

static inline u32 probe_wrmsr(u32 msr, u64 value)
{
	asm volatile(GUARDED("wrmsr") : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
	return this_cpu()->vector;
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

#define READ_CR(n) ({ u64 value_; asm volatile("mov %%cr" #n ", %0" : "=r"(value_)); value_; })
#define PROBE_CR(n, value) ({ asm volatile(GUARDED("mov %0, %%cr" #n) : : "r"((u64)(value)) : "memory"); this_cpu()->vector; })

static inline void interrupts_on(void) { asm volatile("sti" : : : "memory"); }
static inline void interrupts_off(void) { asm volatile("cli" : : : "memory"); }
static inline void pause(void) { asm volatile("pause" : : : "memory"); }
static inline void halt(void) { asm volatile("sti; hlt; cli" : : : "memory"); }

static inline u32 mmio_read(u64 address) { return *(volatile u32 *)address; }
static inline void mmio_write(u64 address, u32 value) { *(volatile u32 *)address = value; }

/* Waits up to this many TSC ticks for a condition. */
#define WAIT_FOR(condition, ticks) ({ \
	u64 until_ = rdtsc() + (ticks); \
	bool came_; \
	while (!(came_ = (condition)) && rdtsc() < until_) \
		pause(); \
	came_; \
})

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The L2 guest: a program without an operating system that checks, from the inside, that the virtual
 * machine around it works: CPUID, ports, memory, timer interrupts, a second CPU.  It says what it
 * found in its own words through L2_PORT_TEXT and ends with a write to L2_PORT_EXIT.
 * Manual: SDM volume 3, "Advanced Programmable Interrupt Controller (APIC)".
 */
#include <stdbool.h>
#include <stddef.h>

#include "l2abi.h"

#define APIC_BASE	0xfee00000UL
#define APIC_ID		0x020
#define APIC_EOI	0x0b0
#define APIC_SPURIOUS	0x0f0
#define APIC_ICR_LOW	0x300
#define APIC_ICR_HIGH	0x310
#define APIC_LVT_TIMER	0x320
#define APIC_TIMER_INIT	0x380
#define APIC_TIMER_DIV	0x3e0

#define APIC_ENABLE	0x100
#define APIC_MASKED	0x10000
#define APIC_PERIODIC	0x20000
#define APIC_DIV_1	0xb
#define ICR_INIT	0x4500
#define ICR_STARTUP	0x4600
#define ICR_FIXED	0x4000

#define VECTOR_TIMER	0x30
#define VECTOR_IPI	0x31
#define VECTOR_SPURIOUS	0xff
#define EXCEPTIONS_WITH_CODE	0x60227d00U	/* 8, 10-14, 17, 21, 29, 30 */

/*
 * Bus ticks; KVM's bus runs at 1 GHz: 20 ms.  Three levels deep on an emulator the way into this guest and
 * back takes KVM 2 ms: a shorter period would keep it busy with the timer and nothing else.
 */
#define TIMER_PERIOD	20000000
#define TIMER_TICKS	10
#define HANDSHAKE_TURNS	200
#define LOCKED_ADDS	20000

struct gate {
	uint16_t offset_low, selector, flags, offset_mid;
	uint32_t offset_high, zero;
};

struct gate_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

void l2_main(uint32_t cpu);
void l2_on_exception(uint64_t rip);
void l2_on_timer(void);
void l2_on_ipi(void);

/* l2start.S */
extern const char l2_exception[], l2_exception_code[], l2_timer[], l2_ipi[];

static volatile struct l2_params *const params = (volatile struct l2_params *)L2_PARAMS;
static struct gate idt[256];
static volatile uint32_t timer_ticks;
static volatile uint32_t ipi_count[L2_CPUS];
static volatile uint32_t second_cpu_up;
static volatile uint32_t turn;
static uint64_t shared_sum;

/* --- the machine --- */

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static void out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static uint16_t in16(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static uint32_t in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static uint64_t tsc_read(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static void cpuid(uint32_t leaf, uint32_t reg[4])
{
	__asm__ volatile("cpuid" : "=a"(reg[0]), "=b"(reg[1]), "=c"(reg[2]), "=d"(reg[3])
			 : "a"(leaf), "c"(0));
}

static void apic_write(uint32_t reg, uint32_t value)
{
	*(volatile uint32_t *)(APIC_BASE + reg) = value;
}

static void apic_send(uint32_t target, uint32_t command)
{
	apic_write(APIC_ICR_HIGH, target << 24);
	apic_write(APIC_ICR_LOW, command);
}

static void pause_cpu(void)
{
	__asm__ volatile("pause" : : : "memory");
}

/* Interrupts are on only while the CPU sleeps, so a check and the sleep after it cannot race. */
static void sleep_once(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

/* --- text --- */

static void print(const char *text)
{
	size_t length = 0;

	while (text[length] != '\0')
		length++;
	__asm__ volatile("rep outsb" : "+S"(text), "+c"(length) : "d"((uint16_t)L2_PORT_TEXT)
			 : "memory");
}

static void print_number(uint64_t value)
{
	char digits[21];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	print(&digits[at]);
}

static void print_hex(uint64_t value)
{
	char digits[17];

	for (int i = 0; i < 16; i++)
		digits[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
	digits[16] = '\0';
	print(digits);
}

static void say(const char *text, uint64_t value, const char *unit)
{
	print("L2: ");
	print(text);
	print_number(value);
	print(unit);
	print("\n");
}

static void __attribute__((noreturn)) leave(uint8_t code)
{
	for (;;)
		out8(L2_PORT_EXIT, code);
}

static void __attribute__((noreturn)) fail(const char *what, uint64_t value)
{
	print("L2: FAILED: ");
	print(what);
	print(" 0x");
	print_hex(value);
	print("\n");
	leave(1);
}

/* --- interrupts --- */

/* Called by the stubs of l2start.S. */
void l2_on_exception(uint64_t rip)
{
	fail("unexpected exception at", rip);
}

void l2_on_timer(void)
{
	timer_ticks = timer_ticks + 1;
	apic_write(APIC_EOI, 0);
}

void l2_on_ipi(void)
{
	uint32_t cpu = *(volatile uint32_t *)(APIC_BASE + APIC_ID) >> 24;

	if (cpu >= L2_CPUS)
		fail("local APIC ID", cpu);
	ipi_count[cpu] = ipi_count[cpu] + 1;
	apic_write(APIC_EOI, 0);
}

static void gate_set(uint32_t vector, uintptr_t handler)
{
	idt[vector] = (struct gate){
		.offset_low = (uint16_t)handler,
		.selector = 0x10,
		.flags = 0x8e00,
		.offset_mid = (uint16_t)(handler >> 16),
		.offset_high = (uint32_t)(handler >> 32),
	};
}

static void idt_build(void)
{
	for (uint32_t vector = 0; vector < 32; vector++) {
		bool has_code = EXCEPTIONS_WITH_CODE >> vector & 1;

		gate_set(vector, (uintptr_t)(has_code ? l2_exception_code : l2_exception));
	}
	gate_set(VECTOR_TIMER, (uintptr_t)l2_timer);
	gate_set(VECTOR_IPI, (uintptr_t)l2_ipi);
	gate_set(VECTOR_SPURIOUS, (uintptr_t)l2_exception);
}

static void cpu_init(void)
{
	struct gate_pointer pointer = { sizeof(idt) - 1, (uint64_t)idt };

	__asm__ volatile("lidt %0" : : "m"(pointer));
	apic_write(APIC_SPURIOUS, APIC_ENABLE | VECTOR_SPURIOUS);
}

/* --- the checks --- */

static void check_cpuid(void)
{
	uint32_t reg[4];
	char name[13];

	params->stage = L2_STAGE_CPUID;
	cpuid(0, reg);
	__builtin_memcpy(name, &reg[1], 4);
	__builtin_memcpy(name + 4, &reg[3], 4);
	__builtin_memcpy(name + 8, &reg[2], 4);
	name[12] = '\0';
	for (size_t i = 0; i < sizeof(params->vendor); i++)
		if (name[i] != params->vendor[i])
			fail("CPUID vendor differs from what the VMM set, at byte", i);
	print("L2: CPUID vendor ");
	print(name);
	cpuid(1, reg);
	if (!(reg[2] >> 31))
		fail("CPUID.1:ECX has no hypervisor bit", reg[2]);
	cpuid(0x40000000, reg);
	if (reg[1] != 0x4b4d564b || reg[2] != 0x564b4d56 || reg[3] != 0x4d)
		fail("hypervisor signature is not KVM's", reg[1]);
	__builtin_memcpy(name, &reg[1], 12);
	print(", hypervisor ");
	print(name);
	print("\n");
}

static void check_ports(void)
{
	uint32_t value = 0x12345678;
	uint32_t trips = 0;

	params->stage = L2_STAGE_PORTS;
	for (; trips < 64; trips++) {
		value = value * 1664525 + 1013904223;
		out32(L2_PORT_ECHO, value);
		if (in32(L2_PORT_ECHO) != ~value)
			fail("32-bit port round trip", value);
		out16(L2_PORT_ECHO, (uint16_t)value);
		if (in16(L2_PORT_ECHO) != (uint16_t)~value)
			fail("16-bit port round trip", value);
		out8(L2_PORT_ECHO, (uint8_t)value);
		if (in8(L2_PORT_ECHO) != (uint8_t)~value)
			fail("8-bit port round trip", value);
	}
	say("ports: ", trips * 3, " round trips of 1, 2 and 4 bytes");
}

static uint64_t pattern(uintptr_t address)
{
	uint64_t x = address * 0x9e3779b97f4a7c15;

	return x ^ x >> 29;
}

static void pattern_range(uintptr_t start, size_t size)
{
	for (uintptr_t at = start; at < start + size; at += 8)
		*(volatile uint64_t *)at = pattern(at);
	for (uintptr_t at = start; at < start + size; at += 8)
		if (*(volatile uint64_t *)at != pattern(at))
			fail("memory pattern lost at", at);
}

/* An access that straddles two pages must reach both, and nothing beside its eight bytes. */
static void straddle_pages(uintptr_t start, size_t size)
{
	for (uintptr_t at = start + 4096 - 3; at + 8 < start + size; at += 4096) {
		uint64_t want = pattern(at);
		const volatile uint8_t *byte = (const volatile uint8_t *)at;

		*(volatile uint64_t *)at = want;
		for (int i = 0; i < 8; i++)
			if (byte[i] != (uint8_t)(want >> (8 * i)))
				fail("write across a page boundary lost at", at);
		if (byte[-1] != (uint8_t)(pattern(at - 5) >> 32) ||
		    byte[8] != (uint8_t)(pattern(at + 3) >> 40))
			fail("write across a page boundary spilled at", at);
	}
}

static void check_memory(void)
{
	params->stage = L2_STAGE_MEMORY;
	pattern_range(L2_LOW_TEST, L2_LOW_TEST_SIZE);
	straddle_pages(L2_LOW_TEST, L2_LOW_TEST_SIZE);
	pattern_range(L2_HIGH, L2_HIGH_SIZE);
	straddle_pages(L2_HIGH, L2_HIGH_SIZE);
	say("memory: ", (L2_LOW_TEST_SIZE + L2_HIGH_SIZE) >> 20,
	    " MiB of pattern kept, page boundaries crossed, part of it above 4 GiB");
}

static void check_timer(void)
{
	uint64_t first = tsc_read();
	uint64_t before = first;

	params->stage = L2_STAGE_TIMER;
	apic_write(APIC_TIMER_DIV, APIC_DIV_1);
	apic_write(APIC_LVT_TIMER, APIC_PERIODIC | VECTOR_TIMER);
	apic_write(APIC_TIMER_INIT, TIMER_PERIOD);
	while (timer_ticks < TIMER_TICKS) {
		uint64_t now;

		sleep_once();
		now = tsc_read();
		if (now <= before)
			fail("TSC went backwards from", before);
		before = now;
	}
	apic_write(APIC_LVT_TIMER, APIC_MASKED | VECTOR_TIMER);
	apic_write(APIC_TIMER_INIT, 0);
	say("timer: ", timer_ticks, " interrupts, TSC rising all along");
}

static void ipi_wait(uint32_t cpu)
{
	while (ipi_count[cpu] == 0)
		sleep_once();
}

/* Both CPUs add under a lock prefix while they hand a turn to and fro. */
static void handshake(uint32_t cpu)
{
	for (uint32_t step = cpu; step < HANDSHAKE_TURNS; step += L2_CPUS) {
		while (turn != step)
			pause_cpu();
		turn = step + 1;
		for (int i = 0; i < LOCKED_ADDS / HANDSHAKE_TURNS; i++)
			__atomic_fetch_add(&shared_sum, 1, __ATOMIC_SEQ_CST);
	}
}

static void __attribute__((noreturn)) second_cpu(void)
{
	cpu_init();
	second_cpu_up = 1;
	handshake(1);
	ipi_wait(1);
	apic_send(0, ICR_FIXED | VECTOR_IPI);
	for (;;)
		__asm__ volatile("cli; hlt");
}

static void check_cpus(void)
{
	params->stage = L2_STAGE_CPUS;
	apic_send(1, ICR_INIT);
	apic_send(1, ICR_STARTUP | L2_LOAD >> 12);
	while (!second_cpu_up)
		pause_cpu();
	print("L2: second CPU started by INIT and SIPI\n");
	handshake(0);
	while (turn != HANDSHAKE_TURNS)
		pause_cpu();
	apic_send(1, ICR_FIXED | VECTOR_IPI);
	ipi_wait(0);
	if (ipi_count[0] != 1 || ipi_count[1] != 1)
		fail("wrong count of IPIs", (uint64_t)ipi_count[0] << 32 | ipi_count[1]);
	/* The second CPU has sent its IPI after its last addition. */
	if (shared_sum != LOCKED_ADDS)
		fail("locked additions lost, sum", shared_sum);
	say("CPUs: ", LOCKED_ADDS, " locked additions by two CPUs, an IPI each way");
}

void l2_main(uint32_t cpu)
{
	if (cpu != 0)
		second_cpu();
	print("L2: hello from inside the virtual machine\n");
	idt_build();
	cpu_init();
	check_cpuid();
	check_ports();
	check_memory();
	check_timer();
	check_cpus();
	params->stage = L2_STAGE_DONE;
	print("L2: every check passed\n");
	leave(0);
}

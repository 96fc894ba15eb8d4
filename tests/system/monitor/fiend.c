/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A monitor gone wrong, for tests of what keeps partitions apart: linked in front of the monitor's ports (tests/rules.mk), in builds of the tests
 * alone. Its guest says what it shall do.
 */
#include "tests/system/monitor/fiend.h"

#include <stddef.h>

#include "bsp/newlib/sys_call.h"
#include "console.h"
#include "devices/board.h"
#include "kernel/monitor_abi.h"
#include "print.h"

#define RING0 0xFFFFFFFF80000000ull
#define NOWHERE 0x8000000000000000ull
#define MSR_LSTAR 0xC0000082u
#define OWN 0x600D600Dull /* stands for a good pointer */
#define ADDRESS(pointer) ((uint64_t)(uintptr_t)(pointer))

void __real_board_port_out(struct board *board, uint16_t port, uint32_t size, uint64_t value);
void __wrap_board_port_out(struct board *board, uint16_t port, uint32_t size, uint64_t value);

static uint8_t own_page[4096] __attribute__((aligned(4096)));

static void reads(uint64_t address) { __asm__ volatile("movb (%0), %%al" : : "r"(address) : "rax"); }
static void reads_nothing(void) { reads(8); }
static void reads_ring0(void) { reads(RING0 + 0x1000000); }
static void writes_text(void) { *(volatile uint8_t *)(uintptr_t)MONITOR_TEXT_VA = 0; }
static void runs_guest_ram(void) { ((void (*)(void))(uintptr_t)MONITOR_RAM_VA)(); }
static void jumps_nowhere(void) { __asm__ volatile("jmp *%0" : : "r"(NOWHERE)); }
static void masks(void) { __asm__ volatile("sti"); }
static void uses_a_port(void) { __asm__ volatile("outb %%al, $0x80" : : "a"(0)); }
static void writes_msr(void) { __asm__ volatile("wrmsr" : : "c"(MSR_LSTAR), "a"(0), "d"(0)); }
static void does_syscall(void) { __asm__ volatile("syscall" : : : "rcx", "r11", "memory"); }
static void does_sysenter(void) { __asm__ volatile("sysenter" : : : "memory"); }
static void steps(void) { __asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq; nop; nop" : : : "memory", "cc"); }

static void recurses(void)
{
	volatile uint8_t frame[512];

	frame[0] = 0;
	if (frame[0] == 0)
		recurses();
	frame[1] = 0;
}

/* What a partition behind the first must be refused, and what everybody must: a row that goes through is a hole. */
static const struct { const char *name; uint64_t number, first, second, third; } calls[] = {
	{ "names the first partition", SYS_PARTITION, 0, OWN, 0 },
	{ "names another partition", SYS_PARTITION, 1, OWN, 0 },
	{ "types for the first", SYS_CONSOLE_FEED, 0, 'x', 0 },
	{ "types for another", SYS_CONSOLE_FEED, 1, 'x', 0 },
	{ "types for one there is not", SYS_CONSOLE_FEED, 1000, 'x', 0 },
	{ "binds the console's line", SYS_IRQ_BIND, CONSOLE_HOST_IRQ, 0, 0 },
	{ "binds the disk's line", SYS_IRQ_BIND, DISK_HOST_IRQ, 0, 0 },
	{ "asks for the disk's message", SYS_IRQ_BIND, DISK_HOST_IRQ, 1, 0 },
	{ "reads the serial port", SYS_PORT_READ, 0x3F8, 1, 0 },
	{ "reads the disk's port", SYS_PORT_READ, 0x1F7, 1, 0 },
	{ "reads PCI configuration", SYS_PORT_READ, 0xCFC, 4, 0 },
	{ "resets the box by a port", SYS_PORT_WRITE, 0xCF9, 1, 6 },
	{ "writes PCI configuration", SYS_PORT_WRITE, 0xCF8, 4, 0x80000000 },
	{ "reads words of the disk", SYS_PORT_READ_WORDS, 0x1F0, OWN, 512 },
	{ "writes words to the disk", SYS_PORT_WRITE_WORDS, 0x1F0, OWN, 512 },
	{ "asks where its memory lies", SYS_DMA_ADDRESS, OWN, 0, 0 },
	{ "maps the box's IOAPIC", SYS_MMIO_MAP, 0xFEC00000, 4096, 0 },
	{ "maps a card's registers", SYS_MMIO_MAP, 0xFEB00000, 4096, 0 },
	{ "maps memory at 1 MiB", SYS_MMIO_MAP, 0x100000, 4096, 0 },
	{ "reads the box's log", SYS_LOG_READ, OWN, 256, 0 },
	{ "counts on a CPU it has not", SYS_STATISTICS, 2, OWN, 0 },
	{ "counts on a CPU far away", SYS_STATISTICS, UINT64_MAX, OWN, 0 },
	{ "has counts written into ring 0", SYS_STATISTICS, 0, RING0, 0 },
	{ "has counts written into its text", SYS_STATISTICS, 0, MONITOR_TEXT_VA, 0 },
	{ "logs ring 0", SYS_LOG, RING0, 16, 0 },
	{ "logs guest RAM", SYS_LOG, MONITOR_RAM_VA, 16, 0 },
	{ "logs more than a line", SYS_LOG, MONITOR_TEXT_VA, 257, 0 },
	{ "writes to the line out of ring 0", SYS_CONSOLE_WRITE, RING0, 16, 0 },
	{ "writes to the line from below its text", SYS_CONSOLE_WRITE, MONITOR_TEXT_VA - 1, 2, 0 },
	{ "writes to the line beyond the end of addresses", SYS_CONSOLE_WRITE, UINT64_MAX, 4096, 0 },
	{ "stops for no reason", SYS_STOP, 0, 0, 0 },
	{ "stops for a reason there is not", SYS_STOP, 1000, 0, 0 },
	{ "sends an interrupt that is none", SYS_MSI, 0xFED00000, 0x31, 0 },
	{ "makes a call there is not", SYS_COUNT, 0, 0, 0 },
	{ "makes a call far away", UINT64_MAX, 0, 0, 0 },
};

static uint64_t argument(uint64_t value)
{
	return value == OWN ? ADDRESS(own_page) : value;
}

static void asks_for_others(void)
{
	uint32_t holes = 0;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		int64_t result = sys_call(calls[i].number, argument(calls[i].first), argument(calls[i].second), calls[i].third);

		if (result < 0 && result > -100)
			continue;
		holes++;
		print("guest: WRONG: a monitor that %s is answered %llx\n", calls[i].name, (unsigned long long)result);
	}
	print("fiend: %zu calls, %u went through\n", sizeof(calls) / sizeof(calls[0]), holes);
}

/* System calls with flags, stack pointer and segments that ring 0 must not rely on. */
static void calls_in_disorder(void)
{
	int64_t result = SYS_COUNT;
	uint16_t none = 0;

	__asm__ volatile("pushfq; movq %%rsp, %%r15; pushfq; orl $0x44400, (%%rsp); popfq; movq $-8, %%rsp; int $0x80; movq %%r15, %%rsp; popfq"
			 : "+a"(result) : : "r15", "memory", "cc"); /* DF, NT, AC */
	__asm__ volatile("movw %0, %%ds; movw %0, %%es; movw %0, %%fs; movw %0, %%gs" : : "r"(none));
	result = sys_call(SYS_STATISTICS, 0, ADDRESS(own_page), 0);
	print("fiend: calls in disorder, and one in order after them: %d\n", (int)result);
}

static void hogs(void)
{
	for (;;)
		__asm__ volatile("");
}

static const struct { const char *name; void (*commit)(void); } deeds[FIEND_COUNT] = {
	[FIEND_READS_NOTHING] = { "reads where nothing is", reads_nothing },
	[FIEND_READS_RING0] = { "reads ring 0", reads_ring0 },
	[FIEND_WRITES_TEXT] = { "writes its own text", writes_text },
	[FIEND_RUNS_GUEST_RAM] = { "runs what its guest wrote", runs_guest_ram },
	[FIEND_RECURSES] = { "calls itself for ever", recurses },
	[FIEND_JUMPS_NOWHERE] = { "jumps to an address that is none", jumps_nowhere },
	[FIEND_MASKS] = { "sets the interrupt flag", masks },
	[FIEND_USES_A_PORT] = { "writes to a port", uses_a_port },
	[FIEND_WRITES_MSR] = { "writes an MSR", writes_msr },
	[FIEND_SYSCALL] = { "uses SYSCALL", does_syscall },
	[FIEND_SYSENTER] = { "uses SYSENTER", does_sysenter },
	[FIEND_STEPS] = { "steps", steps },
	[FIEND_ASKS_FOR_OTHERS] = { "asks for what is others'", asks_for_others },
	[FIEND_CALLS_IN_DISORDER] = { "makes system calls in disorder", calls_in_disorder },
	[FIEND_HOGS] = { "hogs its CPU", hogs },
};

void __wrap_board_port_out(struct board *board, uint16_t port, uint32_t size, uint64_t value)
{
	if (port != FIEND_PORT || value >= FIEND_COUNT) {
		__real_board_port_out(board, port, size, value);
		return;
	}
	print("fiend: the monitor %s\n", deeds[value].name);
	deeds[value].commit();
	if (value < FIEND_ENDS)
		print("guest: WRONG: the monitor %s, and went on\n", deeds[value].name);
}

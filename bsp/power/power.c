/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reset and power-off. Owns no device; writes the few registers that end everything.
 * Source: ACPI Specification 6.5, 4.8.3.6 "Reset Register", 4.8.3.2.1 "PM1 Control Registers"; 16.1
 * "Sleeping States".
 */
#include "bsp/power/power.h"

#include "bsp/console/console.h"
#include "bsp/cpu.h"
#include "bsp/memory/paging.h"

#define RESET_CONTROL_PORT 0xCF9
#define RESET_FULL 0x02
#define RESET_FULL_NOW 0x06
#define KEYBOARD_PORT 0x64
#define KEYBOARD_INPUT_FULL 0x02
#define KEYBOARD_PULSE_RESET 0xFE
#define PCI_ADDRESS_PORT 0xCF8
#define PCI_DATA_PORT 0xCFC
#define PCI_ENABLE 0x80000000u

#define PM1_SCI_ENABLE BIT(0)
#define PM1_SLEEP_TYPE_SHIFT 10
#define PM1_SLEEP_TYPE_MASK 0x1C00u
#define PM1_SLEEP_ENABLE 0x2000u
#define WAIT_READS 100000u

/* Emulators that end by a port: bytes of a text, or else one 16-bit value. */
static const struct {
	const char *machine;
	u16 port, value;
	const char *text;
} power_off_ports[] = {
	{ "Bochs", 0x8900, 0, "Shutdown" },
	{ "QEMU q35", 0x0604, 0x2000, NULL },
	{ "QEMU pc", 0xB004, 0x2000, NULL },
};

static struct board_info known;
static bool is_known;
static volatile u8 *reset_memory;

void power_init(const struct board_info *board)
{
	known = *board;
	is_known = true;
	if (board->reset.space == BOARD_SPACE_MEMORY)
		reset_memory = paging_map_mmio(HPA(board->reset.address));
}

void power_halt(void)
{
	for (;;) {
		interrupts_disable();
		cpu_halt();
	}
}

static void wait_a_moment(void)
{
	for (u32 i = 0; i < WAIT_READS; i++)
		port_inb(KEYBOARD_PORT);
}

static void reset_by_register(void)
{
	u64 address = known.reset.address;

	if (!is_known)
		return;
	if (reset_memory)
		*reset_memory = known.reset_value;
	else if (known.reset.space == BOARD_SPACE_PORT && address <= 0xFFFF)
		port_outb((u16)address, known.reset_value);
	else if (known.reset.space == BOARD_SPACE_PCI) {
		/* Bus 0; device, function and offset in 16-bit fields. */
		port_outl(PCI_ADDRESS_PORT, PCI_ENABLE | (u32)(address >> 32 & 31) << 11 |
			  (u32)(address >> 16 & 7) << 8 | (u32)(address & 0xFC));
		port_outb((u16)(PCI_DATA_PORT + (address & 3)), known.reset_value);
	}
	wait_a_moment();
}

static void reset_by_chipset(void)
{
	port_outb(RESET_CONTROL_PORT, RESET_FULL);
	port_outb(RESET_CONTROL_PORT, RESET_FULL_NOW);
	wait_a_moment();
}

static void reset_by_keyboard(void)
{
	for (u32 i = 0; i < WAIT_READS && (port_inb(KEYBOARD_PORT) & KEYBOARD_INPUT_FULL); i++)
		cpu_pause();
	port_outb(KEYBOARD_PORT, KEYBOARD_PULSE_RESET);
	wait_a_moment();
}

static void reset_by_triple_fault(void)
{
	struct { u16 limit; u64 base; } packed nothing = { 0, 0 };

	asm volatile("lidt %0; int3" : : "m"(nothing));
}

void power_reset(void)
{
	interrupts_disable();
	console_flush();
	reset_by_register();
	reset_by_chipset();
	reset_by_keyboard();
	reset_by_triple_fault();
	power_halt();
}

static bool pm1_is_port(const struct board_register *control)
{
	return control->space == BOARD_SPACE_PORT && control->address <= 0xFFFE;
}

/* The sleep registers answer only in ACPI mode; firmware may have left the machine in legacy mode.
 */
static void acpi_mode_enter(void)
{
	u16 control = (u16)known.pm1a_control.address;

	if (!known.smi_command || !known.acpi_enable || (port_inw(control) & PM1_SCI_ENABLE))
		return;
	port_outb(known.smi_command, known.acpi_enable);
	for (u32 i = 0; i < WAIT_READS && !(port_inw(control) & PM1_SCI_ENABLE); i++)
		cpu_pause();
}

static void pm1_sleep(const struct board_register *control, u8 type, u16 enable)
{
	if (!pm1_is_port(control))
		return;
	u32 value = port_inw((u16)control->address) & ~(PM1_SLEEP_TYPE_MASK | PM1_SLEEP_ENABLE);
	port_outw((u16)control->address, (u16)(value | (u32)type << PM1_SLEEP_TYPE_SHIFT | enable));
}

static void off_by_acpi(void)
{
	static const u16 steps[] = { 0, PM1_SLEEP_ENABLE };

	if (!is_known || !known.has_s5 || !pm1_is_port(&known.pm1a_control))
		return;
	acpi_mode_enter();
	for (u32 i = 0; i < ARRAY_SIZE(steps); i++) {
		pm1_sleep(&known.pm1a_control, known.s5_type_a, steps[i]);
		pm1_sleep(&known.pm1b_control, known.s5_type_b, steps[i]);
	}
	wait_a_moment();
}

void power_off(void)
{
	interrupts_disable();
	console_flush();
	off_by_acpi();
	for (u32 i = 0; i < ARRAY_SIZE(power_off_ports); i++) {
		const char *text = power_off_ports[i].text;

		if (!text)
			port_outw(power_off_ports[i].port, power_off_ports[i].value);
		for (; text && *text; text++)
			port_outb(power_off_ports[i].port, (u8)*text);
	}
	power_halt();
}

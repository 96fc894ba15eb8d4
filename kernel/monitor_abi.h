/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract between the kernel (ring 0) and the monitor (ring 3): the only header both include.
 *
 * The kernel upcalls the monitor on the CPU where a guest exit needs it: it fills that CPU's call page and enters ring 3
 * at the entry point with a fresh stack. The monitor works, makes syscalls that return to it, and ends the upcall
 * with SYS_COMPLETE, which does not return. Ring 3 runs with interrupts off and never blocks; it may run on
 * several CPUs at once and serialises itself.
 *
 * Syscall convention: INT 0x80, number in RAX, arguments in RDI, RSI, RDX; result in RAX (a gate keeps the guest's SYSCALL MSRs untouched)
 * (negative: -enum sys_error); every other register is preserved.
 */
#ifndef KERNEL_MONITOR_ABI_H
#define KERNEL_MONITOR_ABI_H

#include <stdint.h>

#define MONITOR_ABI_VERSION 1
#define MONITOR_MAX_CPUS 8
#define DEBUG_HOST_IRQ 15 /* no line: all vCPUs have stopped for the debugger */
#define DISK_HOST_IRQ 14 /* of a disk on the first IDE channel, or the message of another one */

/* Fixed places in the monitor's address space. Everything else there is the program and its stacks. */
#define MONITOR_TEXT_VA 0x0000000000400000ull    /* where the monitor is linked */
#define MONITOR_INFO_VA 0x0000000040000000ull    /* struct monitor_info, read-only */
#define MONITOR_CALL_VA 0x0000000040010000ull    /* struct call_page of CPU n at + n * 4096 */
#define MONITOR_TRACE_VA 0x0000000040100000ull   /* struct exit_trace of each CPU */
#define MONITOR_MMIO_VA 0x0000000050000000ull    /* device registers, one after the other */
#define MONITOR_MODULE_VA 0x0000100000000000ull  /* the boot module (partition image), read-only */
#define MONITOR_RAM_VA 0x0000200000000000ull     /* partition RAM, linear by RAM offset, no execute */

/* The partition's RAM as the guest sees it: offsets below the hole start at guest-physical 0,
 * the rest at 4 GiB. The hole [3 GiB, 4 GiB) holds device registers. */
#define GUEST_HOLE_START 0xC0000000ull
#define GUEST_HIGH_START 0x100000000ull
#define GUEST_LAPIC_BASE 0xFEE00000ull
#define GUEST_IOAPIC_BASE 0xFEC00000ull

enum upcall_reason {
	UPCALL_BOOT = 1,    /* verify and load the image, fill .boot; result: 0 or a negative value: do not start */
	UPCALL_PORT_IN,     /* .address = port, .size = 1, 2 or 4; result: value */
	UPCALL_PORT_OUT,    /* .address = port, .size, .value */
	UPCALL_MMIO_READ,   /* .address = guest-physical, .size = 1, 2, 4 or 8; result: value */
	UPCALL_MMIO_WRITE,  /* .address, .size, .value */
	UPCALL_TIMER,       /* the armed timer is due (boot CPU only) */
	UPCALL_HOST_IRQ,    /* .value = host interrupt line bound with SYS_IRQ_BIND (boot CPU only) */
	UPCALL_EOI,         /* .value = vector of a level-triggered interrupt a guest LAPIC has ended */
	UPCALL_INTACK,      /* a vCPU takes an ExtINT; result: vector from the PIC */
	UPCALL_HYPERCALL,   /* .value = number, .args: forwarded guest hypercall; result: guest RAX */
	UPCALL_REPORT,      /* guests cannot run on this machine: verify and say what would run, write nothing (instead of UPCALL_BOOT, once) */
	UPCALL_STOPPED,     /* the partition stopped: .value = enum stop_reason, .address = detail (e.g. gpa); result: enum stop_action */
};

enum stop_reason {
	STOP_POWER_OFF = 1,  /* guest asked (ACPI S5) */
	STOP_RESET,          /* guest asked (reset register, keyboard controller, CF9) */
	STOP_TRIPLE_FAULT,   /* shutdown of a vCPU */
	STOP_CONTAINED,      /* the guest did what nothing can answer; details in the log */
	STOP_MONITOR_FAULT,  /* the monitor itself faulted */
	STOP_REFUSED,        /* UPCALL_BOOT said no: no verified image */
	STOP_REQUESTED,      /* a person asked at the console: the detail is the enum stop_action */
};

enum stop_action {
	ACTION_HOLD = 1,     /* leave everything as it is, box stays up, partition stopped */
	ACTION_RESTART,      /* boot the partition again: UPCALL_BOOT follows */
	ACTION_REBOOT,       /* reset the whole box */
	ACTION_POWER_OFF,    /* switch the box off */
};

enum syscall_number {
	SYS_COMPLETE = 0,       /* (result): ends the upcall */
	SYS_LOG = 1,            /* (text, length <= 256): a line for the log ring and the console */
	SYS_CONSOLE_WRITE = 2,  /* (text, length <= 4096): raw bytes to the serial console */
	SYS_CONSOLE_READ = 3,   /* (): next byte from the serial console or -SYS_EAGAIN */
	SYS_TIMER_ARM = 4,      /* (deadline in host TSC ticks, 0 = disarm): one timer, UPCALL_TIMER on the boot CPU */
	SYS_MSI = 5,            /* (address, data): an interrupt message in MSI format to the guest's LAPICs */
	SYS_PIC_LINE = 6,       /* (level): the PIC's INTR output, wired to LINT0 of the boot vCPU */
	SYS_IRQ_BIND = 7,       /* (host line, is message): deliver this host interrupt as UPCALL_HOST_IRQ; must be granted. Of a message, which
	                         * takes the line's place, the result is address << 16 | data that the device is to write */
	SYS_PORT_READ = 8,      /* (port, size): granted host port; value */
	SYS_PORT_WRITE = 9,     /* (port, size, value) */
	SYS_STOP = 10,          /* (enum stop_reason, detail): stop the partition; the upcall still must be completed. Of one that is held
	                         * stopped, STOP_REQUESTED takes the box out: ACTION_RESTART, _REBOOT, _POWER_OFF */
	SYS_STATISTICS = 11,    /* (cpu, struct exit_statistics *): copies the counters of one CPU; after a trace was switched on, starts it */
	SYS_LOG_READ = 12,      /* (buffer, length, offset): reads the log ring, oldest first; bytes copied; the first partition's monitor only */
	SYS_PORT_READ_WORDS = 13,  /* (port, buffer, bytes): fills the buffer with 16-bit reads of a granted port; at most 4096 bytes, even */
	SYS_PORT_WRITE_WORDS = 14, /* (port, buffer, bytes) */
	SYS_DMA_ADDRESS = 15,   /* (address): where the monitor's own writable page lies in physical memory, for a driver that may tell a device */
	SYS_MMIO_MAP = 16,      /* (physical, bytes), both multiples of 4096, bytes at most MONITOR_MMIO_MOST: a device's registers, uncached, for
	                         * good; their address. Only until the partition has started, and only what is no memory and no interrupt controller */
	SYS_CONSOLE_FEED = 17,     /* (partition, byte): for another partition's SYS_CONSOLE_READ; the first partition's monitor only. -SYS_EAGAIN: no room */
	SYS_PARTITION = 18,        /* (partition, struct partition_status *): what there is and how it is; the first partition's monitor only */
	SYS_DEBUG = 19,            /* (vCPU, enum debug_command, struct debug_registers *); -SYS_ENOENT: this box is built without, or the CPU
	                            * cannot step; -SYS_EAGAIN: the vCPU has not stopped */
	SYS_COUNT
};

/*
 * A debugger of the partition. ATTACH asks all vCPUs to stop, as a breakpoint of one does; when all have, UPCALL_HOST_IRQ comes with DEBUG_HOST_IRQ.
 * Then READ and WRITE (general registers, RIP and flags of L1), and for each vCPU one that lets it go on.
 */
enum debug_command {
	DEBUG_ATTACH = 1,
	DEBUG_DETACH,  /* INT3 is the guest's own again; those that are stopped still are */
	DEBUG_READ,
	DEBUG_WRITE,
	DEBUG_GO,
	DEBUG_STEP,    /* one instruction, then all stop */
	DEBUG_REFLECT, /* the INT3 it has stopped at is the guest's own */
};
enum debug_stop { DEBUG_STOP_ASKED, DEBUG_STOP_BREAKPOINT, DEBUG_STOP_STEP };
enum debug_shown {
	DEBUG_CS, DEBUG_SS, DEBUG_DS, DEBUG_ES, DEBUG_FS, DEBUG_GS, DEBUG_FS_BASE, DEBUG_GS_BASE, DEBUG_CR0, DEBUG_CR3, DEBUG_CR4, DEBUG_EFER, DEBUG_SHOWN,
};
#define DEBUG_RFLAGS 0x0FD5u /* that a debugger may change: status, TF, IF, DF */
#define DEBUG_VMCS12_FIELDS 192
struct debug_registers {
	uint64_t general[16];   /* in the order of ModRM */
	uint64_t rip, rflags;
	uint64_t shown[DEBUG_SHOWN];
	uint32_t is_l2;         /* all of this is L2's */
	uint32_t is_waiting;    /* for SIPI: it has not started */
	uint32_t stopped_by;    /* enum debug_stop */
	uint32_t vmcs12_count;  /* fields of L1's current VMCS, by their place in nested/fields.def; 0: it has none */
	uint64_t vmcs12[DEBUG_VMCS12_FIELDS];
};

/* Another partition as the first one's monitor sees it. */
struct partition_status {
	char name[64];
	uint64_t ram_bytes;
	uint32_t cpu_count;
	uint32_t first_cpu;
	uint32_t stop_reason;                  /* enum stop_reason; 0: it runs */
	uint32_t monitor_has_faulted;
};

enum sys_error { SYS_EINVAL = 1, SYS_EPERM = 2, SYS_EAGAIN = 3, SYS_ENOENT = 4, SYS_EFAULT = 5 };

/* How the boot vCPU starts. The others wait for INIT-SIPI. */
enum boot_mode {
	BOOT_FLAT32 = 1,  /* protected mode, paging off, flat 4 GiB segments (Multiboot) */
	BOOT_LONG64,      /* long mode with the page tables at .cr3 (Linux 64-bit protocol) */
};

struct boot_state {
	uint32_t mode;
	uint32_t zero;
	uint64_t rip, rsp, rax, rbx, rcx, rdx, rsi, rdi;
	uint64_t cr3;
	uint64_t gdt_base;   /* guest-physical address of a GDT that matches .cs and .ds, may be 0 */
	uint32_t gdt_limit;
	uint16_t cs, ds;     /* selectors; the descriptors behind them are always flat */
};

struct call_page {
	uint32_t reason;
	uint32_t cpu;
	uint64_t address;
	uint32_t size;
	uint32_t zero;
	uint64_t value;
	uint64_t args[4];
	struct boot_state boot;
};

/* What L1 has done on a CPU. */
enum vmx_state { VMX_STATE_ON = 1, VMX_STATE_HAS_VMCS = 2, VMX_STATE_IN_L2 = 4 };

#define EXIT_REASON_COUNT 80
#define KNOWN_VMCS_MAX 8
#define REFUSAL_BYTES 32
struct exit_statistics {
	uint64_t count[EXIT_REASON_COUNT];     /* exits of L1 by basic exit reason */
	uint64_t l2_count[EXIT_REASON_COUNT];  /* exits of L2 by basic exit reason */
	uint64_t l2_reflected;                 /* of those, given to L1 */
	uint64_t upcalls;
	uint64_t interrupts_injected;
	uint64_t ept02_fills;
	uint64_t ept02_tables, ept02_tables_most, ept02_tables_all; /* of the pool: in use, the most there were in use, all */
	uint64_t first_entry_ticks;            /* host TSC from kernel entry to this CPU's first guest instruction */
	uint64_t boot_upcall_ticks;            /* of those, spent in UPCALL_BOOT (verifying and loading) */
	uint64_t vmx_state;                    /* bits of enum vmx_state, when asked for */
	uint64_t cost_ticks[2][EXIT_REASON_COUNT];   /* of the exits that were timed, L1's and L2's: host TSC from exit to entry */
	uint64_t cost_samples[2][EXIT_REASON_COUNT]; /* how many they were */
	uint64_t known_vmcs[KNOWN_VMCS_MAX];         /* L1's address of each VMCS it has loaded and not cleared; 0: none */
	uint64_t refusals;                           /* VM entries of L1 that failed */
	char refused_what[REFUSAL_BYTES], refused_row[REFUSAL_BYTES]; /* the last: which state, which row of the table of checks */
};

/* A ring of each CPU's exits. The monitor switches it on; the kernel writes, and the oldest are overwritten. */
#define EXIT_TRACE_ENTRIES 1023u
struct exit_trace_entry {
	uint64_t start_ticks;                  /* host TSC */
	uint32_t ticks;                        /* until the entry that followed */
	uint16_t reason;
	uint16_t level;                        /* of the guest that exited: 1 or 2 */
};
struct exit_trace {
	volatile uint32_t is_on;
	uint32_t zero;
	volatile uint64_t written;             /* entries since the start: the last is at (written - 1) % EXIT_TRACE_ENTRIES */
	struct exit_trace_entry entries[EXIT_TRACE_ENTRIES];
};

/* What became of this box's last crash: a page that a warm reset leaves alone, with a checksum over its text. */
#define MONITOR_CRASH_VA 0x0000000040200000ull
#define CRASH_REPORT_MAGIC 0x4853415243424E2Eull
#define CRASH_REPORT_TEXT 4080u
struct crash_report {
	uint64_t magic;
	uint32_t bytes, sum;
	char text[CRASH_REPORT_TEXT];
};

/* FNV-1a. bytes <= CRASH_REPORT_TEXT */
static inline uint32_t crash_report_sum(const char *text, uint32_t bytes)
{
	uint32_t sum = 2166136261u;

	for (uint32_t i = 0; i < bytes; i++)
		sum = (sum ^ (uint8_t)text[i]) * 16777619u;
	return sum;
}

/* What the box itself runs in. */
enum monitor_parent { PARENT_IS_NONE, PARENT_IS_SAME_BUILD, PARENT_IS_OTHER_BUILD, PARENT_IS_OTHER_HYPERVISOR };

/* DISK_NONE: the image is the boot module. DISK_PCI: also disks behind controllers on the PCI bus. */
enum disk_kind { DISK_NONE, DISK_ATA, DISK_PCI };

/* What the partition's network port may send from. */
enum network_policy { NETWORK_NONE, NETWORK_OWN_ADDRESS, NETWORK_ANY_ADDRESS };

#define MONITOR_MMIO_MOST 0x20000u     /* in one piece */

/* Besides the command: a 1 on the health port, or a 2 again and again. */
enum confirm_by { CONFIRM_COMMAND, CONFIRM_GOAL, CONFIRM_HEARTBEAT };

#define MONITOR_NAME_BYTES 64
struct monitor_info {
	uint32_t abi_version;
	uint32_t cpu_count;                    /* vCPUs of the partition; APIC ids are 0 .. cpu_count-1 */
	uint64_t tsc_hz;                       /* host and guest TSC frequency */
	uint64_t tsc_offset;                   /* guest TSC = host TSC + tsc_offset (modulo 2^64) */
	uint64_t ram_bytes;                    /* partition RAM, mapped at MONITOR_RAM_VA */
	uint64_t module_bytes;                 /* partition image, mapped at MONITOR_MODULE_VA; 0: none */
	uint64_t unix_time;                    /* seconds, from the board's clock at boot; 0: unknown */
	uint32_t physical_address_bits;
	uint32_t hardware_revision;
	uint32_t nested;                       /* the partition may use VMX */
	uint32_t debug_exit;                   /* test option: the debug-exit port exists */
	uint8_t random_seed[32];
	char build_id[MONITOR_NAME_BYTES];
	char partition_name[MONITOR_NAME_BYTES];
	uint8_t role_uuid[16];                 /* which partition an image must be for */
	uint8_t product_uuid[16];
	uint32_t on_crash;                     /* enum stop_action for STOP_TRIPLE_FAULT, _CONTAINED, _MONITOR_FAULT */
	uint32_t on_power_off;                 /* enum stop_action for STOP_POWER_OFF */
	uint32_t security_version_floor;
	uint32_t disk;                         /* enum disk_kind: where the slots are */
	uint32_t slot_tries;                   /* starts a new image has to prove itself */
	uint32_t confirm_by;                   /* enum confirm_by */
	uint32_t heartbeat_seconds;            /* for CONFIRM_HEARTBEAT: how long it must be seen */
	uint32_t silence_seconds;              /* and how long it may be silent; 0: for ever */
	uint32_t has_console;                  /* the management console is on the serial line */
	uint32_t vmx_pin, vmx_secondary;       /* control bits the machine's CPU allows, as in IA32_VMX_*_CTLS */
	uint64_t vmx_ept_vpid;                 /* IA32_VMX_EPT_VPID_CAP */
	uint64_t arch_capabilities;            /* IA32_ARCH_CAPABILITIES; 0 where the CPU has none */
	uint32_t parent;                       /* enum monitor_parent */
	uint32_t nested_virtual_interrupts;    /* L1 is offered virtual-interrupt delivery where the CPU has it */
	uint32_t network;                      /* enum network_policy */
	uint32_t has_crash_report;             /* there is a page for it at MONITOR_CRASH_VA */
	uint32_t number;                       /* of the partition; the first, 0, has the box's console, disk and crash report */
	uint32_t partition_count;
};

#endif

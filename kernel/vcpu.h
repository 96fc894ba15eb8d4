/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual CPU, one per physical CPU and pinned to it. Everything here belongs to its own CPU, except the fields under
 * "shared", which other CPUs change with atomics and then kick.
 */
#ifndef KERNEL_VCPU_H
#define KERNEL_VCPU_H

#include "bsp/types.h"
#include "kernel/apic.h"
#include "kernel/monitor_abi.h"

/* Register numbers as the manual's ModRM encoding has them; assembly in entry.S knows the offsets. */
enum gpr { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, GPR_COUNT };

/* What a handler wants of the guest after an exit. */
enum exit_action {
	EXIT_ACTION_RESUME,     /* enter again as things are */
	EXIT_ACTION_SKIP,       /* the instruction is done: advance RIP, then enter */
	EXIT_ACTION_INJECT_UD,
	EXIT_ACTION_INJECT_GP,  /* with error code 0 */
	EXIT_ACTION_STOP,       /* the partition stops; the handler has called partition_stop() */
	EXIT_ACTION_PASS,       /* of an exit of L2: it is L0's, to be handled as any guest's */
};

/* An event for the next VM entry, in the layout of the VM-entry interruption-information field; info 0: none. */
struct event {
	u32 info;
	u32 error_code;
	u32 instruction_length;
};

/* For the crash report. */
#define LAST_EXITS 16u
struct exit_note { u32 reason; u64 rip; };
_Static_assert(LAST_EXITS * sizeof(struct exit_note) == 256, "vcpu.next_note wraps as a byte");

enum vcpu_state { VCPU_WAIT_FOR_SIPI, VCPU_RUNNING, VCPU_PARKED };

struct nested;
struct partition;
struct percpu;

struct vcpu {
	u64 gpr[GPR_COUNT];           /* RSP's place is unused: it lives in the VMCS */
	u64 launched;                 /* the current VMCS has been launched (VMRESUME, not VMLAUNCH) */
	u64 cache_bits;               /* CR0.CD and NW as the guest has them, whichever it is; hardware's CR0 never has */
	u64 index;                    /* in its partition: CPU number and APIC id of the guest */
	u64 number;                   /* of its CPU in the box */

	/* the exit being handled */
	u32 exit_reason;              /* as in the VMCS, entry-failure bit included */
	bool in_l2;                   /* kept by nested/: L2 is the guest of the current VMCS */
	bool is_boot;                 /* the boot vCPU: external devices interrupt here */
	enum vcpu_state state;

	struct event event;           /* to inject at the next entry; vectoring cut short by an exit is put back here */
	union {                       /* one look at to_do tells whether any is set */
		struct {
			bool nmi_pending;
			bool window_armed;     /* interrupt-window (and HLT) exiting is on in the current VMCS on L0's behalf */
			bool nmi_window_armed; /* likewise for NMI-window exiting */
			bool init_pending;     /* INIT came in VMX root operation, which keeps it back */
			bool step_pending;     /* L0 has done an instruction of L2's that L1 steps through */
		};
		u64 to_do;
	};

	hpa_t vmcs01;
	hpa_t msr_bitmap01;
	u64 tsc_offset;               /* of L1: guest TSC = host TSC + offset */
	u64 tsc_offset_at_boot;       /* the same on all CPUs: a restart puts them in step again */
	u64 tsc_adjust;
	struct apic apic;
	struct nested *nested;        /* 0: nesting is off for this partition */
	struct percpu *cpu;
	struct partition *partition;
	struct exit_statistics *statistics;

	struct exit_note last_exits[LAST_EXITS];
	u8 next_note;                 /* byte offset into last_exits */
	u32 until_sample;             /* exits until one is timed, see exit_sample.h */
	u64 sample_started;           /* host TSC; 0: none, or it is not to be counted */

	/* shared */
	u32 requests;                 /* enum vcpu_request bits, set with atomics, then vcpu_kick() */
	u8 sipi_vector;
};

enum vcpu_request {
	REQUEST_INIT = 1 << 0,
	REQUEST_SIPI = 1 << 1,
	REQUEST_NMI = 1 << 2,
	REQUEST_STOP = 1 << 3,
	REQUEST_DEBUG = 1 << 4,
};

/*
 * Events for the guest that is in the current VMCS. An exception raised while another event is waiting combines to a double or triple
 * fault (SDM "Double Fault Exception (#DF)"). With L2 running, the nested engine is asked first whether L1 intercepts it.
 */
void vcpu_inject_exception(struct vcpu *v, u32 vector, u32 error_code);
void vcpu_inject_page_fault(struct vcpu *v, u64 linear, u32 error_code);
/* Past the exiting instruction, or past one whose length the exit does not tell; ends STI and MOV-SS shadows, notes single-stepping. */
void vcpu_skip_instruction(struct vcpu *v);
void vcpu_advance(struct vcpu *v, u64 bytes);

/* Resets to the architectural state after INIT (SDM "Processor State After Reset"), ready for SIPI. */
void vcpu_reset(struct vcpu *v);

/* Start in real mode at the SIPI vector; start as the loader says. The vCPU has been reset before. */
void vcpu_start_at_sipi(struct vcpu *v);
void vcpu_start_at_boot(struct vcpu *v, const struct boot_state *boot);

/* Makes another CPU leave its guest soon; safe from any CPU. */
void vcpu_kick(struct vcpu *v);
void vcpu_request(struct vcpu *v, enum vcpu_request request);

/* CPL of the guest in the current VMCS: SS.DPL (SDM "Guest Register State"). */
u32 vcpu_cpl(void);
bool vcpu_is_long_mode_code(void);

/* All vCPUs of the box, by CPU. */
extern struct vcpu vcpus[MONITOR_MAX_CPUS];

#endif

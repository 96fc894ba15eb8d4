/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gdb's remote protocol for a partition: a thread is a vCPU; all stop together. Breakpoints are INT3 in the guest's memory. While L2 runs on a vCPU
 * its registers are L2's and its linear memory is out of reach; `monitor vmcs12` shows L1's VMCS. Pure: the target is the caller's.
 * Source: "Debugging with GDB", appendix "Remote Protocol".
 */
#ifndef GDB_STUB_H
#define GDB_STUB_H

#include "gdb/packet.h"
#include "kernel/monitor_abi.h"

#define STUB_BREAKPOINTS 32u

struct stub_target {
	uint32_t vcpu_count;
	/* SYS_DEBUG: a negative enum sys_error, or 0. */
	int64_t (*command)(void *context, uint32_t vcpu, enum debug_command command, struct debug_registers *registers);
	void *(*ram)(void *context, uint64_t gpa, uint64_t count);
	void (*send)(void *context, const char *bytes, size_t count);
	void *context;
};

struct stub {
	const struct stub_target *target;
	struct packet_reader reader;
	struct packet_writer reply;
	struct debug_registers registers; /* of vCPU `loaded` */
	uint32_t loaded, chosen;          /* vCPUs; loaded: vcpu_count when none is */
	uint32_t stopped_vcpu;
	uint32_t stepping;                /* bits: the vCPUs that do one instruction */
	uint32_t moving;                  /* bits: the vCPUs that were let go last */
	bool is_stopped, is_asked;        /* asked: gdb waits to hear of the stop */
	bool knows_swbreak, is_done;
	struct stub_breakpoint { uint64_t address; uint8_t *at; uint8_t byte; bool is_set; } breakpoints[STUB_BREAKPOINTS];
	char sent[PACKET_BYTES + 4];
	size_t sent_count;
};

/* Asks the target to stop. */
void stub_start(struct stub *stub, const struct stub_target *target);

/* A byte of gdb's. False: it has gone, and the target runs. */
bool stub_feed(struct stub *stub, uint8_t byte);

/* All vCPUs have stopped. */
void stub_stopped(struct stub *stub);

/* As if gdb had gone: breakpoints are out, and the target runs. */
void stub_end(struct stub *stub);

/* There is no guest any more: gdb hears of it. */
void stub_guest_end(struct stub *stub);

/* For stub_memory.c and stub_registers.c; false: the reply is an error already, or none is due. */
bool stub_load(struct stub *stub, uint32_t vcpu);
void stub_error(struct stub *stub, const char *code);
bool stub_own_breakpoint(const struct stub *stub, uint64_t address);
void stub_remove_breakpoints(struct stub *stub);

void stub_read_registers(struct stub *stub, const char *text);
void stub_write_registers(struct stub *stub, const char *text);
void stub_read_register(struct stub *stub, const char *text);
void stub_write_register(struct stub *stub, const char *text);
void stub_features(struct stub *stub, const char *text);
void stub_read_memory(struct stub *stub, const char *text);
void stub_write_memory(struct stub *stub, const char *text);
void stub_insert(struct stub *stub, const char *text);
void stub_remove(struct stub *stub, const char *text);
void stub_monitor(struct stub *stub, const char *text);

#endif

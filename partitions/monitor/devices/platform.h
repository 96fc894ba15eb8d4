/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the device models need from the world, and nothing else: the monitor backs it with syscalls,
 * the unit tests and the fuzzer with a recorder. No call may re-enter the board.
 *
 * Ticks are any monotonic 64-bit counter of `ticks_hz`; deadlines come back in the same ticks.
 */
#ifndef DEVICES_PLATFORM_H
#define DEVICES_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

/* A deadline of a device that waits for nothing. */
#define DEADLINE_NONE UINT64_MAX

/* No interrupt source fires more often than this on its own: what falls in between is coalesced. */
#define MINIMUM_PERIOD_HZ 10000u

enum health_event {
	HEALTH_GOAL = 1,      /* the workload reached its goal: print the summary */
	HEALTH_HEARTBEAT = 2, /* the workload is alive */
};

/* Devices a partition may have or not. */
enum platform_device {
	PLATFORM_RNG = 1,
	PLATFORM_CONSOLE = 2,
	PLATFORM_DISK = 4,
	PLATFORM_NETWORK = 8,
};

/* One access of the guest; values are zero-extended. */
struct bus_access {
	uint64_t address;
	uint64_t value; /* of a write; 0 for a read */
	uint32_t size;  /* bytes */
	bool is_mmio;
	bool is_write;
};

struct port_backend;
struct disk_backend;
struct net_backend;

struct platform_ops {
	uint64_t (*now_ticks)(void *context);
	void (*msi)(void *context, uint64_t address, uint32_t data); /* as SYS_MSI */
	void (*pic_line)(void *context, bool level); /* as SYS_PIC_LINE; only changes */
	void (*console_put)(void *context, uint8_t byte);
	/* `reason` is an enum stop_reason; at most once per reset. */
	void (*stop)(void *context, uint32_t reason, uint64_t detail);
	void (*health)(void *context, enum health_event event);
	/* The first touch of an address nothing answers at; bounded per reset. */
	void (*unclaimed)(void *context, const struct bus_access *access);
	/* The bytes [gpa, gpa + count) of the guest's RAM, or null unless all of them are, in one piece. */
	void *(*memory)(void *context, uint64_t gpa, uint64_t count);
	/* Bytes nobody can foresee. */
	void (*random)(void *context, void *bytes, uint32_t count);
};

struct platform {
	const struct platform_ops *ops;
	void *context;          /* handed to every op */
	uint64_t ticks_hz;      /* of now_ticks; 0 counts as 1 */
	uint64_t unix_time;     /* seconds at unix_ticks; 0: unknown */
	uint64_t unix_ticks;    /* when unix_time was right, at or before board_reset */
	bool has_debug_exit;    /* test option: the debug-exit port exists */
	uint32_t devices;       /* of enum platform_device */
	/* Who serves the console's ports org.nestbox.ctl and org.nestbox.update; null: no such port. */
	const struct port_backend *ctl_port, *update_port;
	/* Who keeps the bytes of the disk; null: there is none. */
	const struct disk_backend *disk;
	/* Who has the network's frames; null: nobody. */
	const struct net_backend *network;
};

#endif

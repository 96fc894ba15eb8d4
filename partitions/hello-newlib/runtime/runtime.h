/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program without an operating system has in a partition of Nestbox besides newlib's printf(), malloc() and the like: time, the serial
 * console, the health port, power. One CPU, no threads; interrupts only wake the CPU. main() returning is runtime_power_off().
 */
#ifndef HELLO_RUNTIME_H
#define HELLO_RUNTIME_H

#include <stdint.h>

/* Since main() began. */
uint64_t runtime_milliseconds(void);

/* Halts the CPU meanwhile. */
void runtime_sleep(uint32_t milliseconds);

/* The next byte typed at the console; -1: none. */
int runtime_key(void);

/* What the box makes of it is up to its configuration (docs/partitions.md). */
enum runtime_health { RUNTIME_GOAL = 1, RUNTIME_HEARTBEAT = 2 };
void runtime_say(enum runtime_health health);

void __attribute__((noreturn)) runtime_power_off(void);

#endif

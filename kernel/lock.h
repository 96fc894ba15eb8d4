/* SPDX-License-Identifier: Apache-2.0 */
/* A ticket-free spinlock for the few things ring 0 shares between CPUs; held for a handful of instructions. */
#ifndef KERNEL_LOCK_H
#define KERNEL_LOCK_H

#include "bsp/cpu.h"
#include "bsp/types.h"

struct spinlock { u32 taken; };

static inline void spin_lock(struct spinlock *lock)
{
	while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&lock->taken, __ATOMIC_RELAXED))
			cpu_pause();
}

static inline void spin_unlock(struct spinlock *lock)
{
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

#endif

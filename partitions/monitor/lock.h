/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A spinlock between CPUs in ring 3. Interrupts are off there, so a holder always goes on; fairness
 * does not matter for a handful of CPUs.
 */
#ifndef MONITOR_LOCK_H
#define MONITOR_LOCK_H

#include <stdatomic.h>

struct lock {
	atomic_flag is_taken;
};

#define LOCK_INIT { ATOMIC_FLAG_INIT }

static inline void lock_take(struct lock *lock)
{
	while (atomic_flag_test_and_set_explicit(&lock->is_taken, memory_order_acquire))
		__builtin_ia32_pause();
}

static inline void lock_give(struct lock *lock)
{
	atomic_flag_clear_explicit(&lock->is_taken, memory_order_release);
}

#endif

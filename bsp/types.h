/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Basic types and helpers of ring 0. Addresses of different worlds are different types, so that
 * a guest-physical address cannot be used as a host-physical one by accident.
 */
#ifndef BSP_TYPES_H
#define BSP_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

/* Host-physical, guest-physical (of the partition, L1) and L2-guest-physical addresses. */
typedef struct { u64 value; } hpa_t;
typedef struct { u64 value; } gpa_t;
typedef struct { u64 value; } l2pa_t;

#define HPA(x) ((hpa_t){ (x) })
#define GPA(x) ((gpa_t){ (x) })
#define L2PA(x) ((l2pa_t){ (x) })

#define BIT(n) (1ull << (n))
#define KIB(n) ((u64)(n) << 10)
#define MIB(n) ((u64)(n) << 20)
#define GIB(n) ((u64)(n) << 30)
#define PAGE_SIZE 4096ull
#define PAGE_MASK (PAGE_SIZE - 1)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(x, a) (((x) + (a) - 1) & ~((a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((a) - 1))

#define must_check __attribute__((warn_unused_result))
#define packed __attribute__((packed))
#define page_aligned __attribute__((aligned(4096)))
/* Keeps a rare path out of the hot one's registers. */
#define cold_path __attribute__((noinline, cold))
#define noreturn_fn __attribute__((noreturn))

static inline u64 min_u64(u64 a, u64 b) { return a < b ? a : b; }
static inline u64 max_u64(u64 a, u64 b) { return a > b ? a : b; }

#endif

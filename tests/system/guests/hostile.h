/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile L1: VMCS states, page tables, bitmaps and operands that a generator has spoiled, entered with, and what came of it printed a line each.
 * The same program runs bare and on Nestbox; the transcripts must be equal. A case depends on nothing but the seed, its number and what both machines
 * offer (struct capabilities), so that any of them can be run alone. Command line: seed= case= count= verbose caps= alone.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include "guest.h"
#include "vmx.h"

/* RAM of the cases, at the same place on both machines. L2 sees the first L2_PAGES of them and nothing else. */
#define ARENA 0x2000000ul
enum arena_page {
	P_CODE, P_STACK, P_DATA, P_ZERO, P_TABLES /* GDT, TSS */, P_IDT64, P_IDT32, P_HANDLERS, P_PML4, P_PDPT, P_PD, P_PT, P_PD_PAE, P_PD32, P_PT32,
	P_PT32_LOW, P_APIC_ACCESS, L2_PAGES,
	P_EPT = L2_PAGES, P_EPT_PDPT, P_EPT_PD, P_EPT_PT, P_EPT_PT_LOW, P_MSR_BITMAP, P_IO_BITMAP_A, P_IO_BITMAP_B, P_VMREAD_BITMAP,
	P_VMWRITE_BITMAP, P_VIRTUAL_APIC,
	P_ENTRY_MSRS, P_STORED_MSRS, P_EXIT_MSRS, P_POSTED, P_PML, P_EPTP_LIST, P_VE, RESET_PAGES,
	P_PROTECTED = RESET_PAGES /* read-only for L1 */, P_SHADOW, P_VMXON, P_VMCS /* REGIONS of them */
};
#define REGIONS 4u
#define P_OUTSIDE 510u /* for L1 this is OUTSIDE_RAM */
#define OUTSIDE_RAM 0x200000000ull
#define ARENA_PAGES (P_VMCS + REGIONS)
#define TIMER 400000u /* ticks that an L2 has, L0's work for it included */
static inline u64 arena(u32 page) { return ARENA + 4096ul * page; }

/* hostile_caps.c: what this machine offers, and the other one */
enum group { PIN, PRIMARY, SECONDARY, EXIT, ENTRY, GROUPS };
enum { MSR_WORDS = 18, FIELD_WORDS = 16, CPUID_WORDS = 8, CAPABILITY_WORDS = MSR_WORDS + FIELD_WORDS + CPUID_WORDS };
struct capabilities { u64 word[CAPABILITY_WORDS]; };
enum { CAP_BASIC = 0, CAP_MISC = 5, CAP_CR0_FIXED0 = 6, CAP_CR0_FIXED1, CAP_CR4_FIXED0, CAP_CR4_FIXED1, CAP_EPT_VPID = 12, CAP_FIELDS = MSR_WORDS,
       CAP_CPUID = MSR_WORDS + FIELD_WORDS };
void caps_gather(void);
void caps_print(void);
/* The other machine's, from the command line; none: the own ones. */
void caps_take(const char *text);
u64 caps_common(u32 word);
u64 caps_differ(u32 word);
u32 caps_must(enum group group);
u32 caps_may(enum group group);
/* Bits that may be 1, or must be 1, on one machine only. */
u32 caps_unclear(enum group group);
bool caps_has_field(u32 encoding);
/* There on one machine only. */
bool caps_field_unclear(u32 encoding);
u32 caps_physical_bits(void);
const char *option(const char *name);
u64 option_number(const char *name, u64 otherwise);

/* hostile_random.c */
void random_start(u64 seed, u64 number);
u64 random64(void);
static inline u32 below(u32 count) { return (u32)((random64() >> 16) % count); }
static inline bool one_in(u32 count) { return !below(count); }
u64 random_value(u64 base, u32 bits);
/* A page of the arena. */
u64 random_page(void);

/* hostile_world.c: the VMCS as a list of values, written before an entry */
enum variant { V_LONG, V_LONG_EPT, V_PAGED32, V_PAE, V_PAE_EPT, V_REAL, V_FLAT32, V_V86, V_COMPAT, VARIANTS };
extern enum variant variant;
extern u16 field_list[];
extern u32 field_count;
void world_find_fields(void);
void world_start(enum variant which);
u64 *value_of(u32 encoding);
u64 value(u32 encoding);
void put_value(u32 encoding, u64 value);
void add_bits(u32 encoding, enum group group, u32 bits);
bool uses(u32 encoding, u32 bits);
bool has_ept(void);
/* Writes the values into the VMCS region with this number, which is current then. */
void world_write(u32 region);
u64 width_mask(u32 encoding);

/* hostile_tables.c: what lies in the arena */
void tables_reset(void);
void tables_set_program(const u8 *code, u32 bytes);

/* hostile_mutate.c */
void mutate(void);
/* Takes back what would hurt this program, not its L0, and what one of the machines does not have. */
void sanitize(void);

/* hostile_program.c */
void program_choose(void);
extern bool program_is_timed; /* what it leaves in registers depends on time */
extern bool program_loads_cr3, program_loads_cr0; /* from RAX */
extern const char *program_name;

/* hostile_enter.S */
struct gprs { u64 rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15; };
struct loaded { u64 rsp, rflags, cr0, cr3, cr4, gs_base, es, cs, ss, ds, fs, gs, tr; struct { u16 limit; u64 base; } packed gdtr, idtr; };
extern struct gprs hostile_gprs;
extern struct loaded hostile_loaded;
extern const u8 hostile_landing[];
void hostile_prepare(void);
u32 hostile_enter(u64 launch);

/* hostile_record.c: a transcript is numbers, folded unless `verbose` */
extern bool verbose;
extern u64 case_number;
void record_start(void);
void note(const char *name, u64 value);
u64 record_hash(void);
/* Runs the VMCS that is current; prints the line of the case. */
void record_entry(bool launch);
void restore_machine(void);

/* hostile_operand.c */
void operand_case(void);

#endif

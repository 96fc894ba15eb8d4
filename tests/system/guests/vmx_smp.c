/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two CPUs of L1 run the two CPUs of one L2 on one EPT12. One changes EPT12, invalidates, kicks the other and waits for its INVEPT, as hypervisors do;
 * L2 on the other reads and writes all the time and must never see what the change has taken away. The changes follow a seed.
 * Source: Intel SDM volume 3 "Operations That Invalidate Cached Mappings".
 */
#include "guest.h"
#include "vmx.h"

#define CR4_VMXE 0x2000ull
#define VECTOR_KICK 0x52u
#define LONG_TIME 300000000ull
#define CHANGES 300u
#define SEED 0x9E3779B97F4A7C15ull

/* L2's addresses, as in vmx_smp_code.S: two in 4 KiB pages of vmx_world.c, one in a large page. */
#define MOVED 0x1100000ull
#define COUNTED 0x1101000ull
#define LARGE 0x4000000ull
#define LARGE_OFFSET 0x123000ull
#define EPT_READ 1ull
#define EPT_ALL 7ull
#define EPT_WB (6ull << 3)
#define EPT_LARGE 0x80ull

extern const u8 l2_watch[];

static struct side { struct page vmxon, vmcs; struct l2_registers registers; bool launched; } sides[CPUS];
static struct page moved_frames[2], counted_frame, split_table;
static const u64 large_frames[2] = { 0x5000000, 0x5200000 }; /* the second by 4 KiB pages */

/* What L2 reads is never less than the floor: a frame holds less before its turn, and 0 after it. */
static struct place { volatile u64 floor, next_floor; } moved, large;
static volatile u32 wanted, done, last;  /* flushes of the other side: asked for, made, the one it ends with */
static volatile bool gone;               /* the other side has given up */
static volatile u64 rounds, violations;
static u64 random_state = SEED;

static struct side *mine(void)
{
	return &sides[this_cpu()->index];
}

static u32 other(void)
{
	return !this_cpu()->index;
}

static u64 random_below(u64 limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % limit;
}

static void pause_a_while(void)
{
	WAIT_FOR(false, random_below(8000));
}

static void invept(u64 type)
{
	const u64 descriptor[2] = { type == 1 ? world_eptp() : 0, 0 };

	check(vmx_invept(type, descriptor) == VM_OK, "INVEPT");
}

static void start_operation(void)
{
	struct side *s = mine();

	check(PROBE_CR(4, READ_CR(4) | CR4_VMXE) == NO_FAULT, "CR4.VMXE");
	s->vmxon.revision = s->vmcs.revision = vmxon_region.revision;
	check(vmx_on((u64)&s->vmxon) == VM_OK, "VMXON");
}

static void end_operation(void)
{
	check(vmx_clear((u64)&mine()->vmcs) == VM_OK && vmx_off() == VM_OK, "VMXOFF");
}

static void prepare_vmcs(void)
{
	struct side *s = mine();

	world_reset_region(&s->vmcs);
	s->launched = false;
	set(VMCS_EPT_POINTER, world_eptp());
	world_control(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST);
	world_control(VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
	world_control(VMCS_EXIT_CONTROLS, EXIT_CONTROL_ACKNOWLEDGE_INTERRUPT);
}

static u32 enter(void)
{
	struct side *s = mine();
	u32 failed = vmx_enter(&s->registers, s->launched);

	s->launched |= !failed;
	return failed ? L2_FAILED + failed : (u32)field(VMCS_EXIT_REASON);
}

/* L1 on the side whose L2 watches. */
static void take_kick(void)
{
	check((u8)field(VMCS_EXIT_INTERRUPTION_INFO) == VECTOR_KICK, "interrupt %lx", field(VMCS_EXIT_INTERRUPTION_INFO));
	lapic_eoi();
	invept(1);
	moved.floor = moved.next_floor;
	large.floor = large.next_floor;
	done = wanted;
}

static void watch(void)
{
	struct l2_registers *r = &mine()->registers;

	prepare_vmcs();
	*r = (struct l2_registers){ .rdi = (u64)&moved.floor, .rsi = (u64)&large.floor, .rbx = (u64)&rounds };
	set(VMCS_GUEST_RIP, (u64)l2_watch);
	while (!last || done != last) {
		u32 reason = enter();

		if (reason == EXIT_EXTERNAL_INTERRUPT) {
			take_kick();
		} else if (reason == EXIT_EPT_VIOLATION) {
			violations = violations + 1;
		} else {
			check(false, "exit %x, L2 reads %lu where %lu is due", reason, r->rcx, r->rax);
			break;
		}
	}
	gone = true;
}

/* L1 on the side that changes. */
static void flush(void)
{
	invept(1 + random_below(2));
	wanted = wanted + 1;
	lapic_send(other(), VECTOR_KICK);
	check(gone || WAIT_FOR(done == wanted || gone, LONG_TIME), "no answer to flush %u", wanted);
}

/* Something is not allowed: L2 of the other side finds out, or is too late. */
static void let_run(void)
{
	u64 before = violations;

	if (random_below(4))
		pause_a_while();
	else
		check(WAIT_FOR(violations != before || gone, LONG_TIME), "no EPT violation");
}

/* To the other frame, at once or by way of nowhere. */
static void move_page(bool leaves_hole)
{
	volatile u64 *entry = world_ept_entry(MOVED, 1);
	u64 generation = moved.next_floor + 1;
	struct page *to = &moved_frames[generation & 1], *from = &moved_frames[~generation & 1];

	to->word[0] = generation;
	moved.next_floor = generation;
	*entry = leaves_hole ? 0 : (u64)to | EPT_ALL | EPT_WB;
	flush();
	from->word[0] = 0;
	if (leaves_hole)
		let_run();
	*entry = (u64)to | EPT_ALL | EPT_WB;
}

/* One large page, or a table of small ones. */
static void move_large(void)
{
	volatile u64 *entry = world_ept_entry(LARGE, 2);
	bool split = *entry & EPT_LARGE;

	large.next_floor = large.next_floor + 1;
	*(volatile u64 *)(large_frames[split] + LARGE_OFFSET) = large.next_floor;
	*entry = split ? (u64)&split_table | EPT_ALL : large_frames[0] | EPT_ALL | EPT_LARGE | EPT_WB;
	flush();
	*(volatile u64 *)(large_frames[!split] + LARGE_OFFSET) = 0;
}

/* As for a log of dirty pages: no write may come through any more. */
static void protect_page(void)
{
	volatile u64 *entry = world_ept_entry(COUNTED, 1), *count = &counted_frame.word[0];

	*entry = (u64)&counted_frame | EPT_READ | EPT_WB;
	flush();
	u64 before = *count;
	let_run();
	check(*count == before, "a write to a page that was write-protected");
	*entry = (u64)&counted_frame | EPT_ALL | EPT_WB;
}

/* This side's own CPU of L2. */
static void look_from_here(void)
{
	struct side *s = mine();

	s->registers.rdi = MOVED;
	set(VMCS_GUEST_RIP, (u64)l2_load);
	u32 reason = enter();
	check(reason == EXIT_VMCALL && s->registers.rax == moved.next_floor, "exit %x, L2 reads %lu, not %lu", reason, s->registers.rax,
	      moved.next_floor);
}

static void change(void)
{
	prepare_vmcs();
	check(WAIT_FOR(rounds, LONG_TIME), "L2 does not run on the other side");
	for (u32 i = 0; i < CHANGES && !gone; i++) {
		pause_a_while();
		switch (random_below(4)) {
		case 0: move_page(false); break;
		case 1: move_page(true); break;
		case 2: move_large(); break;
		default: protect_page(); break;
		}
		look_from_here();
	}
	last = wanted + 1;
	flush();
}

static void prepare_tables(void)
{
	world_reset();
	world_use_ept();
	for (u64 i = 0; i < 512; i++)
		split_table.word[i] = (large_frames[1] + (i << 12)) | EPT_ALL | EPT_WB;
	*world_ept_entry(MOVED, 1) = (u64)&moved_frames[1] | EPT_ALL | EPT_WB;
	*world_ept_entry(COUNTED, 1) = (u64)&counted_frame | EPT_ALL | EPT_WB;
	*world_ept_entry(LARGE, 2) = large_frames[0] | EPT_ALL | EPT_LARGE | EPT_WB;
	moved_frames[1].word[0] = *(volatile u64 *)(large_frames[0] + LARGE_OFFSET) = 1;
	moved = large = (struct place){ 1, 1 };
	wanted = done = last = 0;
	rounds = violations = 0;
	gone = false;
	check(vmx_clear((u64)&vmcs_region) == VM_OK, "VMCLEAR");
}

static void test_changes(other_job *there, other_job *here)
{
	prepare_tables();
	other_handed = there;
	here();
	check(WAIT_FOR(!other_handed, LONG_TIME), "CPU 1 does not end");
	check(done == last, "%u flushes of %u", done, last);
	check(violations && rounds > CHANGES, "L2 went round %lu times, %lu violations", rounds, violations);
	print("vmx: 2 CPUs, %u flushes, %lu rounds of L2, %lu violations\n", done, rounds, violations);
}

void vmx_test_smp(void)
{
	lapic_enable();
	check(cpu_start(1), "CPU 1 does not start");
	start_operation();
	other_handed = start_operation;
	check(WAIT_FOR(!other_handed, LONG_TIME), "VMXON of CPU 1");
	if (world_can(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST)) {
		test_changes(watch, change);
		test_changes(change, watch);
	}
	vmx_test_move();
	other_handed = end_operation;
	check(WAIT_FOR(!other_handed, LONG_TIME), "VMXOFF of CPU 1");
	end_operation();
}

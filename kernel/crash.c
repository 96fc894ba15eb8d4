/* SPDX-License-Identifier: Apache-2.0 */
/* The crash report; see crash.h.  */
#include "kernel/crash.h"

#include "bsp/console/console.h"
#include "bsp/cpu.h"
#include "bsp/memory/paging.h"
#include "bsp/power/power.h"
#include "kernel/log.h"
#include "kernel/percpu.h"
#include "kernel/traps.h"

#define BACKTRACE_DEPTH 12

extern const u8 kernel_text_start[], kernel_text_end[];

static bool is_text(u64 address)
{
	return address >= (u64)kernel_text_start && address < (u64)kernel_text_end;
}

/* No frame pointers: every word of the stack that points into the text, innermost first. */
static void backtrace(u64 rsp)
{
	u64 end = (rsp | (u64)(STACK_BYTES - 1)) - 7;
	u32 shown = 0;

	for (u64 at = ALIGN_UP(rsp, 8); at < end && shown < BACKTRACE_DEPTH; at += 8) {
		u64 word = *(const u64 *)at;

		if (is_text(word)) {
			log_line("  stack %lx: %lx", at, word);
			shown++;
		}
	}
}

static void last_exits(void)
{
	for (u64 cpu = 0; cpu < MONITOR_MAX_CPUS; cpu++)
		for (u32 i = 0; i < LAST_EXITS; i++) {
			const struct vcpu *v = &vcpus[cpu];
			const struct exit_note *slot = &v->last_exits[(v->next_note / sizeof(struct exit_note) + i) % LAST_EXITS];

			if (slot->rip)
				log_line("  CPU %lu exit %x at %lx", cpu, slot->reason, slot->rip);
		}
}

static hpa_t kept_page;

void crash_keep_at(hpa_t page)
{
	kept_page = page;
}

void crash_keep(u64 mark)
{
	u64 written = log_written(), lost = written - min_u64(written, LOG_RING_BYTES);

	if (!kept_page.value)
		return;
	struct crash_report *report = paging_window_set((u32)this_cpu()->number, PAGING_WINDOW_BOARD, kept_page);
	report->bytes = log_read(report->text, sizeof(report->text), max_u64(mark, lost) - lost);
	report->sum = crash_report_sum(report->text, report->bytes);
	report->magic = CRASH_REPORT_MAGIC;
}

static noreturn_fn void stop_machine(u64 mark)
{
	last_exits();
	crash_keep(mark);
	log_line("kernel: stopped. Please report the lines above.");
	power_halt();
}

void crash_check_failed(const char *expression, const char *file, u32 line)
{
	u64 rsp, mark = log_written();

	interrupts_disable();
	console_break_lock();
	log_break_lock();
	asm("mov %%rsp, %0" : "=r"(rsp));
	log_line("CRASH: check failed: %s (%s:%u)", expression, file, line);
	backtrace(rsp);
	stop_machine(mark);
}

/* The compiler calls this when a stack canary is gone; boot.S has seeded the canary. */
noreturn_fn void __stack_chk_fail(void);

void __stack_chk_fail(void)
{
	crash_check_failed("stack canary", "stack protector", 0);
}

void crash_trap(const struct trap_frame *f)
{
	u64 mark = log_written();

	console_break_lock();
	log_break_lock();
	log_line("CRASH: vector %lu error %lx at %lx:%lx flags %lx stack %lx address %lx", f->vector, f->error_code, f->cs, f->rip,
		 f->rflags, f->rsp, read_cr2());
	log_line("  rax %lx rbx %lx rcx %lx rdx %lx", f->rax, f->rbx, f->rcx, f->rdx);
	log_line("  rsi %lx rdi %lx rbp %lx r8  %lx", f->rsi, f->rdi, f->rbp, f->r8);
	log_line("  r9  %lx r10 %lx r11 %lx r12 %lx", f->r9, f->r10, f->r11, f->r12);
	log_line("  r13 %lx r14 %lx r15 %lx cr3 %lx", f->r13, f->r14, f->r15, read_cr3());
	backtrace(f->rsp);
	stop_machine(mark);
}

void refuse_to_start(const char *format, ...)
{
	char line[256];
	va_list arguments;

	va_start(arguments, format);
	format_arguments(line, sizeof(line), format, arguments);
	va_end(arguments);
	log_line("nestbox: cannot start: %s", line);
	power_halt();
}

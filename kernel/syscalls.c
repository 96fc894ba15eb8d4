/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls of the monitor. Pointers must lie in the monitor's own image, are copied once, and are touched only between
 * STAC and CLAC.
 */
#include "kernel/syscalls.h"

#include "bsp/console/console.h"
#include "bsp/cpu.h"
#include "kernel/config_text.h"
#include "kernel/debug.h"
#include "kernel/exit_sample.h"
#include "kernel/host_irq.h"
#include "kernel/interrupts.h"
#include "kernel/log.h"
#include "kernel/monitor_abi.h"
#include "kernel/nested_hooks.h"
#include "kernel/partition.h"
#include "kernel/percpu.h"
#include "kernel/timers.h"
#include "kernel/traps.h"
#include "kernel/upcall.h"

#define ERROR(code) ((u64)-(int64_t)(code))
#define COPY_BYTES 256u

/* Program, stacks and heap: the range the monitor's own pages may occupy; every page of it is mapped so that the access will do. */
static bool is_user_range(u64 address, u64 length, bool write)
{
	return address >= MONITOR_TEXT_VA && length <= PAGE_SIZE && address <= MONITOR_INFO_VA - length &&
	       upcall_range_is_mapped(address, length, write);
}

static void copy_from_user(void *to, u64 from, u64 length)
{
	user_access_begin();
	__builtin_memcpy(to, (const void *)from, length);
	user_access_end();
}

static void copy_to_user(u64 to, const void *from, u64 length)
{
	user_access_begin();
	__builtin_memcpy((void *)to, from, length);
	user_access_end();
}

/* The box's own things are the first partition's. */
static bool is_first(void)
{
	return !this_partition()->number;
}

static u64 sys_complete(const struct trap_frame *f)
{
	upcall_complete(f->rdi);
}

static u64 sys_log(const struct trap_frame *f)
{
	char line[COPY_BYTES];

	if (f->rsi > sizeof(line) || !is_user_range(f->rdi, f->rsi, false))
		return ERROR(SYS_EFAULT);
	copy_from_user(line, f->rdi, f->rsi);
	if (is_first())
		log_bytes(line, (u32)f->rsi);
	else
		partition_lines_log(this_partition(), line, (u32)f->rsi);
	return 0;
}

static u64 sys_console_write(const struct trap_frame *f)
{
	char bytes[COPY_BYTES];

	if (f->rsi > PAGE_SIZE || !is_user_range(f->rdi, f->rsi, false))
		return ERROR(SYS_EFAULT);
	for (u64 done = 0; done < f->rsi;) {
		u64 part = min_u64(f->rsi - done, sizeof(bytes));

		copy_from_user(bytes, f->rdi + done, part);
		if (is_first())
			console_write(bytes, (u32)part);
		else
			partition_lines_console(this_partition(), bytes, (u32)part);
		done += part;
	}
	return 0;
}

/* The line is the first partition's. What the others read, it has fed them. */
static u64 sys_console_read(const struct trap_frame *f)
{
	struct partition *p = this_partition();
	int byte = p->number ? partition_input_take(p) : console_read();

	(void)f;
	return byte < 0 ? ERROR(SYS_EAGAIN) : (u64)byte;
}

static struct partition *named_by(const struct trap_frame *f)
{
	return is_first() && f->rdi < CONFIG_PARTITIONS ? &partitions[f->rdi] : NULL;
}

static u64 sys_console_feed(const struct trap_frame *f)
{
	struct partition *p = named_by(f);

	if (!p || !p->number)
		return ERROR(SYS_EPERM);
	if (!partition_input_put(p, (u8)f->rsi))
		return ERROR(SYS_EAGAIN);
	host_irq_pass_on(p, CONSOLE_IRQ);
	return 0;
}

static u64 sys_partition(const struct trap_frame *f)
{
	const struct partition *p = named_by(f);

	if (!p)
		return ERROR(SYS_ENOENT);
	struct partition_status status = {
		.ram_bytes = p->ram.bytes, .cpu_count = p->cpu_count, .first_cpu = p->first_cpu,
		.stop_reason = __atomic_load_n(&p->stop_reason, __ATOMIC_RELAXED), .monitor_has_faulted = p->monitor.has_faulted,
	};
	(void)format_text(status.name, sizeof(status.name), "%s", p->plan->name);
	if (!is_user_range(f->rsi, sizeof(status), true))
		return ERROR(SYS_EFAULT);
	copy_to_user(f->rsi, &status, sizeof(status));
	return 0;
}

static u64 sys_timer_arm(const struct trap_frame *f)
{
	timers_arm_monitor(f->rdi);
	return 0;
}

static u64 sys_msi(const struct trap_frame *f)
{
	return interrupts_msi(this_partition(), f->rdi, (u32)f->rsi) ? 0 : ERROR(SYS_EINVAL);
}

static u64 sys_pic_line(const struct trap_frame *f)
{
	interrupts_pic_line(this_partition(), f->rdi != 0);
	return 0;
}

static u64 sys_irq_bind(const struct trap_frame *f)
{
	if (!is_first() || f->rdi >= HOST_IRQ_LINES)
		return ERROR(SYS_EPERM);
	u64 message = f->rsi ? host_irq_message((u32)f->rdi) : 0;

	return message || (!f->rsi && host_irq_bind((u32)f->rdi)) ? message : ERROR(SYS_EPERM);
}

/* The ports of the configured drivers. */
static const struct { u16 first, count; } granted_ports[] = { CONFIG_PORT_GRANTS };

static bool port_is_granted(u64 port, u64 size)
{
	for (u32 i = 0; is_first() && i < ARRAY_SIZE(granted_ports); i++)
		if (port >= granted_ports[i].first && size <= granted_ports[i].count &&
		    port - granted_ports[i].first <= granted_ports[i].count - size)
			return true;
	return false;
}

static u64 sys_port_read(const struct trap_frame *f)
{
	if (!port_is_granted(f->rdi, f->rsi))
		return ERROR(SYS_EPERM);
	switch (f->rsi) {
	case 1:
		return port_inb((u16)f->rdi);
	case 2:
		return port_inw((u16)f->rdi);
	case 4:
		return port_inl((u16)f->rdi);
	default:
		return ERROR(SYS_EINVAL);
	}
}

static u64 sys_port_write(const struct trap_frame *f)
{
	if (!port_is_granted(f->rdi, f->rsi))
		return ERROR(SYS_EPERM);
	switch (f->rsi) {
	case 1:
		port_outb((u16)f->rdi, (u8)f->rdx);
		return 0;
	case 2:
		port_outw((u16)f->rdi, (u16)f->rdx);
		return 0;
	case 4:
		port_outl((u16)f->rdi, (u32)f->rdx);
		return 0;
	default:
		return ERROR(SYS_EINVAL);
	}
}

static u64 sys_port_words(const struct trap_frame *f)
{
	bool is_read = f->rax == SYS_PORT_READ_WORDS;

	if (!port_is_granted(f->rdi, 2))
		return ERROR(SYS_EPERM);
	if (!f->rdx || f->rdx % 2 || !is_user_range(f->rsi, f->rdx, is_read))
		return ERROR(SYS_EFAULT);
	user_access_begin();
	if (is_read)
		port_read_words((u16)f->rdi, (void *)f->rsi, f->rdx / 2);
	else
		port_write_words((u16)f->rdi, (const void *)f->rsi, f->rdx / 2);
	user_access_end();
	return 0;
}

static u64 sys_stop(const struct trap_frame *f)
{
	if (f->rdi < STOP_POWER_OFF || f->rdi > STOP_REQUESTED)
		return ERROR(SYS_EINVAL);
	partition_stop((enum stop_reason)f->rdi, f->rsi);
	return 0;
}

static u64 sys_statistics(const struct trap_frame *f)
{
	const struct partition *p = this_partition();

	if (f->rdi >= p->cpu_count)
		return ERROR(SYS_ENOENT);
	if (!is_user_range(f->rsi, sizeof(struct exit_statistics), true))
		return ERROR(SYS_EFAULT);
	nested_count_tables(&p->vcpus[f->rdi]);
	exit_sample_soon(&p->vcpus[f->rdi]);
	copy_to_user(f->rsi, p->vcpus[f->rdi].statistics, sizeof(struct exit_statistics));
	return 0;
}

static u64 sys_log_read(const struct trap_frame *f)
{
	char bytes[COPY_BYTES];

	/* all partitions' lines are in it */
	if (!is_first() || !is_user_range(f->rdi, f->rsi, true))
		return ERROR(SYS_EFAULT);
	u32 copied = log_read(bytes, (u32)min_u64(f->rsi, sizeof(bytes)), f->rdx);
	copy_to_user(f->rdi, bytes, copied);
	return copied;
}

/* Whether its monitor has a driver that needs registers and memory. */
static bool drives_pci(void)
{
	const struct monitor_info *info = &this_partition()->monitor.info;

	return info->disk == DISK_PCI || info->network != NETWORK_NONE;
}

static u64 sys_dma_address(const struct trap_frame *f)
{
	if (!drives_pci() || !is_user_range(f->rdi, 1, true))
		return ERROR(SYS_EPERM);
	return upcall_physical(f->rdi);
}

static u64 sys_mmio_map(const struct trap_frame *f)
{
	u64 address = drives_pci() ? upcall_map_registers(f->rdi, f->rsi) : 0;

	return address ? address : ERROR(SYS_EPERM);
}

static u64 sys_debug(const struct trap_frame *f)
{
	static struct debug_registers registers; /* the first partition's monitor serialises its calls */

	if (!CONFIG_GDB_ON || !is_first())
		return ERROR(SYS_ENOENT);
	if (f->rsi == DEBUG_WRITE && !is_user_range(f->rdx, sizeof(registers), false))
		return ERROR(SYS_EFAULT);
	if (f->rsi == DEBUG_READ && !is_user_range(f->rdx, sizeof(registers), true))
		return ERROR(SYS_EFAULT);
	if (f->rsi == DEBUG_WRITE)
		copy_from_user(&registers, f->rdx, sizeof(registers));
	int64_t result = debug_command((u32)f->rdi, (enum debug_command)f->rsi, &registers);

	if (f->rsi == DEBUG_READ && !result)
		copy_to_user(f->rdx, &registers, sizeof(registers));
	return (u64)result;
}

static u64 (*const syscalls[SYS_COUNT])(const struct trap_frame *) = {
	[SYS_COMPLETE] = sys_complete,
	[SYS_LOG] = sys_log,
	[SYS_CONSOLE_WRITE] = sys_console_write,
	[SYS_CONSOLE_READ] = sys_console_read,
	[SYS_TIMER_ARM] = sys_timer_arm,
	[SYS_MSI] = sys_msi,
	[SYS_PIC_LINE] = sys_pic_line,
	[SYS_IRQ_BIND] = sys_irq_bind,
	[SYS_PORT_READ] = sys_port_read,
	[SYS_PORT_WRITE] = sys_port_write,
	[SYS_PORT_READ_WORDS] = sys_port_words,
	[SYS_PORT_WRITE_WORDS] = sys_port_words,
	[SYS_STOP] = sys_stop,
	[SYS_STATISTICS] = sys_statistics,
	[SYS_LOG_READ] = sys_log_read,
	[SYS_DMA_ADDRESS] = sys_dma_address,
	[SYS_MMIO_MAP] = sys_mmio_map,
	[SYS_CONSOLE_FEED] = sys_console_feed,
	[SYS_PARTITION] = sys_partition,
	[SYS_DEBUG] = sys_debug,
};

u64 syscall_dispatch(const struct trap_frame *frame)
{
	if (frame->rax >= SYS_COUNT)
		return ERROR(SYS_EINVAL);
	return syscalls[frame->rax](frame);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole VMM in one small program: through /dev/kvm it makes a virtual machine with two CPUs and
 * in-kernel interrupt controllers, runs the guest of l2guest.c in it, prints what the guest says and
 * exits 0 only if the guest reported that every check passed.  With an argument, the reason of a
 * failure is also written to that file.  Interface: Linux, Documentation/virt/kvm/api.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "l2abi.h"

#define TIME_LIMIT_SECONDS	90
#define CPUID_ENTRIES		256
#define KVM_IDENTITY_MAP	0xfffbc000UL
#define KVM_TSS			0xfffbd000UL

extern const char l2_image[], l2_image_end[];

struct cpu {
	int fd;
	struct kvm_run *run;
	uint32_t echo;
};

static struct {
	int kvm, vm;
	size_t run_size;
	char *low, *high;
	const char *reason_file;
	struct cpu cpus[L2_CPUS];
} vm;

static const char *const stage_names[] = {
	[L2_STAGE_START] = "start", [L2_STAGE_CPUID] = "CPUID", [L2_STAGE_PORTS] = "ports",
	[L2_STAGE_MEMORY] = "memory", [L2_STAGE_TIMER] = "timer", [L2_STAGE_CPUS] = "second CPU",
	[L2_STAGE_DONE] = "end",
};

static const char *stage_name(void)
{
	uint32_t stage = L2_STAGE_START;

	if (vm.low != NULL)
		stage = ((volatile struct l2_params *)(void *)(vm.low + L2_PARAMS))->stage;
	return stage <= L2_STAGE_DONE ? stage_names[stage] : "unknown";
}

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *format, ...)
{
	char reason[160];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	fflush(stdout);
	fprintf(stderr, "l2demo: %s (stage: %s)\n", reason, stage_name());
	if (vm.reason_file != NULL) {
		FILE *file = fopen(vm.reason_file, "w");

		if (file != NULL) {
			fprintf(file, "%s (stage: %s)\n", reason, stage_name());
			fclose(file);
		}
	}
	_exit(1);
}

static int kvm_call(int fd, unsigned long request, const char *name, void *argument)
{
	int result = ioctl(fd, request, argument);

	if (result < 0)
		fail("%s: %s", name, strerror(errno));
	return result;
}

#define KVM_CALL(fd, request, argument)	kvm_call((fd), (request), #request, (argument))

static void *memory_slot(uint32_t slot, uint64_t gpa, size_t size, int advice)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)memory,
	};

	if (memory == MAP_FAILED)
		fail("mmap of guest memory: %s", strerror(errno));
	madvise(memory, size, advice);
	KVM_CALL(vm.vm, KVM_SET_USER_MEMORY_REGION, &region);
	return memory;
}

static void vm_create(void)
{
	unsigned long identity_map = KVM_IDENTITY_MAP;
	size_t image_size = (size_t)(l2_image_end - l2_image);

	vm.kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm.kvm < 0)
		fail("/dev/kvm: %s: does this machine offer VT-x to its guest?", strerror(errno));
	if (ioctl(vm.kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		fail("KVM API is not version %d", KVM_API_VERSION);
	vm.vm = KVM_CALL(vm.kvm, KVM_CREATE_VM, NULL);
	KVM_CALL(vm.vm, KVM_SET_IDENTITY_MAP_ADDR, &identity_map);
	KVM_CALL(vm.vm, KVM_SET_TSS_ADDR, (void *)KVM_TSS);
	KVM_CALL(vm.vm, KVM_CREATE_IRQCHIP, NULL);
	/* One slot in small pages, one in large ones where the kernel has them to give. */
	vm.low = memory_slot(0, 0, L2_LOW_SIZE, MADV_NOHUGEPAGE);
	vm.high = memory_slot(1, L2_HIGH, L2_HIGH_SIZE, MADV_HUGEPAGE);
	memcpy(vm.low + L2_LOAD, l2_image, image_size);
	vm.run_size = (size_t)KVM_CALL(vm.kvm, KVM_GET_VCPU_MMAP_SIZE, NULL);
}

static struct kvm_cpuid2 *cpuid_supported(void)
{
	struct kvm_cpuid2 *table;

	table = calloc(1, sizeof(*table) + CPUID_ENTRIES * sizeof(table->entries[0]));
	if (table == NULL)
		fail("out of memory");
	table->nent = CPUID_ENTRIES;
	KVM_CALL(vm.kvm, KVM_GET_SUPPORTED_CPUID, table);
	return table;
}

static void cpu_set_cpuid(const struct cpu *cpu, uint32_t index)
{
	struct l2_params *params = (void *)(vm.low + L2_PARAMS);
	struct kvm_cpuid2 *table = cpuid_supported();

	for (uint32_t i = 0; i < table->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &table->entries[i];

		if (entry->function == 0) {
			memcpy(params->vendor, &entry->ebx, 4);
			memcpy(params->vendor + 4, &entry->edx, 4);
			memcpy(params->vendor + 8, &entry->ecx, 4);
		} else if (entry->function == 1) {
			entry->ebx = (entry->ebx & 0x0000ffff) | index << 24 | L2_CPUS << 16;
			entry->ecx |= 1U << 31;
		} else if (entry->function == 0xb) {
			entry->edx = index;
		}
	}
	KVM_CALL(cpu->fd, KVM_SET_CPUID2, table);
	free(table);
}

/* The first CPU begins where SIPI will send the second: real mode, at the image's first byte. */
static void cpu_set_start(const struct cpu *cpu)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs = { .rflags = 2 };

	KVM_CALL(cpu->fd, KVM_GET_SREGS, &sregs);
	sregs.cs.selector = L2_LOAD >> 4;
	sregs.cs.base = L2_LOAD;
	KVM_CALL(cpu->fd, KVM_SET_SREGS, &sregs);
	KVM_CALL(cpu->fd, KVM_SET_REGS, &regs);
}

static void cpu_create(struct cpu *cpu, uint32_t index)
{
	cpu->fd = KVM_CALL(vm.vm, KVM_CREATE_VCPU, (void *)(uintptr_t)index);
	cpu->run = mmap(NULL, vm.run_size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu->fd, 0);
	if (cpu->run == MAP_FAILED)
		fail("mmap of a virtual CPU: %s", strerror(errno));
	cpu_set_cpuid(cpu, index);
	if (index == 0)
		cpu_set_start(cpu);
}

/* --- ports --- */

static void port_echo(struct cpu *cpu, char *data, uint8_t size)
{
	uint32_t answer = ~cpu->echo;

	if (size > sizeof(answer))
		fail("port access of %u bytes", size);
	if (cpu->run->io.direction == KVM_EXIT_IO_OUT)
		memcpy(&cpu->echo, data, size);
	else
		memcpy(data, &answer, size);
}

static void port_exit(uint8_t code)
{
	fflush(stdout);
	if (code != 0)
		fail("a check inside L2 failed, see its last line");
	_exit(0);
}

static void cpu_port(struct cpu *cpu)
{
	char *data = (char *)cpu->run + cpu->run->io.data_offset;
	uint32_t count = cpu->run->io.count;

	switch (cpu->run->io.port) {
	case L2_PORT_ECHO:
		port_echo(cpu, data, cpu->run->io.size);
		break;
	case L2_PORT_TEXT:
		fwrite(data, cpu->run->io.size, count, stdout);
		break;
	case L2_PORT_EXIT:
		port_exit((uint8_t)data[0]);
		break;
	default:
		fail("L2 used port 0x%x", cpu->run->io.port);
	}
}

static void cpu_handle_exit(struct cpu *cpu)
{
	switch (cpu->run->exit_reason) {
	case KVM_EXIT_IO:
		cpu_port(cpu);
		break;
	case KVM_EXIT_INTR:
		break;
	case KVM_EXIT_FAIL_ENTRY:
		fail("VM entry failed, hardware reason 0x%llx",
		     (unsigned long long)cpu->run->fail_entry.hardware_entry_failure_reason);
	case KVM_EXIT_INTERNAL_ERROR:
		fail("KVM internal error %u", cpu->run->internal.suberror);
	case KVM_EXIT_MMIO:
		fail("L2 touched address 0x%llx", (unsigned long long)cpu->run->mmio.phys_addr);
	default:
		fail("unexpected exit %u", cpu->run->exit_reason);
	}
}

static void *cpu_loop(void *argument)
{
	struct cpu *cpu = argument;

	for (;;) {
		int result = ioctl(cpu->fd, KVM_RUN, 0);

		/* EAGAIN: a CPU that waits for SIPI was woken; it has nothing to tell. */
		if (result < 0 && errno != EINTR && errno != EAGAIN)
			fail("KVM_RUN: %s", strerror(errno));
		if (result == 0)
			cpu_handle_exit(cpu);
	}
	return NULL;
}

static void *watch_time(void *argument)
{
	(void)argument;
	sleep(TIME_LIMIT_SECONDS);
	fail("no end after %d seconds", TIME_LIMIT_SECONDS);
}

static void start_thread(void *(*function)(void *), void *argument)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, function, argument);

	if (error != 0)
		fail("pthread_create: %s", strerror(error));
}

int main(int argc, char **argv)
{
	if (argc > 1)
		vm.reason_file = argv[1];
	setvbuf(stdout, NULL, _IOLBF, 0);
	vm_create();
	for (uint32_t i = 0; i < L2_CPUS; i++)
		cpu_create(&vm.cpus[i], i);
	start_thread(watch_time, NULL);
	for (uint32_t i = 1; i < L2_CPUS; i++)
		start_thread(cpu_loop, &vm.cpus[i]);
	cpu_loop(&vm.cpus[0]);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an exit of L2 costs with the stock kernel's KVM as L1: a virtual machine with one CPU executes CPUID in a tight loop. Prints
 * "bench: kvm_l2_cpuid N" in TSC ticks, which on an emulator with one CPU are instructions, and asks Nestbox for its counters before and
 * after, so that its exits can be counted.  Interface: Linux, Documentation/virt/kvm/api.rst.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define ROUNDS		2000	/* also in tests/bench/run.py */
#define GUEST_BYTES	0x10000
#define GUEST_START	0x1000
#define HEALTH_PORT	0x510
#define KVM_IDENTITY_MAP	0xfffbc000UL
#define KVM_TSS			0xfffbd000UL

/* Real mode; a write to port 0x10 before and after. */
extern const char guest_code[], guest_end[];
__asm__(".pushsection .rodata\n"
	".code16\n"
	"guest_code:\n"
	"	outb	%al, $0x10\n"
	"	movl	$2000, %esi\n"
	"1:	xorl	%eax, %eax\n"
	"	cpuid\n"
	"	decl	%esi\n"
	"	jnz	1b\n"
	"	outb	%al, $0x10\n"
	"	jmp	guest_code\n"
	"guest_end:\n"
	".code64\n"
	".popsection\n");

static int call(int fd, unsigned long request, const char *name, void *argument)
{
	int result = ioctl(fd, request, argument);

	if (result < 0)
		err(1, "%s", name);
	return result;
}

#define KVM_CALL(fd, request, argument)	call((fd), (request), #request, (argument))

static void give_memory(int vm)
{
	char *memory = mmap(NULL, GUEST_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = { .memory_size = GUEST_BYTES, .userspace_addr = (uintptr_t)memory };

	if (memory == MAP_FAILED)
		err(1, "mmap of guest memory");
	KVM_CALL(vm, KVM_SET_USER_MEMORY_REGION, &region);
	memcpy(memory + GUEST_START, guest_code, (size_t)(guest_end - guest_code));
}

static int make_cpu(int vm)
{
	int cpu = KVM_CALL(vm, KVM_CREATE_VCPU, NULL);
	struct kvm_regs regs = { .rflags = 2, .rip = GUEST_START };
	struct kvm_sregs sregs;

	KVM_CALL(cpu, KVM_GET_SREGS, &sregs);
	sregs.cs.selector = 0;
	sregs.cs.base = 0;
	KVM_CALL(cpu, KVM_SET_SREGS, &sregs);
	KVM_CALL(cpu, KVM_SET_REGS, &regs);
	return cpu;
}

static void run_to_port(int cpu, const struct kvm_run *run)
{
	KVM_CALL(cpu, KVM_RUN, NULL);
	if (run->exit_reason != KVM_EXIT_IO)
		errx(1, "exit %u instead of a port access", run->exit_reason);
}

static uint64_t ticks(void)
{
	return __builtin_ia32_rdtsc();
}

int main(void)
{
	unsigned long identity_map = KVM_IDENTITY_MAP;
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = kvm < 0 ? -1 : KVM_CALL(kvm, KVM_CREATE_VM, NULL);

	if (kvm < 0)
		err(1, "/dev/kvm");
	if (ioperm(HEALTH_PORT, 1, 1) != 0)
		err(1, "port access");
	KVM_CALL(vm, KVM_SET_IDENTITY_MAP_ADDR, &identity_map);
	KVM_CALL(vm, KVM_SET_TSS_ADDR, (void *)KVM_TSS);
	KVM_CALL(vm, KVM_CREATE_IRQCHIP, NULL);
	give_memory(vm);
	int cpu = make_cpu(vm);
	const struct kvm_run *run = mmap(NULL, (size_t)KVM_CALL(kvm, KVM_GET_VCPU_MMAP_SIZE, NULL), PROT_READ, MAP_SHARED, cpu, 0);
	if (run == MAP_FAILED)
		err(1, "mmap of the virtual CPU");
	for (int warm_up = 0; warm_up < 5; warm_up++)
		run_to_port(cpu, run);
	outb(1, HEALTH_PORT);
	uint64_t start = ticks();
	run_to_port(cpu, run);
	uint64_t used = ticks() - start;
	outb(1, HEALTH_PORT);
	printf("bench: kvm_l2_cpuid %llu\n", (unsigned long long)(used / ROUNDS));
}

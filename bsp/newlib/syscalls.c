/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What newlib asks of a system, for the monitor: memory from a fixed array, output to the serial
 * console, and an honest "no" to everything else. Owns the heap and the stack guard. There are no
 * files, processes or signals in ring 3.
 */
#include <assert.h>
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bsp/newlib/sys_call.h"
#include "kernel/monitor_abi.h"

#define HEAP_BYTES (512u << 10)
#define CONSOLE_CHUNK 4096u

static_assert(offsetof(struct monitor_info, random_seed) == 64, "crt0.S reads the seed there");
static_assert(SYS_COMPLETE == 0, "crt0.S");
static_assert(MONITOR_INFO_VA == 0x40000000, "crt0.S");

static char heap[HEAP_BYTES] __attribute__((aligned(16)));
static size_t heap_used;

/* crt0.S seeds it. */
uintptr_t __stack_chk_guard;

void __stack_chk_fail(void);

static int refuse(int error)
{
	errno = error;
	return -1;
}

/* Ring 3 cannot go on: a fault is the way to end with the kernel's report, and it stops the
 * partition. */
static void __attribute__((noreturn)) stop(const char *why)
{
	sys_call(SYS_LOG, (uintptr_t)why, strlen(why), 0);
	__builtin_trap();
}

void __attribute__((noreturn)) __stack_chk_fail(void)
{
	stop("monitor: stack smashed; this is a defect of the box, please report it\n");
}

void *sbrk(ptrdiff_t increment)
{
	char *old = heap + heap_used;

	if (increment < 0 ? (size_t)-increment > heap_used
			  : (size_t)increment > HEAP_BYTES - heap_used) {
		errno = ENOMEM;
		return (void *)-1;
	}
	heap_used += (size_t)increment;
	return old;
}

_READ_WRITE_RETURN_TYPE write(int file, const void *text, size_t count)
{
	size_t part = count < CONSOLE_CHUNK ? count : CONSOLE_CHUNK;

	if (file != STDOUT_FILENO && file != STDERR_FILENO)
		return refuse(EBADF);
	return sys_call(SYS_CONSOLE_WRITE, (uintptr_t)text, part, 0) < 0 ? refuse(EIO) : (int)part;
}

_READ_WRITE_RETURN_TYPE read(int file, void *buffer, size_t count)
{
	(void)file, (void)buffer, (void)count;
	return refuse(EBADF);
}

int close(int file)
{
	(void)file;
	return refuse(EBADF);
}

int fstat(int file, struct stat *status)
{
	if (file != STDOUT_FILENO && file != STDERR_FILENO)
		return refuse(EBADF);
	*status = (struct stat){ .st_mode = S_IFCHR };
	return 0;
}

int isatty(int file)
{
	return file == STDOUT_FILENO || file == STDERR_FILENO ? 1 : refuse(ENOTTY);
}

off_t lseek(int file, off_t offset, int whence)
{
	(void)file, (void)offset, (void)whence;
	return refuse(ESPIPE);
}

int kill(pid_t process, int signal)
{
	(void)process, (void)signal;
	return refuse(EPERM);
}

pid_t getpid(void)
{
	return 1;
}

void _exit(int status)
{
	(void)status;
	stop("monitor: the C library gave up; this is a defect of the box, please report it\n");
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers system calls in the test's own process.
 */
#include "fake_kernel.h"

#include <string.h>

#include "bsp/newlib/sys_call.h"
#include "manage/login.h"
#include "manage/show.h"

struct fake_kernel fake_kernel;

/* Nobody's. */
const struct password box_password;

const char box_layout_text[] = "RAM, 8192 MiB\n", box_layout_json[] = "{}\n";

void fake_kernel_reset(void)
{
	memset(&fake_kernel, 0, sizeof(fake_kernel));
	fake_kernel.input = "";
}

static int64_t append(char *to, uint32_t *used, uint32_t room, const uint64_t *arguments)
{
	if (arguments[1] >= room - *used)
		return -SYS_EFAULT;
	memcpy(to + *used, (const void *)(uintptr_t)arguments[0], arguments[1]);
	*used += (uint32_t)arguments[1];
	return 0;
}

static int64_t read_log(const uint64_t *arguments)
{
	uint64_t left = arguments[2] < fake_kernel.log_bytes ? fake_kernel.log_bytes - arguments[2] : 0;
	uint64_t count = left < arguments[1] ? left : arguments[1];

	memcpy((void *)(uintptr_t)arguments[0], fake_kernel.log + arguments[2], count);
	return (int64_t)count;
}

static int64_t answer(uint64_t number, const uint64_t *arguments)
{
	struct fake_kernel *k = &fake_kernel;

	switch (number) {
	case SYS_LOG:
		return arguments[1] > 256
			   ? -SYS_EINVAL
			   : append(k->log, &k->log_bytes, sizeof(k->log), arguments);
	case SYS_CONSOLE_WRITE:
		return append(k->console, &k->console_bytes, sizeof(k->console), arguments);
	case SYS_CONSOLE_READ:
		return *k->input ? *k->input++ : -SYS_EAGAIN;
	case SYS_STATISTICS:
		memcpy((void *)(uintptr_t)arguments[1], &k->statistics[arguments[0]],
		       sizeof(k->statistics[0]));
		return 0;
	case SYS_PARTITION:
		if (arguments[0] >= 4 || !k->partitions[arguments[0]].name[0])
			return -SYS_ENOENT;
		memcpy((void *)(uintptr_t)arguments[1], &k->partitions[arguments[0]], sizeof(k->partitions[0]));
		return 0;
	case SYS_LOG_READ:
		return read_log(arguments);
	default:
		return 0;
	}
}

int64_t sys_call(uint64_t number, uint64_t first, uint64_t second, uint64_t third)
{
	const uint64_t arguments[3] = { first, second, third };

	if (number >= SYS_COUNT)
		return -SYS_EINVAL;
	fake_kernel.calls[number]++;
	memcpy(fake_kernel.last[number], arguments, sizeof(arguments));
	return answer(number, arguments);
}

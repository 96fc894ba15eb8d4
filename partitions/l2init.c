/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first and only program of a Linux that runs as guest of a partition's own hypervisor (L2): says how many CPUs it has, lets each of them do
 * its share of a sum that only comes out right if all did, and switches the machine off. Static, so that it needs nothing beside it.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define MAX_CPUS 8
#define NUMBERS 200000u /* each CPU sums the squares of this many */

struct share {
	pthread_t thread;
	long cpu;
	int ran_on;
	uint64_t sum;
};

static void *work(void *argument)
{
	struct share *share = argument;
	cpu_set_t mine;

	CPU_ZERO(&mine);
	CPU_SET((size_t)share->cpu, &mine);
	if (sched_setaffinity(0, sizeof(mine), &mine)) {
		share->ran_on = -errno;
		return NULL;
	}
	for (uint64_t i = 0; i < NUMBERS; i++) {
		uint64_t number = (uint64_t)share->cpu * NUMBERS + i;

		share->sum += number * number;
	}
	share->ran_on = sched_getcpu();
	return NULL;
}

/* The sum of all squares below `end`, by the formula. */
static uint64_t squares(uint64_t end)
{
	return (end - 1) * end * (2 * end - 1) / 6;
}

/* What went wrong, or NULL. */
static const char *compute(long cpus)
{
	static struct share shares[MAX_CPUS];
	uint64_t sum = 0;

	if (cpus > MAX_CPUS)
		return "more CPUs than expected";
	for (long i = 0; i < cpus; i++) {
		shares[i].cpu = i;
		if (pthread_create(&shares[i].thread, NULL, work, &shares[i]))
			return "no thread";
	}
	for (long i = 0; i < cpus; i++) {
		pthread_join(shares[i].thread, NULL);
		if (shares[i].ran_on != i)
			return "a share did not run on its CPU";
		sum += shares[i].sum;
	}
	return sum == squares((uint64_t)cpus * NUMBERS) ? NULL : "wrong sum";
}

int main(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct timespec up;
	struct utsname name;
	const char *wrong;

	clock_gettime(CLOCK_BOOTTIME, &up);
	uname(&name);
	printf("L2: Linux %s, %ld CPUs online, up %ld.%02ld s\n", name.release, cpus, (long)up.tv_sec, up.tv_nsec / 10000000);
	wrong = compute(cpus);
	if (wrong)
		printf("L2: FAILED: %s\n", wrong);
	else
		printf("L2: every CPU has done its share of the sum\nL2: every check passed\n");
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}

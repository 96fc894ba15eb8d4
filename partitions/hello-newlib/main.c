/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A control partition without an operating system: one program, newlib, and runtime/. It tells each second that it is alive, answers keys, and says
 * so to the box. The place to begin one of your own.
 */
#include <stdio.h>

#include "runtime/runtime.h"

static void answer(int key)
{
	if (key == 'q') {
		printf("hello: good bye\n");
		runtime_power_off();
	}
	printf("hello: key %c\n", key);
}

int main(void)
{
	printf("hello: newlib without an operating system; q ends it\n");
	runtime_say(RUNTIME_GOAL);
	for (unsigned int second = 1;; second++) {
		uint64_t end = second * 1000ull;

		while (runtime_milliseconds() < end) {
			int key = runtime_key();

			if (key >= 0)
				answer(key);
			runtime_sleep(20);
		}
		runtime_say(RUNTIME_HEARTBEAT);
		printf("hello: %u s\n", second);
	}
}

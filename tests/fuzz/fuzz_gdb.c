/* SPDX-License-Identifier: Apache-2.0 */
/* gdb's side of the line is anybody's who has the password: packets of bytes, with a guest whose registers and memory are bytes, too. */
#include <string.h>

#include "gdb/stub.h"

#define RAM_BYTES 0x8000u
#define VCPUS 2u

static uint8_t ram[RAM_BYTES];
static struct debug_registers registers[VCPUS];
static bool is_parked[VCPUS];
static struct stub stub;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t command(void *context, uint32_t vcpu, enum debug_command what, struct debug_registers *r)
{
	(void)context;
	if (what == DEBUG_ATTACH || what == DEBUG_DETACH)
		return 0;
	if (vcpu >= VCPUS)
		__builtin_trap();
	if (!is_parked[vcpu])
		return -SYS_EAGAIN;
	if (what == DEBUG_READ)
		*r = registers[vcpu];
	else if (what == DEBUG_WRITE)
		registers[vcpu] = *r;
	else
		is_parked[vcpu] = false;
	return 0;
}

static void *at(void *context, uint64_t gpa, uint64_t count)
{
	(void)context;
	return count <= RAM_BYTES && gpa <= RAM_BYTES - count ? ram + gpa : NULL;
}

static void send(void *context, const char *bytes, size_t count)
{
	volatile char last = count ? bytes[count - 1] : 0;

	(void)context;
	(void)last;
	if (count > PACKET_BYTES + 4)
		__builtin_trap();
}

static const struct stub_target target = { .vcpu_count = VCPUS, .command = command, .ram = at, .send = send };

/* A line is a packet whose sum is right; a zero byte a stop of all vCPUs. */
static void line(const uint8_t *text, size_t count)
{
	uint8_t sum = 0;
	static const char digits[] = "0123456789abcdef";

	stub_feed(&stub, '$');
	for (size_t i = 0; i < count; i++) {
		sum = (uint8_t)(sum + text[i]);
		stub_feed(&stub, text[i]);
	}
	stub_feed(&stub, '#');
	stub_feed(&stub, (uint8_t)digits[sum >> 4]);
	stub_feed(&stub, (uint8_t)digits[sum & 0xF]);
}

static void stop(uint8_t by)
{
	for (uint32_t i = 0; i < VCPUS; i++) {
		is_parked[i] = true;
		registers[i].stopped_by = by >> (2 * i) & 3;
		registers[i].vmcs12_count = by & 16 ? DEBUG_VMCS12_FIELDS : 0;
		registers[i].is_l2 = by >> 5 & 1;
	}
	stub_stopped(&stub);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(ram, 0x11, sizeof(ram));
	memset(registers, 0, sizeof(registers));
	for (size_t i = 0; i < size && i < 64; i++)
		registers[0].shown[DEBUG_CR0 + i % 4] ^= (uint64_t)data[i] << 8 * (i / 4 % 8);
	stub_start(&stub, &target);
	stop(0);
	for (size_t at_byte = 0; at_byte < size;) {
		const uint8_t *end = memchr(data + at_byte, '\n', size - at_byte);
		size_t count = end ? (size_t)(end - data) - at_byte : size - at_byte;

		if (count && data[at_byte] < 32)
			stop(data[at_byte]);
		else
			line(data + at_byte, count);
		at_byte += count + 1;
	}
	stub_end(&stub);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The stub with a guest that is played: two vCPUs, whose stops and starts the test sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gdb/stub.h"

#define VCPUS 2u
#define RAM_BYTES 0x10000u

static struct stub stub;
static uint8_t ram[RAM_BYTES];
static char said[3 * PACKET_BYTES];
static size_t said_count;

static struct {
	struct debug_registers registers[VCPUS];
	bool is_parked[VCPUS], is_attached;
	enum debug_command last[VCPUS];
	uint32_t attaches;
} guest;

static int64_t command(void *context, uint32_t vcpu, enum debug_command what, struct debug_registers *registers)
{
	(void)context;
	if (what == DEBUG_ATTACH || what == DEBUG_DETACH) {
		guest.is_attached = what == DEBUG_ATTACH;
		guest.attaches += what == DEBUG_ATTACH;
		return 0;
	}
	assert_in_range(vcpu, 0, VCPUS - 1);
	if (!guest.is_parked[vcpu])
		return -SYS_EAGAIN;
	if (what == DEBUG_READ) {
		*registers = guest.registers[vcpu];
	} else if (what == DEBUG_WRITE) {
		guest.registers[vcpu] = *registers;
	} else {
		if (what == DEBUG_STEP && guest.registers[vcpu].is_l2)
			return -SYS_ENOENT;
		guest.is_parked[vcpu] = false;
		guest.last[vcpu] = what;
	}
	return 0;
}

static void *at(void *context, uint64_t gpa, uint64_t count)
{
	(void)context;
	return count <= RAM_BYTES && gpa <= RAM_BYTES - count ? ram + gpa : NULL;
}

static void send(void *context, const char *bytes, size_t count)
{
	(void)context;
	assert_true(said_count + count < sizeof(said));
	memcpy(said + said_count, bytes, count);
	said_count += count;
	said[said_count] = 0;
}

static const struct stub_target target = { .vcpu_count = VCPUS, .command = command, .ram = at, .send = send };

static void stop(uint32_t vcpu, enum debug_stop by)
{
	for (uint32_t i = 0; i < VCPUS; i++) {
		guest.is_parked[i] = true;
		guest.registers[i].stopped_by = i == vcpu ? by : DEBUG_STOP_ASKED;
	}
	stub_stopped(&stub);
}

static int setup(void **state)
{
	(void)state;
	memset(&guest, 0, sizeof(guest));
	for (size_t i = 0; i < RAM_BYTES; i++)
		ram[i] = (uint8_t)(i * 3);
	for (uint32_t i = 0; i < 16; i++)
		guest.registers[0].general[i] = 0x1000 + i;
	guest.registers[0].rip = 0x2000;
	guest.registers[0].rflags = 2;
	stub_start(&stub, &target);
	said_count = 0;
	return 0;
}

static int setup_stopped(void **state)
{
	setup(state);
	stop(VCPUS, DEBUG_STOP_ASKED);
	return 0;
}

static bool type(const char *text)
{
	char packet[PACKET_BYTES + 8];
	uint8_t sum = 0;
	bool is_on = true;

	said_count = 0;
	said[0] = 0;
	for (const char *c = text; *c; c++)
		sum = (uint8_t)(sum + *c);
	snprintf(packet, sizeof(packet), "$%s#%02x", text, sum);
	for (const char *c = packet; *c; c++)
		is_on = stub_feed(&stub, (uint8_t)*c);
	return is_on;
}

static void answers(const char *question, const char *answer)
{
	char expected[PACKET_BYTES + 8];
	uint8_t sum = 0;

	for (const char *c = answer; *c; c++)
		sum = (uint8_t)(sum + *c);
	snprintf(expected, sizeof(expected), "+$%s#%02x", answer, sum);
	type(question);
	assert_string_equal(said, expected);
}

static void asks_and_is_told(void **state)
{
	(void)state;
	assert_true(guest.is_attached);
	type("?");
	assert_string_equal(said, "+"); /* it still runs */
	answers("g", "E06");
	type("?");
	said_count = 0;
	stop(VCPUS, DEBUG_STOP_ASKED);
	assert_string_equal(said, "$T02thread:1;#d4");
	answers("?", "T02thread:1;");
	answers("qfThreadInfo", "m1,2");
	answers("qsThreadInfo", "l");
	answers("qC", "QC1");
	answers("T2", "OK");
	answers("T3", "E01");
	answers("T0", "E01");
	answers("Hg2", "OK");
	answers("qC", "QC2");
	answers("Hc-1", "OK");
	answers("Hg3", "E01");
	answers("HgCCCCCCCCCCCCCCCCCC", "E01");
	answers("Hg0", "OK");
	answers("qC", "QC2");
	answers("vMustReplyEmpty", "");
	answers("!", "");
	answers("vCont?", "vCont;c;C;s;S");
}

static void registers_are_read_and_written(void **state)
{
	(void)state;
	answers("p0", "0010000000000000");
	answers("p1", "0310000000000000"); /* rbx */
	answers("p10", "0020000000000000");
	answers("p18", "xxxxxxxxxxxxxxxxxxxx");
	answers("p2e", "E01");
	answers("pffffffffffffffffff", "E01");
	answers("P11=d70f0000", "OK");
	assert_int_equal(guest.registers[0].rflags, 0xFD7);
	answers("P12=0000", "E01"); /* segments are not to be written */
	answers("P0=00", "E01");
	answers("P0", "E01");
	guest.registers[0].is_l2 = true;
	answers("P0=0000000000000000", "E04");
	guest.registers[0].is_l2 = false;
	type("g");
	char all[2 * 400];
	const char *end = strchr(said, '#');

	assert_int_equal(end - said, 2 + 2 * (17 * 8 + 7 * 4 + 8 * 10 + 8 * 4 + 6 * 8));
	snprintf(all, sizeof(all), "G%.*s", (int)(end - said - 2), said + 2);
	memcpy(all + 1, "8877665544332211", 16);
	answers(all, "OK");
	assert_true(guest.registers[0].general[0] == 0x1122334455667788);
	assert_int_equal(guest.registers[0].general[3], 0x1003);
	all[20] = 0;
	answers(all, "E01");
}

static void describes_itself(void **state)
{
	char question[80], text[8192] = "";
	size_t at_byte = 0;

	(void)state;
	for (;;) {
		snprintf(question, sizeof(question), "qXfer:features:read:target.xml:%zx,3f", at_byte);
		type(question);
		char *end = strchr(said, '#');

		*end = 0;
		strcat(text, said + 3);
		at_byte += strlen(said + 3);
		if (said[2] == 'l')
			break;
		assert_int_equal(said[2], 'm');
		assert_int_equal(strlen(said + 3), 0x3F);
	}
	assert_non_null(strstr(text, "<reg name=\"rip\" bitsize=\"64\" type=\"code_ptr\"/>"));
	assert_non_null(strstr(text, "<reg name=\"efer\""));
	answers("qXfer:features:read:target.xml:ffffffffffffffff,10", "l");
	answers("qXfer:features:read:target.xml:0", "E01");
	answers("qXfer:features:read:other.xml:0,10", "");
}

static void memory_is_read_and_written(void **state)
{
	(void)state;
	answers("m10,4", "30333639");
	answers("mfffe,10", "fafd"); /* as far as there is some */
	answers("m10000,4", "E02");
	answers("m0,401", "E01");
	answers("m0", "E01");
	answers("M10,2:abcd", "OK");
	answers("m10,2", "abcd");
	answers("M10,2:ab", "E01");
	answers("M10,3:abcd", "E01");
	answers("Mffff,2:abcd", "E02");
	answers("M10,1:zz", "E02");
	guest.registers[0].is_l2 = true;
	answers("m10,4", "E03");
}

static void breakpoints(void **state)
{
	(void)state;
	type("qSupported:swbreak+");
	answers("Z0,2000,1", "OK");
	answers("Z0,2000,1", "OK"); /* once more is no other one */
	assert_int_equal(ram[0x2000], 0xCC);
	answers("m2000,1", "00");
	answers("M2000,1:77", "OK"); /* goes under it */
	assert_int_equal(ram[0x2000], 0xCC);
	type("vCont;c");
	assert_string_equal(said, "+");
	assert_int_equal(guest.last[0], DEBUG_GO);
	assert_int_equal(guest.last[1], DEBUG_GO);
	said_count = 0;
	stop(0, DEBUG_STOP_BREAKPOINT);
	assert_non_null(strstr(said, "$T05thread:1;swbreak:;#"));
	assert_int_equal(guest.registers[0].rip, 0x2000);
	answers("z0,2000,1", "OK");
	assert_int_equal(ram[0x2000], 0x77);
	answers("Z0,20000,1", "E02");
	answers("Z1,2000,1", "");
	answers("Z0,2000", "E01");
	for (uint32_t i = 0; i < STUB_BREAKPOINTS; i++) {
		char text[32];

		snprintf(text, sizeof(text), "Z0,%x,1", 0x3000 + i);
		answers(text, "OK");
	}
	answers("Z0,4000,1", "E05");
	ram[0x3000] = 0x11; /* the guest has written something else there */
	assert_false(type("D"));
	assert_int_equal(ram[0x3000], 0x11);
	assert_int_equal(ram[0x3001], (uint8_t)(0x3001 * 3));
	assert_false(guest.is_attached);
	assert_false(guest.is_parked[0] || guest.is_parked[1]);
}

static void a_gdb_that_is_old_wants_rip_behind_int3(void **state)
{
	(void)state;
	type("Z0,2000,1");
	type("vCont;c");
	stop(0, DEBUG_STOP_BREAKPOINT);
	assert_int_equal(guest.registers[0].rip, 0x2001);
}

static void int3_of_the_guests_own_is_given_back(void **state)
{
	(void)state;
	type("vCont;s:2;c");
	assert_int_equal(guest.last[0], DEBUG_GO);
	assert_int_equal(guest.last[1], DEBUG_STEP);
	said_count = 0;
	said[0] = 0;
	stop(0, DEBUG_STOP_BREAKPOINT);
	assert_string_equal(said, "");
	assert_int_equal(guest.last[0], DEBUG_REFLECT);
	assert_int_equal(guest.last[1], DEBUG_STEP);
}

static void one_steps_and_the_others_stand(void **state)
{
	(void)state;
	guest.last[1] = 0;
	type("vCont;s:1");
	assert_int_equal(guest.last[0], DEBUG_STEP);
	assert_true(guest.is_parked[1]);
	said_count = 0;
	stop(0, DEBUG_STOP_STEP);
	assert_non_null(strstr(said, "$T05thread:1;#"));
	answers("vCont;x:1", "E01");
	answers("vCont;c:9", "E01");
	guest.registers[1].is_l2 = true;
	type("vCont;s:2"); /* what cannot be stepped runs */
	assert_int_equal(guest.last[1], DEBUG_GO);
	uint32_t before = guest.attaches;
	stub_feed(&stub, 3);
	assert_int_equal(guest.attaches, before + 1);
	said_count = 0;
	stop(VCPUS, DEBUG_STOP_ASKED);
	assert_non_null(strstr(said, "$T02thread:"));
	before = guest.attaches;
	stub_feed(&stub, 3); /* it stands already */
	assert_int_equal(guest.attaches, before);
}

static void hears_of_the_guests_end(void **state)
{
	(void)state;
	type("Z0,2000,1");
	type("vCont;c");
	said_count = 0;
	stub_guest_end(&stub);
	assert_string_equal(said, "$X0f#ee");
	assert_int_equal(ram[0x2000], 0xCC); /* that memory is another guest's by now */
	assert_false(stub_feed(&stub, '+'));
}

static void what_was_lost_is_sent_again(void **state)
{
	(void)state;
	answers("qC", "QC1");
	said_count = 0;
	stub_feed(&stub, '-');
	assert_string_equal(said, "$QC1#c5");
	said_count = 0;
	for (const char *c = "$g#00"; *c; c++)
		stub_feed(&stub, (uint8_t)*c);
	assert_string_equal(said, "-");
}

static void hex(char *to, const char *text)
{
	for (; *text; text++, to += 2)
		snprintf(to, 3, "%02x", (uint8_t)*text);
}

static bool tells(const char *text)
{
	char question[200] = "qRcmd,", wanted[200];

	hex(question + 6, "vmcs12 guest_rip");
	hex(wanted, text);
	type(question);
	return strstr(said, wanted);
}

static void shows_vmcs12(void **state)
{
	char help[32] = "qRcmd,";

	(void)state;
	assert_true(tells("L1 has no current VMCS"));
	guest.registers[0].vmcs12_count = DEBUG_VMCS12_FIELDS;
	for (uint32_t i = 0; i < DEBUG_VMCS12_FIELDS; i++)
		guest.registers[0].vmcs12[i] = 0xABC00 + i;
	assert_true(tells("GUEST_RIP"));
	assert_false(tells("GUEST_RSP"));
	hex(help + 6, "vmcs12");
	type(help);
	assert_non_null(strchr(said, '#')); /* all of it does not fit, and is no error */
	assert_null(strstr(said, "E99"));
	hex(help + 6, "help");
	type(help);
	assert_true(strlen(said) > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(asks_and_is_told, setup),
		cmocka_unit_test_setup(registers_are_read_and_written, setup_stopped),
		cmocka_unit_test_setup(describes_itself, setup_stopped),
		cmocka_unit_test_setup(memory_is_read_and_written, setup_stopped),
		cmocka_unit_test_setup(breakpoints, setup_stopped),
		cmocka_unit_test_setup(a_gdb_that_is_old_wants_rip_behind_int3, setup_stopped),
		cmocka_unit_test_setup(int3_of_the_guests_own_is_given_back, setup_stopped),
		cmocka_unit_test_setup(one_steps_and_the_others_stand, setup_stopped),
		cmocka_unit_test_setup(hears_of_the_guests_end, setup_stopped),
		cmocka_unit_test_setup(what_was_lost_is_sent_again, setup_stopped),
		cmocka_unit_test_setup(shows_vmcs12, setup_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

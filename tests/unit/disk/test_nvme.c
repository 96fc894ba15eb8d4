/* SPDX-License-Identifier: Apache-2.0 */
/* The NVMe driver against a controller that is played: queues and their phases, page lists, errors, a controller that dies or answers nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "bsp/disk/nvme.h"

struct queue { uint64_t submit, complete; uint32_t entries, head, tail; uint32_t phase; bool interrupts; };

static struct {
	uint32_t capabilities[2], configuration, status, admin_sizes;
	uint64_t admin[2];
	struct queue queues[2];
	uint8_t controller[4096], namespace[4096];
	uint32_t flushes, resets, stride, masked;
	bool answers_another, never_ready, is_dead;
} ctrl;

static struct nvme nvme;

static uint64_t word64(const uint8_t *entry, unsigned int offset)
{
	uint64_t value;

	memcpy(&value, entry + offset, 8);
	return value;
}

static uint32_t word32(const uint8_t *entry, unsigned int offset)
{
	return (uint32_t)word64(entry, offset);
}

/* The n-th page of a transfer. */
static uint8_t *page(const uint8_t *entry, uint32_t n, uint32_t pages)
{
	uint64_t first = word64(entry, 24), second = word64(entry, 32);

	if (!n)
		return board_dma(first, 4096);
	if (pages == 2)
		return board_dma(second, 4096);
	const uint8_t *list = board_dma(second, 8ull * (pages - 1));

	return list ? board_dma(word64(list, 8 * (n - 1)), 4096) : NULL;
}

static uint32_t move(const uint8_t *entry, bool is_write)
{
	uint64_t sector = word64(entry, 40);
	uint32_t count = (word32(entry, 48) & 0xFFFF) + 1, pages = (count * 512 + 4095) / 4096;
	uint8_t *medium = board_sectors(sector, count);

	if (word32(entry, 4) != 1 || !medium)
		return 0x80;
	for (uint32_t i = 0; i < pages; i++) {
		uint8_t *memory = page(entry, i, pages);
		uint32_t bytes = count * 512 - i * 4096 < 4096 ? count * 512 - i * 4096 : 4096;

		if (memory)
			memcpy(is_write ? medium + i * 4096 : memory, is_write ? memory : medium + i * 4096, bytes);
	}
	return 0;
}

static uint32_t admin_command(const uint8_t *entry)
{
	uint32_t number = word32(entry, 40) & 0xFFFF, entries = (word32(entry, 40) >> 16) + 1;
	uint8_t *to = board_dma(word64(entry, 24), 4096);

	switch (entry[0]) {
	case 6:
		if (to)
			memcpy(to, number == 1 ? ctrl.controller : ctrl.namespace, 4096);
		return number > 1;
	case 5:
		ctrl.queues[1] = (struct queue){ .complete = word64(entry, 24), .entries = entries, .phase = 1, .interrupts = word32(entry, 44) & 2 };
		board.bad_accesses += word32(entry, 44) >> 16; /* the vector */
		return number != 1 || !(word32(entry, 44) & 1);
	case 1:
		ctrl.queues[1].submit = word64(entry, 24);
		return number != 1 || word32(entry, 44) >> 16 != 1 || entries != ctrl.queues[1].entries;
	default:
		return 1;
	}
}

static uint32_t deallocate(const uint8_t *entry)
{
	const uint8_t *range = board_dma(word64(entry, 24), 16);

	if (!range || word32(entry, 4) != 1 || word32(entry, 40) || word32(entry, 44) != 4)
		return 1;
	board_discard(word64(range, 8), word32(range, 4));
	return 0;
}

static uint32_t execute(uint32_t number, const uint8_t *entry)
{
	if (!number)
		return admin_command(entry);
	if (board.fail_next) {
		board.fail_next--;
		return 0x281;
	}
	if (entry[0] == 9)
		return deallocate(entry);
	ctrl.flushes += !entry[0];
	return !entry[0] ? 0 : entry[0] <= 2 ? move(entry, entry[0] == 1) : 1;
}

static void doorbell(uint32_t number, uint32_t tail)
{
	struct queue *q = &ctrl.queues[number];

	while (!board.hangs && q->head != tail) {
		const uint8_t *entry = board_dma(q->submit + 64ull * q->head, 64);
		uint32_t *completion = board_dma(q->complete + 16ull * q->tail, 16);

		if (!entry || !completion)
			return;
		uint32_t status = execute(number, entry);

		completion[2] = number << 16 | q->head;
		completion[3] = ((word32(entry, 0) >> 16) + ctrl.answers_another) & 0xFFFF;
		completion[3] |= q->phase << 16 | status << 17;
		if (q->interrupts && !ctrl.masked)
			board_interrupt();
		q->head = (q->head + 1) % q->entries;
		q->tail = (q->tail + 1) % q->entries;
		q->phase ^= !q->tail;
	}
}

static uint32_t ctrl_read(uint32_t bar, uint32_t offset, uint32_t size)
{
	board.bad_accesses += bar != 0 || size != 4;
	return offset == 0 ? ctrl.capabilities[0] : offset == 4 ? ctrl.capabilities[1] : offset == 0x14 ? ctrl.configuration : offset == 0x1C ? ctrl.status : 0;
}

static void configure(uint32_t value)
{
	bool is_on = value & 1;

	ctrl.resets += !is_on && ctrl.configuration & 1;
	ctrl.configuration = value;
	ctrl.masked = is_on ? ctrl.masked : 0;
	ctrl.status = (is_on && !ctrl.never_ready) | ctrl.is_dead << 1;
	if (is_on) {
		ctrl.queues[0] = (struct queue){ ctrl.admin[0], ctrl.admin[1], (ctrl.admin_sizes & 0xFFF) + 1, 0, 0, 1, true };
		board.bad_accesses += value != (1 | 6 << 16 | 4 << 20) || ctrl.admin[0] % 4096 || ctrl.admin[1] % 4096;
	}
}

static void ctrl_write(uint32_t bar, uint32_t offset, uint32_t size, uint32_t value)
{
	board.bad_accesses += bar != 0 || size != 4;
	if (offset >= 0x1000) {
		uint32_t which = (offset - 0x1000) / (4u << ctrl.stride);

		if (which % 2 == 0 && which / 2 < 2)
			doorbell(which / 2, value);
	} else if (offset >= 0x28 && offset < 0x38) {
		memcpy((uint8_t *)ctrl.admin + (offset - 0x28), &value, 4);
	} else if (offset == 0x14) {
		configure(value);
	} else if (offset == 0x0C) {
		board.bad_accesses += board.messages.is_msix;
		ctrl.masked |= value;
	} else if (offset == 0x24) {
		ctrl.admin_sizes = value;
	}
}

static int plug_in(void **state)
{
	uint64_t sectors = BOARD_SECTORS;

	(void)state;
	board_make(0x1B36, 0x0010, NVME_CLASS);
	board.read = ctrl_read;
	board.write = ctrl_write;
	board_set_bar(0, 0x4000);
	pci_enable(&board.host, &board.function);
	memset(&ctrl, 0, sizeof(ctrl));
	ctrl.capabilities[0] = 4u << 24 | 63;
	ctrl.capabilities[1] = 1 << 5;
	memset(ctrl.controller + 24, ' ', 40);
	memcpy(ctrl.controller + 24, "Model Disk", 10);
	memcpy(ctrl.namespace, &sectors, 8);
	ctrl.namespace[26] = 1;
	ctrl.namespace[128 + 2] = 12;
	ctrl.namespace[132 + 2] = 9;
	return 0;
}

static bool open(void)
{
	return nvme_open(&nvme, &board.host, &board.function);
}

static void drives_a_disk(void **state)
{
	(void)state;
	ctrl.configuration = 1; /* the firmware has left it on */
	assert_true(open());
	assert_string_equal(nvme.disk.model, "Model Disk");
	assert_string_equal(nvme.disk.where, "NVMe 00:03.0");
	board_check_transfers(&nvme.disk);
	assert_int_equal(ctrl.flushes, 1);
	assert_int_equal(ctrl.resets, 1);
	nvme.disk.close(&nvme.disk);
	assert_int_equal(ctrl.configuration, 0);
}

static void heeds_limits(void **state)
{
	(void)state;
	ctrl.controller[77] = 1; /* two pages at once */
	ctrl.capabilities[1] |= ctrl.stride = 2;
	assert_true(open());
	assert_int_equal(nvme.disk.sectors_at_once, 16);
	board_check_transfers(&nvme.disk);
}

static void recovers(void **state)
{
	(void)state;
	assert_true(open());
	board_check_failures(&nvme.disk);
	assert_int_not_equal(ctrl.resets, 0);
}

static void interrupts(void **state)
{
	(void)state;
	board_set_msix(0x60, 0, 0x3000);
	assert_true(open());
	board_check_interrupts(&nvme.disk);
	plug_in(state);
	board_set_msi(0x60, 0);
	assert_true(open());
	board_check_interrupts(&nvme.disk);
	/* after a reset, too */
	board.hangs = true;
	assert_false(nvme.disk.device.flush(&nvme));
	board.hangs = false;
	(void)nvme.disk.device.flush(&nvme);
	nvme.disk.failures = 0;
	board_check_interrupts(&nvme.disk);
	/* one that cannot stays silent */
	plug_in(state);
	assert_true(open());
	assert_int_equal(ctrl.masked, UINT32_MAX);
	assert_false(ctrl.queues[1].interrupts);
}

static void discards(void **state)
{
	(void)state;
	assert_true(open());
	assert_null(nvme.disk.device.discard);
	ctrl.controller[520] = 4;
	assert_true(open());
	board_check_discards(&nvme.disk, 65536);
}

static void believes_no_answer_to_another_command(void **state)
{
	uint8_t bytes[DISK_SECTOR_BYTES];

	(void)state;
	assert_true(open());
	ctrl.answers_another = true;
	assert_false(nvme.disk.device.read(&nvme, 0, 1, bytes));
	ctrl.answers_another = false;
	(void)nvme.disk.device.read(&nvme, 0, 1, bytes);
	assert_true(nvme.disk.device.read(&nvme, 0, 1, bytes));
	assert_memory_equal(bytes, board.medium, sizeof(bytes));
}

static void a_dead_controller_is_given_up_at_once(void **state)
{
	uint8_t bytes[DISK_SECTOR_BYTES];

	(void)state;
	assert_true(open());
	board.hangs = ctrl.is_dead = true;
	ctrl.status = 3;
	uint64_t start = board.now_ms;
	assert_false(nvme.disk.device.read(&nvme, 0, 1, bytes));
	assert_true(board.now_ms - start < DISK_COMMAND_MS);
	assert_string_equal(nvme.disk.last_failure, "the controller does not come back from its reset");
}

static void refuse_large_sectors(void) { ctrl.namespace[26] = 0; }
static void refuse_metadata(void) { ctrl.namespace[132] = 8; }
static void refuse_no_namespace(void) { memset(ctrl.namespace, 0, 8); }
static void refuse_far_format(void) { ctrl.namespace[26] = 0x6F; }
static void refuse_commands(void) { ctrl.capabilities[1] = 0; }
static void refuse_large_pages(void) { ctrl.capabilities[1] |= 1 << 16; }
static void refuse_short_queues(void) { ctrl.capabilities[0] = 4u << 24 | 1; }
static void refuse_never_ready(void) { ctrl.never_ready = true; }
static void refuse_silent(void) { board.hangs = true; }
static void refuse_small_bar(void) { board_set_bar(0, 0x10); }

static void refuses_what_it_cannot_drive(void **state)
{
	static void (*const causes[])(void) = { refuse_large_sectors, refuse_metadata, refuse_no_namespace, refuse_far_format, refuse_commands,
						refuse_large_pages, refuse_short_queues, refuse_never_ready, refuse_silent, refuse_small_bar };

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		plug_in(state);
		causes[i]();
		assert_false(open());
		assert_true(board.now_ms < 60000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(drives_a_disk, plug_in),
		cmocka_unit_test_setup(heeds_limits, plug_in),
		cmocka_unit_test_setup(recovers, plug_in),
		cmocka_unit_test_setup(interrupts, plug_in),
		cmocka_unit_test_setup(discards, plug_in),
		cmocka_unit_test_setup(believes_no_answer_to_another_command, plug_in),
		cmocka_unit_test_setup(a_dead_controller_is_given_up_at_once, plug_in),
		cmocka_unit_test_setup(refuses_what_it_cannot_drive, plug_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* MSI-X: what is sent, kept while masked, lost while off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pci/msix.h"

static struct msix msix;
static uint32_t sent, data;
static uint64_t address;

static void send(void *context, uint64_t to, uint32_t what)
{
	assert_ptr_equal(context, &msix);
	sent++;
	address = to;
	data = what;
}

static int setup(void **state)
{
	msix = (struct msix){ .count = 3, .send = send, .context = &msix };
	msix_reset(&msix);
	sent = 0;
	return 0;
}

static void program(uint32_t vector, uint32_t control)
{
	msix_table_write(&msix, vector * 16, 8, 0x1FEE01003);
	msix_table_write(&msix, vector * 16 + 8, 4, 0x40 + vector);
	msix_table_write(&msix, vector * 16 + 12, 4, control);
}

static void sends_what_the_entry_says(void **state)
{
	program(1, 0xFFFFFFFE);
	msix_control(&msix, true, false);
	msix_raise(&msix, 1);
	assert_int_equal(sent, 1);
	assert_int_equal(address, 0x1FEE01000); /* what it means is the platform's to say */
	assert_int_equal(data, 0x41);
	assert_int_equal(msix_table_read(&msix, 16, 8), 0x1FEE01000);
	assert_int_equal(msix_table_read(&msix, 24, 4), 0x41);
	assert_int_equal(msix_table_read(&msix, 28, 4), 0);
}

static void masked_ones_wait(void **state)
{
	program(0, 1);
	msix_control(&msix, true, false);
	msix_raise(&msix, 0);
	msix_raise(&msix, 0);
	assert_int_equal(sent, 0);
	assert_int_equal(msix_pending_read(&msix, 0, 8), 1);
	msix_table_write(&msix, 12, 4, 0);
	assert_int_equal(sent, 1);
	assert_int_equal(msix_pending_read(&msix, 0, 4), 0);
	msix_control(&msix, true, true);
	msix_raise(&msix, 0);
	assert_int_equal(sent, 1);
	msix_control(&msix, true, false);
	assert_int_equal(sent, 2);
}

static void nothing_while_off(void **state)
{
	program(0, 0);
	msix_raise(&msix, 0);
	msix_control(&msix, true, false);
	assert_int_equal(sent, 0);
	msix_raise(&msix, 3); /* no such vector */
	msix_raise(&msix, 0xFFFF);
	assert_int_equal(sent, 0);
	assert_int_equal(msix.pending, 0);
}

static void odd_accesses_do_nothing(void **state)
{
	const struct msix before = msix;

	for (uint32_t offset = 0; offset < 0x1000; offset++)
		for (uint32_t size = 1; size <= 8; size *= 2) {
			bool is_good = size >= 4 && !(offset % size) && offset < 3 * 16;

			if (is_good)
				continue;
			msix_table_write(&msix, offset, size, UINT64_MAX);
			assert_int_equal(msix_table_read(&msix, offset, size), 0);
		}
	assert_memory_equal(&msix, &before, sizeof(msix));
	assert_int_equal(msix_pending_read(&msix, 8, 4), 0);
	assert_int_equal(msix_pending_read(&msix, 0xFFF, 8), 0);
}

static void reset_masks_all(void **state)
{
	program(0, 0);
	msix_control(&msix, true, false);
	msix_reset(&msix);
	msix_raise(&msix, 0);
	msix_control(&msix, true, false);
	msix_raise(&msix, 0);
	assert_int_equal(sent, 0);
	assert_int_equal(msix_table_read(&msix, 12, 4), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sends_what_the_entry_says, setup),
		cmocka_unit_test_setup(masked_ones_wait, setup),
		cmocka_unit_test_setup(nothing_while_off, setup),
		cmocka_unit_test_setup(odd_accesses_do_nothing, setup),
		cmocka_unit_test_setup(reset_masks_all, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

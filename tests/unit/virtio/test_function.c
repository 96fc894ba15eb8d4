/* SPDX-License-Identifier: Apache-2.0 */
/* A virtio device on the PCI bus: found by its capabilities, driven through its BAR and the window. */
#include "driver.h"
#include "virtio/rng.h"

static struct pci pci;
static struct virtio_rng rng;

#define SLOT 5u
#define BAR PCI_BARS_START

static void random_bytes(void *context, void *bytes, uint32_t count)
{
	memset(bytes, 0xA5, count);
}

static int setup(void **state)
{
	struct virtio_host host = driver_start();

	pci_reset(&pci);
	rng.random = random_bytes;
	virtio_rng_init(&rng, &host);
	assert_true(virtio_function_plug(&rng.function, &pci, SLOT));
	driver.virtio = &rng.function.virtio;
	return 0;
}

static uint32_t config_get(uint32_t offset, uint32_t size)
{
	pci_address_write(&pci, 0xCF8, 4, 0x80000000 | SLOT << 11 | (offset & 0xFC));
	return (uint32_t)pci_data_read(&pci, 0xCFC + (offset & 3), size);
}

static void config_set(uint32_t offset, uint32_t size, uint32_t value)
{
	pci_address_write(&pci, 0xCF8, 4, 0x80000000 | SLOT << 11 | (offset & 0xFC));
	pci_data_write(&pci, 0xCFC + (offset & 3), size, value);
}

/* The offset of a capability of this id and, for id 9, type; 0: there is none. */
static uint32_t find(uint32_t id, uint32_t type)
{
	uint32_t at = config_get(0x34, 1);

	for (uint32_t i = 0; at && i < 48; i++, at = config_get(at + 1, 1))
		if (config_get(at, 1) == id && (id != 9 || config_get(at + 3, 1) == type))
			return at;
	return 0;
}

static void identity_and_bar(void **state)
{
	assert_int_equal(config_get(0, 4), 0x10441AF4);
	assert_int_equal(config_get(6, 2) & 0x10, 0x10);
	assert_int_equal(config_get(8, 1), 1);
	assert_int_equal(config_get(0x3D, 1), 0); /* no interrupt pin */
	assert_int_equal(config_get(0x10, 4), BAR);
	config_set(0x10, 4, 0xFFFFFFFF);
	assert_int_equal(config_get(0x10, 4), 0xFFFF8000);
	config_set(0x14, 4, 0xFFFFFFFF);
	assert_int_equal(config_get(0x14, 4), 0);
}

static void capabilities_lead_into_the_bar(void **state)
{
	static const struct {
		uint32_t type, least;
	} wanted[] = { { 1, 56 }, { 2, 4 }, { 3, 1 }, { 4, 1 } };

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		uint32_t at = find(9, wanted[i].type);

		assert_true(at);
		assert_in_range(config_get(at + 2, 1), 16, 24);
		assert_int_equal(config_get(at + 4, 1), 0);
		assert_true(config_get(at + 12, 4) >= wanted[i].least);
		assert_true(config_get(at + 8, 4) + config_get(at + 12, 4) <= 0x8000);
	}
	assert_int_equal(config_get(find(9, 2) + 16, 4), 4);
	assert_int_equal(config_get(find(0x11, 0) + 2, 2), 1); /* two vectors */
}

static void the_bar_moves_and_needs_the_command(void **state)
{
	assert_false(pci_memory_claims(&pci, BAR, 4));
	config_set(4, 2, 0xFFFF);
	assert_int_equal(config_get(4, 2), 6);
	assert_true(pci_memory_claims(&pci, BAR, 4));
	assert_true(pci_memory_claims(&pci, BAR + 0x7FFC, 4));
	assert_false(pci_memory_claims(&pci, BAR + 0x7FFD, 4));
	assert_false(pci_memory_claims(&pci, BAR - 1, 2));
	assert_int_equal(pci_memory_read(&pci, BAR + 18, 2), 1);
	config_set(0x10, 4, 0xD0000000);
	assert_false(pci_memory_claims(&pci, BAR, 4));
	assert_int_equal(pci_memory_read(&pci, 0xD0000012, 2), 1);
	config_set(0x10, 4, 0xFFFFFFFF);
	assert_true(pci_memory_claims(&pci, 0xFFFFFFFC, 4)); /* out of the window: the board never asks */
	assert_int_equal(pci_memory_read(&pci, BAR, 4), 0xFFFFFFFF);
	config_set(4, 2, 0);
	config_set(0x10, 4, BAR);
	assert_false(pci_memory_claims(&pci, BAR, 4));
}

static void every_byte_of_the_bar_may_be_touched(void **state)
{
	config_set(4, 2, 6);
	for (uint32_t offset = 0; offset < 0x8000; offset++)
		for (uint32_t size = 1; size <= 8; size *= 2) {
			if (!pci_memory_claims(&pci, BAR + offset, size))
				continue;
			pci_memory_read(&pci, BAR + offset, size);
			pci_memory_write(&pci, BAR + offset, size, 0x0101010101010101ull * offset);
		}
	assert_false(virtio_is_running(&rng.function.virtio));
}

static void offer_one(void)
{
	driver_descriptor(driver_ring(0), 0, DATA_GPA, DESCRIPTOR(4, WRITE, 0));
	driver_offer(0, 0);
	pci_memory_write(&pci, BAR + 0x3000, 2, 0);
}

static void interrupts_go_by_message(void **state)
{
	uint32_t at = find(0x11, 0);

	config_set(4, 2, 6);
	driver_bring_up(&rng.function.virtio, 0);
	offer_one();
	assert_int_equal(driver.messages, 0); /* MSI-X is off */
	assert_int_equal(driver.ram[DATA_GPA + 3], 0xA5);
	assert_int_equal(pci_memory_read(&pci, BAR + 0x1000, 1), 1);
	pci_memory_write(&pci, BAR + 0x4010, 8, 0xFEE00000);
	pci_memory_write(&pci, BAR + 0x4018, 4, 0x55);
	pci_memory_write(&pci, BAR + 0x401C, 4, 0);
	config_set(at + 2, 2, 0x8000);
	offer_one();
	assert_int_equal(driver.messages, 1);
	assert_int_equal(driver.message_address, 0xFEE00000);
	assert_int_equal(driver.message_data, 0x55);
	config_set(at + 2, 2, 0xC000); /* masked as a whole */
	offer_one();
	assert_int_equal(driver.messages, 1);
	assert_int_equal(pci_memory_read(&pci, BAR + 0x5000, 4), 2);
	config_set(at + 2, 2, 0x8000);
	assert_int_equal(driver.messages, 2);
	config_set(4, 2, 2); /* no bus master */
	offer_one();
	assert_int_equal(driver.messages, 2);
}

static void the_window_reaches_the_bar(void **state)
{
	uint32_t at = find(9, 5);

	assert_int_equal(config_get(at + 16, 4), 0);
	config_set(at + 8, 4, 18);
	config_set(at + 12, 4, 2);
	assert_int_equal(config_get(at + 16, 2), 1); /* queues there are */
	config_set(at + 8, 4, 20);
	config_set(at + 12, 4, 1);
	config_set(at + 16, 1, 3);
	assert_int_equal(rng.function.virtio.status, 3);
	assert_int_equal(config_get(at + 16, 1), 3);
	config_set(at + 12, 4, 4); /* not aligned to that */
	config_set(at + 8, 4, 21);
	config_set(at + 16, 4, 0);
	config_set(at + 8, 4, 0x8000);
	config_set(at + 16, 4, 0);
	config_set(at + 8, 4, 0xFFFFFFFC);
	config_set(at + 16, 4, 0);
	config_set(at + 8, 4, 20);
	config_set(at + 12, 4, 0xFFFFFFFF);
	config_set(at + 16, 4, 0);
	config_set(at + 12, 4, 1);
	config_set(at + 4, 1, 1); /* another BAR */
	config_set(at + 16, 1, 0);
	assert_int_equal(rng.function.virtio.status, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(identity_and_bar, setup),
		cmocka_unit_test_setup(capabilities_lead_into_the_bar, setup),
		cmocka_unit_test_setup(the_bar_moves_and_needs_the_command, setup),
		cmocka_unit_test_setup(every_byte_of_the_bar_may_be_touched, setup),
		cmocka_unit_test_setup(interrupts_go_by_message, setup),
		cmocka_unit_test_setup(the_window_reaches_the_bar, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

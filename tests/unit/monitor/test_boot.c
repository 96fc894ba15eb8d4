/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of a boot: nothing of the module is used before it is verified, what is verified is
 * what runs, and every refusal is one line. Verification itself is faked here; tests/unit/image has
 * the real one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot.h"
#include "slots.h"
#include "fake_kernel.h"
#include "image/bytes.h"
#include "image/payload.h"
#include "image/verify.h"
#include "loader/e820.h"

#define MIB (1ull << 20)
#define RAM_BYTES (64 * MIB)
#define PAYLOAD_OFFSET 0x100000u
#define KERNEL_OFFSET 4096u
#define KERNEL_BYTES 8192u
#define PAYLOAD_BYTES (KERNEL_OFFSET + KERNEL_BYTES)
#define MODULE_BYTES (PAYLOAD_OFFSET + PAYLOAD_BYTES)

static uint8_t *ram, *module;
static struct monitor_info info;
static enum image_error manifest_answer, payload_answer;
static uint64_t payload_bytes;
static bool is_module_altered_late, has_payload_been_verified;
static const struct trusted_key key = { .key_id = { 0xAB, 0xCD, 1, 2, 3, 4, 5, 6, 7 },
					.algorithm = KEY_ECDSA_P384,
					.role = KEY_DEV };

const struct keyring box_keyring = { .keys = &key, .count = 1 };

void crypto_heap_init(void *heap, size_t bytes)
{
	memset(heap, 0, bytes);
}

const char *slots_boot(const struct monitor_info *info, const struct verify_policy *policy, slots_load *load)
{
	(void)info, (void)policy, (void)load;
	return "there is no disk; get one";
}

static const char *report_answer;

const char *slots_report(const struct monitor_info *of, const struct verify_policy *policy, slots_load *load)
{
	assert_ptr_equal(of, &info);
	assert_ptr_equal(policy->keyring, &box_keyring);
	assert_non_null(load);
	return report_answer;
}

enum image_error image_verify_manifest(const struct image_source *source,
				       const struct verify_policy *policy,
				       struct verify_result *result)
{
	assert_ptr_equal(source->bytes, module);
	assert_int_equal(source->size, MODULE_BYTES);
	assert_ptr_equal(policy->keyring, &box_keyring);
	assert_memory_equal(policy->role_uuid, info.role_uuid, 16);
	assert_memory_equal(policy->product_uuid, info.product_uuid, 16);
	assert_int_equal(policy->security_version_floor, info.security_version_floor);
	assert_int_equal(policy->hardware_revision, info.hardware_revision);
	result->key = &key;
	result->manifest = (struct manifest){ .version_major = 1,
					      .version_minor = 2,
					      .version_patch = 3,
					      .security_version = 4,
					      .payload_offset = PAYLOAD_OFFSET,
					      .payload_bytes = payload_bytes,
					      .build_id = "build-5" };
	return manifest_answer;
}

enum image_error image_load_payload(const struct image_source *source, uint8_t *to,
				    struct verify_result *result,
				    const struct verify_progress *progress)
{
	uint64_t count = result->manifest.payload_bytes;

	assert_ptr_equal(source->bytes, module);
	assert_int_equal(count, payload_bytes);
	assert_true(to >= ram && to + count <= ram + RAM_BYTES);
	memcpy(to, module + PAYLOAD_OFFSET, count);
	for (uint64_t done = 0; done <= count; done += count / 4)
		progress->report(progress->context, done, count);
	if (is_module_altered_late)
		memset(module, 0xEE, MODULE_BYTES);
	has_payload_been_verified = true;
	return payload_answer;
}

static void make_payload(uint8_t *bytes)
{
	struct payload payload = { .count = 1 };
	uint8_t *kernel = bytes + KERNEL_OFFSET;

	payload.parts[0] = (struct payload_part){ .type = PART_KERNEL_LINUX,
						  .offset = KERNEL_OFFSET,
						  .size = KERNEL_BYTES,
						  .text = "vmlinuz" };
	payload_write_table(&payload, bytes);
	kernel[0x1F1] = 1;
	bytes_put16(kernel + 0x1FE, 0xAA55);
	kernel[0x201] = 0x264 - 0x202;
	memcpy(kernel + 0x202, "HdrS", 4);
	bytes_put16(kernel + 0x206, 0x20F);
	kernel[0x211] = 1;
	bytes_put32(kernel + 0x22C, 0x7FFFFFFF);
	bytes_put32(kernel + 0x230, 2 * MIB);
	bytes_put16(kernel + 0x236, 1);
	bytes_put32(kernel + 0x238, 2047);
	bytes_put64(kernel + 0x258, 16 * MIB);
	bytes_put32(kernel + 0x260, 4 * MIB);
	memset(kernel + 1024, 0x90, KERNEL_BYTES - 1024);
}

static int open_box(void **state)
{
	(void)state;
	fake_kernel_reset();
	ram = malloc(RAM_BYTES);
	module = calloc(1, MODULE_BYTES);
	make_payload(module + PAYLOAD_OFFSET);
	manifest_answer = payload_answer = IMAGE_OK;
	payload_bytes = PAYLOAD_BYTES;
	is_module_altered_late = has_payload_been_verified = false;
	info = (struct monitor_info){ .cpu_count = 2,
				      .ram_bytes = RAM_BYTES,
				      .module_bytes = MODULE_BYTES,
				      .hardware_revision = 3,
				      .security_version_floor = 2 };
	memset(info.role_uuid, 0x11, 16);
	memset(info.product_uuid, 0x22, 16);
	strcpy(info.partition_name, "demo");
	return 0;
}

static int close_box(void **state)
{
	(void)state;
	free(ram);
	free(module);
	return 0;
}

static bool boot(struct boot_state *start)
{
	const struct boot_source source = { &info, module, ram };

	memset(start, 0, sizeof(*start));
	return boot_partition(&source, start);
}

/* The text after "image refused: " up to the end of its line, which must be the only such line. */
static void assert_refused(const char *what)
{
	struct boot_state start;

	assert_false(boot(&start));
	const char *line = strstr(fake_kernel.log, "image refused: ");
	assert_non_null(line);
	assert_null(strstr(line + 1, "image refused: "));
	assert_non_null(strstr(line, what));
	assert_non_null(strstr(line, " - "));
	assert_int_equal(line[strcspn(line, "\n") + 1], 0);
	assert_int_equal(start.rip, 0);
}

static void good_image_starts(void **state)
{
	struct boot_state start;

	(void)state;
	assert_true(boot(&start));
	assert_int_equal(start.rip, 16 * MIB + 0x200);
	assert_int_equal(ram[16 * MIB], 0x90);
	assert_non_null(
	    strstr(fake_kernel.log, "signed by key abcd010203040506 (development, ECDSA P-384)\n"));
	assert_non_null(
	    strstr(fake_kernel.log, "version 1.2.3, security version 4, build build-5\n"));
	assert_non_null(strstr(fake_kernel.log, " 25% 50% 75% 100%\n"));
	assert_null(strstr(fake_kernel.log, "refused"));
}

static void tables_and_bios_data_are_placed(void **state)
{
	struct boot_state start;
	uint64_t rsdp;

	(void)state;
	memset(ram, 0xA5, MIB);
	assert_true(boot(&start));
	assert_int_equal(bytes_get16(ram + 0x413), E820_LOW_END >> 10);
	assert_true(bytes_are_zero(ram + 0x800, E820_BIOS_DATA_END - 0x800));
	rsdp = bytes_get64(ram + start.rsi + 0x70);
	assert_memory_equal(ram + rsdp, "RSD PTR ", 8);
}

static void verified_copy_is_what_runs(void **state)
{
	struct boot_state start;

	(void)state;
	is_module_altered_late = true;
	assert_true(boot(&start));
	assert_int_equal(ram[16 * MIB], 0x90);
}

static void bad_manifest_is_refused_before_the_payload(void **state)
{
	(void)state;
	manifest_answer = IMAGE_ERROR_SIGNATURE_UNKNOWN_KEY;
	assert_refused("none of the image's signatures");
	assert_false(has_payload_been_verified);
	assert_null(strstr(fake_kernel.log, "signed by"));
}

static void bad_payload_is_refused_before_it_is_parsed(void **state)
{
	(void)state;
	payload_answer = IMAGE_ERROR_PAYLOAD_ALTERED;
	memset(module + PAYLOAD_OFFSET, 0xFF, PAYLOAD_BYTES);
	assert_refused("does not match the signed digest");
}

static void missing_image_is_refused(void **state)
{
	(void)state;
	info.module_bytes = 0;
	assert_refused("there is no image");
}

static void broken_table_is_refused(void **state)
{
	(void)state;
	module[PAYLOAD_OFFSET] ^= 1;
	assert_refused("does not start with a table of parts");
}

static void unloadable_kernel_is_refused(void **state)
{
	(void)state;
	module[PAYLOAD_OFFSET + KERNEL_OFFSET + 0x206] = 0;
	assert_refused("older than 2.12");
}

static void payload_larger_than_ram_is_refused(void **state)
{
	static const uint64_t sizes[] = { RAM_BYTES, 1ull << 32, UINT64_MAX, UINT64_MAX - 4095 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		fake_kernel_reset();
		payload_bytes = sizes[i];
		assert_refused("does not fit into the partition's RAM");
		assert_false(has_payload_been_verified);
	}
}

static void small_partition_is_refused(void **state)
{
	(void)state;
	info.ram_bytes = 8 * MIB;
	assert_refused("less than 16 MiB");
}

/* A machine that cannot run it: the module is verified in the partition's RAM, and that is all. */
static void report_of_a_module(void **state)
{
	const struct boot_source source = { &info, module, ram };

	(void)state;
	boot_report(&source);
	assert_true(has_payload_been_verified);
	assert_non_null(strstr(fake_kernel.log, "version 1.2.3"));
	assert_non_null(strstr(fake_kernel.log, "report: the image is verified and would run\n"));
	assert_null(strstr(fake_kernel.log, "starting"));
	assert_null(boot_manifest());
	fake_kernel_reset();
	payload_answer = IMAGE_ERROR_PAYLOAD_ALTERED;
	boot_report(&source);
	assert_non_null(strstr(fake_kernel.log, "image refused: "));
	assert_null(strstr(fake_kernel.log, "would run\n"));
}

static void report_of_a_disk(void **state)
{
	const struct boot_source source = { &info, module, ram };

	(void)state;
	info.disk = DISK_ATA;
	boot_report(&source);
	assert_null(strstr(fake_kernel.log, "refused"));
	report_answer = "nothing is sound; write it again";
	boot_report(&source);
	assert_non_null(strstr(fake_kernel.log, "image refused: nothing is sound - write it again\n"));
	assert_false(has_payload_been_verified);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(good_image_starts, open_box, close_box),
		cmocka_unit_test_setup_teardown(tables_and_bios_data_are_placed, open_box,
						close_box),
		cmocka_unit_test_setup_teardown(verified_copy_is_what_runs, open_box, close_box),
		cmocka_unit_test_setup_teardown(bad_manifest_is_refused_before_the_payload,
						open_box, close_box),
		cmocka_unit_test_setup_teardown(bad_payload_is_refused_before_it_is_parsed,
						open_box, close_box),
		cmocka_unit_test_setup_teardown(missing_image_is_refused, open_box, close_box),
		cmocka_unit_test_setup_teardown(broken_table_is_refused, open_box, close_box),
		cmocka_unit_test_setup_teardown(unloadable_kernel_is_refused, open_box, close_box),
		cmocka_unit_test_setup_teardown(payload_larger_than_ram_is_refused, open_box,
						close_box),
		cmocka_unit_test_setup_teardown(report_of_a_module, open_box, close_box),
		cmocka_unit_test_setup_teardown(report_of_a_disk, open_box, close_box),
		cmocka_unit_test_setup_teardown(small_partition_is_refused, open_box, close_box),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

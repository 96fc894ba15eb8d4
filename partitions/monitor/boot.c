/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifies the partition's image and loads it. Owns the cryptography's heap and the copy of the
 * manifest. The module is never interpreted: the manifest is copied before it is read, the payload
 * before it is hashed, and the copy is what runs.
 */
#include "boot.h"

#include <inttypes.h>
#include <string.h>

#include "acpi/tables.h"
#include "image/crypto.h"
#include "image/keyring.h"
#include "image/payload.h"
#include "image/verify.h"
#include "loader/bios_data.h"
#include "loader/loader.h"
#include "print.h"
#include "slots.h"
#include "update/slot.h"

#define CRYPTO_HEAP_BYTES (16u << 10) /* held to it by tests/plain/test_verifier.c */
#define PROGRESS_PERCENT 10u
#define KEY_ID_SHOWN 8u

static uint8_t crypto_heap[CRYPTO_HEAP_BYTES] __attribute__((aligned(16)));
static struct guest_ram ram;
static uint64_t payload_gpa;
static struct verify_policy box_policy;
static struct verify_result result;
static struct loader loader;
static struct payload payload;
static bool is_accepted;

/* Sentences in the tables are "what; what to do". */
static bool refuse(const char *sentence)
{
	const char *remedy = strstr(sentence, "; ");
	int length = remedy ? (int)(remedy - sentence) : (int)strlen(sentence);

	print("image refused: %.*s%s%s\n", length, sentence, remedy ? " - " : "",
	      remedy ? remedy + 2 : "");
	return false;
}

static const char *algorithm_text(uint32_t algorithm)
{
	return algorithm == KEY_ECDSA_P384 ? "ECDSA P-384" : algorithm == KEY_ECDSA_P256 ? "ECDSA P-256" : "LMS";
}

static void print_image(const struct manifest *manifest, const struct trusted_key *key)
{
	char id[2 * KEY_ID_SHOWN + 1];

	for (uint32_t i = 0; i < KEY_ID_SHOWN; i++) {
		id[2 * i] = "0123456789abcdef"[key->key_id[i] >> 4];
		id[2 * i + 1] = "0123456789abcdef"[key->key_id[i] & 15];
	}
	id[2 * KEY_ID_SHOWN] = 0;
	print("image: signed by key %s (%s, %s)\n", id,
	      key->role == KEY_DEV ? "development" : "release",
	      algorithm_text(key->algorithm));
	print("image: version %u.%u.%" PRIu32 ", security version %" PRIu32 ", build %.64s\n",
	      manifest->version_major, manifest->version_minor, manifest->version_patch,
	      manifest->security_version, (const char *)manifest->build_id);
}

static void policy_fill(const struct monitor_info *info)
{
	box_policy = (struct verify_policy){
		.keyring = &box_keyring,
		.hardware_revision = info->hardware_revision,
		.abi_version = IMAGE_ABI_VERSION,
		.security_version_floor = info->security_version_floor,
	};
	memcpy(box_policy.role_uuid, info->role_uuid, sizeof(box_policy.role_uuid));
	memcpy(box_policy.product_uuid, info->product_uuid, sizeof(box_policy.product_uuid));
}

static bool verify_manifest(const struct image_source *source, const struct verify_policy *policy)
{
	enum image_error error = image_verify_manifest(source, policy, &result);

	if (error)
		return refuse(image_error_text(error));
	print_image(&result.manifest, result.key);
	return true;
}

static void report_progress(void *context, uint64_t done, uint64_t total)
{
	uint64_t *shown = context;
	uint64_t percent = total ? done * 100 / total : 100;

	if (percent < *shown + PROGRESS_PERCENT && done < total)
		return;
	*shown = percent;
	print(" %" PRIu64 "%%", percent);
}

/* Copies the payload to its staging place and verifies that copy. */
static bool stage_payload(const struct image_source *source, uint64_t *gpa)
{
	uint64_t bytes = result.manifest.payload_bytes;
	uint64_t shown = 0;
	const struct verify_progress progress = { report_progress, &shown };
	enum load_error error = loader_stage(&loader, bytes, gpa);

	if (error)
		return refuse(load_error_text(error));
	uint8_t *copy = loader_at(&loader, *gpa, bytes);
	print("image: hashing %" PRIu64 " KiB:", bytes >> 10);
	enum image_error bad = image_load_payload(source, copy, &result, &progress);
	print("\n");
	if (!bad)
		bad = payload_parse(copy, bytes, &payload);
	return bad ? refuse(image_error_text(bad)) : true;
}

static bool place_tables(const struct monitor_info *info)
{
	const struct acpi_place place = {
		.bytes = guest_ram_at(&loader.ram, E820_ACPI_BASE, E820_ACPI_BYTES),
		.size = E820_ACPI_BYTES,
		.gpa = E820_ACPI_BASE,
	};

	loader.rsdp = acpi_build(&place, info->cpu_count);
	if (!loader.rsdp)
		return refuse(
		    "the ACPI tables do not fit; this is a defect of the box, please report it");
	bios_data_write(&loader.ram);
	return true;
}

/* Verifies the image and puts its payload where it runs. */
static bool load_image(const struct image_source *source, const struct verify_policy *policy)
{
	if (!verify_manifest(source, policy))
		return false;
	enum load_error error = loader_init(&loader, &ram);

	return error ? refuse(load_error_text(error)) : stage_payload(source, &payload_gpa);
}

static void load_slot(const struct block_region *slot, const struct verify_policy *policy, struct verdict *verdict)
{
	struct image_source source = slot_source(slot);
	bool is_loaded = load_image(&source, policy);

	slot_judge(&result, verdict);
	if (!is_loaded && verdict->kind != VERDICT_BAD)
		*verdict = (struct verdict){ .kind = VERDICT_BAD, .reason = SLOT_FAIL_DOES_NOT_FIT };
}

static bool load_module(const struct boot_source *source)
{
	const struct image_source module = { .bytes = source->module, .size = source->info->module_bytes };

	if (!module.size)
		return refuse("there is no image; add it as the boot loader's first module");
	print("image: verifying %" PRIu64 " KiB for partition %s\n", module.size >> 10, source->info->partition_name);
	return load_image(&module, &box_policy);
}

static bool load_from_disk(const struct monitor_info *info)
{
	const char *wrong = slots_boot(info, &box_policy, load_slot);

	return wrong ? refuse(wrong) : true;
}

static void begin(const struct boot_source *source)
{
	is_accepted = false;
	ram = (struct guest_ram){ .base = source->ram, .bytes = source->info->ram_bytes };
	crypto_heap_init(crypto_heap, sizeof(crypto_heap));
	policy_fill(source->info);
}

bool boot_partition(const struct boot_source *source, struct boot_state *boot)
{
	begin(source);
	if (source->info->disk == DISK_NONE ? !load_module(source) : !load_from_disk(source->info))
		return false;
	if (!place_tables(source->info))
		return false;
	enum load_error error = loader_load(&loader, &payload, payload_gpa, boot);

	if (error)
		return refuse(load_error_text(error));
	is_accepted = true;
	print("image: accepted; starting %s at %" PRIx64 "\n", payload_kernel(&payload)->text,
	      boot->rip);
	return true;
}

void boot_report(const struct boot_source *source)
{
	begin(source);
	print("report: nothing is started and nothing is written; what partition %s would run:\n", source->info->partition_name);
	if (source->info->disk == DISK_NONE) {
		if (load_module(source))
			print("report: the image is verified and would run\n");
		return;
	}
	const char *wrong = slots_report(source->info, &box_policy, load_slot);

	if (wrong)
		(void)refuse(wrong);
}

const struct manifest *boot_manifest(void)
{
	return is_accepted ? &result.manifest : NULL;
}

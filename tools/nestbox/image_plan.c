/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From files to an image. The digest is taken over what has been written, not over what was read.
 */
#include "image_plan.h"

#include <stdlib.h>
#include <string.h>

#include "image/bytes.h"
#include "image/crypto.h"
#include "image_sign.h"
#include "image_tree.h"
#include "kernel.h"

#define COPY_PIECE_BYTES 0x1000000u

static enum exit_code part_add(struct image_plan *plan, uint32_t type,
			       const struct input_file *source, const char *text)
{
	struct payload_part *part = &plan->payload.parts[plan->payload.count];

	if (plan->payload.count == PAYLOAD_MAX_PARTS)
		return report_error(EXIT_USAGE,
				    "an image has at most %d parts; give fewer --module",
				    PAYLOAD_MAX_PARTS);
	if (strlen(text) >= PAYLOAD_TEXT_BYTES)
		return report_error(EXIT_USAGE, "'%s' is longer than %d characters; shorten it",
				    text, PAYLOAD_TEXT_BYTES - 1);
	memset(part, 0, sizeof(*part));
	part->type = type;
	part->size = source->size;
	memcpy(part->text, text, strlen(text));
	if (!bytes_are_text((const uint8_t *)part->text, PAYLOAD_TEXT_BYTES))
		return report_error(
			EXIT_USAGE,
			"'%s' has characters other than printable ASCII; leave them out", text);
	plan->sources[plan->payload.count++] = *source;
	return EXIT_OK;
}

/* A file's name without its folders, for people to see in messages; none rather than a bad one. */
static const char *shown_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t length = strlen(name);

	for (size_t i = 0; i < length; i++)
		if (name[i] < 0x20 || name[i] >= 0x7F)
			return "";
	return length < PAYLOAD_TEXT_BYTES ? name : "";
}

enum exit_code plan_add_file(struct image_plan *plan, uint32_t type, const char *path,
			     const char *text)
{
	struct input_file source;
	enum exit_code code = input_open(path, &source);

	if (code)
		return code;
	if (!type)
		code = kernel_detect(&source, &type);
	if (!code)
		code = part_add(plan, type, &source, text ? text : shown_name(path));
	if (code)
		input_close(&source);
	return code;
}

enum exit_code plan_add_command_line(struct image_plan *plan, const char *text)
{
	struct input_file source = { "the command line", (const uint8_t *)text, strlen(text) };

	if (source.size > PAYLOAD_MAX_COMMAND_LINE)
		return report_error(EXIT_USAGE,
				    "--cmdline is longer than %d characters; shorten it",
				    PAYLOAD_MAX_COMMAND_LINE);
	for (uint64_t i = 0; i < source.size; i++)
		if (source.bytes[i] < 0x20 || source.bytes[i] >= 0x7F)
			return report_error(
				EXIT_USAGE,
				"--cmdline has characters other than printable ASCII; "
				"leave them out");
	return part_add(plan, PART_COMMAND_LINE, &source, "");
}

static enum exit_code parts_check(const struct payload *payload)
{
	bool is_linux = payload_kernel(payload)->type == PART_KERNEL_LINUX;
	enum image_error error = IMAGE_OK;

	if (!is_linux && payload_count(payload, PART_INITRD))
		error = IMAGE_ERROR_PARTS_INITRD_PROTOCOL;
	if (is_linux && payload_count(payload, PART_MODULE))
		error = IMAGE_ERROR_PARTS_MODULE_PROTOCOL;
	return error ? report_error(EXIT_REFUSED, "%s", image_error_text(error)) : EXIT_OK;
}

/* The next multiple of the alignment; false when that leaves 64 bits. */
static bool align_up(uint64_t *value)
{
	if (!range_end(*value, IMAGE_ALIGNMENT - 1, value))
		return false;
	*value &= ~(IMAGE_ALIGNMENT - 1);
	return true;
}

/* A large payload always has a tree, a small one when asked for; without one SHA-512 is faster. */
static enum exit_code tree_lay_out(struct image_plan *plan)
{
	struct manifest *m = &plan->manifest;
	bool has_tree = plan->has_tree || m->payload_bytes > IMAGE_TREE_FROM_BYTES;

	if (!m->hash_algorithm)
		m->hash_algorithm = has_tree ? HASH_SHA256 : HASH_SHA512;
	if (has_tree && (!image_tree_plan(m) || !image_tree_salt(m)))
		return report_error(EXIT_REFUSED,
				    "the payload does not have 2 to 2^32 blocks of 4 KiB, as a hash "
				    "tree needs; use other parts");
	return EXIT_OK;
}

enum exit_code plan_lay_out(struct image_plan *plan)
{
	uint64_t end = PAYLOAD_TABLE_BYTES;
	uint64_t image_end;

	if (parts_check(&plan->payload))
		return EXIT_REFUSED;
	for (size_t i = 0; i < plan->payload.count; i++) {
		struct payload_part *part = &plan->payload.parts[i];

		if (!align_up(&end) || !range_end(end, part->size, &image_end))
			return report_error(
				EXIT_REFUSED,
				"the image would exceed 64-bit sizes; use smaller parts");
		part->offset = end;
		end = image_end;
	}
	plan->manifest.payload_offset = IMAGE_PAYLOAD_OFFSET;
	plan->manifest.payload_bytes = end;
	if (!range_end(IMAGE_PAYLOAD_OFFSET, end, &image_end) || image_end > INT64_MAX)
		return report_error(EXIT_REFUSED,
				    "the image would exceed the size of files; use smaller parts");
	return tree_lay_out(plan);
}

static enum exit_code part_write(const struct image_plan *plan, size_t index,
				 struct output_file *output)
{
	const struct input_file *source = &plan->sources[index];
	const struct payload_part *part = &plan->payload.parts[index];
	uint64_t done = 0;

	while (done < part->size) {
		uint64_t piece = part->size - done < COPY_PIECE_BYTES ? part->size - done
								      : COPY_PIECE_BYTES;
		enum exit_code code = output_write(
			output, plan->manifest.payload_offset + part->offset + done,
			source->bytes + done, piece);

		if (code)
			return code;
		done += piece;
		report_progress("copying", done, part->size);
	}
	return EXIT_OK;
}

static enum exit_code payload_write(const struct image_plan *plan, struct output_file *output)
{
	uint8_t table[PAYLOAD_TABLE_BYTES];
	enum exit_code code;

	payload_write_table(&plan->payload, table);
	code = output_write(output, plan->manifest.payload_offset, table, sizeof(table));
	for (size_t i = 0; !code && i < plan->payload.count; i++)
		code = part_write(plan, i, output);
	return code;
}

/* Digest of the written payload, which must also read back as one. */
static enum exit_code payload_digest(struct image_plan *plan, const struct output_file *output)
{
	struct manifest *m = &plan->manifest;
	uint64_t size = m->payload_offset + m->payload_bytes;
	struct crypto_hash hash;
	struct input_file view;
	struct payload check;
	enum image_error error;

	if (output_map(output, size, &view))
		return EXIT_IO;
	crypto_hash_start(&hash, m->hash_algorithm);
	for (uint64_t done = 0; done < m->payload_bytes;) {
		uint64_t left = m->payload_bytes - done;
		uint64_t piece = left < COPY_PIECE_BYTES ? left : COPY_PIECE_BYTES;

		crypto_hash_update(&hash, view.bytes + m->payload_offset + done, (size_t)piece);
		done += piece;
		report_progress("hashing", done, m->payload_bytes);
	}
	error = payload_parse(view.bytes + m->payload_offset, m->payload_bytes, &check);
	if (!crypto_hash_finish(&hash, m->payload_digest))
		error = IMAGE_ERROR_CRYPTO;
	input_close(&view);
	return error ? report_error(EXIT_REFUSED, "%s", image_error_text(error)) : EXIT_OK;
}

/* Hash tree of the written payload. */
static enum exit_code tree_write(struct image_plan *plan, struct output_file *output)
{
	struct manifest *m = &plan->manifest;
	uint8_t *tree = malloc(m->tree_bytes);
	struct input_file view;
	enum exit_code code = EXIT_OK;

	if (!tree || output_map(output, m->payload_offset + m->payload_bytes, &view)) {
		free(tree);
		return report_error(EXIT_IO, "there is not enough memory for the hash tree");
	}
	if (!image_tree_make(m, view.bytes + m->payload_offset, tree))
		code = report_error(EXIT_REFUSED, "%s", image_error_text(IMAGE_ERROR_CRYPTO));
	input_close(&view);
	if (!code)
		code = output_write(output, m->tree_offset, tree, m->tree_bytes);
	free(tree);
	return code;
}

/*
 * The image's own UUID comes from all the rest of its manifest: the same input makes the same
 * image.
 */
static enum exit_code head_fill(struct image_plan *plan, uint8_t head[MANIFEST_BYTES_TOTAL])
{
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];
	enum image_error error;

	memset(head, 0, MANIFEST_BYTES_TOTAL);
	memset(plan->manifest.image_uuid, 0, UUID_BYTES);
	error = manifest_write(&plan->manifest, head);
	if (error && error != IMAGE_ERROR_MANIFEST_IMAGE_UUID)
		return report_error(EXIT_REFUSED, "%s", image_error_text(error));
	if (!signature_digest(head, digest))
		return report_error(EXIT_REFUSED, "%s", image_error_text(IMAGE_ERROR_CRYPTO));
	uuid_from_digest(digest, plan->manifest.image_uuid);
	error = manifest_write(&plan->manifest, head);
	if (error)
		return report_error(EXIT_REFUSED, "%s", image_error_text(error));
	return plan->key ? head_sign(head, plan->key) : EXIT_OK;
}

enum exit_code plan_write(struct image_plan *plan, const char *path)
{
	static uint8_t head[MANIFEST_BYTES_TOTAL];
	struct output_file output;
	enum exit_code code = output_open(path, 0666, &output);

	if (code)
		return code;
	code = payload_write(plan, &output);
	if (!code)
		code = plan->manifest.tree_bytes ? tree_write(plan, &output)
						 : payload_digest(plan, &output);
	if (!code)
		code = head_fill(plan, head);
	if (!code)
		code = output_write(&output, 0, head, sizeof(head));
	return output_end(&output, code);
}

void plan_close(struct image_plan *plan)
{
	for (size_t i = 0; i < plan->payload.count; i++)
		if (plan->payload.parts[i].type != PART_COMMAND_LINE)
			input_close(&plan->sources[i]);
	plan->payload.count = 0;
}

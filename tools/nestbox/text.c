/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict readers for what people type.
 */
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/role.h"

/* Reads digits up to one of `stops` or the end; moves *text there. */
static bool number_read(const char **text, const char *stops, uint64_t limit, uint64_t *value)
{
	bool is_hex = !strncmp(*text, "0x", 2);
	const char *digits = is_hex ? *text + 2 : *text;
	size_t length = strspn(digits, is_hex ? "0123456789abcdefABCDEF" : "0123456789");
	char *end;

	errno = 0;
	*value = strtoull(digits, &end, is_hex ? 16 : 10);
	if (!length || errno || *value > limit || end != digits + length ||
	    (*end && !strchr(stops, *end)))
		return false;
	*text = end;
	return true;
}

enum exit_code text_number(const char *option, const char *text, uint64_t limit, uint64_t *value)
{
	const char *at = text;

	if (!text || number_read(&at, "", limit, value))
		return EXIT_OK;
	return report_error(EXIT_USAGE, "--%s '%s' is not a number up to %llu", option, text,
			    (unsigned long long)limit);
}

enum exit_code text_u32(const char *option, const char *text, uint32_t *value)
{
	uint64_t number = *value;
	enum exit_code code = text_number(option, text, UINT32_MAX, &number);

	*value = (uint32_t)number;
	return code;
}

enum exit_code text_range(const char *option, const char *text, uint32_t *min, uint32_t *max)
{
	uint64_t low, high;
	const char *at = text;

	if (!text)
		return EXIT_OK;
	if (!number_read(&at, "-", UINT32_MAX, &low))
		return report_error(EXIT_USAGE,
				    "--%s '%s' is not N or MIN-MAX with numbers of 32 bits", option,
				    text);
	high = low;
	if (*at && (at++, !number_read(&at, "", UINT32_MAX, &high)))
		return report_error(EXIT_USAGE,
				    "--%s '%s' is not N or MIN-MAX with numbers of 32 bits", option,
				    text);
	if (low > high)
		return report_error(EXIT_USAGE,
				    "--%s '%s' has its lowest above its highest; swap them", option,
				    text);
	*min = (uint32_t)low;
	*max = (uint32_t)high;
	return EXIT_OK;
}

static bool version_read(const char *text, struct version *version)
{
	static const uint64_t limits[3] = { UINT16_MAX, UINT16_MAX, UINT32_MAX };
	uint64_t parts[3] = { 0, 0, 0 };

	for (size_t i = 0; i < 3; i++) {
		if (!number_read(&text, i < 2 ? "." : "", limits[i], &parts[i]))
			return false;
		if (!*text)
			break;
		text++;
	}
	*version = (struct version){ (uint16_t)parts[0], (uint16_t)parts[1], (uint32_t)parts[2] };
	return true;
}

enum exit_code text_version(const char *option, const char *text, struct version *version)
{
	if (!text || version_read(text, version))
		return EXIT_OK;
	return report_error(EXIT_USAGE,
			    "--%s '%s' is not like 1.2.3 (at most 65535.65535.4294967295)", option,
			    text);
}

enum exit_code text_uuid(const char *option, const char *text, uint8_t uuid[UUID_BYTES])
{
	if (!text || uuid_parse(text, uuid))
		return EXIT_OK;
	return report_error(EXIT_USAGE,
			    "--%s '%s' is not a UUID like 01234567-89ab-cdef-0123-456789abcdef",
			    option, text);
}

enum exit_code text_role(const char *option, const char *text, uint8_t uuid[UUID_BYTES])
{
	if (!text || uuid_parse(text, uuid) || role_uuid_from_name(text, uuid))
		return EXIT_OK;
	return report_error(EXIT_USAGE,
			    "--%s '%s' is neither a UUID nor a name of 1 to 63 of a-z, 0-9 and '-'",
			    option, text);
}

enum exit_code text_dependency(const char *option, const char *text,
			       struct manifest_dependency *dependency)
{
	struct version version = { 0, 0, 0 };
	char copy[256], *at = copy;
	const char *role, *version_text, *security_text;
	enum exit_code code;

	memset(dependency, 0, sizeof(*dependency));
	if (strlen(text) >= sizeof(copy))
		return report_error(EXIT_USAGE, "--%s '%s' is too long", option, text);
	strcpy(copy, text);
	role = strsep(&at, ":");
	version_text = at ? strsep(&at, ":") : NULL;
	security_text = at;
	code = text_role(option, role, dependency->role_uuid);
	if (!code)
		code = text_version(option, version_text, &version);
	if (!code)
		code = text_u32(option, security_text, &dependency->security_version);
	dependency->version_major = version.major;
	dependency->version_minor = version.minor;
	dependency->version_patch = version.patch;
	return code;
}

static int digit_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

bool text_hex_parse(const char *text, uint8_t *bytes, size_t count)
{
	if (strlen(text) != 2 * count)
		return false;
	for (size_t i = 0; i < count; i++) {
		int high = digit_value(text[2 * i]), low = digit_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void text_hex(const uint8_t *bytes, size_t count, char *text)
{
	for (size_t i = 0; i < count; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	text[2 * count] = '\0';
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreter of nested_status.def; see nested_status.h.
 */
#include "layout/nested_status.h"

static enum verdict needs(enum fact fact)
{
	return fact == FACT_YES ? VERDICT_OK : fact == FACT_NO ? VERDICT_FAILURE : VERDICT_UNKNOWN;
}

static enum verdict wants(enum fact fact)
{
	return fact == FACT_NO ? VERDICT_WARNING : needs(fact);
}

enum verdict nested_check_verdict(const struct nested_facts *f, enum nested_check check)
{
	switch (check) {
#define NESTED_CHECK(name, verdict, good, bad, remedy) \
	case NESTED_##name:                            \
		return verdict;
#include "layout/nested_status.def"
#undef NESTED_CHECK
	default:
		return VERDICT_FAILURE;
	}
}

struct nested_words nested_check_words(enum nested_check check)
{
#define NESTED_CHECK(name, verdict, good, bad, remedy) [NESTED_##name] = { #name, good, bad, remedy },
	static const struct nested_words words[NESTED_CHECK_COUNT] = {
#include "layout/nested_status.def"
	};
#undef NESTED_CHECK

	return words[check];
}

int nested_status(const struct nested_facts *facts)
{
	int worst = 0;

	for (unsigned int check = 0; check < NESTED_CHECK_COUNT; check++) {
		enum verdict verdict = nested_check_verdict(facts, (enum nested_check)check);

		if (verdict == VERDICT_FAILURE)
			return 2;
		if (verdict == VERDICT_WARNING)
			worst = 1;
	}
	return worst;
}

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = { "ok", "unknown", "warning", "failure" };

	return names[verdict];
}

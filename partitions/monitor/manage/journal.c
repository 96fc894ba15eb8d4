/* SPDX-License-Identifier: Apache-2.0 */
/* Two rings of entries; see journal.h. */
#include "manage/journal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct journal box_journal;

static struct journal_entry *entry_of(struct journal *journal, enum journal_side side, uint64_t index)
{
	return &journal->entries[side][index % JOURNAL_ENTRIES];
}

static bool is_repeated(struct journal *journal, enum journal_side side, const char *text)
{
	return journal->counts[side] && !strcmp(entry_of(journal, side, journal->counts[side] - 1)->text, text);
}

void journal_note(struct journal *journal, enum journal_side side, const char *format, ...)
{
	char text[JOURNAL_TEXT_BYTES];
	va_list values;

	va_start(values, format);
	vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	if (!is_repeated(journal, side, text)) {
		struct journal_entry *next = entry_of(journal, side, journal->counts[side]++);

		next->times = 0;
		memcpy(next->text, text, sizeof(text));
	}
	struct journal_entry *entry = entry_of(journal, side, journal->counts[side] - 1);

	entry->number = journal->next++;
	entry->times += entry->times < UINT32_MAX;
	entry->seconds = journal->seconds ? journal->seconds(journal->context) : 0;
}

static const struct {
	const char *word, *text;
	enum journal_side side;
} words[] = {
	{ "done ", "installed, to be tried at the next start: slot ", JOURNAL_BOX },
	{ "ok KEYRING", "a new keyring is in force", JOURNAL_BOX },
	{ "ok CONFIRM", "confirmed", JOURNAL_BOX },
	{ "ok REVERT", "to go back to the other slot", JOURNAL_BOX },
	{ "manifest ", "an update begins: version, security version, blocks: ", JOURNAL_GUEST },
	{ "error ", "refused: ", JOURNAL_GUEST },
};

void journal_line(struct journal *journal, const char *line, size_t length)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t skip = strlen(words[i].word);

		if (length > skip && !memcmp(line, words[i].word, skip))
			journal_note(journal, words[i].side, "%s%.*s", words[i].text, (int)(length - skip - 1), line + skip);
	}
}

/* The entry with the lowest number from `number` on, or null. */
static const struct journal_entry *entry_from(const struct journal *journal, uint64_t number)
{
	const struct journal_entry *found = NULL;

	for (size_t side = 0; side < JOURNAL_SIDES; side++)
		for (size_t i = 0; i < JOURNAL_ENTRIES && i < journal->counts[side]; i++) {
			const struct journal_entry *entry = &journal->entries[side][i];

			if (entry->number >= number && (!found || entry->number < found->number))
				found = entry;
		}
	return found;
}

void journal_show(const struct journal *journal, const struct sink *out)
{
	const struct journal_entry *entry;

	for (uint64_t at = 0; (entry = entry_from(journal, at)); at = entry->number + 1) {
		sink_print(out, "%6" PRIu64 " s  %s", entry->seconds, entry->text);
		if (entry->times > 1)
			sink_print(out, " (%" PRIu32 " times)", entry->times);
		sink_print(out, "\n");
	}
}

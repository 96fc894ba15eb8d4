/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets of gdb's remote protocol: `$`, data, `#`, two digits of a sum. What comes is anybody's who has the line: a packet that is too long or
 * whose sum is wrong is asked for again. Pure. Source: "Debugging with GDB", appendix "Remote Protocol", section "Overview".
 */
#ifndef GDB_PACKET_H
#define GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_BYTES 2048u /* of data, either way */

enum packet_state { PACKET_BETWEEN, PACKET_DATA, PACKET_SUM_HIGH, PACKET_SUM_LOW };
enum packet_event { PACKET_NOTHING, PACKET_WHOLE, PACKET_WRONG, PACKET_AGAIN, PACKET_BREAK };

struct packet_reader {
	enum packet_state state;
	uint32_t count;
	uint8_t sum, wanted;
	bool is_too_long;
	char data[PACKET_BYTES + 1]; /* of a whole one, with a zero behind */
};

/* PACKET_WRONG: to be answered with `-`. PACKET_AGAIN: what was sent last has not arrived. PACKET_BREAK: Ctrl-C. */
enum packet_event packet_feed(struct packet_reader *reader, uint8_t byte);

/* A reply being made: text and bytes in hexadecimal; what does not fit makes it an error, E99. */
struct packet_writer {
	uint32_t count;
	bool is_too_long;
	char data[PACKET_BYTES];
};

void packet_start(struct packet_writer *writer);
void packet_text(struct packet_writer *writer, const char *text);
void packet_hex(struct packet_writer *writer, const void *bytes, size_t count);
/* A number as the protocol has it: hexadecimal, no leading zeros. */
void packet_number(struct packet_writer *writer, uint64_t number);
/* With `$` and sum into `to`, of PACKET_BYTES + 4; its length. */
size_t packet_finish(const struct packet_writer *writer, char *to);

/* A hexadecimal number; *text is behind it then. False: there is none, or it has more than 64 bits. */
bool packet_take_number(const char **text, uint64_t *number);
/* One byte as two digits. */
bool packet_take_byte(const char **text, uint8_t *byte);
/* The character, if it is next. */
bool packet_take(const char **text, char wanted);

#endif

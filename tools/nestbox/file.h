/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: inputs mapped read-only, outputs that appear whole or not at all.
 * All functions print their own error and return an exit code.
 */
#ifndef NESTBOX_FILE_H
#define NESTBOX_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "report.h"

struct input_file {
	const char *path;
	const uint8_t *bytes; /* never null */
	uint64_t size;
};

/* Maps a regular file; an empty one has size 0. */
enum exit_code input_open(const char *path, struct input_file *input);
void input_close(struct input_file *input);

/*
 * A file being written under a temporary name beside its final one. Only one may be open at a time.
 */
struct output_file {
	const char *path;
	int fd;
};

/*
 * Creates the temporary file with `mode` (umask applies). A signal that ends the program removes
 * it.
 */
enum exit_code output_open(const char *path, mode_t mode, struct output_file *output);

/* Writes all of the bytes at an offset. */
enum exit_code output_write(struct output_file *output, uint64_t offset, const void *bytes,
			    uint64_t count);

/* Maps what has been written so far. */
enum exit_code output_map(const struct output_file *output, uint64_t size, struct input_file *view);

/* Flushes, renames to the final name and flushes the folder: the only step others can see. */
enum exit_code output_commit(struct output_file *output);

/* Removes the temporary file. */
void output_discard(struct output_file *output);

/* Commits if `code` is EXIT_OK, else discards; returns the first error. */
enum exit_code output_end(struct output_file *output, enum exit_code code);

/* Writes a whole small file atomically. */
enum exit_code output_file_at_once(const char *path, mode_t mode, const void *bytes,
				   uint64_t count);

/*
 * Ends a command that printed its result on standard output: EXIT_IO if not all of it could be
 * written.
 */
enum exit_code output_flush_stdout(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mapped inputs and atomic outputs.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE_PIECE_BYTES 0x400000u

static const uint8_t nothing[1];
static char temporary[PATH_MAX]; /* the open output's temporary name, "" when there is none: for the
				    signal handler */

static enum exit_code map_file(int fd, uint64_t size, struct input_file *input)
{
	void *bytes;

	input->size = size;
	input->bytes = nothing;
	if (size == 0)
		return EXIT_OK;
	if (size > SIZE_MAX)
		return report_error(EXIT_IO,
				    "%s is too large for this computer to map; use a 64-bit one",
				    input->path);
	bytes = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return report_system_error("cannot map %s", input->path);
	input->bytes = bytes;
	return EXIT_OK;
}

enum exit_code input_open(const char *path, struct input_file *input)
{
	enum exit_code code = EXIT_OK;
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	input->path = path;
	input->bytes = nothing;
	input->size = 0;
	if (fd < 0)
		return report_system_error("cannot open %s", path);
	if (fstat(fd, &status))
		code = report_system_error("cannot read %s", path);
	else if (!S_ISREG(status.st_mode))
		code = report_error(EXIT_IO, "%s is not a regular file; give a file", path);
	else
		code = map_file(fd, (uint64_t)status.st_size, input);
	close(fd);
	return code;
}

void input_close(struct input_file *input)
{
	if (input->bytes != nothing && input->size)
		munmap((void *)(uintptr_t)input->bytes, (size_t)input->size);
	input->bytes = nothing;
	input->size = 0;
}

static void on_signal(int number)
{
	if (temporary[0])
		unlink(temporary);
	signal(number, SIG_DFL);
	raise(number);
}

static const int fatal_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ, SIGBUS };

#define FATAL_SIGNAL_COUNT (sizeof(fatal_signals) / sizeof(fatal_signals[0]))

static void signals_catch(void)
{
	struct sigaction old;

	for (size_t i = 0; i < FATAL_SIGNAL_COUNT; i++)
		if (!sigaction(fatal_signals[i], NULL, &old) && old.sa_handler == SIG_DFL)
			signal(fatal_signals[i], on_signal);
}

/* Signals wait while the file exists but its name is not yet where the handler looks. */
static int temporary_create(char *name)
{
	sigset_t fatal, before;
	int fd;

	sigemptyset(&fatal);
	for (size_t i = 0; i < FATAL_SIGNAL_COUNT; i++)
		sigaddset(&fatal, fatal_signals[i]);
	sigprocmask(SIG_BLOCK, &fatal, &before);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		memcpy(temporary, name, sizeof(temporary));
	sigprocmask(SIG_SETMASK, &before, NULL);
	return fd;
}

/* An existing target that is a device or a folder cannot be replaced by a rename without harm. */
static enum exit_code target_check(const char *path)
{
	struct stat status;

	if (!stat(path, &status) && !S_ISREG(status.st_mode))
		return report_error(
			EXIT_IO, "%s exists and is not a regular file; choose another name", path);
	return EXIT_OK;
}

enum exit_code output_open(const char *path, mode_t mode, struct output_file *output)
{
	const char *slash = strrchr(path, '/');
	int folder_length = slash ? (int)(slash - path) + 1 : 0;
	char name[PATH_MAX];
	mode_t mask = umask(0);

	umask(mask);
	output->path = path;
	output->fd = -1;
	if (target_check(path))
		return EXIT_IO;
	if (!path[folder_length] || snprintf(name, sizeof(name), "%.*s.%s.XXXXXX", folder_length,
					     path, path + folder_length) >= (int)sizeof(name))
		return report_error(EXIT_IO, "'%s' cannot be a file's name; choose another", path);
	signals_catch();
	output->fd = temporary_create(name);
	if (output->fd < 0)
		return report_system_error("cannot create a file beside %s", path);
	if (fchmod(output->fd, mode & ~mask)) {
		report_system_error("cannot set the mode of %s", path);
		output_discard(output);
		return EXIT_IO;
	}
	return EXIT_OK;
}

enum exit_code output_write(struct output_file *output, uint64_t offset, const void *bytes,
			    uint64_t count)
{
	const uint8_t *from = bytes;

	while (count) {
		size_t piece = count < WRITE_PIECE_BYTES ? (size_t)count : WRITE_PIECE_BYTES;
		ssize_t written = pwrite(output->fd, from, piece, (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return report_system_error("cannot write %s", output->path);
		from += written;
		offset += (uint64_t)written;
		count -= (uint64_t)written;
	}
	return EXIT_OK;
}

enum exit_code output_map(const struct output_file *output, uint64_t size, struct input_file *view)
{
	view->path = output->path;
	if (ftruncate(output->fd, (off_t)size))
		return report_system_error("cannot write %s", output->path);
	return map_file(output->fd, size, view);
}

static void folder_flush(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = ".";
	int fd;

	if (slash)
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path) + 1, path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

enum exit_code output_commit(struct output_file *output)
{
	int error = fsync(output->fd);

	error |= close(output->fd);
	output->fd = -1;
	if (error || rename(temporary, output->path)) {
		report_system_error("cannot write %s", output->path);
		output_discard(output);
		return EXIT_IO;
	}
	temporary[0] = '\0';
	folder_flush(output->path);
	return EXIT_OK;
}

void output_discard(struct output_file *output)
{
	if (output->fd >= 0)
		close(output->fd);
	output->fd = -1;
	if (temporary[0])
		unlink(temporary);
	temporary[0] = '\0';
}

enum exit_code output_end(struct output_file *output, enum exit_code code)
{
	if (code == EXIT_OK)
		return output_commit(output);
	output_discard(output);
	return code;
}

enum exit_code output_file_at_once(const char *path, mode_t mode, const void *bytes, uint64_t count)
{
	struct output_file output;
	enum exit_code code = output_open(path, mode, &output);

	return code ? code : output_end(&output, output_write(&output, 0, bytes, count));
}

enum exit_code output_flush_stdout(void)
{
	if (fflush(stdout) || ferror(stdout))
		return report_system_error("cannot write to standard output");
	return EXIT_OK;
}

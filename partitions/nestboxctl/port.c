/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of the box; see port.h. */
#include "port.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PORTS "/sys/class/virtio-ports"

/* Does the port in this folder have the name? */
static bool is_named(const char *folder, const char *name)
{
	char path[512], found[128] = "";
	FILE *file;

	snprintf(path, sizeof(path), PORTS "/%.200s/name", folder);
	file = fopen(path, "re");
	if (!file)
		return false;
	bool has_line = fgets(found, sizeof(found), file);

	fclose(file);
	found[strcspn(found, "\n")] = 0;
	return has_line && !strcmp(found, name);
}

static bool path_find(const char *name, char *path, size_t size)
{
	DIR *ports = opendir(PORTS);
	bool is_found = false;

	for (struct dirent *entry; ports && !is_found && (entry = readdir(ports));)
		if (entry->d_name[0] != '.' && is_named(entry->d_name, name)) {
			snprintf(path, size, "/dev/%.200s", entry->d_name);
			is_found = true;
		}
	if (ports)
		closedir(ports);
	return is_found;
}

bool port_open(struct port *port, const char *name)
{
	char path[512];

	if (!path_find(name, path, sizeof(path))) {
		fprintf(stderr, "nestboxctl: this machine has no port %s: is it a partition of a Nestbox, and the module virtio_console loaded?\n", name);
		return false;
	}
	port->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (port->fd < 0) {
		fprintf(stderr, "nestboxctl: cannot open %s: %s\n", path,
			errno == EBUSY ? "another program talks to the box; wait for it to end" : strerror(errno));
		return false;
	}
	port->used = 0;
	return true;
}

void port_close(struct port *port)
{
	close(port->fd);
}

static void take(struct port *port, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == '\r')
			continue;
		if (bytes[i] != '\n') {
			if (port->used < sizeof(port->text) - 1)
				port->text[port->used++] = bytes[i];
			continue;
		}
		port->text[port->used] = 0;
		port->used = 0;
		port->line(port->context, port->text);
	}
}

static bool read_some(struct port *port)
{
	char bytes[4096];
	ssize_t count = read(port->fd, bytes, sizeof(bytes));

	if (count > 0)
		take(port, bytes, (size_t)count);
	return count > 0;
}

bool port_wait(struct port *port, int seconds)
{
	struct pollfd wanted = { .fd = port->fd, .events = POLLIN };

	return poll(&wanted, 1, seconds * 1000) > 0 && read_some(port);
}

bool port_write(struct port *port, const void *bytes, size_t count)
{
	const char *at = bytes;

	while (count) {
		struct pollfd wanted = { .fd = port->fd, .events = POLLIN | POLLOUT };

		if (poll(&wanted, 1, -1) < 0 && errno != EINTR)
			break;
		if (wanted.revents & POLLIN)
			(void)read_some(port);
		ssize_t done = write(port->fd, at, count);

		if (done < 0 && errno != EAGAIN && errno != EINTR)
			break;
		if (done > 0) {
			at += done;
			count -= (size_t)done;
		}
	}
	if (count)
		fprintf(stderr, "nestboxctl: the box takes no more: %s\n", strerror(errno));
	return !count;
}

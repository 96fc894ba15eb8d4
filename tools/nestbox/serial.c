/* SPDX-License-Identifier: Apache-2.0 */
/* See serial.h. */
#include "serial.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

bool serial_is_one(const char *path)
{
	struct stat is;

	return !stat(path, &is) && (S_ISCHR(is.st_mode) || S_ISSOCK(is.st_mode));
}

static int socket_open(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/* What is no terminal is left as it is. */
static void line_set_up(int fd)
{
	struct termios line;

	if (tcgetattr(fd, &line))
		return;
	cfmakeraw(&line);
	cfsetspeed(&line, B115200);
	line.c_cflag |= CLOCAL | CREAD;
	tcsetattr(fd, TCSANOW, &line);
}

enum exit_code serial_open(struct serial *serial, const char *path)
{
	struct stat is;

	serial->path = path;
	if (stat(path, &is))
		return report_system_error("%s cannot be opened; name the box's serial device, or the socket that `nestbox run` makes", path);
	serial->fd = S_ISSOCK(is.st_mode) ? socket_open(path) : open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (serial->fd < 0)
		return report_system_error("%s cannot be opened; is the emulator running, may you use the device", path);
	line_set_up(serial->fd);
	return EXIT_OK;
}

void serial_close(struct serial *serial)
{
	close(serial->fd);
}

static long receive(void *context, char *bytes, size_t room, int timeout_ms)
{
	const struct serial *serial = context;
	struct pollfd wait = { .fd = serial->fd, .events = POLLIN };
	int ready = poll(&wait, 1, timeout_ms);

	if (ready <= 0)
		return ready < 0 && errno != EINTR ? -1 : 0;
	ssize_t count = read(serial->fd, bytes, room);
	return count > 0 ? (long)count : -1;
}

static bool send_all(void *context, const char *bytes, size_t count)
{
	const struct serial *serial = context;

	while (count) {
		ssize_t written = write(serial->fd, bytes, count);

		if (written <= 0)
			return false;
		bytes += written;
		count -= (size_t)written;
	}
	return true;
}

struct transport serial_transport(struct serial *serial)
{
	return (struct transport){ .receive = receive, .send = send_all, .context = serial };
}

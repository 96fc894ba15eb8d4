/* SPDX-License-Identifier: Apache-2.0 */
/* The file server; see serve.h. */
#include "serve.h"

#include <fcntl.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve_request.h"

#define TAG_BYTES 64

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned int status, struct MHD_Response *response)
{
	enum MHD_Result result = MHD_queue_response(connection, status, response);

	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_empty(struct MHD_Connection *connection, unsigned int status, const char *header, const char *value)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);

	if (!response)
		return MHD_NO;
	if (header)
		MHD_add_response_header(response, header, value);
	return answer(connection, status, response);
}

/* The descriptor of a regular file that is itself in the folder; negative for anything else. */
static int file_open(int folder, const char *path, struct stat *facts)
{
	const char *name = serve_name(path);
	int file = name ? openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;

	if (file >= 0 && (fstat(file, facts) || !S_ISREG(facts->st_mode))) {
		close(file);
		file = -1;
	}
	return file;
}

/* A download goes on only with the file it began with. */
static const char *range_header(struct MHD_Connection *connection, const char *tag)
{
	const char *condition = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_RANGE);

	return condition && strcmp(condition, tag) ? NULL : MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_RANGE);
}

static enum MHD_Result answer_file(struct MHD_Connection *connection, int file, const struct stat *facts, const char *path)
{
	const uint64_t size = (uint64_t)facts->st_size;
	struct serve_range range = { 0, size };
	char tag[TAG_BYTES], place[TAG_BYTES];

	snprintf(tag, sizeof(tag), "\"%" PRIx64 "-%" PRIx64 "-%lx%09lx\"", (uint64_t)facts->st_ino, size, facts->st_mtim.tv_sec, facts->st_mtim.tv_nsec);
	const enum serve_range_kind kind = serve_range(range_header(connection, tag), size, &range);

	if (kind == SERVE_UNSATISFIABLE) {
		close(file);
		snprintf(place, sizeof(place), "bytes */%" PRIu64, size);
		return answer_empty(connection, MHD_HTTP_RANGE_NOT_SATISFIABLE, MHD_HTTP_HEADER_CONTENT_RANGE, place);
	}
	/* it closes the file */
	struct MHD_Response *response = MHD_create_response_from_fd_at_offset64(range.count, file, range.first);

	if (!response) {
		close(file);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/octet-stream");
	MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, tag);
	if (kind == SERVE_PART) {
		snprintf(place, sizeof(place), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range.first, range.first + range.count - 1, size);
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, place);
	}
	printf("%s: %" PRIu64 " bytes from %" PRIu64 "\n", path + 1, range.count, range.first);
	fflush(stdout);
	return answer(connection, kind == SERVE_PART ? MHD_HTTP_PARTIAL_CONTENT : MHD_HTTP_OK, response);
}

static enum MHD_Result take_request(void *context, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
				    const char *body, size_t *body_bytes, void **state)
{
	static int seen;
	const int *folder = context;
	struct stat facts;

	(void)version;
	(void)body;
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return answer_empty(connection, MHD_HTTP_METHOD_NOT_ALLOWED, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	/* the first call comes when only the headers are there; a body is not taken */
	if (!*state) {
		*state = &seen;
		return MHD_YES;
	}
	if (*body_bytes)
		return MHD_NO;
	int file = file_open(*folder, path, &facts);

	return file < 0 ? answer_empty(connection, MHD_HTTP_NOT_FOUND, NULL, NULL) : answer_file(connection, file, &facts, path);
}

static struct MHD_Daemon *daemon_start(int *folder, const struct addrinfo *place)
{
	unsigned int flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO | (place->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0);

	return MHD_start_daemon(flags, 0, NULL, NULL, take_request, folder, MHD_OPTION_SOCK_ADDR, place->ai_addr, MHD_OPTION_CONNECTION_LIMIT,
				SERVE_CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT, SERVE_CONNECTIONS_PER_ADDRESS, MHD_OPTION_CONNECTION_TIMEOUT,
				SERVE_IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVE_HEADER_BYTES, MHD_OPTION_END);
}

/* Until somebody ends it; the signals were blocked before the server's thread began. */
static enum exit_code run_until_signal(int *folder, const struct addrinfo *place, const char *address, const char *name)
{
	sigset_t signals;
	int signal;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	struct MHD_Daemon *daemon = daemon_start(folder, place);

	if (!daemon)
		return report_system_error("cannot open a port at %s", address);
	const union MHD_DaemonInfo *bound = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
	const bool is_v6 = place->ai_family == AF_INET6;

	printf("%s at http://%s%s%s:%u/ until Ctrl-C\n", name, is_v6 ? "[" : "", address, is_v6 ? "]" : "", bound ? bound->port : 0u);
	fflush(stdout);
	sigwait(&signals, &signal);
	MHD_stop_daemon(daemon);
	return EXIT_OK;
}

enum exit_code serve_folder(const char *folder, const char *address, uint16_t port)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM };
	struct addrinfo *place = NULL;
	char service[8];

	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(address, service, &hints, &place))
		return report_error(EXIT_USAGE, "--listen: '%s' is no IPv4 or IPv6 address; give one of this machine's, or 0.0.0.0 for all", address);
	int opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum exit_code code = opened < 0 ? report_system_error("%s", folder) : run_until_signal(&opened, place, address, folder);

	if (opened >= 0)
		close(opened);
	freeaddrinfo(place);
	return code;
}

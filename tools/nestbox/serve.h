/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file server for a test bench: the regular files of one folder, read-only, over HTTP/1.1 by libmicrohttpd. Connections, their idle time and
 * the size of their headers are bounded.
 */
#ifndef NESTBOX_SERVE_H
#define NESTBOX_SERVE_H

#include <stdint.h>

#include "report.h"

#define SERVE_CONNECTIONS 32u
#define SERVE_CONNECTIONS_PER_ADDRESS 8u
#define SERVE_IDLE_SECONDS 30u
#define SERVE_HEADER_BYTES 8192u /* and the answer's */

/*
 * Serves `folder` at a numeric address (IPv4 or IPv6) and port (0: any) until SIGINT or SIGTERM. Prints where, then a line for every request.
 */
enum exit_code serve_folder(const char *folder, const char *address, uint16_t port);

#endif

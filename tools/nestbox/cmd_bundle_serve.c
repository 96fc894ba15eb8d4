/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox bundle serve: bundles for the boxes of a test bench.
 */
#include <stdio.h>

#include "commands.h"
#include "serve.h"
#include "text.h"

static struct {
	const char *port, *address;
} given;

static const struct option_row options[] = {
	{ OPTION_TEXT, "port", "N", "default 8080; 0: any that is free", &given.port },
	{ OPTION_TEXT, "listen", "ADDRESS", "default 127.0.0.1, for this machine only; 0.0.0.0 or :: for all", &given.address },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static enum exit_code run(const struct text_list *operands)
{
	uint64_t port = 8080;
	enum exit_code code = text_number("port", given.port, UINT16_MAX, &port);

	return code ? code : serve_folder(operands->items[0], given.address ? given.address : "127.0.0.1", (uint16_t)port);
}

const struct command command_bundle_serve = {
	.name = "bundle serve",
	.summary = "serve the files of a folder over HTTP",
	.operands = "FOLDER",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.run = run,
	.notes = "For a test bench: no encryption and no list of the files, which is no loss, since a bundle answers to its image's signature.\n"
		 "Any web server that serves files does the same.",
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The update dialogue behind the guest's port org.nestbox.update. Lines that a guest does not read wait
 * here, as many as there is room for; the others are lost, so that one which only writes is not held up.
 */
#ifndef MANAGE_UPDATE_PORT_H
#define MANAGE_UPDATE_PORT_H

#include "manage/journal.h"
#include "update/protocol.h"
#include "virtio/port.h"

#define UPDATE_PORT_LINES_BYTES 4096u

struct update_port {
	struct protocol *protocol; /* install and box are set */
	struct journal *journal;   /* of what is answered; may be null */
	char lines[UPDATE_PORT_LINES_BYTES];
	uint32_t used;
};

/* A backend around *up and its protocol, whose emit and context become the backend's. All outlive the board. */
struct port_backend update_port_backend(struct update_port *up);

#endif

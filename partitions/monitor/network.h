/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition's network port on the board's card. The card is set up once and stays, whatever becomes of the partition.
 */
#ifndef MONITOR_NETWORK_H
#define MONITOR_NETWORK_H

#include "kernel/monitor_abi.h"
#include "virtio/net_backend.h"

struct command_call;

/* Null: there is no port, or no card for it; the log says so. The first call must come before the partition starts. */
const struct net_backend *network_find(const struct monitor_info *info);

/* What has gone through it so far, as a line of the log. */
void network_report(void);

/* The console's command `network`: the port, the card, what was dropped. */
void command_network(struct command_call *call);

#endif

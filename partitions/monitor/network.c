/* SPDX-License-Identifier: Apache-2.0 */
/* The network port; see network.h. Owns the card and the counters. */
#include "network.h"

#include <inttypes.h>
#include <string.h>

#include "machine.h"
#include "manage/command.h"
#include "network_config.h"
#include "print.h"

static struct nics nics;
static struct nic *nic;
static uint64_t counts[NET_COUNTS];
static struct net_backend backend;
static bool has_looked;

static bool send(void *context, const uint8_t *frame, uint32_t count)
{
	struct nic *card = context;

	return card->send(card, frame, count);
}

static uint32_t receive(void *context, uint8_t *frame, uint32_t room)
{
	struct nic *card = context;

	return card->receive(card, frame, room);
}

static bool is_up(void *context)
{
	struct nic *card = context;

	return card->is_up(card);
}

static void foreign(void *context, const uint8_t *source)
{
	char mac[MAC_TEXT_BYTES];

	(void)context;
	mac_print(source, mac);
	print("network: warning: a frame from another address than the port's, %s, was dropped, as the next ones will be; for guests of the guest: "
	      "nestbox nested enable\n", mac);
}

static const char *policy_words(void)
{
	return backend.policy.may_spoof ? "sends from any address, receives everything" : "sends from its own address only";
}

static struct nic *open(const struct monitor_info *info, const uint8_t mac[MAC_BYTES])
{
	const struct pci_host *host = machine_network(info);
	struct nic_address address = { .takes_all = info->network == NETWORK_ANY_ADDRESS };

	memcpy(address.mac, mac, MAC_BYTES);
	return host ? nics_open(&nics, host, &address) : NULL;
}

static void look(const struct monitor_info *info)
{
	uint8_t mac[MAC_BYTES];

	if (info->network == NETWORK_NONE || !mac_parse(NETWORK_MAC, mac))
		return;
	nic = open(info, mac);
	if (!nic) {
		print("network: warning: there is no card that can be driven; give the machine an Intel 82540EM or 82545EM (docs/network.md)\n");
		return;
	}
	backend = (struct net_backend){
		.policy = { .may_spoof = info->network == NETWORK_ANY_ADDRESS },
		.counts = counts, .send = send, .receive = receive, .is_up = is_up, .foreign = foreign, .context = nic,
	};
	memcpy(backend.policy.mac, mac, MAC_BYTES);
	print("network: %s at %s; port " NETWORK_MAC " %s\n", nic->model, nic->where, policy_words());
}

const struct net_backend *network_find(const struct monitor_info *info)
{
	if (!has_looked)
		look(info);
	has_looked = true;
	return nic ? &backend : NULL;
}

void network_report(void)
{
	if (nic)
		print("network: %" PRIu64 " frames sent, %" PRIu64 " received; dropped: %" PRIu64 " from other addresses, %" PRIu64 " malformed\n",
		      counts[NET_COUNT_SENT], counts[NET_COUNT_RECEIVED], counts[NET_COUNT_FOREIGN_SOURCE],
		      counts[NET_COUNT_MALFORMED] + counts[NET_COUNT_NO_STATION]);
}

void command_network(struct command_call *call)
{
	static const char *const names[] = {
		[NET_COUNT_SENT] = "sent",
		[NET_COUNT_RECEIVED] = "received",
		[NET_COUNT_MALFORMED] = "dropped: no frame by its length or header",
		[NET_COUNT_NO_STATION] = "dropped: sent from a group's address or zero",
		[NET_COUNT_FOREIGN_SOURCE] = "dropped: sent from another address than the port's",
		[NET_COUNT_NOT_FOR_US] = "dropped: received for another address",
		[NET_COUNT_NO_ROOM] = "dropped: received, and the guest's buffer was too small",
	};

	if (!nic) {
		sink_print(call->out, "there is no network port; say y to Partition > Devices on its PCI bus > Network, and give the machine a card\n");
		return;
	}
	sink_print(call->out, "port     " NETWORK_MAC ", %s\ncard     %s at %s, link %s, %" PRIu32 " resets\n", policy_words(), nic->model,
		   nic->where, is_up(nic) ? "up" : "down", nic->resets);
	for (unsigned int i = 0; i < NET_COUNTS; i++)
		sink_print(call->out, "%10" PRIu64 " %s\n", counts[i], names[i]);
	sink_print(call->out, "%10" PRIu64 " broken on the way, by the card's word\n%10" PRIu64 " lost, without a link\n", nic->bad, nic->lost);
	if (counts[NET_COUNT_FOREIGN_SOURCE])
		sink_print(call->out, "guests of the guest need Partition > Devices on its PCI bus > Any MAC address (`nestbox nested enable`)\n");
}

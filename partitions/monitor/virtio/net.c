/* SPDX-License-Identifier: Apache-2.0 */
/* The network device; see net.h. */
#include "virtio/net.h"

#include <string.h>

#include "image/bytes.h"

#define TYPE_NETWORK 1u
#define CLASS_ETHERNET 0x020000u
#define FEATURE_MAC (1ull << 5)
#define FEATURE_STATUS (1ull << 16)
#define STATUS_LINK_UP 1u

enum queue { QUEUE_RECEIVE, QUEUE_SEND, QUEUE_COUNT };
enum config_offset { CONFIG_MAC = 0, CONFIG_STATUS = 6, CONFIG_BYTES = 8 };

/* What stands before each frame; all but the last is about offloads, of which there are none. */
enum header_offset { HEADER_FLAGS = 0, HEADER_GSO_TYPE = 1, HEADER_BUFFERS = 10 };

#define LINK_RUNS 64u /* the link is looked at this often */

static void count(const struct virtio_net *net, enum net_count what)
{
	net->backend->counts[what]++;
}

static void count_drop(const struct virtio_net *net, enum net_verdict verdict)
{
	static const enum net_count counts[] = {
		[NET_MALFORMED] = NET_COUNT_MALFORMED,
		[NET_NO_STATION] = NET_COUNT_NO_STATION,
		[NET_FOREIGN_SOURCE] = NET_COUNT_FOREIGN_SOURCE,
		[NET_NOT_FOR_US] = NET_COUNT_NOT_FOR_US,
	};

	count(net, counts[verdict]);
}

/* Copies a request once and judges the copy. */
static enum net_verdict fetch(const struct virtio_net *net, const struct virtqueue_chain *chain, uint8_t bytes[NET_HEADER_BYTES + NET_FRAME_MOST])
{
	uint32_t whole = (uint32_t)chain->read_bytes;

	if (chain->read_bytes < NET_HEADER_BYTES + NET_FRAME_LEAST || chain->read_bytes > NET_HEADER_BYTES + NET_FRAME_MOST)
		return NET_MALFORMED;
	if (virtqueue_copy_from(chain, 0, bytes, whole) != whole || bytes[HEADER_FLAGS] || bytes[HEADER_GSO_TYPE])
		return NET_MALFORMED;
	return net_filter_send(&net->backend->policy, bytes + NET_HEADER_BYTES, whole - NET_HEADER_BYTES);
}

/* False: the card has no room. */
static bool forward(const struct virtio_net *net, const struct virtqueue_chain *chain)
{
	uint8_t bytes[NET_HEADER_BYTES + NET_FRAME_MOST];
	enum net_verdict verdict = fetch(net, chain, bytes);

	if (verdict != NET_PASS) {
		count_drop(net, verdict);
		if (verdict == NET_FOREIGN_SOURCE && net->backend->counts[NET_COUNT_FOREIGN_SOURCE] == 1)
			net->backend->foreign(net->backend->context, bytes + NET_HEADER_BYTES + MAC_BYTES);
		return true;
	}
	if (!net->backend->send(net->backend->context, bytes + NET_HEADER_BYTES, (uint32_t)chain->read_bytes - NET_HEADER_BYTES))
		return false;
	count(net, NET_COUNT_SENT);
	return true;
}

static void send(struct virtio_net *net)
{
	struct virtio *virtio = &net->function.virtio;
	uint32_t waiting = virtio_waiting(virtio, QUEUE_SEND);
	uint32_t now = waiting < NET_BURST ? waiting : NET_BURST;
	struct virtqueue_chain chain;

	net->is_stalled = waiting > now;
	while (now-- && virtio_take(virtio, QUEUE_SEND, &chain)) {
		if (!forward(net, &chain)) {
			virtqueue_untake(&virtio->queues[QUEUE_SEND]);
			net->is_stalled = true;
			return;
		}
		virtio_give(virtio, QUEUE_SEND, chain.head, 0);
	}
}

/* A buffer that is too small waits for a frame that fits. */
static void deliver(struct virtio_net *net, const uint8_t *frame, uint32_t bytes)
{
	struct virtio *virtio = &net->function.virtio;
	uint8_t header[NET_HEADER_BYTES] = { [HEADER_BUFFERS] = 1 };
	struct virtqueue_chain chain;

	if (!virtio_take(virtio, QUEUE_RECEIVE, &chain))
		return;
	if (chain.write_bytes < sizeof(header) + bytes) {
		virtqueue_untake(&virtio->queues[QUEUE_RECEIVE]);
		count(net, NET_COUNT_NO_ROOM);
		return;
	}
	virtqueue_copy_to(&chain, 0, header, sizeof(header));
	virtqueue_copy_to(&chain, sizeof(header), frame, bytes);
	virtio_give(virtio, QUEUE_RECEIVE, chain.head, (uint32_t)sizeof(header) + bytes);
	count(net, NET_COUNT_RECEIVED);
}

/* As long as the guest has buffers; what comes meanwhile waits in the card, which drops what it has no room for. */
static void receive(struct virtio_net *net)
{
	const struct net_backend *backend = net->backend;
	uint8_t frame[NET_FRAME_MOST];

	for (uint32_t i = 0; i < NET_BURST && virtio_waiting(&net->function.virtio, QUEUE_RECEIVE); i++) {
		uint32_t bytes = backend->receive(backend->context, frame, sizeof(frame));

		if (!bytes)
			return;
		enum net_verdict verdict = net_filter_receive(&backend->policy, frame, bytes);

		if (verdict == NET_PASS)
			deliver(net, frame, bytes);
		else
			count_drop(net, verdict);
	}
}

static void look_at_link(struct virtio_net *net)
{
	bool is_up = net->backend->is_up(net->backend->context);

	if (is_up == net->is_up)
		return;
	net->is_up = is_up;
	virtio_config_changed(&net->function.virtio);
}

void virtio_net_run(struct virtio_net *net)
{
	if (!virtio_net_wants_time(net))
		return;
	if (!(net->runs++ % LINK_RUNS))
		look_at_link(net);
	if (net->is_stalled)
		send(net);
	receive(net);
}

static void notify(void *device, uint32_t queue)
{
	struct virtio_net *net = device;

	/* one that has had its share waits for its turn; buffers to receive into are found by then */
	if (queue == QUEUE_SEND && !net->is_stalled)
		send(net);
}

static void reset(void *device)
{
	struct virtio_net *net = device;

	net->is_stalled = false;
}

static void config(const void *device, uint8_t *bytes)
{
	const struct virtio_net *net = device;

	memcpy(bytes + CONFIG_MAC, net->backend->policy.mac, MAC_BYTES);
	bytes_put16(bytes + CONFIG_STATUS, net->is_up ? STATUS_LINK_UP : 0);
}

static const struct virtio_kind kind = {
	.type = TYPE_NETWORK, .class = CLASS_ETHERNET, .queue_count = QUEUE_COUNT,
	.features = FEATURE_MAC | FEATURE_STATUS, .config_bytes = CONFIG_BYTES,
	.notify = notify, .reset = reset, .config = config,
};

void virtio_net_init(struct virtio_net *net, const struct virtio_host *host, const struct net_backend *backend)
{
	memset(net, 0, sizeof(*net));
	net->backend = backend;
	net->is_up = backend->is_up(backend->context);
	virtio_function_init(&net->function, &kind, net, host);
}

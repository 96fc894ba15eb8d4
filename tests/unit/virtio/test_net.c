/* SPDX-License-Identifier: Apache-2.0 */
/* The network device between a driver and a card that is played: good frames, hostile requests, a full card, small buffers, the link. */
#include "driver.h"
#include "virtio/net.h"

#define HEADER 12u
#define RECEIVE_QUEUE 0u
#define SEND_QUEUE 1u

static const uint8_t own[] = { 0x02, 0x4E, 0x42, 0, 0, 1 }, other[] = { 0x02, 0x4E, 0x42, 0, 0, 2 };

static struct virtio_net net;
static uint64_t counts[NET_COUNTS];
static struct {
	uint8_t sent[NET_FRAME_MOST];
	uint32_t sent_count, sent_frames, room;
	uint8_t coming[NET_FRAME_MOST];
	uint32_t coming_count, coming_frames;
	bool is_up;
} card;

static bool send(void *context, const uint8_t *frame, uint32_t count)
{
	assert_in_range(count, NET_FRAME_LEAST, NET_FRAME_MOST);
	if (!card.room)
		return false;
	card.room--;
	memcpy(card.sent, frame, count);
	card.sent_count = count;
	card.sent_frames++;
	return true;
}

static uint32_t receive(void *context, uint8_t *frame, uint32_t room)
{
	if (!card.coming_frames)
		return 0;
	card.coming_frames--;
	assert_true(card.coming_count <= room);
	memcpy(frame, card.coming, card.coming_count);
	return card.coming_count;
}

static bool is_up(void *context)
{
	return card.is_up;
}

static uint32_t foreign_told;

static void foreign(void *context, const uint8_t *source)
{
	assert_memory_equal(source, other, MAC_BYTES);
	foreign_told++;
}

static struct net_backend backend = { .foreign = foreign, .counts = counts, .send = send, .receive = receive, .is_up = is_up };

static int setup(void **state)
{
	struct virtio_host host = driver_start();

	memset(&card, 0, sizeof(card));
	memset(counts, 0, sizeof(counts));
	card.room = UINT32_MAX;
	card.is_up = true;
	backend.policy.may_spoof = false;
	foreign_told = 0;
	memcpy(backend.policy.mac, own, MAC_BYTES);
	virtio_net_init(&net, &host, &backend);
	driver_bring_up(&net.function.virtio, 0);
	return 0;
}

/* A frame of so many bytes at DATA_GPA behind an empty header; each byte of data is its own number. */
static void put_frame(const uint8_t *source, uint32_t count)
{
	uint8_t *frame = driver.ram + DATA_GPA + HEADER;

	memset(driver.ram + DATA_GPA, 0, HEADER);
	memset(frame, 0xFF, MAC_BYTES);
	memcpy(frame + MAC_BYTES, source, MAC_BYTES);
	for (uint32_t i = 12; i < count; i++)
		frame[i] = (uint8_t)(i * 3);
}

static void send_bytes(uint32_t bytes)
{
	driver_descriptor(driver_ring(SEND_QUEUE), 0, DATA_GPA, DESCRIPTOR(bytes, READ, 0));
	driver_offer(SEND_QUEUE, 0);
	driver_kick(SEND_QUEUE);
}

static void assert_given_back(uint32_t queue, uint32_t written)
{
	uint32_t head, bytes;

	assert_true(driver_used(queue, &head, &bytes));
	assert_int_equal(head, 0);
	assert_int_equal(bytes, written);
	assert_int_equal(virtio_common_read(&net.function.virtio, 20, 1), 15);
}

static void sends_a_frame(void **state)
{
	put_frame(own, 100);
	send_bytes(HEADER + 100);
	assert_given_back(SEND_QUEUE, 0);
	assert_int_equal(card.sent_count, 100);
	assert_memory_equal(card.sent, driver.ram + DATA_GPA + HEADER, 100);
	assert_int_equal(counts[NET_COUNT_SENT], 1);
	assert_int_equal(virtio_isr_read(&net.function.virtio), VIRTIO_ISR_QUEUE);
}

static void sends_from_many_pieces(void **state)
{
	put_frame(own, 60);
	for (uint32_t i = 0; i < 8; i++)
		driver_descriptor(driver_ring(SEND_QUEUE), i, DATA_GPA + 9 * i, DESCRIPTOR(9, i < 7 ? NEXT : 0, i + 1));
	driver_offer(SEND_QUEUE, 0);
	driver_kick(SEND_QUEUE);
	assert_given_back(SEND_QUEUE, 0);
	assert_int_equal(card.sent_count, 60);
	assert_memory_equal(card.sent, driver.ram + DATA_GPA + HEADER, 60);
}

static void drops_by_policy(void **state)
{
	put_frame(other, 60);
	send_bytes(HEADER + 60);
	assert_given_back(SEND_QUEUE, 0);
	send_bytes(HEADER + 60);
	assert_given_back(SEND_QUEUE, 0);
	assert_int_equal(counts[NET_COUNT_FOREIGN_SOURCE], 2);
	assert_int_equal(foreign_told, 1);
	put_frame((const uint8_t *)"\377\377\377\377\377\377", 60);
	send_bytes(HEADER + 60);
	assert_given_back(SEND_QUEUE, 0);
	assert_int_equal(counts[NET_COUNT_NO_STATION], 1);
	assert_int_equal(card.sent_frames, 0);
	backend.policy.may_spoof = true;
	put_frame(other, 60);
	send_bytes(HEADER + 60);
	assert_given_back(SEND_QUEUE, 0);
	assert_int_equal(card.sent_frames, 1);
	assert_memory_equal(card.sent + MAC_BYTES, other, MAC_BYTES);
}

static void drops_what_is_no_frame(void **state)
{
	static const uint32_t wrong[] = { 0, 1, HEADER - 1, HEADER, HEADER + 13, HEADER + 1519, 0x10000 };

	put_frame(own, 1600);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		send_bytes(wrong[i]);
		assert_given_back(SEND_QUEUE, 0);
		assert_int_equal(counts[NET_COUNT_MALFORMED], i + 1);
	}
	for (uint32_t byte = 0; byte < 2; byte++) {
		put_frame(own, 60);
		driver.ram[DATA_GPA + byte] = 1; /* a check sum, a large packet */
		send_bytes(HEADER + 60);
		assert_given_back(SEND_QUEUE, 0);
	}
	assert_int_equal(counts[NET_COUNT_MALFORMED], sizeof(wrong) / sizeof(wrong[0]) + 2);
	assert_int_equal(card.sent_frames, 0);
	put_frame(own, 1518);
	send_bytes(HEADER + 1518);
	assert_given_back(SEND_QUEUE, 0);
	assert_int_equal(card.sent_count, 1518);
}

static void memory_that_is_none_stops_the_device(void **state)
{
	driver_descriptor(driver_ring(SEND_QUEUE), 0, RAM_BYTES - 20, DESCRIPTOR(60, READ, 0));
	driver_offer(SEND_QUEUE, 0);
	driver_kick(SEND_QUEUE);
	assert_true(net.function.virtio.status & VIRTIO_NEEDS_RESET);
	assert_false(virtio_net_wants_time(&net));
	assert_int_equal(card.sent_frames, 0);
	driver_bring_up(&net.function.virtio, 0);
	put_frame(own, 60);
	send_bytes(HEADER + 60);
	assert_given_back(SEND_QUEUE, 0);
}

static void a_full_card_is_waited_for(void **state)
{
	uint32_t head, written;

	put_frame(own, 60);
	card.room = 1;
	send_bytes(HEADER + 60);
	send_bytes(HEADER + 60);
	send_bytes(HEADER + 60);
	assert_given_back(SEND_QUEUE, 0);
	assert_false(driver_used(SEND_QUEUE, &head, &written));
	virtio_net_run(&net);
	assert_int_equal(card.sent_frames, 1);
	card.room = 8;
	virtio_net_run(&net);
	assert_given_back(SEND_QUEUE, 0);
	assert_given_back(SEND_QUEUE, 0);
	assert_int_equal(counts[NET_COUNT_SENT], 3);
	virtio_net_run(&net);
	assert_int_equal(card.sent_frames, 3);
}

static void offer_room(uint32_t bytes)
{
	driver_descriptor(driver_ring(RECEIVE_QUEUE), 0, DATA_GPA, DESCRIPTOR(HEADER, WRITE | NEXT, 1));
	driver_descriptor(driver_ring(RECEIVE_QUEUE), 1, DATA_GPA + HEADER, DESCRIPTOR(bytes, WRITE, 0));
	driver_offer(RECEIVE_QUEUE, 0);
	driver_kick(RECEIVE_QUEUE);
}

static void let_come(const uint8_t *destination, uint32_t bytes)
{
	for (uint32_t i = 0; i < sizeof(card.coming); i++)
		card.coming[i] = (uint8_t)(i * 5 + 1);
	memcpy(card.coming, destination, MAC_BYTES);
	card.coming_count = bytes;
	card.coming_frames = 1;
}

static void receives_a_frame(void **state)
{
	memset(driver.ram + DATA_GPA, 0xEE, 200);
	let_come(own, 99);
	virtio_net_run(&net);
	assert_int_equal(card.coming_frames, 1); /* no room yet: it waits */
	offer_room(NET_FRAME_MOST);
	virtio_net_run(&net);
	assert_given_back(RECEIVE_QUEUE, HEADER + 99);
	assert_memory_equal(driver.ram + DATA_GPA, "\0\0\0\0\0\0\0\0\0\0\1\0", HEADER);
	assert_memory_equal(driver.ram + DATA_GPA + HEADER, card.coming, 99);
	assert_int_equal(driver.ram[DATA_GPA + HEADER + 99], 0xEE);
	assert_int_equal(counts[NET_COUNT_RECEIVED], 1);
	assert_int_equal(virtio_isr_read(&net.function.virtio), VIRTIO_ISR_QUEUE);
}

static void does_not_receive_what_is_for_others(void **state)
{
	uint32_t head, written;

	offer_room(NET_FRAME_MOST);
	let_come(other, 60);
	virtio_net_run(&net);
	assert_false(driver_used(RECEIVE_QUEUE, &head, &written));
	assert_int_equal(counts[NET_COUNT_NOT_FOR_US], 1);
	let_come(own, 13);
	virtio_net_run(&net);
	assert_int_equal(counts[NET_COUNT_MALFORMED], 1);
	backend.policy.may_spoof = true;
	let_come(other, 60);
	virtio_net_run(&net);
	assert_given_back(RECEIVE_QUEUE, HEADER + 60);
}

static void a_small_buffer_waits_for_a_small_frame(void **state)
{
	uint32_t head, written;

	offer_room(60);
	let_come(own, 61);
	virtio_net_run(&net);
	assert_false(driver_used(RECEIVE_QUEUE, &head, &written));
	assert_int_equal(counts[NET_COUNT_NO_ROOM], 1);
	let_come(own, 60);
	virtio_net_run(&net);
	assert_given_back(RECEIVE_QUEUE, HEADER + 60);
}

static void a_flood_leaves_time_for_others(void **state)
{
	for (uint32_t i = 0; i < RING_SIZE; i++)
		offer_room(NET_FRAME_MOST);
	let_come(other, 60);
	card.coming_frames = 1000;
	virtio_net_run(&net);
	assert_int_equal(card.coming_frames, 1000 - NET_BURST);
}

static void tells_the_link(void **state)
{
	struct virtio *virtio = &net.function.virtio;
	uint8_t generation = (uint8_t)virtio_common_read(virtio, 21, 1);

	for (uint32_t i = 0; i < MAC_BYTES; i++)
		assert_int_equal(virtio_config_read(virtio, i, 1), own[i]);
	assert_int_equal(virtio_config_read(virtio, 6, 2), 1);
	assert_int_equal(virtio_isr_read(virtio), 0);
	card.is_up = false;
	for (uint32_t i = 0; i < 200; i++)
		virtio_net_run(&net);
	assert_int_equal(virtio_config_read(virtio, 6, 2), 0);
	assert_int_equal(virtio_common_read(virtio, 21, 1), generation + 1);
	assert_int_equal(virtio_isr_read(virtio), VIRTIO_ISR_CONFIG);
}

static void without_a_port_there_is_nothing_to_do(void **state)
{
	static struct virtio_net none;

	assert_false(virtio_net_wants_time(&none));
	virtio_net_run(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sends_a_frame, setup),
		cmocka_unit_test_setup(sends_from_many_pieces, setup),
		cmocka_unit_test_setup(drops_by_policy, setup),
		cmocka_unit_test_setup(drops_what_is_no_frame, setup),
		cmocka_unit_test_setup(memory_that_is_none_stops_the_device, setup),
		cmocka_unit_test_setup(a_full_card_is_waited_for, setup),
		cmocka_unit_test_setup(receives_a_frame, setup),
		cmocka_unit_test_setup(does_not_receive_what_is_for_others, setup),
		cmocka_unit_test_setup(a_small_buffer_waits_for_a_small_frame, setup),
		cmocka_unit_test_setup(a_flood_leaves_time_for_others, setup),
		cmocka_unit_test_setup(tells_the_link, setup),
		cmocka_unit_test(without_a_port_there_is_nothing_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

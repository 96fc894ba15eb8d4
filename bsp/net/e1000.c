/* SPDX-License-Identifier: Apache-2.0 */
/* The e1000 driver; see e1000.h. Owns the card's registers and the DMA memory from e1000_open() on. */
#include "bsp/net/e1000.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define VENDOR_INTEL 0x8086u

enum { CTRL = 0x0000, STATUS = 0x0008, IMC = 0x00D8, RCTL = 0x0100, TCTL = 0x0400, TIPG = 0x0410 };
enum { RDBAL = 0x2800, RDLEN = 0x2808, RDH = 0x2810, RDT = 0x2818, TDBAL = 0x3800, TDLEN = 0x3808, TDH = 0x3810, TDT = 0x3818 };
enum { MTA = 0x5200, RAL = 0x5400, RAH = 0x5404 };
enum { CTRL_LRST = 1 << 3, CTRL_ASDE = 1 << 5, CTRL_SLU = 1 << 6, CTRL_ILOS = 1 << 7, CTRL_RST = 1 << 26, CTRL_VME = 1 << 30 };
enum { STATUS_UP = 1 << 1 };
enum { RCTL_EN = 1 << 1, RCTL_UPE = 1 << 3, RCTL_MPE = 1 << 4, RCTL_BAM = 1 << 15, RCTL_SECRC = 1 << 26 }; /* buffers of 2048 bytes */
enum { TCTL_EN = 1 << 1, TCTL_PSP = 1 << 3, TCTL_CT = 0x0F << 4, TCTL_COLD = 0x40 << 12 };
#define CTRL_PHY_RST (1u << 31)
#define ADDRESS_VALID (1u << 31)
#define GAPS (10u | 8u << 10 | 6u << 20) /* between frames: 13.4.34 "Transmit IPG Register", copper */

enum { RECEIVED_DONE = 1, RECEIVED_END = 2, SENT_DONE = 1 };
enum { SEND_END = 1, SEND_CHECK_SUM = 2, SEND_REPORT = 8 };

#define REGISTER_BYTES 0x6000u
#define MTA_WORDS 128u
#define ADDRESSES 16u
#define RESET_MS 100u
#define SETTLE_MS 10u
#define STUCK_MS 2000u
#define BUFFERS_OFFSET 0x1000u

struct received {
	uint64_t address;
	uint16_t bytes, check_sum;
	uint8_t status, errors;
	uint16_t special;
};

struct to_send {
	uint64_t address;
	uint16_t bytes;
	uint8_t check_sum_offset, command, status, check_sum_start;
	uint16_t special;
};

/* What the card reads and writes. The rings share a page, the buffers follow. */
struct memory {
	volatile struct received received[E1000_RING];
	volatile struct to_send to_send[E1000_RING];
};

_Static_assert(sizeof(struct memory) <= BUFFERS_OFFSET && sizeof(struct received) == 16 && sizeof(struct to_send) == 16, "as the card has it");
_Static_assert(NIC_FRAME_MOST <= E1000_BUFFER_BYTES, "a frame has one buffer");

static struct memory *memory_of(const struct e1000 *card)
{
	return (struct memory *)(void *)card->registers.host->dma.bytes;
}

static uint32_t buffer_offset(uint32_t number)
{
	return BUFFERS_OFFSET + number * E1000_BUFFER_BYTES;
}

static uint32_t receive_offset(uint32_t place)
{
	return buffer_offset(place);
}

static uint32_t send_offset(uint32_t place)
{
	return buffer_offset(E1000_RING + place);
}

static uint64_t now(const struct e1000 *card)
{
	return card->registers.host->ticks(card->registers.host->context);
}

static void put(const struct e1000 *card, uint32_t offset, uint32_t value)
{
	write32(&card->registers, offset, value);
}

static void settle(const struct e1000 *card)
{
	struct wait wait = wait_start(card->registers.host, SETTLE_MS);

	while (!wait_is_over(&wait))
		;
}

static bool reset(const struct e1000 *card)
{
	const struct registers *r = &card->registers;

	put(card, IMC, UINT32_MAX);
	put(card, RCTL, 0);
	put(card, TCTL, 0);
	put(card, CTRL, read32(r, CTRL) | CTRL_RST);
	settle(card);
	if (!registers_wait(r, CTRL, CTRL_RST, 0, RESET_MS) || read32(r, STATUS) == UINT32_MAX)
		return false;
	put(card, IMC, UINT32_MAX);
	put(card, CTRL, (read32(r, CTRL) | CTRL_SLU | CTRL_ASDE) & ~(CTRL_LRST | CTRL_ILOS | (uint32_t)CTRL_VME | CTRL_PHY_RST));
	return true;
}

static void set_address(const struct e1000 *card)
{
	const uint8_t *mac = card->address.mac;

	for (uint32_t i = 0; i < MTA_WORDS; i++)
		put(card, MTA + 4 * i, 0);
	for (uint32_t i = 1; i < ADDRESSES; i++)
		put(card, RAH + 8 * i, 0);
	put(card, RAL, mac[0] | (uint32_t)mac[1] << 8 | (uint32_t)mac[2] << 16 | (uint32_t)mac[3] << 24);
	put(card, RAH, mac[4] | (uint32_t)mac[5] << 8 | ADDRESS_VALID);
}

static void make_rings(struct e1000 *card)
{
	const struct dma_memory *dma = &card->registers.host->dma;
	struct memory *memory = memory_of(card);

	memset(dma->bytes, 0, BUFFERS_OFFSET);
	for (uint32_t i = 0; i < E1000_RING; i++) {
		memory->received[i].address = dma->physical + receive_offset(i);
		memory->to_send[i].address = dma->physical + send_offset(i);
	}
	card->next_received = card->next_sent = card->pending = 0;
	card->is_skipping = false;
	card->progress_ticks = now(card);
	dma_barrier();
}

static bool start(struct e1000 *card)
{
	const struct registers *r = &card->registers;
	uint64_t physical = r->host->dma.physical;

	if (!reset(card))
		return false;
	make_rings(card);
	set_address(card);
	write64(r, RDBAL, physical + offsetof(struct memory, received));
	put(card, RDLEN, E1000_RING * sizeof(struct received));
	put(card, RDH, 0);
	put(card, RDT, 0);
	write64(r, TDBAL, physical + offsetof(struct memory, to_send));
	put(card, TDLEN, E1000_RING * sizeof(struct to_send));
	put(card, TDH, 0);
	put(card, TDT, 0);
	put(card, TIPG, GAPS);
	put(card, TCTL, TCTL_EN | TCTL_PSP | TCTL_CT | TCTL_COLD);
	/* Frames longer than 1522 bytes are the card's to drop; groups are the filter's. */
	put(card, RCTL, RCTL_EN | RCTL_MPE | RCTL_BAM | RCTL_SECRC | (card->address.takes_all ? RCTL_UPE : 0));
	/* One buffer is never the card's: a full ring and an empty one would look the same. */
	put(card, RDT, E1000_RING - 1);
	return true;
}

static bool is_up(struct nic *nic)
{
	uint32_t status = read32(&((struct e1000 *)nic)->registers, STATUS);

	return status != UINT32_MAX && status & STATUS_UP;
}

/* Takes back what the card has sent. */
static void reclaim(struct e1000 *card)
{
	struct memory *memory = memory_of(card);

	while (card->pending && memory->to_send[(card->next_sent + E1000_RING - card->pending) % E1000_RING].status & SENT_DONE) {
		card->pending--;
		card->progress_ticks = now(card);
	}
	if (!card->pending)
		card->progress_ticks = now(card);
}

/* The ring is full: without a link frames are lost; with one that leads nowhere for a time, the card is set up again. */
static bool is_lost(struct e1000 *card)
{
	if (!is_up(&card->nic)) {
		card->nic.lost++;
		return true;
	}
	if (now(card) - card->progress_ticks > card->registers.host->ticks_hz / 1000 * STUCK_MS) {
		card->nic.resets++;
		card->progress_ticks = now(card);
		(void)start(card);
	}
	return false;
}

static bool send(struct nic *nic, const uint8_t *frame, uint32_t count)
{
	struct e1000 *card = (struct e1000 *)nic;
	volatile struct to_send *place = &memory_of(card)->to_send[card->next_sent];

	reclaim(card);
	if (card->pending >= E1000_RING - 1)
		return is_lost(card);
	memcpy(card->registers.host->dma.bytes + send_offset(card->next_sent), frame, count);
	place->bytes = (uint16_t)count;
	place->command = SEND_END | SEND_CHECK_SUM | SEND_REPORT;
	place->status = 0;
	card->next_sent = (card->next_sent + 1) % E1000_RING;
	card->pending++;
	dma_barrier();
	put(card, TDT, card->next_sent);
	return true;
}

/* The buffer at a place in the ring, if the frame in it is whole; its bytes, or 0. */
static uint32_t take(struct e1000 *card, volatile struct received *place, uint8_t *frame, uint32_t room)
{
	uint8_t status = place->status, errors = place->errors;
	uint32_t bytes = place->bytes;
	bool is_rest = card->is_skipping;

	card->is_skipping = !(status & RECEIVED_END);
	if (is_rest || card->is_skipping || errors || !bytes || bytes > E1000_BUFFER_BYTES || bytes > room) {
		card->nic.bad++;
		return 0;
	}
	memcpy(frame, card->registers.host->dma.bytes + receive_offset(card->next_received), bytes);
	return bytes;
}

static uint32_t receive(struct nic *nic, uint8_t *frame, uint32_t room)
{
	struct e1000 *card = (struct e1000 *)nic;
	uint32_t bytes = 0;

	for (uint32_t i = 0; !bytes && i < E1000_RING; i++) {
		volatile struct received *place = &memory_of(card)->received[card->next_received];

		if (!(place->status & RECEIVED_DONE))
			break;
		dma_barrier();
		bytes = take(card, place, frame, room);
		place->status = 0;
		dma_barrier();
		put(card, RDT, card->next_received);
		card->next_received = (card->next_received + 1) % E1000_RING;
	}
	return bytes;
}

bool e1000_drives(const struct pci_function *function)
{
	return function->vendor == VENDOR_INTEL && (function->device == 0x100E || function->device == 0x100F);
}

bool e1000_open(struct e1000 *card, const struct pci_host *host, const struct pci_function *function, const struct nic_address *address)
{
	*card = (struct e1000){ .registers.host = host, .address = *address };
	card->nic = (struct nic){ .send = send, .receive = receive, .is_up = is_up };
	card->nic.model = function->device == 0x100E ? "Intel 82540EM" : "Intel 82545EM";
	snprintf(card->nic.where, sizeof(card->nic.where), "%02x:%02x.%x", (unsigned int)(function->address >> 16 & 0xFF),
		 (unsigned int)(function->address >> 11 & 0x1F), (unsigned int)(function->address >> 8 & 7));
	return host->dma.size >= E1000_DMA_BYTES && pci_map(host, function, 0, REGISTER_BYTES, &card->registers) &&
	       registers_have(&card->registers, 0, REGISTER_BYTES) && start(card);
}

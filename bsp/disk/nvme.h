/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver of an NVMe controller's first namespace: one queue pair beside the administrator's, one command at a time, DMA into a bounce
 * buffer; a controller that does not answer, or answers something else, is reset. Source: NVM Express Base Specification 1.4, sections 3.1
 * "Register Definition", 4 "Data Structures", 5 "Admin Command Set", 6 "NVM Command Set", 7.6.1 "Initialization".
 */
#ifndef BSP_DISK_NVME_H
#define BSP_DISK_NVME_H

#include "bsp/disk/disk.h"
#include "bsp/pci/message.h"

#define NVME_CLASS 0x010802u

struct nvme_queue {
	uint32_t number; /* 0: the administrator's */
	uint32_t tail, head;
	bool phase; /* of the completions that come next */
};

struct nvme {
	struct disk disk;
	struct registers registers;
	struct nvme_queue queues[2];
	uint32_t stride_shift, ready_ms;
	uint16_t last_id, last_status;
	enum pci_messages messages;
	bool is_confused; /* it has to be reset before the next command */
};

/* The first namespace of a controller that pci_enable() has been called for. False: it has none with sectors of 512 bytes, or does not work. */
bool nvme_open(struct nvme *nvme, const struct pci_host *host, const struct pci_function *function);

#endif

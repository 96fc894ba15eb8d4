/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a box is cut up: its board, and which partition gets what of it. One table of rules (layout.def) says what cannot be, where in the menu
 * it is changed, and how. Pure; the host tool and the box compile it.
 */
#ifndef LAYOUT_LAYOUT_H
#define LAYOUT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout/mac.h"
#include "layout/pins.h"

#define LAYOUT_PARTITIONS_MAX 4u
#define LAYOUT_NAME_BYTES 64u /* with its terminator */
#define LAYOUT_CPUS_MAX PINS_MAX
#define LAYOUT_RUN_CPUS_MAX 8u /* that the kernel can start */
#define LAYOUT_NESTED_MIB 4096u

/* The kernel's own 32 MiB from 16 MiB on, and the device hole of the machines it is tried on. */
#define LAYOUT_OWN_END_MIB 48u
#define LAYOUT_HOLE_MIB 3072u
#define LAYOUT_HOLE_END_MIB 4096u

enum layout_device { LAYOUT_DEVICE_DISK = 1, LAYOUT_DEVICE_CARD = 2 };

struct layout_partition {
	char name[LAYOUT_NAME_BYTES]; /* also the role of its image */
	uint32_t ram_mib, base_mib;   /* base: set by layout_place() */
	bool is_placed;
	uint32_t cpu_count; /* virtual CPUs */
	bool is_pinned;	    /* by a list of its own; otherwise layout_pin() gives it the lowest CPUs that are left */
	bool list_is_read;  /* false: what is configured is no list */
	struct pins pins;   /* the physical CPU of each */
	bool is_nested, may_be_small;
	uint32_t devices;  /* of the board, enum layout_device */
	uint32_t slot_mib; /* each of two; 0: no slots, or not known here */
	uint32_t data_mib;
	uint64_t image_bytes; /* 0: not known */
	bool has_network, may_spoof;
	bool mac_is_read; /* false: what is configured is no address */
	uint8_t mac[MAC_BYTES]; /* of its port */
};

#define LAYOUT_LABEL_BYTES 25u

struct layout {
	uint32_t board_ram_mib, board_cpus, board_devices;
	uint32_t board_disk_mib; /* 0: not known */
	char label[LAYOUT_LABEL_BYTES + 1]; /* of the build; one that is too long, cut */
	size_t count;
	struct layout_partition partitions[LAYOUT_PARTITIONS_MAX];
};

enum layout_rule {
	LAYOUT_FINE,
#define LAYOUT_RULE(name, holds, menu, wrong, remedy) LAYOUT_##name,
#define LAYOUT_BOX_RULE(name, holds, menu, wrong, remedy) LAYOUT_##name,
#include "layout/layout.def"
#undef LAYOUT_RULE
#undef LAYOUT_BOX_RULE
	LAYOUT_RULE_COUNT
};

/* What a row says: the item's path in the menu, what is wrong with it, what to do. Null pointers for anything that is no row. */
struct layout_words {
	const char *name, *menu, *wrong, *remedy;
};
struct layout_words layout_rule_words(enum layout_rule rule);

/* A row's menu path or remedy as it is for that partition: its menu instead of the first one's. False: it does not fit. */
#define LAYOUT_TEXT_BYTES 512u
bool layout_text_for(const char *text, size_t partition, char out[LAYOUT_TEXT_BYTES]);

/* CPUs for the partitions that name none. */
void layout_pin(struct layout *layout);

/* As the kernel carves: the lowest address that fits, on 1 GiB if there is one. Leaves is_placed false where nothing fits. */
void layout_place(struct layout *layout);

/*
 * The next row that does not hold behind *rule (start with LAYOUT_FINE and partition 0), of a layout that is pinned and placed; false: none is
 * left. `partition` is the one it is about, or 0 for a row about the whole box.
 */
bool layout_refuse_next(const struct layout *layout, enum layout_rule *rule, size_t *partition);

/* CPUs whose bits are set. */
uint32_t layout_cpu_count(uint64_t cpus);

/* The machine needs this many for its partitions' CPUs to be there, and the kernel has to start so many. */
uint32_t layout_cpus_needed(const struct layout *layout);
uint32_t layout_cpus_started(const struct layout *layout);

/* MiB of a disk with these slots and data. */
uint64_t layout_disk_mib(const struct layout *layout);

#endif

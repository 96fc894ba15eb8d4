/* SPDX-License-Identifier: Apache-2.0 */
/* The box's disk and the choice of a slot; see slots.h. */
#include "slots.h"

#include <inttypes.h>
#include <string.h>

#include "bsp/disk/disks.h"
#include "bsp/newlib/sys_call.h"
#include "host.h"
#include "keys.h"
#include "machine.h"
#include "manage/journal.h"
#include "manage/update_port.h"
#include "print.h"
#include "slot_line.h"
#include "update/gpt.h"
#include "update/rehearsal.h"
#include "update/rekey.h"
#include "update/select.h"
#include "update/slot.h"

#define REUSE_ENTRIES (1u << 14) /* of the other slot's blocks, by digest: 64 MiB of them */

static struct {
	struct disks disks;
	struct disk *disk; /* the one the slots are on */
	struct gpt gpt;
	struct nbmeta meta;
	struct block_region slots[2], data;
	struct choice choice;
	struct update_box box;
	struct verify_result scratch;
	struct verify_policy with_keys; /* the box's policy with the keyring of the disk */
	const struct verify_policy *policy;
	slots_load *load;
	struct rehearsal rehearsal; /* in front of the disk when nothing may be written */
	bool is_rehearsal, has_data, is_chosen;
} disk;

static struct {
	struct install install;
	struct protocol protocol;
	struct update_port port;
	struct port_backend backend;
	uint32_t index[REUSE_ENTRIES];
} update;

static const struct {
	const char *name;
	const uint8_t *type;
	struct block_region *region;
} partitions[] = {
	{ "guest-a", gpt_type_guest, &disk.slots[0] },
	{ "guest-b", gpt_type_guest, &disk.slots[1] },
};

static struct verify_policy policy_with(uint32_t floor)
{
	struct verify_policy policy = *disk.policy;

	if (policy.security_version_floor < floor)
		policy.security_version_floor = floor;
	return policy;
}

static void inspect(void *context, enum slot_id slot, uint32_t floor, struct verdict *verdict)
{
	struct verify_policy policy = policy_with(floor);

	(void)context;
	slot_inspect(&disk.slots[slot - 1], &policy, &disk.scratch, verdict);
}

static void load(void *context, enum slot_id slot, uint32_t floor, struct verdict *verdict)
{
	struct verify_policy policy = policy_with(floor);

	(void)context;
	print("slots: reading slot %s\n", slot_name(slot));
	disk.load(&disk.slots[slot - 1], &policy, verdict);
}

/* Null, or why this disk does not hold the slots. */
static const char *open_slots(const struct disk *on)
{
	struct block_region meta;
	enum update_error error = gpt_read(&disk.gpt, disk.is_rehearsal ? rehearsal_open(&disk.rehearsal, &on->device) : &on->device);

	if (!error && disk.gpt.is_backup)
		print("disk: warning: its first partition table is damaged (%s)\n", update_error_text(disk.gpt.primary_error));
	if (!error)
		error = gpt_find(&disk.gpt, gpt_type_nbmeta, NULL, &meta);
	for (size_t i = 0; !error && i < sizeof(partitions) / sizeof(partitions[0]); i++)
		error = gpt_find(&disk.gpt, partitions[i].type, partitions[i].name, partitions[i].region);
	if (!error)
		error = nbmeta_load(&disk.meta, &meta);
	disk.has_data = !error && !gpt_find(&disk.gpt, gpt_type_data, NULL, &disk.data);
	return error ? update_error_text(error) : NULL;
}

/* The first disk with slots. Null, or what is wrong. */
static const char *open_disk(const struct monitor_info *info)
{
	static const char *const none[] = {
		[DISK_ATA] = "there is no disk on the first IDE channel; check its cable, or another driver in menuconfig",
		[DISK_PCI] = "there is no disk behind an IDE, AHCI, NVMe or virtio controller; check its cable and the firmware's set-up",
	};
	const char *wrong = none[info->disk];
	struct disk *found;

	disk.disks.host = machine_pci(info);
	while ((found = disks_next(&disk.disks, info->tsc_hz))) {
		print("disk: %s, %s, %" PRIu64 " MiB\n", found->model, found->where, found->device.sector_count / ((1u << 20) / DISK_SECTOR_BYTES));
		disk.disk = found;
		wrong = found->unfit ? found->unfit : open_slots(found);
		if (!wrong)
			return NULL;
		print("disk: not this one: %s\n", wrong);
	}
	return wrong;
}

static void report_failures(void)
{
	if (disk.disk && disk.disk->failures)
		print("disk: %" PRIu32 " commands failed, the last one: %s; check the disk and its cable\n", disk.disk->failures, disk.disk->last_failure);
}

/* The disk, its partitions, its keyring; or what is wrong with them. */
static const char *open_box(const struct monitor_info *info, const struct verify_policy *policy, slots_load *load_slot, bool is_rehearsal)
{
	memset(&disk, 0, sizeof(disk));
	disk.with_keys = *policy;
	disk.policy = &disk.with_keys;
	disk.load = load_slot;
	disk.is_rehearsal = is_rehearsal;
	disk.box = (struct update_box){ .meta = &disk.meta, .slots = disk.slots, .policy = disk.policy, .tries = info->slot_tries };
	const char *wrong = open_disk(info);

	if (!wrong)
		disk.with_keys.keyring = keys_choose(&disk.meta, policy->product_uuid);
	return wrong;
}

static const char *choose(const struct monitor_info *info)
{
	struct slot_access access = { .inspect = inspect, .load = load, .tries = info->slot_tries };

	memcpy(access.role_uuid, disk.policy->role_uuid, UUID_BYTES);
	disk.is_chosen = select_slot(&disk.meta, &access, &disk.choice);
	disk.box.running = disk.choice.running;
	return disk.is_chosen ? NULL : "neither slot has an image that may run; write the box's image to the disk again";
}

/* What is to be told beside the slots' own lines. */
static void show_rest(const struct sink *out, const struct record_role *role)
{
	if (role)
		sink_print(out, "lowest security version: %" PRIu32 ", metadata writes since this start: %" PRIu32 "\n", role->floor, disk.meta.writes);
	if (disk.is_chosen && disk.choice.warning != WARNING_NONE)
		sink_print(out, "warning: %s\n", warning_text(disk.choice.warning));
	if (disk.choice.is_recovered)
		sink_print(out, "degraded: the slot record had been lost; confirm what runs if it is right\n");
}

void slots_show(const struct sink *out)
{
	const struct record_role *role = disk.policy ? update_role(&disk.box) : NULL;

	if (!role) {
		sink_print(out, "this box has no slots: its image is a boot module\n");
		return;
	}
	for (enum slot_id slot = SLOT_A; slot <= SLOT_B; slot++) {
		slot_line_state(out, role, slot);
		sink_print(out, "%s\n", disk.is_chosen && disk.choice.running.slot == slot ? ", running" : "");
	}
	show_rest(out, role);
}

static uint64_t seconds(void *context)
{
	return host_seconds(context);
}

static void journal_start(const struct monitor_info *info)
{
	const struct record_role *role = update_role(&disk.box);
	enum slot_id slot = disk.choice.running.slot;
	uint64_t version = disk.choice.running.verdict.version;

	box_journal.seconds = seconds;
	box_journal.context = (void *)(uintptr_t)info;
	if (!disk.is_chosen) {
		journal_note(&box_journal, JOURNAL_BOX, "no slot has an image that may run");
		return;
	}
	journal_note(&box_journal, JOURNAL_BOX, "%s: slot %s, version %u.%u.%lu", role && role->try_slot == slot ? "tried" : "started", slot_name(slot),
		     (unsigned int)(version >> 48), (unsigned int)(version >> 32 & UINT16_MAX), (unsigned long)(version & UINT32_MAX));
	if (disk.choice.warning != WARNING_NONE)
		journal_note(&box_journal, JOURNAL_BOX, "%s", warning_text(disk.choice.warning));
}

static void keys_settle(void)
{
	enum update_error error;

	disk.box.keys = keys_box();
	error = rekey_settle(&disk.box);
	if (error)
		print("keys: warning: the keyring is in one place only (%s); the next start tries again\n", update_error_name(error));
}

const char *slots_boot(const struct monitor_info *info, const struct verify_policy *policy, slots_load *load_slot)
{
	const char *wrong = open_box(info, policy, load_slot, false);

	if (!wrong)
		wrong = choose(info);
	if (disk.is_chosen)
		keys_settle();
	if (disk.policy)
		journal_start(info);
	report_failures();
	slots_show(&print_sink);
	return wrong;
}

/* Selection stops at the first slot that may run; a report has looked at both. */
static void verify_rest(const struct record_role *role)
{
	for (enum slot_id slot = SLOT_A; slot <= SLOT_B; slot++)
		if (disk.choice.verdicts[slot - 1].kind == VERDICT_UNKNOWN && role && role_state(role, slot) != SLOT_EMPTY)
			load(NULL, slot, role->floor, &disk.choice.verdicts[slot - 1]);
}

static void show_report(const struct record_role *role)
{
	for (enum slot_id slot = SLOT_A; slot <= SLOT_B; slot++) {
		slot_line_state(&print_sink, role, slot);
		slot_line_verdict(&print_sink, role, slot, &disk.choice.verdicts[slot - 1]);
		print("%s\n", disk.is_chosen && disk.choice.running.slot == slot ? "; would run" : "");
	}
	show_rest(&print_sink, role);
}

const char *slots_report(const struct monitor_info *info, const struct verify_policy *policy, slots_load *load_slot)
{
	const char *wrong = open_box(info, policy, load_slot, true);

	if (!wrong) {
		/* as the disk has it, not as selection leaves it; a lost record is what selection makes of it */
		struct record before = disk.meta.record;
		bool has_record = disk.meta.has_record;

		wrong = choose(info);
		const struct record_role *role = has_record ? record_role(&before, policy->role_uuid) : NULL;
		role = role ? role : update_role(&disk.box);
		verify_rest(role);
		show_report(role);
	}
	report_failures();
	return wrong;
}

const struct port_backend *slots_update_port(void)
{
	if (!disk.is_chosen)
		return NULL;
	update.install.reuse.index = update.index;
	update.install.reuse.index_entries = REUSE_ENTRIES;
	install_reset(&update.install, &disk.box);
	update.protocol.install = &update.install;
	update.protocol.box = &disk.box;
	update.port.protocol = &update.protocol;
	update.port.journal = &box_journal;
	update.backend = update_port_backend(&update.port);
	return &update.backend;
}

const struct update_box *slots_box(void)
{
	return disk.is_chosen ? &disk.box : NULL;
}

bool slots_data(struct block_region *region)
{
	if (disk.has_data)
		*region = disk.data;
	return disk.has_data;
}

void slots_show_update(const struct sink *out)
{
	static const char *const phases[] = {
		[INSTALL_IDLE] = "none under way", [INSTALL_RESUME] = "looking at what is there", [INSTALL_TREE] = "receiving", [INSTALL_LEAVES] = "receiving",
		[INSTALL_SCAN] = "looking at what is there", [INSTALL_CHECK] = "reading back", [INSTALL_DONE] = "installed, starts next time",
	};
	enum install_phase phase = disk.is_chosen ? update.install.phase : INSTALL_IDLE;

	sink_print(out, "update: %s", phases[phase]);
	if (phase != INSTALL_IDLE)
		sink_print(out, ", %u %%, %" PRIu64 " KiB written", install_percent(&update.install), update.install.written_bytes >> 10);
	sink_print(out, "\n");
}

static bool tell(const struct sink *out, const char *done, enum update_error error)
{
	journal_note(&box_journal, error ? JOURNAL_GUEST : JOURNAL_BOX, "%s%s", error ? "refused: " : "", error ? update_error_text(error) : done);
	sink_print(out, "%s\n", error ? update_error_text(error) : done);
	return !error;
}

static bool has_no_slot(const struct sink *out)
{
	if (!disk.is_chosen)
		sink_print(out, "no slot runs, so there is nothing to confirm and nothing to go back from\n");
	return !disk.is_chosen;
}

bool slots_confirm(const struct sink *out)
{
	return !has_no_slot(out) && tell(out, "confirmed: this image stays", update_confirm(&disk.box));
}

bool slots_revert(const struct sink *out)
{
	return !has_no_slot(out) && tell(out, "the other slot starts next time", update_revert(&disk.box, &disk.scratch));
}

# SPDX-License-Identifier: Apache-2.0
"""The disk of a box that updates itself, looked at from outside after a power cut: what may be on it and what may not.

Reads the slot record by itself (partitions/monitor/update/record_fields.def, role_fields.def); whether a slot's image is good says the host tool.
"""
import dataclasses

import slot_record

SLOTS, EMPTY, INSTALLED, CONFIRMED, FAILED = "ab", 0, 1, 2, 3
RECORDS, ANCHORS = 0, 2  # places in nbmeta, two of each
RECOVERED = 1
MANIFEST = 16384


@dataclasses.dataclass
class Record:
    sequence: int
    flags: int
    active: str
    try_slot: str
    tries: int
    states: tuple
    floor: int

    def starts(self):
        """The slot that the box has to start next."""
        return self.try_slot if self.try_slot and self.tries else self.active


def read_record(data):
    """A record out of 4096 bytes, or None: torn."""
    covered = data[:slot_record.COVERED]
    if data[:8] != b"NBSLOTS\0" or data[slot_record.COVERED:slot_record.COVERED + 4] != slot_record.crc32c(covered).to_bytes(4, "little"):
        return None
    role = data[slot_record.ROLES:]
    name = dict(zip(range(3), ("", *SLOTS)))
    return Record(int.from_bytes(data[slot_record.SEQUENCE], "little"), int.from_bytes(data[24:28], "little"), name[role[16]], name[role[17]], role[18],
                  tuple(role[20:22]), int.from_bytes(role[24:28], "little"))


def is_torn(block):
    """Neither whole nor never written."""
    return any(block) and not read_record(block)


class Disk:
    """A disk image and where its parts are. `fresh`: as it was delivered, with an image in slot a."""

    def __init__(self, path, slot_bytes):
        self.path, self.slot_bytes = path, slot_bytes
        self.fresh = path.read_bytes()
        self.meta = slot_record.partition(self.fresh, "nbmeta")
        self.slots = {slot: slot_record.partition(self.fresh, f"guest-{slot}") for slot in SLOTS}

    def blocks(self, data):
        """Both copies of the record, then both of its anchor."""
        places = [self.meta + which * slot_record.PLACE for which in range(2 * ANCHORS)]
        return [data[at:at + slot_record.RECORD] for at in places]

    def record(self, data):
        """The one in force, or None."""
        return max(filter(None, map(read_record, self.blocks(data)[:ANCHORS])), key=lambda record: record.sequence, default=None)

    def anchors(self, data):
        return list(filter(None, map(read_record, self.blocks(data)[ANCHORS:])))

    def torn(self, data):
        """How many of all four."""
        return sum(map(is_torn, self.blocks(data)))

    def slot(self, data, slot):
        return data[self.slots[slot]:self.slots[slot] + self.slot_bytes]

    def has_manifest(self, data, slot):
        return any(self.slot(data, slot)[:MANIFEST])

    def elsewhere(self, data):
        """All that no update may touch: everything but nbmeta and slot b."""
        ends = [(0, self.meta), (self.meta + 4 * slot_record.PLACE, self.slots["b"]), (self.slots["b"] + self.slot_bytes, len(data))]
        return b"".join(data[start:end] for start, end in ends)


@dataclasses.dataclass
class Life:
    """What is known of a box since it was delivered."""
    floor: int            # lowest security version when it was delivered
    new_floor: int        # that of the image it installs
    asked: bool = False   # the new image has asked to be confirmed
    sequence: int = 0     # of the last record seen


def why_copies(disk, data, record):
    """Each commit replaces the older copy: without a torn one, the other is one step behind. What is wrong, or None."""
    blocks = disk.blocks(data)[RECORDS:ANCHORS]
    is_delivered = record.sequence == disk.record(disk.fresh).sequence
    if is_delivered or any(is_torn(block) for block in blocks):
        return None
    sequences = sorted(copy.sequence if copy else 0 for copy in map(read_record, blocks))
    return None if sequences == [record.sequence - 1, record.sequence] else f"the copies of the slot record have numbers {sequences}"


def why_record(record, life):
    """What is wrong with the record, or None."""
    if not record:
        return "neither copy of the slot record is whole"
    if record.sequence < life.sequence:
        return f"the slot record went back from {life.sequence} to {record.sequence}"
    if record.flags & RECOVERED:
        return "the slot record says that it had been lost"
    if record.states[0] != CONFIRMED:
        return f"slot a, which ran, has state {record.states[0]}"
    is_confirmed = record.states[1] == CONFIRMED
    if is_confirmed and not life.asked:
        return "slot b is confirmed, and nobody has asked"
    if is_confirmed != (record.active == "b") or record.floor != (life.new_floor if is_confirmed else life.floor):
        return f"slot b has state {record.states[1]}, slot {record.active} is active, the lowest security version is {record.floor}"
    return None


def why_disk(disk, data, life, verify):
    """What is wrong with a disk after a cut, or None. verify(bytes of a slot, lowest security version): does the host tool take it?"""
    record = disk.record(data)
    why = why_record(record, life) or why_copies(disk, data, record)
    if why:
        return why
    anchors = disk.anchors(data)
    if not anchors:
        return "neither copy of the anchor is whole"
    if max(anchor.floor for anchor in anchors) > record.floor:
        return "an anchor's lowest security version is above the record's"
    if disk.elsewhere(data) != disk.elsewhere(disk.fresh):
        return "something has changed that is neither nbmeta nor slot b"
    # a slot whose tries are used up is not started any more, and may be written anew
    for slot in {record.active, record.starts()} - {""}:
        if not verify(disk.slot(data, slot), life.floor):
            return f"slot {slot} may be started, and has no good image"
    return None

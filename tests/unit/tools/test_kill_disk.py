#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the test that kills the emulator says about disks no box may leave behind: each is one of its complaints.

usage: test_kill_disk.py NESTBOX SOURCE_ROOT [unittest options]
"""
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unittest

TOOL, TOP = None, None
SLOT = 2 << 20
A, B = 0, 1


def bzimage():
    data = bytearray(5000)
    struct.pack_into("<H", data, 0x1FE, 0xAA55)
    struct.pack_into("<4sH", data, 0x202, b"HdrS", 0x020F)
    data[0x211] = 1
    struct.pack_into("<H", data, 0x236, 1)
    return bytes(data)


class Disks(unittest.TestCase):
    """A box that was delivered with version 1 in slot a; floor 1."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        work = pathlib.Path(cls.folder.name)
        (work / "linux").write_bytes(bzimage() + random.Random(1).randbytes(50000))
        commands = [["keygen", "--out", "k"]]
        commands += [["image", "create", "--tree", "--kernel", "linux", "--partition", "test", "--version", f"{v}.0.0", "--security-version", v, "--key", "k.key",
                      "-o", v] for v in "12"]
        commands += [["disk", "create", "--slot-a", "1", "--slot-size", "2", "--data-size", "1", "-o", "disk"]]
        for words in commands:
            subprocess.run([TOOL, *words], cwd=work, check=True, capture_output=True)
        cls.work, cls.disk = work, kill_disk.Disk(work / "disk", SLOT)
        cls.new = (work / "2").read_bytes()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def verify(self, data, floor):
        (self.work / "slot").write_bytes(data)
        return not subprocess.run([TOOL, "image", "verify", "--slot", "--pub", self.work / "k.pub", "--security-version", str(floor), self.work / "slot"],
                                  capture_output=True, check=False).returncode

    def setUp(self):
        self.data = bytearray(self.disk.fresh)
        self.life = kill_disk.Life(floor=1, new_floor=2)

    def commit(self, place=1, base=0, **fields):
        """Copy `place` of the record: what copy `base` has, with the next number and other fields."""
        at = [self.disk.meta + which * slot_record.PLACE for which in range(4)]
        block = bytearray(self.data[at[base]:at[base] + slot_record.RECORD])
        role, offsets = slot_record.ROLES, {"active": 16, "try_slot": 17, "tries": 18, "state_a": 20, "state_b": 21, "floor": 24}
        number = fields.pop("sequence", int.from_bytes(block[slot_record.SEQUENCE], "little") + 1)
        block[slot_record.SEQUENCE] = number.to_bytes(8, "little")
        block[24] = fields.pop("flags", block[24])
        for name, value in fields.items():
            block[role + offsets[name]] = value
        block[slot_record.COVERED:slot_record.COVERED + 4] = slot_record.crc32c(block[:slot_record.COVERED]).to_bytes(4, "little")
        self.data[at[place]:at[place] + slot_record.RECORD] = block

    def stage(self):
        at = self.disk.slots["b"]
        self.data[at:at + len(self.new)] = self.new
        self.commit(try_slot=2, tries=3, state_b=kill_disk.INSTALLED)

    def confirm(self):
        self.stage()
        self.commit(place=0, base=1, active=2, try_slot=0, tries=0, state_b=kill_disk.CONFIRMED, floor=2)

    def flip(self, at):
        self.data[at] ^= 1

    def expect(self, complaint):
        why = kill_disk.why_disk(self.disk, bytes(self.data), self.life, self.verify)
        if complaint:
            self.assertIn(complaint, why or "nothing")
        else:
            self.assertIsNone(why)

    def test_delivered(self):
        self.expect(None)
        self.assertEqual(self.disk.record(self.disk.fresh).starts(), "a")

    def test_half_a_slot_b(self):
        self.data[self.disk.slots["b"] + 30000:self.disk.slots["b"] + 90000] = bytes(range(240)) * 250
        self.expect(None)

    def test_staged(self):
        self.stage()
        self.expect(None)
        self.assertEqual(self.disk.record(self.data).starts(), "b")

    def test_tries_used_up(self):
        self.stage()
        self.commit(place=0, base=1, tries=0)
        self.expect(None)
        self.assertEqual(self.disk.record(self.data).starts(), "a")
        self.flip(self.disk.slots["b"] + 100)  # the next version goes there
        self.expect(None)

    def test_confirmed(self):
        self.confirm()
        self.life.asked = True
        self.expect(None)

    def test_torn_copy(self):
        self.stage()
        self.flip(self.disk.meta + slot_record.PLACE + 700)
        self.expect(None)
        self.assertEqual(self.disk.torn(self.data), 1)
        self.assertEqual(self.disk.record(self.data).starts(), "a")

    def test_both_copies_torn(self):
        self.stage()
        for which in range(2):
            self.flip(self.disk.meta + which * slot_record.PLACE + 700)
        self.expect("neither copy of the slot record is whole")

    def test_record_goes_back(self):
        self.life.sequence = self.disk.record(self.data).sequence + 1
        self.expect("went back")

    def test_same_copy_written_twice(self):
        self.commit(place=0, base=0)
        self.expect("the copies of the slot record have numbers")

    def test_recovered(self):
        self.commit(flags=kill_disk.RECOVERED)
        self.expect("had been lost")

    def test_running_slot_failed(self):
        self.commit(active=0, state_a=kill_disk.FAILED)
        self.expect("slot a, which ran")

    def test_confirmed_unasked(self):
        self.confirm()
        self.expect("nobody has asked")

    def test_floor_moves_with_the_installation(self):
        self.stage()
        self.commit(place=0, base=1, floor=2)
        self.expect("lowest security version is 2")

    def test_floor_stays_behind(self):
        self.confirm()
        self.commit(place=1, base=0, floor=1)
        self.life.asked = True
        self.expect("lowest security version is 1")

    def test_anchor_ahead(self):
        self.commit(place=2, base=2, floor=2)
        self.expect("an anchor's lowest")

    def test_no_anchor(self):
        at = self.disk.meta + 2 * slot_record.PLACE
        self.data[at:at + 2 * slot_record.PLACE] = bytes(2 * slot_record.PLACE)
        self.expect("neither copy of the anchor")

    def test_other_partitions_and_the_running_slot(self):
        for at in (600, self.disk.slots["a"] + 100, len(self.data) - 3000):
            with self.subTest(at):
                self.setUp()
                self.flip(at)
                self.expect("neither nbmeta nor slot b")

    def test_staged_without_its_blocks(self):
        for at in (100, 5000, (1 << 20) + 20000):
            with self.subTest(at):
                self.setUp()
                self.stage()
                self.flip(self.disk.slots["b"] + at)
                self.expect("slot b may be started")


if __name__ == "__main__":
    TOOL, TOP = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    sys.path.insert(0, str(TOP / "tests/system"))
    import kill_disk
    import slot_record

    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

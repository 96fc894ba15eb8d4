#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""nestbox flash from outside: what it refuses, and, as root where loop devices are, a disk that is written and one that lies.

usage: test_flash.py NESTBOX SOURCE_ROOT [unittest options]
"""
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

TOOL = None
OK, REFUSED, USAGE, IO = 0, 1, 2, 3
MIB = 1 << 20
SECTOR = 512
GUEST = "41c5f4c0-17d0-83ef-9047-259a5af342f3"
NBMETA = "e330e7e8-10ee-89dc-855d-3e8c16644267"
DATA = "fd94bff3-164d-8db4-b7b2-0dc911244784"
ESP = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
PARTITIONS = [(ESP, "esp", 1, 4), (NBMETA, "nbmeta", 5, 1), (GUEST, "guest-a", 6, 8), (GUEST, "guest-b", 14, 8), (DATA, "data", 22, 8)]
IMAGE_MIB = 32


def can_loop():
    """Why loop devices cannot be used here, or nothing. One is tried: a container may have the tool but not the device, or no /sys."""
    if os.geteuid() != 0:
        return "not root"
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(MIB)
        done = subprocess.run(["losetup", "--find", "--show", file.name], capture_output=True, text=True, check=False)
        if done.returncode:
            return "no loop device can be had (losetup --find --show)"
        name = done.stdout.strip()
        is_seen = os.path.exists(f"/sys/class/block/{os.path.basename(name)}/size")
        subprocess.run(["losetup", "--detach", name], check=False)
    return "" if is_seen else "loop devices are not in /sys here"


NO_LOOP = can_loop()


def guid(text):
    a, b, c, d, e = text.split("-")
    return struct.pack("<IHH", int(a, 16), int(b, 16), int(c, 16)) + bytes.fromhex(d + e)


def header(entries, sectors, mine, other, at):
    bare = b"EFI PART" + struct.pack("<IIIIQQQQ16sQIII", 0x10000, 92, 0, 0, mine, other, 34, sectors - 34, b"\7" * 16, at, 128, 128,
                                     zlib.crc32(entries))
    return bare[:16] + struct.pack("<I", zlib.crc32(bare)) + bare[20:]


def disk_image(path, slot):
    sectors = IMAGE_MIB * MIB // SECTOR
    entries = b"".join(guid(kind) + bytes([i + 1]) * 16 + struct.pack("<QQQ", first * MIB // SECTOR, (first + size) * MIB // SECTOR - 1, 0) +
                       name.encode("utf-16-le").ljust(72, b"\0") for i, (kind, name, first, size) in enumerate(PARTITIONS))
    entries = entries.ljust(128 * 128, b"\0")
    with open(path, "wb") as f:
        f.truncate(IMAGE_MIB * MIB)
        f.seek(446)
        f.write(struct.pack("<8BII", 0, 0, 2, 0, 0xEE, 0xFF, 0xFF, 0xFF, 1, sectors - 1).ljust(64, b"\0") + b"\x55\xaa")
        f.write(header(entries, sectors, 1, sectors - 1, 2).ljust(SECTOR, b"\0") + entries)
        f.seek((sectors - 33) * SECTOR)
        f.write(entries + header(entries, sectors, sectors - 1, 1, sectors - 33))
        f.seek(2 * MIB)
        f.write(b"the ESP" * 1000)
        f.seek(6 * MIB)
        f.write(slot)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.work = pathlib.Path(self.folder.name)
        self.loops = []
        kernel = bytearray(os.urandom(700000))
        struct.pack_into("<H", kernel, 0x1FE, 0xAA55)
        struct.pack_into("<4sH", kernel, 0x202, b"HdrS", 0x020F)
        kernel[0x211] = 1
        struct.pack_into("<H", kernel, 0x236, 1)
        (self.work / "linux").write_bytes(kernel)
        self.tool("keygen", "--out", "k")
        self.tool("keygen", "--out", "other")
        self.tool("image", "create", "--kernel", "linux", "--partition", "box", "--key", "k.key", "-o", "a.img")
        disk_image(self.work / "disk.img", (self.work / "a.img").read_bytes())

    def tearDown(self):
        for loop in self.loops:
            subprocess.run(["losetup", "--detach", loop], check=False)
        self.folder.cleanup()

    def tool(self, *words, code=OK):
        done = subprocess.run([TOOL, *words], cwd=self.work, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
                              check=False)
        self.assertEqual(done.returncode, code, f"nestbox {' '.join(words)}\n{done.stdout}{done.stderr}")
        return done

    def flash(self, target, *words, code=OK, image="disk.img", pub="k.pub"):
        return self.tool("flash", "--pub", pub, image, str(target), *words, code=code)

    def loop(self, mib=64, read_only=False, partitions=False):
        file = self.work / f"loop{len(self.loops)}"
        with open(file, "wb") as f:
            for _ in range(mib):
                f.write(b"old" * (MIB // 3) + b"!")
        words = ["losetup", "--find", "--show"] + ["--read-only"] * read_only + ["--partscan"] * partitions
        name = subprocess.run([*words, str(file)], capture_output=True, text=True, check=True).stdout.strip()
        self.loops.append(name)
        return name, file


class Images(Case):
    """Nothing is written of an image that a box would refuse; the target is not even looked at."""

    def refused(self, words, **options):
        done = self.flash("/dev/null", "--confirm", "null", code=REFUSED, **options)
        self.assertRegex(done.stderr, words)

    def patch(self, offset, data):
        with open(self.work / "disk.img", "r+b") as f:
            f.seek(offset)
            f.write(data)

    def test_good_image_wrong_target(self):
        self.refused("not a block device")

    def test_another_key(self):
        self.refused("SIGNATURE_UNKNOWN_KEY", pub="other.pub")

    def test_altered_manifest(self):
        self.patch(6 * MIB + 80, b"\x09")
        self.refused("SIGNATURE_INVALID")

    def test_altered_payload(self):
        self.patch(7 * MIB + 300000, b"\x00\x01\x02")
        self.refused("PAYLOAD_ALTERED")

    def test_damaged_table(self):
        self.patch(SECTOR + 40, b"\x23")
        self.refused("partition table")

    def test_empty_slot(self):
        self.patch(6 * MIB, bytes(MIB))
        self.refused("MANIFEST_MAGIC")

    def test_no_disk_image(self):
        self.refused("no disk image", image="a.img")

    def test_another_partition(self):
        done = self.flash("/dev/null", "--partition", "kiosk", code=REFUSED)
        self.assertIn("ROLE", done.stderr)

    def test_development_key_for_a_release(self):
        done = self.flash("/dev/null", "--release", code=REFUSED)
        self.assertIn("development key", done.stderr)

    def test_usage(self):
        self.tool("flash", "disk.img", "/dev/null", code=USAGE)
        self.tool("flash", "--pub", "k.pub", "disk.img", code=USAGE)


@unittest.skipIf(NO_LOOP, NO_LOOP)
class Loops(Case):
    def word(self, target):
        return os.path.basename(target)

    def assert_untouched(self, file):
        with open(file, "rb") as f:
            for i in range(file.stat().st_size // MIB):
                self.assertEqual(f.read(MIB), b"old" * (MIB // 3) + b"!", f"MiB {i}")

    def test_written_synced_compared(self):
        target, file = self.loop(64)
        done = self.flash(target, "--confirm", self.word(target))
        self.assertIn("read back and compared", done.stdout)
        self.assertIn("signed by dev key", done.stdout)
        percents = [int(p) for p in re.findall(r"writing +(\d+) %", done.stderr)]
        self.assertEqual(percents, sorted(percents))
        self.assertEqual(percents.count(100), 1)
        self.assertRegex(done.stderr, r"MB/s")
        image, disk = (self.work / "disk.img").read_bytes(), file.read_bytes()
        self.assertTrue(disk[MIB:7 * MIB] == image[MIB:7 * MIB])
        self.assertEqual(disk[14 * MIB:15 * MIB], bytes(MIB), "an old image in guest-b would live on")
        old = b"old" * (MIB // 3) + b"!"
        for untouched in (10, 12, 17, 25, 28):
            self.assertTrue(disk[untouched * MIB:(untouched + 1) * MIB] == old, "only what is mapped is written")
        done = subprocess.run(["sgdisk", "--verify", str(file)], capture_output=True, text=True, check=False)
        self.assertIn("No problems found", done.stdout, done.stdout + done.stderr)
        self.assertEqual(disk[-SECTOR:][:8], b"EFI PART")
        self.tool("image", "verify", "--slot", "--pub", "k.pub", self.carve(file, 6, 8))

    def carve(self, file, first, size):
        (self.work / "slot").write_bytes(file.read_bytes()[first * MIB:(first + size) * MIB])
        return "slot"

    def test_disk_of_the_images_size(self):
        target, file = self.loop(IMAGE_MIB)
        self.flash(target, "--confirm", self.word(target))
        self.assertEqual(file.read_bytes()[-33 * SECTOR:], (self.work / "disk.img").read_bytes()[-33 * SECTOR:])

    def test_look_only(self):
        target, file = self.loop()
        self.assertIn("lost", self.flash(target, "--look").stdout)
        self.assert_untouched(file)

    def test_wrong_word(self):
        target, file = self.loop()
        done = self.flash(target, "--confirm", "sda", code=REFUSED)
        self.assertIn("nothing was written", done.stderr)
        self.assertIn("CONFIRM", self.flash(target, code=USAGE).stderr)
        self.assert_untouched(file)

    def test_too_small(self):
        target, file = self.loop(IMAGE_MIB - 1)
        self.assertIn("too small", self.flash(target, "--confirm", self.word(target), code=REFUSED).stderr)
        self.assert_untouched(file)

    def test_read_only(self):
        target, file = self.loop(read_only=True)
        self.assertIn("write-protected", self.flash(target, "--confirm", self.word(target), code=REFUSED).stderr)
        self.assert_untouched(file)

    def test_swap(self):
        target, _ = self.loop()
        subprocess.run(["mkswap", target], capture_output=True, check=True)
        if subprocess.run(["swapon", target], capture_output=True, check=False).returncode:
            self.skipTest("swapon is not allowed here")
        try:
            self.assertIn("swap", self.flash(target, "--confirm", self.word(target), code=REFUSED).stderr)
        finally:
            subprocess.run(["swapoff", target], check=True)

    def test_mounted(self):
        target, _ = self.loop()
        mount = self.work / "mnt"
        mount.mkdir()
        subprocess.run(["mkfs.ext4", "-q", "-F", target], capture_output=True, check=True)
        if subprocess.run(["mount", target, str(mount)], capture_output=True, check=False).returncode:
            self.skipTest("mount is not allowed here")
        try:
            self.assertIn("mounted", self.flash(target, "--confirm", self.word(target), code=REFUSED).stderr)
        finally:
            subprocess.run(["umount", str(mount)], check=True)

    def test_open_for_itself(self):
        target, _ = self.loop()
        held = os.open(target, os.O_RDWR | os.O_EXCL)
        try:
            self.assertIn("for itself", self.flash(target, "--confirm", self.word(target), code=REFUSED).stderr)
        finally:
            os.close(held)

    def test_partition(self):
        target, _ = self.loop(partitions=True)
        self.flash(target, "--confirm", self.word(target))
        if not os.path.exists(target + "p1"):
            self.skipTest("partitions of loop devices have no device files here")
        self.assertIn("name the whole disk", self.flash(target + "p1", code=REFUSED).stderr)


if __name__ == "__main__":
    TOOL = os.path.abspath(sys.argv[1])
    del sys.argv[1:3]
    unittest.main()

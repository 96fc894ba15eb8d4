#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/image: the same disk from the same input, in another folder and at another time; both boot loaders are where firmware looks.

usage: test_image.py NESTBOX SOURCE_ROOT [unittest options]
"""
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import unittest

TOOL = SOURCE = None
MIB = 1 << 20


def bzimage():
    data = bytearray(5000)
    struct.pack_into("<H", data, 0x1FE, 0xAA55)
    struct.pack_into("<4sH", data, 0x202, b"HdrS", 0x020F)
    data[0x211] = 1
    struct.pack_into("<H", data, 0x236, 1)
    return bytes(data)


def run(*words, cwd):
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


class Image(unittest.TestCase):
    def make(self, folder, key):
        """All of it anew but the key; a signature is deterministic."""
        (folder / "linux").write_bytes(bzimage())
        (folder / "nestbox.elf").write_bytes(bytes(range(256)) * 2000)
        run(TOOL, "image", "create", "--tree", "--kernel", "linux", "--partition", "p", "--key", key, "-o", "a.img", cwd=folder)
        run(SOURCE / "tools/image", "--kernel", "nestbox.elf", "--nestbox", TOOL, "--slot-a", "a.img", "--data-size", "2", "-o", "disk", cwd=folder)
        return (folder / "disk").read_bytes()

    def test_the_same_bytes_elsewhere_and_later(self):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory(prefix="another") as two:
            one, two = pathlib.Path(one), pathlib.Path(two, "deeper")
            two.mkdir()
            run(TOOL, "keygen", "--out", one / "k", cwd=one)
            first = self.make(one, one / "k.key")
            time.sleep(2.1)  # a file system of this kind counts in steps of two seconds
            os.environ["TZ"] = "Asia/Tokyo"
            second = self.make(two, one / "k.key")
            self.assertTrue(first == second, "the images differ")
            core = struct.unpack_from("<Q", first, 0x5C)[0] * 512
            self.assertEqual(core, MIB)
            self.assertEqual(first[510:512], b"\x55\xaa")
            self.assertEqual(first[2 * MIB + 510:2 * MIB + 512], b"\x55\xaa")  # the FAT of the EFI system partition
            self.assertIn(b"NESTBOX", first[2 * MIB:3 * MIB])
            self.assertIn(b"BOOTX64 EFI", first[2 * MIB:6 * MIB])


if __name__ == "__main__":
    TOOL, SOURCE = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    sys.argv[1:3] = []
    unittest.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Images around 64 MiB: from there on each has a hash tree, asked for or not, and verification goes by it.

usage: test_large_image.py NESTBOX SOURCE_ROOT [unittest options]
"""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

TOOL = None
LIMIT = 64 << 20
PAYLOAD = 1 << 20
KERNEL = 4096
INITRD_AT = 4096 + KERNEL  # table, kernel


def bzimage() -> bytes:
    data = bytearray(KERNEL)
    struct.pack_into("<H", data, 0x1FE, 0xAA55)
    struct.pack_into("<4sH", data, 0x202, b"HdrS", 0x020F)
    data[0x211] = 1
    struct.pack_into("<H", data, 0x236, 1)
    return bytes(data)


class Large(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.work = pathlib.Path(self.folder.name)
        (self.work / "linux").write_bytes(bzimage())
        self.tool("keygen", "--out", "k")

    def tearDown(self):
        self.folder.cleanup()

    def tool(self, *words, code=0):
        done = subprocess.run([TOOL, *words], cwd=self.work, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, code, f"nestbox {' '.join(words)}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def create(self, payload_bytes):
        with open(self.work / "initrd", "wb") as file:
            file.truncate(payload_bytes - INITRD_AT)
        self.tool("image", "create", "--kernel", "linux", "--initrd", "initrd", "--partition", "p", "--key", "k.key", "-o", "a.img")
        info = json.loads(self.tool("image", "info", "--json", "a.img"))
        self.assertEqual(info["payload_bytes"], payload_bytes)
        self.tool("image", "verify", "--pub", "k.pub", "a.img")
        return info

    def verify_with_flip(self, at, words):
        with open(self.work / "a.img", "r+b") as file:
            file.seek(at)
            byte = file.read(1)
            file.seek(at)
            file.write(bytes([byte[0] ^ 1]))
            file.flush()
            self.assertIn(words, self.tool("image", "verify", "--pub", "k.pub", "a.img", code=1))
            file.seek(at)
            file.write(byte)

    def test_no_tree_up_to_the_limit(self):
        self.assertEqual(self.create(LIMIT)["tree_bytes"], 0)
        self.verify_with_flip(PAYLOAD + LIMIT - 1, "PAYLOAD_ALTERED")

    def test_a_tree_above(self):
        info = self.create(LIMIT + 1)
        leaves = LIMIT // 4096 + 1
        blocks = -(-leaves // 128)
        self.assertEqual(info["tree_bytes"], 4096 * (blocks + -(-blocks // 128) + 1))
        self.verify_with_flip(PAYLOAD + LIMIT, "PAYLOAD_ALTERED")
        self.verify_with_flip(PAYLOAD + LIMIT + 4095, "PADDING")
        self.verify_with_flip(PAYLOAD + (leaves + 1) * 4096, "TREE_ALTERED")


if __name__ == "__main__":
    TOOL = str(pathlib.Path(sys.argv[1]).resolve())
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])

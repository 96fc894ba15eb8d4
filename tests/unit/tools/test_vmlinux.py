#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/vmlinux.py on a bzImage made up here: the kernel comes out whole, and packed again as loaders look for it.

usage: test_vmlinux.py NESTBOX SOURCE_ROOT
"""
import lzma
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(sys.argv[2]) / "tools/vmlinux.py"
KERNEL = b"\x7fELF" + random.Random(6).randbytes(3000) * 5
SECTORS, GAP = 3, 77  # of set-up code behind the boot sector; bytes between it and the packed kernel


def bzimage(kernel):
    packed = lzma.compress(kernel, lzma.FORMAT_XZ, lzma.CHECK_CRC32) + struct.pack("<I", len(kernel))
    head = bytearray((SECTORS + 1) * 512 + GAP)
    head[0x1F1] = SECTORS
    struct.pack_into("<4sH", head, 0x202, b"HdrS", 0x20F)
    struct.pack_into("<II", head, 0x248, GAP, len(packed))
    return bytes(head) + packed + b"what follows"


class Vmlinux(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.input, self.output = (pathlib.Path(self.folder.name) / name for name in ("in", "out"))

    def run_tool(self, data, *words):
        self.input.write_bytes(data)
        return subprocess.run(["/usr/bin/python3", TOOL, *words, self.input, self.output], capture_output=True, text=True, check=False)

    def refused(self, data, why):
        done = self.run_tool(data)
        self.assertEqual((done.returncode, done.stderr), (1, f"vmlinux: {why}\n"))
        self.assertFalse(self.output.exists())

    def test_the_kernel_comes_out_whole(self):
        self.assertEqual(self.run_tool(bzimage(KERNEL)).returncode, 0)
        self.assertEqual(self.output.read_bytes(), KERNEL)

    def test_packed_again_it_has_the_same_header_and_a_payload_of_its_own(self):
        image = bzimage(KERNEL)
        self.assertEqual(self.run_tool(image, "--zstd").returncode, 0)
        out = self.output.read_bytes()
        size = (SECTORS + 1) * 512
        self.assertEqual(out[:0x248] + out[0x250:size], image[:0x248] + image[0x250:size])
        offset, length = struct.unpack_from("<II", out, 0x248)
        payload = out[size + offset:]
        self.assertEqual(len(payload), length)
        self.assertEqual(struct.unpack("<I", payload[-4:])[0], len(KERNEL))
        self.assertEqual(subprocess.run(["zstd", "-dcq"], input=payload[:-4], capture_output=True, check=True).stdout, KERNEL)

    def test_what_is_no_kernel_is_refused(self):
        self.refused(bytes(4096), "this is no bzImage; give the vmlinuz of a Linux kernel")
        self.refused(bzimage(b"MZ" + KERNEL), "what is packed in the bzImage is no ELF; give a kernel that is packed with xz")

    def test_words_it_does_not_know(self):
        done = self.run_tool(bzimage(KERNEL), "--lz4")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Usage: vmlinux.py", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

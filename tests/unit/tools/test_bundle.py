#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bundles from outside: packed, checked, damaged, cut short.

usage: test_bundle.py NESTBOX SOURCE_ROOT [unittest options]
"""
import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unittest

TOOL = None
OK, REFUSED, USAGE, IO = 0, 1, 2, 3
HEAD = 24


def bzimage() -> bytes:
    data = bytearray(5000)
    struct.pack_into("<H", data, 0x1FE, 0xAA55)
    struct.pack_into("<4sH", data, 0x202, b"HdrS", 0x020F)
    data[0x211] = 1
    struct.pack_into("<H", data, 0x236, 1)
    return bytes(data)


class Bundles(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.work = pathlib.Path(self.folder.name)
        (self.work / "linux").write_bytes(bzimage())
        (self.work / "initrd").write_bytes(b"words that pack well " * 9000 + random.Random(1).randbytes(100000))
        self.tool("keygen", "--out", "k")
        self.tool("image", "create", "--tree", "--kernel", "linux", "--initrd", "initrd", "--partition", "debian-kvm",
                  "--version", "1.2.3", "--key", "k.key", "-o", "a.img")
        self.tool("bundle", "create", "a.img", "-o", "a.nbu")
        self.bundle = bytearray((self.work / "a.nbu").read_bytes())

    def tearDown(self):
        self.folder.cleanup()

    def tool(self, *words, code=OK):
        done = subprocess.run([TOOL, *words], cwd=self.work, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, f"nestbox {' '.join(words)}\n{done.stdout}{done.stderr}")
        if code:
            self.assertRegex(done.stderr, r"(?m)^nestbox: error: .{10,}")
        return done

    def verify(self, bundle, code=OK):
        (self.work / "x.nbu").write_bytes(bundle)
        return self.tool("bundle", "verify", "--pub", "k.pub", "x.nbu", code=code)

    def frames(self):
        """(offset, type, body bytes) of each."""
        at = 0
        while at < len(self.bundle):
            magic, kind, _, _, _, body, zero = struct.unpack_from("<4sBBHQII", self.bundle, at)
            self.assertEqual((magic, zero), (b"NBU1", 0))
            yield at, kind, body
            at += HEAD + body

    def test_made_whole_and_small(self):
        self.verify(self.bundle)
        kinds = [kind for _, kind, _ in self.frames()]
        self.assertEqual(kinds, sorted(kinds))
        self.assertEqual((kinds[0], kinds[1], kinds[-1]), (1, 2, 6))
        info = json.loads(self.tool("bundle", "info", "--json", "a.nbu").stdout)
        self.assertEqual(info["version"], "1.2.3")
        self.assertEqual(info["bundle_bytes"], len(self.bundle))
        self.assertLess(len(self.bundle), 0.7 * info["payload_bytes"])
        self.assertGreater(info["packed_frames"], 0)
        self.assertLess(info["packed_frames"], info["frames"])

    def test_same_image_same_bundle(self):
        self.tool("bundle", "create", "a.img", "-o", "b.nbu")
        self.assertEqual((self.work / "b.nbu").read_bytes(), self.bundle)

    def test_any_damage_is_refused(self):
        rng = random.Random(2)
        places = [at + i for at, _, _ in self.frames() for i in (0, 4, 5, 6, 8, 16, 20)]
        for at in places + [rng.randrange(len(self.bundle)) for _ in range(60)]:
            damaged = bytearray(self.bundle)
            damaged[at] ^= 1 << rng.randrange(8)
            # the signature area has zeros whose places only verification knows
            self.verify(damaged, code=REFUSED)

    def test_cut_short_or_long(self):
        ends = [at for at, _, _ in self.frames()] + [at + HEAD - 1 for at, _, _ in self.frames()] + [len(self.bundle) - 1]
        for end in ends:
            self.verify(self.bundle[:end], code=REFUSED)
        self.verify(self.bundle + b"\0", code=REFUSED)
        self.verify(self.bundle + self.bundle, code=REFUSED)

    def test_frames_left_out_twice_or_swapped(self):
        frames = [self.bundle[at:at + HEAD + body] for at, _, body in self.frames()]
        for i in range(len(frames)):
            self.verify(b"".join(frames[:i] + frames[i + 1:]), code=REFUSED)
            self.verify(b"".join(frames[:i] + [frames[i]] + frames[i:]), code=REFUSED)
            if i:
                self.verify(b"".join(frames[:i - 1] + [frames[i], frames[i - 1]] + frames[i + 1:]), code=REFUSED)

    def test_who_signed_counts(self):
        self.tool("keygen", "--out", "other")
        self.tool("bundle", "verify", "--pub", "other.pub", "a.nbu", code=REFUSED)
        self.tool("bundle", "verify", "--pub", "k.pub", "--partition", "another", "a.nbu", code=REFUSED)
        self.tool("bundle", "verify", "--pub", "k.pub", "--security-version", "9", "a.nbu", code=REFUSED)
        self.tool("bundle", "verify", "--pub", "k.pub", "--release", "a.nbu", code=REFUSED)

    def test_only_sound_images_are_packed(self):
        image = bytearray((self.work / "a.img").read_bytes())
        image[-1] ^= 1
        (self.work / "b.img").write_bytes(image)
        self.tool("bundle", "create", "b.img", "-o", "b.nbu", code=REFUSED)
        (self.work / "b.img").write_bytes(image[:-1])
        self.tool("bundle", "create", "b.img", "-o", "b.nbu", code=REFUSED)
        self.tool("image", "create", "--kernel", "linux", "--partition", "debian-kvm", "--key", "k.key", "-o", "c.img")
        done = self.tool("bundle", "create", "c.img", "-o", "c.nbu", code=REFUSED)
        self.assertIn("--tree", done.stderr)
        self.tool("image", "create", "--tree", "--kernel", "linux", "--partition", "debian-kvm", "-o", "d.img")
        self.tool("bundle", "create", "d.img", "-o", "d.nbu", code=REFUSED)
        self.tool("bundle", "create", "a.img", code=USAGE)
        self.tool("bundle", "create", "no.img", "-o", "b.nbu", code=IO)
        self.assertFalse((self.work / "b.nbu").exists())


if __name__ == "__main__":
    TOOL = str(pathlib.Path(sys.argv[1]).resolve())
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The host tool from outside: make, sign, verify, tamper; exit codes; outputs whole or not at all.

usage: test_cli.py NESTBOX SOURCE_ROOT [unittest options]
"""
import hashlib
import json
import os
import pathlib
import re
import resource
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import zlib

TOOL = SOURCE = None
OK, REFUSED, USAGE, IO = 0, 1, 2, 3
MIB = 1 << 20


def bzimage(size: int = 5000) -> bytes:
    data = bytearray(i * 7 & 0xFF for i in range(size))
    struct.pack_into("<H", data, 0x1FE, 0xAA55)
    struct.pack_into("<4sH", data, 0x202, b"HdrS", 0x020F)
    data[0x211] = 1
    struct.pack_into("<H", data, 0x236, 1)
    return bytes(data)


def multiboot2() -> bytes:
    header = [0xE85250D6, 0, 16]
    header.append(-sum(header) & 0xFFFFFFFF)
    return b"\x7fELF".ljust(64, b"\0") + struct.pack("<4I", *header).ljust(64, b"\0")


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.work = pathlib.Path(self.folder.name)
        (self.work / "linux").write_bytes(bzimage())
        (self.work / "mb2").write_bytes(multiboot2())
        (self.work / "initrd").write_bytes(bytes(range(256)) * 20)

    def tearDown(self):
        self.folder.cleanup()

    def run_tool(self, *words, code=OK, **options):
        environment = {k: v for k, v in os.environ.items() if k != "SOURCE_DATE_EPOCH"}
        environment.update(options.pop("env", {}))
        done = subprocess.run([TOOL, *words], cwd=self.work, capture_output=True, text=True, timeout=60,
                              env=environment, **options)
        self.assertEqual(done.returncode, code, f"nestbox {' '.join(words)}\n{done.stdout}{done.stderr}")
        self.assertNotIn("\033", done.stdout + done.stderr, "no colours without a terminal")
        self.assertNotIn("AddressSanitizer", done.stderr)
        if code:
            self.assertRegex(done.stderr, r"(?m)^nestbox: error: .{10,}")
        return done

    def keygen(self, name="k", *words):
        self.run_tool("keygen", "--out", name, *words)

    def create(self, out="a.img", *words, code=OK, **options):
        return self.run_tool("image", "create", "--kernel", "linux", "--partition", "debian-kvm", "-o", out,
                             *words, code=code, **options)

    def verify(self, image="a.img", *words, code=OK, pub="k.pub"):
        return self.run_tool("image", "verify", "--pub", pub, image, *words, code=code)

    def info(self, image="a.img"):
        return json.loads(self.run_tool("image", "info", "--json", image).stdout)

    def assert_no_litter(self):
        litter = [p.name for p in self.work.iterdir() if p.name.startswith(".")]
        self.assertEqual(litter, [])


class Keys(Case):
    def test_files_and_modes(self):
        for curve, size in (("p256", 64), ("p384", 96)):
            self.keygen(curve, "--curve", curve, "--role", "release", "--partition", "debian-kvm")
            self.assertEqual(stat.S_IMODE((self.work / f"{curve}.key").stat().st_mode), 0o600)
            self.assertIn("BEGIN EC PRIVATE KEY", (self.work / f"{curve}.key").read_text())
            text = (self.work / f"{curve}.pub").read_text()
            self.assertRegex(text, rf"\Anestbox-public-key 1\nalgorithm ecdsa-{curve}\nrole release\n"
                                   rf"partition [0-9a-f-]{{36}}\nkey-id [0-9a-f]{{64}}\npoint [0-9a-f]{{{2 * size}}}\n\Z")
        self.assert_no_litter()

    def test_existing_key_is_kept(self):
        self.keygen()
        before = (self.work / "k.key").read_bytes()
        self.run_tool("keygen", "--out", "k", code=REFUSED)
        self.assertEqual((self.work / "k.key").read_bytes(), before)
        (self.work / "k.key").unlink()
        self.run_tool("keygen", "--out", "k", code=REFUSED)
        self.assertFalse((self.work / "k.key").exists())
        self.run_tool("keygen", "--out", "k", "--force")

    def test_usage(self):
        self.run_tool("keygen", code=USAGE)
        self.run_tool("keygen", "--out", "x", "--curve", "p521", code=USAGE)
        self.run_tool("keygen", "--out", "x", "--role", "nobody", code=USAGE)
        self.run_tool("keygen", "--out", "no/such/folder/x", code=IO)

    def test_damaged_keys_are_refused(self):
        self.keygen()
        self.create()
        pub = (self.work / "k.pub").read_text()
        key = (self.work / "k.key").read_text()
        for damaged in ("", "x", pub[:-2], pub + "\n", pub.replace("dev", "root"), pub.replace("p384", "p256"),
                        re.sub("key-id .", "key-id g", pub), pub.replace("key 1", "key 2"), pub + "\0",
                        pub.replace("role", "partition 0\nrole"), "x" * 5000):
            (self.work / "bad.pub").write_text(damaged)
            self.verify(pub="bad.pub", code=REFUSED)
        for damaged in ("", "x", key[:-40], key.replace("EC PRIVATE", "RSA PRIVATE"), "y" * 5000, pub):
            (self.work / "bad.key").write_text(damaged)
            self.run_tool("image", "sign", "--key", "bad.key", "a.img", code=REFUSED)

    def test_openssl_key_works(self):
        try:
            subprocess.run(["openssl", "ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", "o.key"],
                           cwd=self.work, check=True, capture_output=True)
        except FileNotFoundError:
            self.skipTest("openssl is not installed")
        os.chmod(self.work / "o.key", 0o600)
        self.create("a.img", "--key", "o.key")
        self.assertEqual(self.info()["signatures"][0]["algorithm"], "ecdsa-p384")


class Images(Case):
    def test_create_sign_verify(self):
        self.keygen()
        self.create("a.img", "--initrd", "initrd", "--cmdline", 'root=/dev/ram0 "x\\y"', "--version", "1.2.3",
                    "--security-version", "9", "--build-id", "b7")
        self.verify(code=REFUSED)
        self.run_tool("image", "sign", "--key", "k.key", "a.img")
        self.assertIn("version 1.2.3, security version 9", self.verify().stdout)
        info = self.info()
        self.assertEqual([p["type"] for p in info["parts"]], ["kernel-linux", "initrd", "command-line"])
        self.assertEqual(info["parts"][2]["content"], 'root=/dev/ram0 "x\\y"')
        self.assertEqual(info["build_id"], "b7")
        image = (self.work / "a.img").read_bytes()
        for part, name in zip(info["parts"], ("linux", "initrd")):
            at = info["payload_offset"] + part["offset"]
            self.assertEqual(image[at:at + part["bytes"]], (self.work / name).read_bytes())
        self.assert_no_litter()

    def test_same_input_same_image(self):
        self.keygen()
        self.create("a.img", "--key", "k.key")
        time.sleep(1.1)
        self.create("b.img", "--key", "k.key")
        self.create("c.img", "--key", "k.key", "--version", "2")
        self.create("d.img", "--key", "k.key", env={"SOURCE_DATE_EPOCH": "1700000000"})
        a, b, c, d = ((self.work / f"{n}.img").read_bytes() for n in "abcd")
        self.assertEqual(a, b)
        self.assertNotEqual(a[16:32], c[16:32])
        self.assertEqual(self.info("d.img")["source_date_epoch"], 1700000000)

    @staticmethod
    def verity_root(data: bytes, salt: bytes, name: str):
        """Root hash and tree of dm-verity, format 1, blocks of 4096 bytes, digests in places of a power of two."""
        stride = 32 if name == "sha256" else 64
        levels = []
        while len(data) > 4096 or not levels:
            blocks = [data[at:at + 4096].ljust(4096, b"\0") for at in range(0, len(data), 4096)]
            digests = b"".join(hashlib.new(name, salt + block).digest().ljust(stride, b"\0") for block in blocks)
            data = digests + bytes(-len(digests) % 4096)
            levels.insert(0, data)
        return hashlib.new(name, salt + data).digest(), b"".join(levels)

    def test_hash_tree_is_dm_veritys(self):
        self.keygen()
        (self.work / "big").write_bytes(bytes(range(251)) * 5000)
        roots = set()
        for words, name in (((), "sha256"), (("--hash", "sha512"), "sha512"), (("--hash", "sha384"), "sha384")):
            self.create("t.img", "--tree", "--initrd", "big", "--key", "k.key", *words)
            self.verify("t.img")
            info, image = self.info("t.img"), (self.work / "t.img").read_bytes()
            payload = image[info["payload_offset"]:][:info["payload_bytes"]]
            root, tree = self.verity_root(payload, image[136:168], name)
            self.assertEqual(info["hash"], name)
            self.assertEqual(image[168:168 + len(root)], root)
            self.assertEqual(image[-info["tree_bytes"]:], tree)
            self.assertEqual(image[232:296], bytes(64))
            roots.add(image[136:168])
            damaged = bytearray(image)
            damaged[-4096] ^= 1
            (self.work / "t.img").write_bytes(damaged)
            self.verify("t.img", code=REFUSED)
            self.run_tool("image", "sign", "--key", "k.key", "t.img", code=REFUSED)
        self.assertEqual(len(roots), 1, "one salt for all images of a role")

    def test_multiboot_with_modules(self):
        self.keygen()
        (self.work / "empty").write_bytes(b"")
        self.run_tool("image", "create", "--kernel", "mb2", "--module", "initrd,first a=b,c", "--module=empty",
                      "--cmdline", "", "--role", "01234567-89ab-cdef-0123-456789abcdef", "--out", "m.img",
                      "--key", "k.key")
        self.verify("m.img", "--role", "01234567-89ab-cdef-0123-456789abcdef")
        parts = self.info("m.img")["parts"]
        self.assertEqual([(p["type"], p["bytes"], p["text"]) for p in parts],
                         [("kernel-multiboot2", 128, "mb2"), ("module", 5120, "first a=b,c"), ("module", 0, ""),
                          ("command-line", 0, "")])

    def test_wrong_parts(self):
        self.create("a.img", "--module", "initrd", code=REFUSED)
        self.run_tool("image", "create", "--kernel", "mb2", "--initrd", "initrd", "--partition", "x", "-o", "a.img",
                      code=REFUSED)
        for name, content in (("empty", b""), ("text", b"hello"), ("elf", b"\x7fELF".ljust(9000, b"\0")),
                              ("gz", b"\x1f\x8b" + bytes(100)), ("initrd2", b"070701" + bytes(100))):
            (self.work / name).write_bytes(content)
            self.run_tool("image", "create", "--kernel", name, "--partition", "x", "-o", "a.img", code=REFUSED)
        self.run_tool("image", "create", "--kernel", "missing", "--partition", "x", "-o", "a.img", code=IO)
        self.run_tool("image", "create", "--kernel", ".", "--partition", "x", "-o", "a.img", code=IO)
        self.create("a.img", "--cmdline", "a\nb", code=USAGE)
        self.create("a.img", "--cmdline", "x" * 4096, code=USAGE)
        self.create("a.img", "--initrd", "missing", code=IO)
        modules = [w for _ in range(32) for w in ("--module", "initrd")]
        self.run_tool("image", "create", "--kernel", "mb2", "--partition", "x", "-o", "a.img", *modules, code=USAGE)
        self.assertFalse((self.work / "a.img").exists())
        self.assert_no_litter()

    def test_usage(self):
        base = ["image", "create", "--kernel", "linux", "-o", "a.img"]
        for words in (["image", "create"], base, base + ["--partition", "a", "--role", "x"],
                      base + ["--partition", "Bad Name"], base + ["--role", "debian-kvm"],
                      base + ["--partition", "a", "--version", "1.2.3.4"],
                      base + ["--partition", "a", "--security-version", "4294967296"],
                      base + ["--partition", "a", "--hardware", "3-2"], base + ["--partition", "a", "--hash", "md5"],
                      base + ["--partition", "a", "--product", "zero"], base + ["--partition", "a", "more"],
                      base + ["--partition"], base + ["--nonsense"], base + ["--partition", "a", "--partition", "b"],
                      base + ["--partition", "a", "--build-id", "x" * 64], ["image"], ["nonsense"],
                      ["image", "nonsense"], ["image", "sign", "a.img"], ["image", "verify", "a.img"],
                      ["image", "info"], ["image", "info", "a", "b"], ["image", "info", "--json=1", "a"]):
            with self.subTest(words=words):
                self.run_tool(*words, code=USAGE)
        done = subprocess.run([TOOL], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (USAGE, ""))

    def test_policy(self):
        self.keygen()
        self.create("a.img", "--key", "k.key", "--hardware", "2-4", "--abi", "1-2", "--security-version", "5",
                    "--depends", "other:1.2.3:4")
        other = ["--installed", "other:1.2.3:4"]
        self.verify("a.img", *other)
        self.verify("a.img", *other, "--partition", "debian-kvm", "--hardware", "4", "--abi", "2",
                    "--security-version", "5", "--product", "00000000-0000-0000-0000-000000000000")
        for words, name in ((["--partition", "other"], "ROLE"), (["--hardware", "5"], "HARDWARE"),
                            (["--abi", "3"], "ABI"), (["--security-version", "6"], "SECURITY_VERSION"),
                            (["--product", "00000000-0000-0000-0000-000000000001"], "PRODUCT"),
                            (["--release"], "KEY_ROLE")):
            self.assertIn(f" {name}: ", self.verify("a.img", *other, *words, code=REFUSED).stderr)
        for words in ([], ["--installed", "other:1.2.2:4"], ["--installed", "other:2:3"], ["--installed", "x:9:9"]):
            self.assertIn(" DEPENDENCY: ", self.verify("a.img", *words, code=REFUSED).stderr)

    def test_keys_and_roles(self):
        self.keygen("k", "--role", "release", "--partition", "other")
        self.keygen("l", "--role", "release", "--curve", "p256")
        self.create("a.img", "--key", "k.key")
        self.assertIn("KEY_PARTITION", self.verify(code=REFUSED).stderr)
        self.assertIn("SIGNATURE_UNKNOWN_KEY", self.verify(pub="l.pub", code=REFUSED).stderr)
        self.run_tool("image", "sign", "--key", "l.key", "a.img")
        self.verify("a.img", "--release", "--pub", "l.pub")
        self.verify("a.img", "--pub", "k.pub", pub="k.pub", code=REFUSED)
        self.run_tool("image", "sign", "--key", "l.key", "-o", "b.img", "a.img")
        self.assertEqual((self.work / "a.img").read_bytes(), (self.work / "b.img").read_bytes())
        self.assertEqual(len(self.info("b.img")["signatures"]), 2)

    def test_at_most_four_signatures(self):
        self.create()
        for name in "vwxyz":
            self.keygen(name, "--curve", "p256")
            self.run_tool("image", "sign", "--key", f"{name}.key", "a.img", code=REFUSED if name == "z" else OK)
        self.verify(pub="y.pub")

    def test_tampering(self):
        self.keygen("k", "--curve", "p256")
        self.create("a.img", "--key", "k.key")
        image = (self.work / "a.img").read_bytes()
        end = len(image)
        for at, name in ((0, "MAGIC"), (8, "SIGNATURE_INVALID"), (4095, "SIGNATURE_INVALID"),
                         (4096, "SIGNATURE"), (4100, "SIGNATURE_ALGORITHM"), (4104, "SIGNATURE_UNKNOWN_KEY"),
                         (4150, "SIGNATURE_INVALID"), (16383, "SIGNATURE_LAYOUT"), (16384, "PADDING"),
                         (MIB - 1, "PADDING"), (MIB, "PAYLOAD_ALTERED"), (end - 1, "PAYLOAD_ALTERED")):
            altered = bytearray(image)
            altered[at] ^= 0x40
            (self.work / "t.img").write_bytes(altered)
            self.assertIn(name, self.verify("t.img", code=REFUSED).stderr)
            if at < 4096 or at >= 16384:
                self.run_tool("image", "sign", "--key", "k.key", "t.img",
                              code=REFUSED)
        for size in (0, 7, 4096, 16383, 16384, MIB, end - 1):
            (self.work / "t.img").write_bytes(image[:size])
            self.assertIn("TRUNCATED", self.verify("t.img", code=REFUSED).stderr)
            self.run_tool("image", "sign", "--key", "k.key", "t.img", code=REFUSED)
            self.run_tool("image", "info", "t.img", code=REFUSED)
        (self.work / "t.img").write_bytes(image + b"\0")
        self.assertIn("TRAILING", self.verify("t.img", code=REFUSED).stderr)
        self.verify("t.img", "--slot")
        self.verify("missing.img", code=IO)

    def test_more_than_4_gib(self):
        size = (4 << 30) + 5000
        with open(self.work / "big", "wb") as big:
            big.truncate(size)
        if os.statvfs(self.work).f_bavail * os.statvfs(self.work).f_frsize < 2 * size:
            self.skipTest("not enough room for an image of 4 GiB")
        if not os.environ.get("NESTBOX_TEST_BIG"):
            self.skipTest("takes a minute; set NESTBOX_TEST_BIG=1")
        self.keygen()
        command = ["image", "create", "--kernel", "linux", "--initrd", "big", "--cmdline", "x", "--partition", "a",
                   "-o", "a.img", "--key", "k.key"]
        subprocess.run([TOOL, *command], cwd=self.work, check=True, timeout=600)
        subprocess.run([TOOL, "image", "verify", "--pub", "k.pub", "a.img"], cwd=self.work, check=True, timeout=600)
        self.assertEqual(self.info()["parts"][1]["bytes"], size)


class Outputs(Case):
    def test_old_file_stays_when_the_new_one_fails(self):
        (self.work / "a.img").write_bytes(b"old")
        self.create("a.img", "--initrd", "missing", code=IO)
        self.create("a.img", code=IO, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, MIB))
                    or signal.signal(signal.SIGXFSZ, signal.SIG_IGN))
        self.assertEqual((self.work / "a.img").read_bytes(), b"old")
        self.assert_no_litter()
        self.create()
        self.assertNotEqual((self.work / "a.img").read_bytes(), b"old")

    def test_interrupt_leaves_nothing(self):
        with open(self.work / "big", "wb") as big:
            big.truncate(512 * MIB)
        for number in (signal.SIGINT, signal.SIGTERM):
            child = subprocess.Popen([TOOL, "image", "create", "--kernel", "linux", "--initrd", "big", "--partition",
                                      "a", "-o", "a.img"], cwd=self.work, stderr=subprocess.DEVNULL,
                                     preexec_fn=lambda number=number: signal.signal(number, signal.SIG_DFL))  # a shell's background job ignores SIGINT
            deadline = time.time() + 10
            while not list(self.work.glob(".a.img.*")) and time.time() < deadline:
                time.sleep(0.005)
            child.send_signal(number)
            self.assertEqual(child.wait(30), -number)
            self.assertFalse((self.work / "a.img").exists())
            self.assert_no_litter()

    def test_odd_targets(self):
        (self.work / "folder").mkdir()
        for target in ("folder", "folder/", "/dev/null", "no/such/a.img", ""):
            self.create(target, code=IO)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))

    def test_modes_follow_umask(self):
        self.create(preexec_fn=lambda: os.umask(0o027))
        self.assertEqual(stat.S_IMODE((self.work / "a.img").stat().st_mode), 0o640)

    def test_full_standard_output(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([TOOL, "--help"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, IO)


class Keyrings(Case):
    def link(self, policy):
        """Links the keyring as a build does; True if that works."""
        root = pathlib.Path(SOURCE) / "partitions" / "monitor"
        main = self.work / "main.c"
        main.write_text('#include "image/keyring.h"\nint main(void) { return box_keyring.count != 1; }\n')
        flags = ["-Wall", "-Wextra", "-Werror", "-O2", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections",
                 f"-I{root}"]
        done = subprocess.run(["cc", *flags, "main.c", "ring.c", str(root / "image" / f"keyring_{policy}.c"), "-o",
                               "ring"], cwd=self.work, capture_output=True, text=True)
        return done.returncode == 0, done.stderr

    def test_dev_keyring_does_not_link_into_a_release(self):
        self.keygen("k", "--partition", "a", "--partition", "b")
        self.run_tool("keyring", "c", "--out", "ring.c", "k.pub")
        self.assertEqual(self.link("dev"), (True, ""))
        works, text = self.link("release")
        self.assertFalse(works)
        self.assertIn("keyring_dev_keys_are_allowed", text)

    def test_release_keyring_links_into_both(self):
        self.keygen("k", "--role", "release")
        self.run_tool("keyring", "c", "--release", "--out", "ring.c", "k.pub")
        self.assertEqual(self.link("release"), (True, ""))
        self.assertEqual(self.link("dev"), (True, ""))

    def test_refusals(self):
        self.keygen("d")
        self.keygen("r", "--role", "release")
        self.run_tool("keyring", "c", "--release", "--out", "ring.c", "r.pub", "d.pub", code=REFUSED)
        self.run_tool("keyring", "c", "--out", "ring.c", "d.pub", "d.pub", code=REFUSED)
        self.run_tool("keyring", "c", "--out", "ring.c", code=USAGE)
        self.run_tool("keyring", "c", "d.pub", code=USAGE)
        self.run_tool("keyring", "c", "--out", "ring.c", "missing.pub", code=IO)
        self.assertFalse((self.work / "ring.c").exists())


class Disks(Case):
    def disk(self, out, *words, code=OK):
        return self.run_tool("disk", "create", "--data-size", "2", "-o", out, *words, code=code)

    def setUp(self):
        super().setUp()
        self.keygen()
        self.create("a.img", "--key", "k.key", "--security-version", "3")
        self.create("b.img", "--key", "k.key", "--version", "2.0.0")

    def table(self, path):
        """Partitions by name: (first byte, bytes), after checking both tables' checksums."""
        data = (self.work / path).read_bytes()
        found = {}
        for header in data[512:1024], data[-512:]:
            size, crc = struct.unpack_from("<II", header, 12)
            self.assertEqual(header[:8], b"EFI PART")
            self.assertEqual(zlib.crc32(header[:16] + bytes(4) + header[20:size]), crc)
            lba, count, each, entries_crc = struct.unpack_from("<Q3I", header, 72)
            entries = data[lba * 512:lba * 512 + count * each]
            self.assertEqual(zlib.crc32(entries), entries_crc)
            for at in range(0, len(entries), each):
                start, end = struct.unpack_from("<QQ", entries, at + 32)
                if start:
                    name = entries[at + 56:at + each].decode("utf-16-le").rstrip("\0")
                    found.setdefault(name, (start * 512, (end - start + 1) * 512))
                    self.assertEqual(found[name], (start * 512, (end - start + 1) * 512))
        return found

    def test_the_same_input_gives_the_same_bytes(self):
        self.disk("one.disk", "--slot-a", "a.img", "--slot-b", "b.img")
        time.sleep(0.01)
        self.disk("two.disk", "--slot-a", "a.img", "--slot-b", "b.img")
        self.assertEqual((self.work / "one.disk").read_bytes(), (self.work / "two.disk").read_bytes())

    def test_what_is_in_it(self):
        (self.work / "esp").write_bytes(b"E" * 5000)
        (self.work / "core").write_bytes(b"C" * 5000)
        (self.work / "boot").write_bytes(b"B" * 512)
        self.disk("d", "--slot-a", "a.img", "--slot-b", "b.img", "--slot-size", "3", "--esp", "esp", "--bios-boot", "core", "--mbr", "boot")
        data, places = (self.work / "d").read_bytes(), self.table("d")
        self.assertEqual(list(places), ["bios-boot", "esp", "nbmeta", "guest-a", "guest-b", "data"])
        self.assertEqual(places["guest-b"][1], 3 * MIB)
        for name, file in (("guest-a", "a.img"), ("guest-b", "b.img"), ("esp", "esp")):
            image = (self.work / file).read_bytes()
            self.assertEqual(data[places[name][0]:places[name][0] + len(image)], image)
        core = places["bios-boot"][0]
        self.assertEqual(struct.unpack_from("<Q", data, 0x5C)[0] * 512, core)
        self.assertEqual(struct.unpack_from("<Q", data, core + 500)[0] * 512, core + 512)
        self.assertEqual(data[510:512], b"\x55\xaa")
        self.assertTrue(data[places["nbmeta"][0]:].startswith(b"NBSLOTS\0"))

    def test_flash_accepts_it(self):
        self.disk("d", "--slot-a", "a.img")
        self.assert_no_litter()
        self.run_tool("image", "verify", "--pub", "k.pub", "a.img")

    def test_refusals(self):
        self.disk("d", code=USAGE)
        self.disk("d", "--slot-a", "missing", code=IO)
        self.disk("d", "--slot-a", "linux", code=REFUSED)
        self.disk("d", "--slot-a", "a.img", "--slot-size", "1", code=REFUSED)
        self.disk("d", "--slot-a", "a.img", "--slot-size", "many", code=USAGE)
        self.disk("d", "--slot-a", "a.img", "--mbr", "initrd", code=REFUSED)
        self.run_tool("image", "create", "--kernel", "linux", "--partition", "other", "-o", "c.img")
        self.disk("d", "--slot-a", "a.img", "--slot-b", "c.img", code=REFUSED)
        self.assertFalse((self.work / "d").exists())
        self.assert_no_litter()


class Passwords(Case):
    def make(self, text, *words, code=OK):
        return self.run_tool("password", "make", "--out", "p.hash", "--iterations", "10", *words, code=code, input=text)

    def constant(self):
        self.run_tool("password", "c", "--out", "p.c", "p.hash")
        return (self.work / "p.c").read_text()

    def test_the_hash_is_pbkdf2(self):
        self.make("correct horse\n")
        lines = dict(line.split(" ") for line in (self.work / "p.hash").read_text().splitlines())
        salt = bytes.fromhex(lines["salt"])
        self.assertEqual(lines["hash"], hashlib.pbkdf2_hmac("sha256", b"correct horse", salt, 10).hex())
        self.assertEqual(stat.S_IMODE((self.work / "p.hash").stat().st_mode), 0o600)
        first = ", ".join(f"0x{byte:02x}" for byte in bytes.fromhex(lines["hash"]))
        self.assertIn(f".hash = {{ {first} }}", self.constant())
        self.assertNotIn("horse", (self.work / "p.c").read_text())

    def test_a_random_one_is_left_in_a_file(self):
        self.run_tool("password", "make", "--out", "p.hash", "--random", "p.txt", "--iterations", "10")
        text = (self.work / "p.txt").read_text()
        self.assertRegex(text, r"\A[a-z2-9]{16}\n\Z")
        self.assertEqual(stat.S_IMODE((self.work / "p.txt").stat().st_mode), 0o600)
        salt = bytes.fromhex(re.search("salt (.*)", (self.work / "p.hash").read_text()).group(1))
        self.assertIn(hashlib.pbkdf2_hmac("sha256", text.strip().encode(), salt, 10).hex(), (self.work / "p.hash").read_text())

    def test_what_is_no_password(self):
        for text in "\n", "", "short\n", "tab\tin it\n", "x" * 200 + "\n", "caf\u00e9 au lait\n":
            self.make(text, code=USAGE if not text or len(text) > 128 else REFUSED)
            self.assertFalse((self.work / "p.hash").exists(), text)
        self.make("long enough\n")
        self.make("long enough\n", code=REFUSED)
        self.make("long enough\n", "--force")
        for iterations in "0", "10000001", "many":
            self.run_tool("password", "make", "--out", "q.hash", "--iterations", iterations, code=USAGE, input="long enough\n")

    def test_an_empty_password_is_not_built_in(self):
        salt = bytes(16)
        hash_text = hashlib.pbkdf2_hmac("sha256", b"", salt, 10).hex()
        (self.work / "p.hash").write_text(f"nestbox-password 1\niterations 10\nsalt {salt.hex()}\nhash {hash_text}\n")
        done = self.run_tool("password", "c", "--out", "p.c", "p.hash", code=REFUSED)
        self.assertIn("empty password", done.stderr)
        self.assertFalse((self.work / "p.c").exists())

    def test_damaged_files_are_refused(self):
        self.make("long enough\n")
        good = (self.work / "p.hash").read_text()
        for bad in "", good[:-2], good + "x", good.replace("salt", "pepper"), good.replace("10", "0"), "x" * 1000:
            (self.work / "p.hash").write_text(bad)
            self.run_tool("password", "c", "--out", "p.c", "p.hash", code=REFUSED)

    def test_none_lets_nobody_in(self):
        self.run_tool("password", "c", "--out", "p.c")
        self.assertIn(".iterations = 0", (self.work / "p.c").read_text())


class Help(Case):
    COMMANDS = ("keygen", "image create", "image sign", "image verify", "image info", "keyring c", "role")

    def test_help_everywhere(self):
        top = self.run_tool("--help").stdout
        for command in self.COMMANDS:
            self.assertIn(command, top)
            self.assertTrue(self.run_tool(*command.split(), "--help").stdout.startswith(f"usage: nestbox {command}"))
        self.assertNotIn("keygen", self.run_tool("image", "--help").stdout)
        self.assertRegex(self.run_tool("--version").stdout, r"^nestbox \S+\n$")

    def test_role(self):
        self.assertEqual(self.run_tool("role", "debian-kvm").stdout, "cded91d1-5eef-8a81-addc-79423bedc5ca\n")
        array = self.run_tool("role", "debian-kvm", "--c-array").stdout
        self.assertEqual(bytes(int(x, 16) for x in re.findall(r"0x(..)", array)).hex(),
                         "cded91d15eef8a81addc79423bedc5ca")
        self.run_tool("role", "Debian", code=USAGE)
        self.run_tool("role", code=USAGE)

    def test_colours_on_a_terminal(self):
        import pty
        self.keygen()
        self.create("a.img", "--key", "k.key")
        for term, wanted in (("xterm", True), ("dumb", False)):
            leader, follower = pty.openpty()
            subprocess.run([TOOL, "image", "verify", "--pub", "k.pub", "a.img"], cwd=self.work, stdout=follower,
                           stderr=follower, env={**os.environ, "TERM": term, "NO_COLOR": ""}, check=True)
            os.close(follower)
            self.assertEqual(b"\033[1;32mverified" in self.terminal_read(leader), wanted)
            os.close(leader)

    @staticmethod
    def terminal_read(leader):
        """All that was written; a slow computer's progress line comes in pieces of its own."""
        text = b""
        try:
            while piece := os.read(leader, 4096):
                text += piece
        except OSError:
            pass  # the other side is closed
        return text


if __name__ == "__main__":
    TOOL, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])

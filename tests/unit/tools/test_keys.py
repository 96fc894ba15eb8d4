#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keys from outside: roots and a threshold, three rotations and a revocation, signatures made elsewhere and in a token, release builds.

usage: test_keys.py NESTBOX SOURCE_ROOT [unittest options]
"""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

TOOL = SOURCE = None
OK, REFUSED, USAGE, IO = 0, 1, 2, 3
SOFTHSM = next((p for p in ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so") if os.path.exists(p)), "")


def bzimage():
    data = bytearray(i * 7 & 0xFF for i in range(5000))
    struct.pack_into("<H", data, 0x1FE, 0xAA55)
    struct.pack_into("<4sH", data, 0x202, b"HdrS", 0x020F)
    data[0x211] = 1
    struct.pack_into("<H", data, 0x236, 1)
    return bytes(data)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.work = pathlib.Path(self.folder.name)
        (self.work / "linux").write_bytes(bzimage())

    def tearDown(self):
        self.folder.cleanup()

    def run_in(self, *words, **options):
        return subprocess.run(words, cwd=self.work, capture_output=True, timeout=120, check=False, stdin=subprocess.DEVNULL, **options)

    def tool(self, *words, code=OK, **options):
        done = self.run_in(TOOL, *words, text=True, **options)
        self.assertEqual(done.returncode, code, f"nestbox {' '.join(words)}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def key(self, name, role="dev", *words):
        self.tool("key", "make", "--role", role, "--out", name, *words)
        return (self.work / f"{name}.pub").read_text().split("key-id ")[1].split()[0]

    def image(self, name, key=None):
        self.tool("image", "create", "--kernel", "linux", "--partition", "box", "-o", name, *(["--key", key] if key else []))

    def roots(self, count=3):
        for i in range(count):
            self.key(f"root{i}", "root", "--curve", "p256")

    def verify_keyring(self, name, *words, threshold=2, code=OK):
        return self.tool("key", "verify", "--root", "root0.pub", "--root", "root1.pub", "--root", "root2.pub", "--threshold", str(threshold),
                         *words, name, code=code)

    def sign(self, name, *roots):
        for root in roots:
            self.tool("key", "sign", "--key", f"root{root}.key", name)

    def box_takes(self, keyring, image, code=OK):
        return self.tool("image", "verify", "--keyring", keyring, "--root", "root0.pub", "--root", "root1.pub", "--root", "root2.pub",
                         "--threshold", "2", image, code=code)


class Rotation(Case):
    def test_three_rotations_and_a_revocation(self):
        """A box built with three roots and nothing else follows five keyrings; no root changes, so nothing is flashed."""
        self.roots()
        for name in "abcd":
            self.key(name, "release", "--curve", "p256")
            self.image(f"{name}.img", f"{name}.key")
        self.tool("key", "rotate", "--add", "a.pub", "-o", "k1")
        self.sign("k1", 0, 1)
        before = "k1"
        for version, (out, new, signers) in enumerate([("a", "b", (1, 2)), ("b", "c", (0, 2)), ("c", "d", (0, 1))], start=2):
            name = f"k{version}"
            self.tool("key", "rotate", "--from", before, "--add", f"{new}.pub", "--retire", f"{out}.pub", "-o", name)
            self.verify_keyring(name, code=REFUSED)  # no signature is carried over
            self.sign(name, *signers)
            self.assertIn(f"version {version}", self.verify_keyring(name, "--after", before))
            self.assertIn("KEYRING_OLDER", self.verify_keyring(before, "--after", name, code=REFUSED))
            self.box_takes(name, f"{new}.img")
            self.assertIn("SIGNATURE_UNKNOWN_KEY", self.box_takes(name, f"{out}.img", code=REFUSED))
            before = name
        self.tool("key", "revoke", "--from", "k4", "--add", "b.pub", "d.pub", "-o", "k5")
        self.sign("k5", 0, 2)
        self.verify_keyring("k5", "--after", "k4")
        self.assertIn("SIGNATURE_REVOKED", self.box_takes("k5", "d.img", code=REFUSED))
        self.box_takes("k5", "b.img")
        # what is revoked cannot come back, nor be forgotten
        self.assertIn("KEYRING_REVOKED_KEY", self.tool("key", "rotate", "--from", "k5", "--add", "d.pub", "-o", "k6", code=REFUSED))
        self.tool("key", "rotate", "--from", "k4", "--version", "7", "-o", "k7")
        self.sign("k7", 0, 1)
        self.assertIn("KEYRING_FORGETS", self.verify_keyring("k7", "--after", "k5", code=REFUSED))
        shown = json.loads(self.tool("key", "list", "--json", "k5"))
        self.assertEqual((shown["version"], len(shown["keys"]), len(shown["revoked"]), len(shown["signatures"])), (5, 1, 1, 2))

    def test_threshold(self):
        self.roots()
        self.key("a", "release")
        self.tool("key", "rotate", "--add", "a.pub", "-o", "k1")
        self.sign("k1", 0)
        self.assertIn("KEYRING_THRESHOLD", self.verify_keyring("k1", code=REFUSED))
        self.sign("k1", 0)
        self.assertIn("KEYRING_THRESHOLD", self.verify_keyring("k1", code=REFUSED), "the same root twice is one root")
        self.sign("k1", 2)
        self.verify_keyring("k1")
        self.verify_keyring("k1", threshold=3, code=REFUSED)
        self.verify_keyring("k1", threshold=4, code=USAGE)

    def test_altered_keyring(self):
        self.roots()
        self.key("a", "release")
        self.tool("key", "rotate", "--add", "a.pub", "-o", "k1")
        self.sign("k1", 0, 1)
        data = bytearray((self.work / "k1").read_bytes())
        data[32] ^= 4
        (self.work / "k1").write_bytes(data)
        self.assertIn("SIGNATURE_INVALID", self.verify_keyring("k1", code=REFUSED))

    def test_roots_and_image_keys_are_two_things(self):
        self.roots()
        self.key("a", "release")
        self.image("a.img", "a.key")
        self.assertIn("no root key", self.tool("key", "verify", "--root", "a.pub", "linux", code=REFUSED))
        self.assertIn("root key", self.tool("image", "verify", "--pub", "root0.pub", "a.img", code=REFUSED))
        self.assertIn("root key", self.tool("key", "rotate", "--add", "root0.pub", "-o", "k", code=REFUSED))
        self.assertIn("root key", self.tool("keyring", "c", "--out", "k.c", "root0.pub", code=REFUSED))

    def test_second_signature(self):
        """A keyring that asks for LMS beside ECDSA; the key counts what it has signed."""
        self.roots()
        self.key("a", "release")
        self.assertIn("NO_HASH_BASED", self.tool("key", "rotate", "--add", "a.pub", "--hash-based", "-o", "k1", code=REFUSED))
        self.key("l", "release", "--curve", "lms")
        self.tool("key", "rotate", "--add", "a.pub", "--add", "l.pub", "--hash-based", "-o", "k1")
        self.sign("k1", 0, 1)
        self.image("a.img", "a.key")
        self.assertIn("SIGNATURE_SECOND", self.box_takes("k1", "a.img", code=REFUSED))
        self.tool("image", "sign", "--key", "l.key", "a.img")
        self.assertTrue((self.work / "l.key").read_text().endswith("next 0001\n"))
        self.box_takes("k1", "a.img")


class Elsewhere(Case):
    """The private key is not here: the digest goes out, the signature comes back."""

    def test_detached_by_openssl(self):
        for curve in ("p256", "p384"):
            self.key("k", "release", "--curve", curve, "--force")
            self.image("a.img")
            self.tool("image", "sign", "--pub", "k.pub", "--emit-digest", "digest", "a.img")
            self.assertEqual((self.work / "digest").stat().st_size, 32 if curve == "p256" else 48)
            done = self.run_in("openssl", "pkeyutl", "-sign", "-inkey", "k.key", "-in", "digest", "-out", "sig.der")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.tool("image", "sign", "--attach", "sig.der", "--pub", "k.pub", "a.img")
            self.tool("image", "verify", "--pub", "k.pub", "a.img")

    def test_wrong_signatures_are_not_attached(self):
        self.key("k")
        self.key("other")
        self.image("a.img")
        before = (self.work / "a.img").read_bytes()
        self.tool("image", "sign", "--emit-digest", "digest", "a.img")
        self.run_in("openssl", "pkeyutl", "-sign", "-inkey", "other.key", "-in", "digest", "-out", "sig")
        self.assertIn("not one of this key", self.tool("image", "sign", "--attach", "sig", "--pub", "k.pub", "a.img", code=REFUSED))
        for bad in (b"", b"\x30\x06\x02\x01\x00\x02\x01\x00", bytes(96), b"\x30\x80", bytes(1000)):
            (self.work / "bad").write_bytes(bad)
            self.tool("image", "sign", "--attach", "bad", "--pub", "k.pub", "a.img", code=REFUSED)
        self.assertEqual((self.work / "a.img").read_bytes(), before)

    def test_public_halves_of_other_tools(self):
        for curve in ("p256", "p384"):
            key_id = self.key(curve, "release", "--curve", curve)
            for form in ("pem", "der"):
                self.run_in("openssl", "pkey", "-in", f"{curve}.key", "-pubout", "-outform", form, "-out", "public")
                self.assertIn(key_id, self.tool("key", "make", "--from", "public", "--role", "release", "--force", "--out", "copy"))
                self.assertEqual((self.work / "copy.pub").read_bytes(), (self.work / f"{curve}.pub").read_bytes())
        self.assertFalse((self.work / "copy.key").exists())
        self.run_in("openssl", "genpkey", "-algorithm", "ED25519", "-out", "ed")
        self.run_in("openssl", "pkey", "-in", "ed", "-pubout", "-out", "edpub")
        for bad in ("edpub", "linux", "p256.key"):
            self.tool("key", "make", "--from", bad, "--out", "bad", code=REFUSED)
        self.assertFalse((self.work / "bad.pub").exists())

    def test_usage(self):
        self.key("k")
        self.image("a.img")
        self.tool("image", "sign", "a.img", code=USAGE)
        self.tool("image", "sign", "--key", "k.key", "--emit-digest", "d", "a.img", code=USAGE)
        self.tool("image", "sign", "--attach", "d", "a.img", code=USAGE)

    @unittest.skipUnless(SOFTHSM and shutil.which("softhsm2-util"), "no SoftHSM (package softhsm2)")
    def test_token(self):
        (self.work / "tokens").mkdir()
        (self.work / "softhsm.conf").write_text(f"directories.tokendir = {self.work}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
        env = dict(os.environ, SOFTHSM2_CONF=str(self.work / "softhsm.conf"))
        util = lambda *words: self.assertEqual(self.run_in("softhsm2-util", *words, env=env).returncode, 0, words)
        util("--init-token", "--free", "--label", "box", "--pin", "1234", "--so-pin", "4321")
        (self.work / "pin").write_text("1234\n")
        self.roots(1)
        for curve in ("p256", "p384"):
            self.key(curve, "release", "--curve", curve)
            done = self.run_in("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", f"{curve}.key", "-out", "k.p8")
            self.assertEqual(done.returncode, 0, done.stderr)
            util("--import", "k.p8", "--token", "box", "--label", curve, "--id", curve[1:].ljust(4, "0"), "--pin", "1234")
            (self.work / f"{curve}.key").unlink()
            self.image("a.img")
            token = ["--pkcs11", SOFTHSM, "--pin-from", "pin"]
            self.tool("image", "sign", *token, "--label", curve, "--pub", f"{curve}.pub", "a.img", env=env)
            self.tool("image", "verify", "--pub", f"{curve}.pub", "a.img")
        self.tool("image", "sign", *token, "--label", "p256", "--pub", "p384.pub", "a.img", code=REFUSED, env=env)
        self.tool("image", "sign", *token, "--label", "none", "--pub", "p384.pub", "a.img", code=REFUSED, env=env)
        (self.work / "pin").write_text("9999\n")
        self.tool("image", "sign", *token, "--label", "p384", "--pub", "p384.pub", "a.img", code=REFUSED, env=env)
        self.tool("image", "sign", "--pkcs11", "/nonexistent.so", "--pin-from", "pin", "--label", "x", "--pub", "p384.pub", "a.img", code=IO)


class Release(Case):
    """Development keys cannot ship: the tool refuses them, and what slips by does not link (E8)."""

    def compile(self, *words):
        monitor = os.path.join(SOURCE, "partitions/monitor")
        (self.work / "main.c").write_text('#include "image/keyring.h"\nint main(void) { return !box_keyring.count || box_keyring.dev_keys; }\n')
        policy = os.path.join(monitor, "image/keyring_release.c")
        return self.run_in("gcc", "-I" + monitor, "-o", "box", "main.c", "keys.c", policy, *words, text=True)

    def test_the_tool_refuses(self):
        self.key("dev")
        self.key("release", "release")
        self.key("devroot", "dev-root")
        self.key("root", "root")
        self.assertIn("must not ship", self.tool("keyring", "c", "--release", "--out", "keys.c", "dev.pub", code=REFUSED))
        self.assertIn("must not ship", self.tool("keyring", "c", "--release", "--out", "keys.c", "release.pub", "dev.pub", code=REFUSED))
        self.assertIn("must not ship",
                      self.tool("keyring", "c", "--release", "--root", "devroot.pub", "--out", "keys.c", "release.pub", code=REFUSED))
        self.assertFalse((self.work / "keys.c").exists())
        self.tool("keyring", "c", "--release", "--root", "root.pub", "--out", "keys.c", "release.pub")

    def test_what_slips_by_does_not_link(self):
        self.key("dev")
        self.key("release", "release")
        self.key("devroot", "dev-root")
        self.tool("keyring", "c", "--out", "keys.c", "release.pub")
        done = self.compile()
        self.assertEqual(done.returncode, 0, done.stderr)
        for words in (["dev.pub"], ["release.pub", "dev.pub"], ["--root", "devroot.pub", "release.pub"]):
            self.tool("keyring", "c", "--out", "keys.c", *words)
            done = self.compile()
            self.assertNotEqual(done.returncode, 0, words)
            self.assertIn("keyring_dev_keys_are_allowed", done.stderr)

    def test_make_release_refuses(self):
        """The whole `make release`, with a development key, or with a development root: it ends before anything is built."""
        self.key("dev")
        self.key("release", "release")
        self.key("devroot", "dev-root")
        env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        for key, roots in (("dev", ""), ("release", f"{self.work}/devroot.pub")):
            done = subprocess.run(["make", "-C", SOURCE, f"O={os.path.relpath(os.path.dirname(TOOL), SOURCE)}", "release",
                                   f"KEY={self.work}/{key}", f"ROOTS={roots}"], capture_output=True, text=True, timeout=300, check=False, env=env)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("must not ship", done.stdout + done.stderr)
            self.assertNotIn("LD ", done.stdout)


if __name__ == "__main__":
    TOOL, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])

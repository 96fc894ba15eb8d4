#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/sbom.py: names what is inside, the same bytes from the same input.

usage: test_sbom.py NESTBOX SOURCE_ROOT [unittest options]
"""
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = None


def sbom(folder, contents=b"kernel"):
    """The document's bytes."""
    folder.mkdir()
    (folder / "vmlinuz").write_bytes(contents)
    subprocess.run([sys.executable, SOURCE / "tools/sbom.py", "--name", "t", "--version", "1.0.0", "--output", folder / "out", "--pins",
                    SOURCE / "tools/versions.mk", "KERNEL", "BUSYBOX", "--packages", SOURCE / "tools/packages/qemu.list", "--",
                    folder / "vmlinuz"], check=True)
    return (folder / "out").read_bytes()


class Sbom(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.TemporaryDirectory()
        self.addCleanup(self.work.cleanup)

    def test_same_input_same_bytes(self):
        work = pathlib.Path(self.work.name)
        self.assertEqual(sbom(work / "a"), sbom(work / "b"))
        self.assertNotEqual(sbom(work / "c"), sbom(work / "d", b"another"))

    def test_files_and_packages(self):
        document = json.loads(sbom(pathlib.Path(self.work.name, "a")))
        self.assertEqual(document["spdxVersion"], "SPDX-2.3")
        self.assertIn({"algorithm": "SHA256", "checksumValue": hashlib.sha256(b"kernel").hexdigest()}, document["files"][0]["checksums"])
        versions = {p["name"]: p["versionInfo"] for p in document["packages"]}
        self.assertEqual(versions["busybox-static"], "1.35.0-4+deb12u1+b1")
        self.assertIn("libaio1", versions)
        ids = [e["SPDXID"] for e in document["packages"] + document["files"]]
        self.assertEqual(len(set(ids)), len(ids))

    def test_installed_packages(self):
        work = pathlib.Path(self.work.name)
        words = [sys.executable, SOURCE / "tools/sbom.py", "--name", "t", "--version", "1", "--output", work / "out", "--installed"]
        subprocess.run([*words, "grub-pc-bin", "--", __file__], check=True)
        versions = {p["name"]: p["versionInfo"] for p in json.loads((work / "out").read_bytes())["packages"]}
        told = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "grub-pc-bin"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(versions["grub-pc-bin"], told)
        done = subprocess.run([*words, "no-such-package", "--", __file__], capture_output=True, text=True, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no-such-package is not installed; tools/setup does it", done.stderr)


if __name__ == "__main__":
    SOURCE = pathlib.Path(sys.argv[2]).resolve()
    sys.argv[1:3] = []
    unittest.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/elf_closure.py on a root directory made up here: what the loader asks for comes along, nothing else does, links stay inside the root.

usage: test_elf_closure.py NESTBOX SOURCE_ROOT
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(sys.argv[2]).resolve() / "tools/elf_closure.py"
LOADER = "lib64/ld.so"
MULTIARCH = "usr/lib/x86_64-linux-gnu"


class ElfClosure(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root, self.to = (pathlib.Path(folder.name) / name for name in ("from", "to"))
        for where in ("bin", "lib64", "lib", MULTIARCH):
            (self.root / where).mkdir(parents=True)
        self.library("libdeep.so.1", MULTIARCH)
        self.library("libunused.so.1", MULTIARCH)
        self.library("libnear.so.1.5", MULTIARCH, "libdeep.so.1", soname="libnear.so.1")
        (self.root / MULTIARCH / "libnear.so.1").symlink_to("libnear.so.1.5")
        self.library("ld.so", "lib64")
        self.link("bin/program", [f"-Wl,--dynamic-linker=/{LOADER}", "-Wl,-e,f", "-no-pie"], "libnear.so.1")

    def link(self, path, options, *needs):
        """An ELF of one function; `needs` are libraries of the root, which are asked for whether or not they are used."""
        subprocess.run(["gcc", "-nostdlib", *options, "-o", self.root / path, "-x", "c", "-", "-x", "none", "-Wl,--no-as-needed", "-Wl,--allow-shlib-undefined",
                        *[self.root / MULTIARCH / name for name in needs]], input="void f(void) {}\n", text=True, check=True)

    def library(self, name, where, *needs, soname=None):
        self.link(f"{where}/{name}", ["-shared", "-fPIC", f"-Wl,-soname,{soname or name}"], *needs)

    def copy(self, *programs):
        return subprocess.run(["/usr/bin/python3", TOOL, self.root, self.to, *programs], capture_output=True, text=True, check=False)

    def copied(self):
        return sorted(str(path.relative_to(self.to)) for path in self.to.rglob("*") if not path.is_dir())

    def same(self, copy, original):
        self.assertFalse((self.to / copy).is_symlink())
        self.assertEqual((self.to / copy).read_bytes(), (self.root / original).read_bytes())

    def test_what_is_needed_and_nothing_else(self):
        self.assertEqual(self.copy("bin/program").returncode, 0)
        self.assertEqual(self.copied(), ["bin/program", "lib/libdeep.so.1", "lib/libnear.so.1", LOADER])
        self.same("bin/program", "bin/program")
        self.same("lib/libnear.so.1", f"{MULTIARCH}/libnear.so.1.5")

    def test_a_library_may_be_asked_for_by_its_path(self):
        self.assertEqual(self.copy(f"{MULTIARCH}/libunused.so.1").returncode, 0)
        self.assertEqual(self.copied(), [f"{MULTIARCH}/libunused.so.1"])

    def test_absolute_links_stay_inside_the_root(self):
        (self.root / LOADER).rename(self.root / "lib/real.so")
        (self.root / LOADER).symlink_to("/lib/real.so")
        self.assertEqual(self.copy("bin/program").returncode, 0)
        self.same(LOADER, "lib/real.so")

    def test_a_missing_library_is_named(self):
        (self.root / MULTIARCH / "libdeep.so.1").unlink()
        done = self.copy("bin/program")
        self.assertEqual((done.returncode, done.stderr), (1, f"elf_closure: no libdeep.so.1 under {self.root}; name its package in the list of tools/packages\n"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

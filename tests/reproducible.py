#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the disk image twice, from copies of the tree in two folders, one after the other, and compares the bytes.

Usage: reproducible.py WORK_FOLDER KEY PASSWORD     (of an existing checkout: who signs, and the console's password)
"""
import os
import pathlib
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("a", "another/and-deeper")


def build(folder, key, password):
    shutil.rmtree(folder, ignore_errors=True)
    for name in subprocess.run(["git", "ls-files", "-z"], cwd=TOP, check=True, capture_output=True, text=True).stdout.split("\0")[:-1]:
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TOP / name, copy)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k not in ("MFLAGS", "TMPDIR")}
    subprocess.run(["make", "-j2", "image", "DEFCONFIG=bochs_disk_defconfig", f"KEY={key}", f"PASSWORD={password}"], cwd=folder, check=True, env=environment,
                   stdout=subprocess.DEVNULL)
    return folder / "build"


def main():
    work, key, password = (pathlib.Path(word).resolve() for word in sys.argv[1:])
    first, second = (build(work / folder, key, password) for folder in FOLDERS)
    different = [name for name in ("nestbox.img", "build_identity.c", "partitions/debian-kvm.spdx.json", "partitions/debian-kvm.slot.img")
                 if (first / name).read_bytes() != (second / name).read_bytes()]
    print(f"reproducible: {'different: ' + ', '.join(different) if different else 'the same bytes twice'}")
    return bool(different)


sys.exit(main())

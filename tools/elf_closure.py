#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Copies a dynamically linked program and everything its loader will ask for, and nothing else, from one root directory to another.

Usage: elf_closure.py FROM TO PROGRAM...     PROGRAM: a path inside FROM
The loader keeps its path, libraries go to TO/lib by the names they are asked for.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

FOLDERS = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "lib", "usr/lib")


def readelf(*arguments):
    return subprocess.run(["readelf", "-W", *arguments], capture_output=True, text=True, check=True).stdout


def needed(path):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", readelf("-d", path))


def loader(path):
    found = re.search(r"interpreter: (.*)\]", readelf("-l", path))
    return found.group(1).lstrip("/") if found else None


def find_library(root, name):
    for folder in FOLDERS:
        path = root / folder / name
        if path.exists():
            return path
    sys.exit(f"elf_closure: no {name} under {root}; name its package in the list of tools/packages")


def resolve(root, path):
    """The file behind a path, absolute links understood inside the root."""
    while path.is_symlink():
        target = os.readlink(path)
        path = root / target.lstrip("/") if target.startswith("/") else path.parent / target
    return path


def copy(path, to):
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, to)
    to.chmod(0o755)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    root, to = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    waiting, seen = [], set()
    for program in sys.argv[3:]:
        path = root / program.lstrip("/")
        copy(resolve(root, path), to / program.lstrip("/"))
        interpreter = loader(path)
        if interpreter:
            copy(resolve(root, root / interpreter), to / interpreter)
            seen.add(os.path.basename(interpreter))
        waiting += needed(path)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        path = resolve(root, find_library(root, name))
        copy(path, to / "lib" / name)
        waiting += needed(path)


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seeds for fuzz_manifest and fuzz_payload, made by the host tool.

usage: make_seeds_image.py NESTBOX OUT     writes OUT/manifest/* and OUT/payload/*
"""
import pathlib
import struct
import subprocess
import sys
import tempfile


def bzimage() -> bytes:
    """The smallest file that has the Linux boot header of a 64-bit bzImage."""
    data = bytearray(0x400)
    struct.pack_into("<H", data, 0x1FE, 0xAA55)
    struct.pack_into("<4sH", data, 0x202, b"HdrS", 0x020F)
    data[0x211] = 1
    struct.pack_into("<H", data, 0x236, 1)
    return bytes(data)


def multiboot(magic: int, words: int) -> bytes:
    """An ELF magic number and a Multiboot header."""
    header = [magic, 0] + ([16] if words == 4 else [])
    header.append(-sum(header) & 0xFFFFFFFF)
    return b"\x7fELF".ljust(64, b"\0") + struct.pack(f"<{words}I", *header).ljust(64, b"\0")


def main() -> int:
    tool, out = sys.argv[1], pathlib.Path(sys.argv[2])
    for name in ("manifest", "payload"):
        (out / name).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)

        def nestbox(*words: str) -> None:
            subprocess.run([tool, *words], cwd=work, check=True, stdout=subprocess.DEVNULL)

        (work / "linux").write_bytes(bzimage())
        (work / "mb1").write_bytes(multiboot(0x1BADB002, 3))
        (work / "mb2").write_bytes(multiboot(0xE85250D6, 4))
        (work / "data").write_bytes(bytes(range(100)))
        nestbox("keygen", "--curve", "p256", "--out", "a")
        nestbox("keygen", "--curve", "p384", "--out", "b")
        images = {
            "linux": ["--kernel", "linux", "--initrd", "data", "--cmdline", "console=ttyS0"],
            "mb1": ["--kernel", "mb1", "--module", "data,one", "--module", "data,two"],
            "mb2": ["--kernel", "mb2", "--hash", "sha256", "--depends", "other:1.2:3"],
        }
        for name, words in images.items():
            nestbox("image", "create", "--partition", "seed", "--key", "a.key", "-o", name + ".img", *words)
        nestbox("image", "sign", "--key", "b.key", "mb2.img")
        for name in images:
            image = (work / (name + ".img")).read_bytes()
            (out / "manifest" / name).write_bytes(image[:16384])
            (out / "payload" / name).write_bytes(image[1 << 20:])
    return 0


if __name__ == "__main__":
    sys.exit(main())

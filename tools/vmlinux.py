#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Takes the kernel proper, an ELF, out of an XZ-compressed bzImage: booted directly (PVH) it need not unpack itself, which takes most of a boot's
time in an emulator. With --zstd it is packed again, with Zstandard, for loaders that unpack a bzImage themselves (Xen, and its tools for their
guests): what is left has the header of a bzImage but not its code, and starts nowhere else. Fields: Linux, Documentation/x86/boot.rst,
payload_offset and payload_length.

Usage: vmlinux.py [--zstd] BZIMAGE OUTPUT
"""
import lzma
import struct
import subprocess
import sys

PAYLOAD_FIELDS = 0x248


def header_size(image):
    if image[0x202:0x206] != b"HdrS":
        sys.exit("vmlinux: this is no bzImage; give the vmlinuz of a Linux kernel")
    return ((image[0x1F1] or 4) + 1) * 512


def payload(image):
    offset, length = struct.unpack_from("<II", image, PAYLOAD_FIELDS)
    start = header_size(image) + offset
    return image[start:start + length]


def unpack(image):
    kernel = lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(payload(image))
    if kernel[:4] != b"\x7fELF":
        sys.exit("vmlinux: what is packed in the bzImage is no ELF; give a kernel that is packed with xz")
    return kernel


def pack(image, kernel):
    """The length of the unpacked kernel goes behind the packed one."""
    packed = subprocess.run(["zstd", "-q", "-19", "-c"], input=kernel, capture_output=True, check=True).stdout
    packed += struct.pack("<I", len(kernel))
    header = bytearray(image[:header_size(image)])
    struct.pack_into("<II", header, PAYLOAD_FIELDS, 0, len(packed))
    return header + packed


def main():
    words = sys.argv[1:]
    packs = words[:1] == ["--zstd"]
    if len(words) != 2 + packs:
        sys.exit(__doc__)
    with open(words[-2], "rb") as f:
        image = f.read()
    kernel = unpack(image)
    with open(words[-1], "wb") as f:
        f.write(pack(image, kernel) if packs else kernel)


main()

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the C file with the build's identity: a name for people and 16 bytes that parent and child Nestbox compare.

The identity is the SHA-256 of everything linked (objects and monitor), so it depends on content, not on folder or time.
Usage: build_id.py VERSION OUTPUT FILE...
"""
import hashlib
import sys


def main():
    version, output, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    digest = hashlib.sha256()
    for name in sorted(files):
        with open(name, "rb") as f:
            digest.update(hashlib.sha256(f.read()).digest())
    identity = digest.digest()[:16]
    text = f"{version}-{identity.hex()[:12]}"
    data = ", ".join(f"0x{b:02x}" for b in identity)
    with open(output, "w", encoding="ascii") as f:
        f.write('#include "kernel/build_identity.h"\n')
        f.write(f'const char build_name[] = "{text}";\nconst unsigned char build_identity[16] = {{ {data} }};\n')


main()

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the C file with the build's identity: 16 bytes that parent and child Nestbox compare, and a name for people.

The identity is the SHA-256 of version, label, compiler and every source file with its name: two layouts of one source are the same build. The
name is VERSION[-LABEL]-IDENTITY+LINKED; LINKED is of the objects, so it tells layouts and keys apart. Neither depends on folder or time.
"""
import argparse
import hashlib


def contents(name):
    with open(name, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def digest(words):
    return hashlib.sha256("\0".join(words).encode()).digest()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    for option in ("--version", "--label", "--compiler"):
        parser.add_argument(option, default="")
    parser.add_argument("--sources", nargs="+", required=True)
    parser.add_argument("--objects", nargs="+", required=True)
    parser.add_argument("-o", dest="output", required=True)
    args = parser.parse_args()
    sources = [word for name in sorted(args.sources) for word in (name, contents(name))]
    identity = digest([args.version, args.label, args.compiler, *sources])[:16]
    linked = digest(sorted(contents(name) for name in args.objects)).hex()[:6]
    name = "-".join(filter(None, (args.version, args.label, identity.hex()[:12]))) + "+" + linked
    data = ", ".join(f"0x{b:02x}" for b in identity)
    with open(args.output, "w", encoding="ascii") as f:
        f.write('#include "kernel/build_identity.h"\n')
        f.write(f'const char build_name[] = "{name}";\nconst unsigned char build_identity[16] = {{ {data} }};\n')


main()

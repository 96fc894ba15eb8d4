#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the size of ring-0 text and of all memory the hypervisor takes, and fails when a limit is passed. Usage: size.py BUILD"""
import subprocess
import sys

TEXT_LIMIT_KIB, RAM_LIMIT_KIB = 96, 32 * 1024


def sections(path):
    """Section name -> bytes."""
    lines = subprocess.run(["size", "-A", path], capture_output=True, text=True, check=True).stdout.splitlines()
    return {f[0]: int(f[1]) for f in (line.split() for line in lines) if len(f) == 3 and f[1].isdigit()}


def symbols(path):
    """Name -> address."""
    lines = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout.splitlines()
    return {f[2]: int(f[0], 16) for f in (line.split() for line in lines) if len(f) == 3}


def main():
    kernel, monitor = sections(f"{sys.argv[1]}/nestbox.elf"), sections(f"{sys.argv[1]}/monitor.elf")
    at = symbols(f"{sys.argv[1]}/nestbox.elf")
    # without what fills its last page
    text = (at["kernel_code_end"] - at["kernel_text_start"] + kernel.get(".boot", 0)) / 1024
    total = sum(kernel.get(name, 0) for name in (".boot", ".text", ".rodata", ".data", ".bss")) / 1024
    print(f"  ring-0 text            {text:9.1f} KiB   limit {TEXT_LIMIT_KIB}")
    print(f"  monitor text           {(monitor['.text'] + monitor.get('.rodata', 0)) / 1024:9.1f} KiB")
    print(f"  all memory, pools too  {total:9.1f} KiB   limit {RAM_LIMIT_KIB}")
    return 1 if text > TEXT_LIMIT_KIB or total > RAM_LIMIT_KIB else 0


sys.exit(main())

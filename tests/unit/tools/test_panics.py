#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Places in ring 0 that stop the machine, counted: no guest may reach one (DESIGN "What must be provable" 7).

usage: test_panics.py NESTBOX SOURCE_ROOT
A new CHECK() fails here until its file's count is raised below, with the reason why no guest gets there.
"""
import pathlib
import re
import sys
import unittest

SOURCE = pathlib.Path(sys.argv[2])
STOP = re.compile(r"(?<!\w)(CHECK|refuse_to_start|crash_trap)\(")
DEFINITIONS = ("kernel/crash.c", "kernel/crash.h")

# file: (how many, why no guest reaches them)
KNOWN = {
    "kernel/fpu.c": (1, "at boot: the CPU's own CPUID"),
    "kernel/handshake.c": (1, "at boot: the build of the hypervisor below"),
    "kernel/main.c": (13, "at boot: the board and the configuration"),
    "kernel/monitor_load.c": (6, "at boot: the monitor that is built in"),
    "kernel/partition_setup.c": (5, "at boot: RAM of the machine and the configuration"),
    "kernel/traps.c": (1, "a fault in ring 0, which must never be"),
    "kernel/vmx/vmx.c": (6, "at boot: this CPU's VMX, EPT01 from a pool that is sized for it"),
    "nested/vmcs02.c": (7, "VMCLEAR and VMPTRLD of pages of Nestbox's own, in VMX operation: the manual leaves nothing to fail"),
    "nested/vmcs02.h": (3, "likewise"),
}


def stops(path):
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
    return len(STOP.findall(re.sub(r"^#define.*$", "", text, flags=re.M)))


class Panics(unittest.TestCase):
    def test_every_stop_is_known(self):
        found = {}
        for folder in ("bsp", "kernel", "nested"):
            for path in (SOURCE / folder).rglob("*.[ch]"):
                name = str(path.relative_to(SOURCE))
                if name not in DEFINITIONS and not name.startswith("bsp/newlib/") and stops(path):
                    found[name] = stops(path)
        self.assertEqual(found, {name: count for name, (count, _) in KNOWN.items()})

    def test_it_counts(self):
        """What is counted is what is there: the definition is found, a comment and another name are not."""
        self.assertEqual(len(STOP.findall("CHECK(a); if (b) refuse_to_start(c); VMX_CHECK(d)")), 2)
        self.assertGreater(stops(SOURCE / "kernel/main.c"), 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the benchmark guest on the emulator with one CPU and compares with the figures kept in the tree.

One TSC tick is one instruction there, so the figures are counts and repeat. A rise over 5 % fails; --keep writes the new figures.
Usage: run.py --work DIR --memory MIB [--keep] ISO...
"""
import argparse
import os
import re
import subprocess
import sys

FIGURES = os.path.join(os.path.dirname(__file__), "figures.txt")
LIMITS = {"cpuid": 150, "l2_cpuid": 800, "l2_vmcall": 800, "l2_rdmsr": 800, "l2_ept_violation": 900, "l2_fill_2m": 1500,
          "l2_interrupt_l0": 1500, "vmread_shadowed": 7, "vmwrite_control": 350, "unshadowed_l2_cpuid_three_reads": 3000,
          "l0_exits_per_100_l2_exits": 201, "kvm_l2_cpuid": 5000, "kvm_l0_exits_per_100_l2_exits": 300}
ALLOWED_RISE = 1.05
# of tests/bench/nested.c and partitions/debian-kvm/l2bench.c
ROUNDS = {"nested.iso": 500, "kvm.iso": 2000}
TICKS_PER_SECOND = 50_000_000  # of the emulator's clock: instructions
NO_SHADOWING = "corei7_ivy_bridge_3770k"


def exits_per_100(text, rounds):
    """Exits of L1 and L2 between the two summaries around the CPUID loop, the OUT between them taken off."""
    totals = [sum(map(int, row)) for row in re.findall(r"^all +(\d+) +(\d+)", text, re.M)]
    return (totals[1] - totals[0] - 1) * 100 // rounds


def measure(args, iso, model="corei7_skylake_x"):
    log = os.path.join(args.work, f"{os.path.basename(iso)}.{model}.log")
    code = subprocess.run(["tools/run", "--machine", "bochs", "--iso", iso, "--cpus", "1", "--memory", args.memory, "--log", log, "--model", model,
                           "--until", "bench: done", "--fail", "CRASH|cannot start|refused|stopped|WRONG|UNEXPECTED", "--timeout", "900", "--quiet"],
                          check=False).returncode
    text = open(log, encoding="utf-8", errors="replace").read()
    if code:
        sys.exit(f"bench: the run ended with {code}:\n{text[-3000:]}")
    figures = {name: int(value) for name, value in re.findall(r"^bench: (\w+) (\d+)", text, re.M)}
    start = re.search(r"first guest instruction after \d+ ms \((\d+) ticks\)", text)
    load = re.search(r"verifying and loading \d+ ms \((\d+) ticks\)", text)
    if start and load and "bench.iso" in iso:
        figures["start_without_image"] = int(start.group(1)) - int(load.group(1))
    name = os.path.basename(iso)
    if name == "nested.iso":
        figures["l0_exits_per_100_l2_exits"] = exits_per_100(text, ROUNDS[name])
    if name == "kvm.iso":
        figures["kvm_l0_exits_per_100_l2_exits"] = exits_per_100(text, ROUNDS[name])
        for guest, found in ("l1", "nestbox-demo: Linux .*"), ("l2", "L2: Linux .*"):  # from the kernel's start to its first program
            figures[f"kvm_{guest}_debian_boot"] = int(float(re.search(found + r", up ([\d.]+) s", text).group(1)) * TICKS_PER_SECOND)
    return figures


def measure_unshadowed(args, iso):
    name = "l2_cpuid_three_reads"
    return {"unshadowed_" + name: measure(args, iso, NO_SHADOWING)[name]}


def kept():
    if not os.path.exists(FIGURES):
        return {}
    lines = (line.split() for line in open(FIGURES, encoding="ascii") if line.strip() and not line.startswith("#"))
    return {name: int(value) for name, value in lines}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("isos", nargs="+")
    parser.add_argument("--work", required=True)
    parser.add_argument("--memory", default="1536")
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    new, old, bad = {}, kept(), 0
    for iso in args.isos:
        new.update(measure(args, iso))
        if "nested.iso" in iso:
            new.update(measure_unshadowed(args, iso))
    print(f"  {'instructions':32} {'now':>10} {'kept':>10}  limit")
    for name, value in new.items():
        limit, before = LIMITS.get(name), old.get(name)
        failed = (limit and value > limit) or (before and value > before * ALLOWED_RISE)
        bad += bool(failed)
        print(f"  {name:32} {value:10} {before if before is not None else '-':>10}  {limit or '':5} {'TOO HIGH' if failed else ''}")
    no_kvm = not any(os.path.basename(iso) == "kvm.iso" for iso in args.isos)
    for name in sorted(old.keys() - new.keys()):
        if no_kvm and name.startswith("kvm_"):
            continue
        print(f"  {name:32} was not measured")
        bad += 1
    if args.keep:
        new = {**(old if no_kvm else {}), **new}
        with open(FIGURES, "w", encoding="ascii") as f:
            f.write("# instructions, one CPU, measured by make bench; written by make bench KEEP=1\n")
            f.writelines(f"{name} {value}\n" for name, value in new.items())
    return 1 if bad else 0


sys.exit(main())

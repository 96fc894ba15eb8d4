#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs unit test programs and scripts, prints one line each with its time, writes counts for the summary.

Usage: run_unit.py PROGRAM... -- SCRIPT... TOOL
"""
import os
import re
import subprocess
import sys
import time


def run(command):
    start = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          timeout=600, check=False)
    return done.returncode, done.stdout, time.monotonic() - start


def counts(code, output):
    """Tests passed and failed, from cmocka's or unittest's own words; a program that says neither counts as one."""
    passed = sum(int(n) for n in re.findall(r"\[  PASSED  \] (\d+) test", output))
    failed = sum(int(n) for n in re.findall(r"\[  FAILED  \] (?:.*: )?(\d+) test", output))
    ran = re.search(r"^Ran (\d+) tests?", output, re.M)
    if ran and not passed:
        skipped = re.search(r"skipped=(\d+)", output)
        passed = int(ran.group(1)) - int(skipped.group(1) if skipped else 0) if code == 0 else 0
    if code and not failed:
        failed = 1
    return (passed or (0 if failed else 1)), failed


def main():
    split = sys.argv.index("--")
    programs, scripts, tool = sys.argv[1:split], sys.argv[split + 1:-1], sys.argv[-1]
    total = [0, 0]
    commands = [[p] for p in programs] + [["/usr/bin/python3", s, tool, ".", "-v"] for s in scripts]
    for command in commands:
        name = command[1] if len(command) > 1 else command[0].split("/unit/")[-1]
        code, output, seconds = run(command)
        passed, failed = counts(code, output)
        total = [total[0] + passed, total[1] + failed]
        print(f"  {'ok  ' if not code else 'FAIL'} {name:40} {passed:4} tests {seconds:6.1f} s", flush=True)
        for reason in sorted(set(re.findall(r"skipped '(.*)'", output))):
            print(f"       skipped in it: {reason}")
        if code:
            print(output[-6000:])
    result = os.path.join(programs[0].split("/unit/")[0], "unit.result")
    with open(result, "w", encoding="ascii") as f:
        f.write(f"{total[0]} {total[1]}\n")
    print(f"unit: {total[0]} passed, {total[1]} failed")
    return 1 if total[1] else 0


sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs libFuzzer targets for a bounded time each, keeps their corpus in the build folder, shows what a crash printed."""
import argparse
import os
import re
import subprocess
import sys


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--work", required=True)
    parser.add_argument("targets", nargs="+")
    args = parser.parse_args()
    passed = failed = 0
    for target in args.targets:
        name = os.path.basename(target)
        corpus = os.path.join(args.work, "corpus", name)
        os.makedirs(corpus, exist_ok=True)
        done = subprocess.run([os.path.abspath(target), f"-max_total_time={args.seconds}", "-rss_limit_mb=1024", "-timeout=10",
                               "-print_final_stats=1", "-max_len=65536", "-artifact_prefix=./", "."], cwd=corpus,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=args.seconds * 4 + 120, check=False)
        runs = re.search(r"number_of_executed_units: (\d+)", done.stdout)
        ok = done.returncode == 0
        passed, failed = passed + ok, failed + (not ok)
        print(f"  {'ok  ' if ok else 'FAIL'} {name:24} {runs.group(1) if runs else '?':>9} inputs in {args.seconds} s", flush=True)
        if not ok:
            print(done.stdout[-5000:])
    with open(os.path.join(args.work, "..", "fuzz.result"), "w", encoding="ascii") as f:
        f.write(f"{passed} {failed}\n")
    print(f"fuzz: {passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())

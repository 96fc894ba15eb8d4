#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs instrumented unit tests and prints the line coverage of the sources they are about; ends with 1 below the least share.

Usage: coverage.py --objects DIR --least PERCENT --sources FILE... --tests EXECUTABLE...
"""
import argparse
import glob
import json
import os
import subprocess
import sys


def run_tests(tests):
    for test in tests:
        done = subprocess.run([test], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
        if done.returncode:
            sys.exit(f"coverage: {test} failed:\n{done.stdout[-2000:]}")


def executed_lines(objects):
    """{source: {line: times}} over all notes, headers included."""
    notes = [os.path.abspath(n) for n in glob.glob(os.path.join(objects, "**", "*.gcda"), recursive=True)]
    text = subprocess.run(["gcov", "--json-format", "--stdout", *notes], check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = {}
    for document in text.splitlines():
        if not document.strip():
            continue
        for file in json.loads(document)["files"]:
            of_file = lines.setdefault(os.path.normpath(file["file"]), {})
            for line in file["lines"]:
                of_file[line["line_number"]] = of_file.get(line["line_number"], 0) + line["count"]
    return lines


def report(lines, sources):
    total = hit = 0
    for source in sources:
        counts = lines.get(source)
        if counts is None:
            # a header without code, or a source whose pure part is in its header
            if source.endswith(".c") and source[:-1] + "h" not in lines:
                sys.exit(f"coverage: nothing was measured for {source}: has it a test that links it?")
            continue
        missed = sorted(number for number, count in counts.items() if not count)
        total += len(counts)
        hit += len(counts) - len(missed)
        rest = f"  not run: {', '.join(map(str, missed[:12]))}{' ...' if len(missed) > 12 else ''}" if missed else ""
        print(f"  {source:28} {100 * (len(counts) - len(missed)) / max(len(counts), 1):6.1f} % of {len(counts):4} lines{rest}")
    return 100 * hit / max(total, 1), total


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", required=True)
    parser.add_argument("--least", type=float, default=90)
    parser.add_argument("--sources", nargs="+", required=True)
    parser.add_argument("--tests", nargs="+", required=True)
    args = parser.parse_args()
    for old in glob.glob(os.path.join(args.objects, "**", "*.gcda"), recursive=True):
        os.remove(old)
    run_tests(args.tests)
    share, total = report(executed_lines(args.objects), args.sources)
    print(f"coverage: {share:.1f} % of {total} lines (least: {args.least:g} %)")
    return 0 if share >= args.least else 1


sys.exit(main())

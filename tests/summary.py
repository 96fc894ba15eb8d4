#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up the result files (each "passed failed") and prints the closing line."""
import sys

totals = [0, 0]
for name in sys.argv[1:]:
    with open(name, encoding="ascii") as f:
        passed, failed = map(int, f.read().split())
    totals = [totals[0] + passed, totals[1] + failed]
print(f"{totals[0]} passed, {totals[1]} failed")
sys.exit(1 if totals[1] or not totals[0] else 0)

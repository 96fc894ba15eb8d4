#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A hostile L1 on Nestbox and on the bare machine, seed and number of cases as you like.

A difference is printed with the command that runs its case again:
    tests/system/hostile.py --build build --seed 1 --case 1234
"""
import argparse
import pathlib
import sys
import time

from run import Tools, prepare_build, take_turn
from transcripts import Options, compare


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--build", required=True, type=pathlib.Path)
    add("--model", default="corei7_skylake_x")
    add("--seed", type=int, default=int(time.time()))
    add("--case", type=int, help="this one alone, every number printed")
    add("--first", type=int, default=0)
    add("--cases", type=int, default=2000)
    add("--timeout", type=int, default=600)
    add("--shown", type=int, default=4, help="differing cases that are run again")
    arguments = parser.parse_args()
    tools = Tools(arguments.build.resolve())
    turn = take_turn(tools)
    first, cases = (arguments.first, arguments.cases) if arguments.case is None else (arguments.case, 1)
    options = Options(arguments.model, arguments.seed, first, cases, arguments.timeout, arguments.shown)
    why = compare(tools, prepare_build(tools, "nesting"), options)
    turn.close()
    print(f"hostile: {why or 'no difference'}")
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())

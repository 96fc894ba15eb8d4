#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make lint: looks for defects without running anything; prints what it finds, ends with 1 then.

  format    clang-format: the spaces between tokens, as .clang-format has them. Line breaks and columns are the author's: tables are aligned by hand.
            Tabs in front, nothing behind, at most 160 columns.
  headers   every header compiled alone
  tidy      clang-tidy, by .clang-tidy
  cppcheck  warnings and portability
  shell     shellcheck
Usage: lint.py --mbedtls FOLDER --config config.h [STEP...]
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import time

COLUMNS = 160
OWN_WORLD = ("tests/", "partitions/debian", "partitions/nestboxctl", "partitions/hello")  # compiled otherwise: guests, the guest's own programs
NOT_ON_A_HOST = ("bsp/newlib/", "partitions/monitor/image/crypto_heap.c")
P11 = "/usr/include/p11-kit-1"


def files(*patterns):
    found = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns], capture_output=True, text=True, check=True).stdout.split()
    return [name for name in found if os.path.isfile(name)]


def run(*command, stdin=None):
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, errors="replace")
    return done.returncode, done.stdout + done.stderr


def spacing(text):
    """What is left of a source when line breaks do not count: macros are laid out by hand, and clang-format takes casts for binary operators."""
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*\n", "", text, flags=re.M)
    text = re.sub(r"/\*.*?\*/", "/**/", text, flags=re.S)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"(?<=[(\[]) | (?=[)\]])|(?<=\)) (?=[~&+*-])|(?<=\*) (?=\w)|(?<=\.\.\.) | \\", "", text)
    return text.strip()


def check_format(name):
    with open(name, encoding="utf-8") as source:
        text = source.read()
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if len(line.expandtabs(8)) > COLUMNS:
            found.append(f"{name}:{number}: more than {COLUMNS} columns")
        if line != line.rstrip():
            found.append(f"{name}:{number}: white space at the end")
        if re.match(r"\t* {8,}[^ *\\\\]", line):
            found.append(f"{name}:{number}: indented with spaces")
    if not text.endswith("\n"):
        found.append(f"{name}: no newline at the end")
    _, wanted = run("clang-format", name)
    ours, theirs = spacing(text), spacing(wanted)
    if ours != theirs:
        at = next((i for i, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1]), 0)
        found.append(f"{name}: clang-format wants '{theirs[max(0, at - 24):at + 24]}' for '{ours[max(0, at - 24):at + 24]}'")
    return found


class Compiler:
    """As tests/rules.mk compiles for the host."""

    def __init__(self, arguments):
        self.flags = ["-std=gnu11", "-D_GNU_SOURCE", "-include", arguments.config, "-I.", "-Ipartitions/monitor", "-Itools/nestbox",
                      f"-I{os.path.dirname(arguments.config)}", "-isystem", f"{arguments.mbedtls}/include", "-isystem", P11]

    def header(self, name):
        code, text = run("gcc", *self.flags, "-fsyntax-only", "-Wall", "-Wextra", "-Wno-unused-function", "-Werror", "-x", "c", "-",
                         stdin=f'#include "{name}"\nextern int lint_nothing;\n')
        return [f"{name} does not compile alone: {line}" for line in text.splitlines() if "error" in line][:3] if code else []

    def tidy(self, names):
        _, text = run("clang-tidy", "--quiet", *names, "--", *self.flags, "-Wno-unknown-warning-option")
        here = os.getcwd() + "/"
        return sorted({line.replace(here, "") for line in text.splitlines() if re.search(r": (?:warning|error): ", line)})


def check_cppcheck(_):
    code, text = run("cppcheck", "--quiet", "--enable=warning,portability", "--std=c11", "-I.", "-Ipartitions/monitor", "--inline-suppr", "--error-exitcode=1",
                     "--suppress=missingInclude", "--suppress=comparePointers", "--suppress=toomanyconfigs", "kernel", "nested",
                     *sorted({os.path.dirname(name) for name in files("bsp/*.c")}), "partitions/monitor", "tools/nestbox")
    return text.splitlines() if code else []


def check_shell(name):
    with open(name, "rb") as script:
        dialect = "sh" if b"busybox" in script.readline() else "bash"
    # SC1091: scripts that are read belong to the guest; SC2119, SC2120: functions with optional arguments
    code, text = run("shellcheck", "-s", dialect, "-e", "SC1091,SC2119,SC2120", "-f", "gcc", name)
    return text.splitlines() if code else []


def is_script(name):
    with open(name, "rb") as script:
        return re.match(rb"#!/bin/(?:bash|sh|busybox sh)", script.readline()) is not None


def batches(names, size=8):
    return [names[i:i + size] for i in range(0, len(names), size)]


def steps(arguments):
    """name, what checks one item, the items."""
    compiler = Compiler(arguments)
    ours = [name for name in files("*.c", "*.h") if not name.startswith(OWN_WORLD)]
    sources = [name for name in ours if name.endswith(".c") and not name.startswith(NOT_ON_A_HOST)]
    return (
        ("cppcheck", check_cppcheck, [None]),
        ("format", check_format, files("*.c", "*.h")),
        ("headers", compiler.header, [name for name in ours if name.endswith(".h")]),
        ("tidy", compiler.tidy, batches(sources)),
        ("shell", check_shell, [name for name in files() if is_script(name)]),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--mbedtls", required=True)
    parser.add_argument("--config", required=True)
    parser.add_argument("only", nargs="*")
    arguments = parser.parse_args()
    bad, started = 0, time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running = [(name, items, [pool.submit(check, item) for item in items])
                   for name, check, items in steps(arguments) if not arguments.only or name in arguments.only]
        for name, items, futures in running:
            found = [line for future in futures for line in future.result()]
            bad += len(found)
            print("\n".join(found + [f"  {'FAIL' if found else 'ok  '} {name:10} {sum(len(i) if isinstance(i, list) else 1 for i in items):4} checked, "
                                     f"{len(found)} found"]), flush=True)
    print(f"lint: {bad} found, {time.monotonic() - started:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

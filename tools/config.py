#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Turns a Kconfig configuration into build/config.h and build/config.mk, and refuses one that cannot be built.

Usage: config.py [--checker NESTBOX] load DEFCONFIG CONFIG | save CONFIG DEFCONFIG | generate CONFIG OUTPUT_DIR
What a layout must satisfy is said in one place, partitions/monitor/layout/layout.def: NESTBOX (build/nestbox) is asked. Here is only what Kconfig
has dropped. Exit code 1 and one line per problem, with the menu path and the remedy.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import kconfiglib


def menu_path(symbol):
    """As a person walks it: an item that another one brings is indented there, not a menu further down."""
    node = symbol.nodes[0]
    names = [node.prompt[0]]
    while (node := node.parent) is not symbol.kconfig.top_node:
        if node.item is kconfiglib.MENU:
            names.append(node.prompt[0])
    return " > ".join(reversed(names))


def number(kconf, name):
    return int(kconf.syms[name].str_value or 0)


def dropped(kconf):
    """Yields the values somebody has written that Kconfig has quietly replaced, with the range that holds now."""
    for symbol in kconf.unique_defined_syms:
        given = symbol.user_value
        if given is None or not symbol.visibility or symbol.type != kconfiglib.INT or given == symbol.str_value:
            continue
        low, high, why = next((low.str_value, high.str_value, condition) for low, high, condition in symbol.ranges if kconfiglib.expr_value(condition))
        others = [f"'{s.nodes[0].prompt[0]}' is {s.str_value}" for s in sorted(kconfiglib.expr_items(why), key=lambda s: s.name)
                  if isinstance(s, kconfiglib.Symbol) and s.nodes and s.nodes[0].prompt]
        yield (f"{menu_path(symbol)}: {given} is not from {low} to {high}; take a value that is"
               + (f", or change what asks for it ({', '.join(others)})" if others else ""))


def refused(kconf, checker):
    """Yields what the layout checker says of the configuration as it is in force."""
    with tempfile.NamedTemporaryFile("w", suffix=".config", encoding="utf-8") as file:
        kconf.write_config(file.name, save_old=False)
        done = subprocess.run([checker, "layout", "--check", file.name], capture_output=True, text=True, check=False)
    lines = [line.removeprefix("nestbox: error: ").removeprefix("layout refused: ") for line in done.stderr.splitlines()]
    if done.returncode:
        yield from lines or [f"{checker} does not say why"]


def others(kconf):
    """The rows of partitions behind the first, as struct partition_plan has them."""
    rows, actions = [], {"HOLD": "ACTION_HOLD", "RESTART": "ACTION_RESTART", "REBOOT": "ACTION_REBOOT"}
    for n in range(2, number(kconf, "PARTITIONS") + 1):
        on_crash = next(a for k, a in actions.items() if kconf.syms[f"PARTITION{n}_ON_CRASH_{k}"].str_value == "y")
        rows.append(f"{{ CONFIG_PARTITION{n}_NAME, CONFIG_ROLE_UUID_{n}, CONFIG_PARTITION{n}_CPUS, CONFIG_PARTITION{n}_RAM_MIB, "
                    f"{on_crash}, ACTION_HOLD, false }},")
    return [f"#define CONFIG_OTHER_PARTITIONS {' '.join(rows)}"]


def write_if_changed(path, text):
    if not os.path.exists(path) or open(path, encoding="utf-8").read() != text:
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)


def generate(kconf, directory):
    header, make = ["/* made from .config by tools/config.py */"], ["# made from .config by tools/config.py"]
    for s in kconf.unique_defined_syms:
        value = s.str_value
        if s.type == kconfiglib.BOOL:
            if value == "y":
                header.append(f"#define CONFIG_{s.name} 1")
            make.append(f"CONFIG_{s.name} := {'y' if value == 'y' else ''}")
        elif s.type == kconfiglib.STRING:
            header.append(f'#define CONFIG_{s.name} "{kconfiglib.escape(value)}"')
            make.append(f"CONFIG_{s.name} := {value}")
        elif value:
            header.append(f"#define CONFIG_{s.name} {value}")
            make.append(f"CONFIG_{s.name} := {value}")
    header += others(kconf)
    os.makedirs(directory, exist_ok=True)
    write_if_changed(os.path.join(directory, "config.h"), "\n".join(header) + "\n")
    write_if_changed(os.path.join(directory, "config.mk"), "\n".join(make) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--checker", metavar="NESTBOX")
    parser.add_argument("verb", choices=("load", "save", "generate"))
    parser.add_argument("source")
    parser.add_argument("target")
    words = parser.parse_args()
    verb, source, target = words.verb, words.source, words.target
    kconf = kconfiglib.Kconfig("Kconfig", warn_to_stderr=False)
    kconf.warn_assign_undef = True
    kconf.load_config(source)
    unknown = [f"{source}: {w}" for w in kconf.warnings if "undefined symbol" in w]
    found = list(dropped(kconf))
    if words.checker:
        found += refused(kconf, words.checker)
    if verb == "load":  # written by a person
        found += unknown
    elif unknown:  # written by an older version
        for line in unknown:
            print(f"configuration: no such option any more, left out: {line}", file=sys.stderr)
    for line in found:
        print(f"configuration refused: {line}", file=sys.stderr)
    if found:
        return 1
    if verb == "load":
        kconf.write_config(target)
    elif verb == "save":
        kconf.write_min_config(target)
    else:
        generate(kconf, target)
    return 0


sys.exit(main())

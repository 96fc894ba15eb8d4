#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Turns a Kconfig configuration into build/config.h and build/config.mk, and refuses one that cannot be built.

Usage: config.py load DEFCONFIG CONFIG | save CONFIG DEFCONFIG | generate CONFIG OUTPUT_DIR
Exit code 1 and one line per problem, with the menu path and the remedy.
"""
import os
import re
import sys

import kconfiglib


def menu_path(symbol):
    names, node = [], symbol.nodes[0]
    while node and node.prompt:
        names.append(node.prompt[0])
        node = node.parent
    return " > ".join(reversed(names[:-1] or names))


def number(kconf, name):
    return int(kconf.syms[name].str_value or 0)


def problems(kconf):
    """Yields what Kconfig's own ranges cannot say, and user values it has quietly dropped."""
    for symbol in kconf.unique_defined_syms:
        given = symbol.user_value
        if given is not None and symbol.visibility and symbol.type == kconfiglib.INT and given != symbol.str_value:
            low = "a nested-capable partition needs at least 4096 MiB, or say y to 'Allow less than 4096 MiB'" \
                if symbol.name == "PARTITION_RAM_MIB" else f"use a value in range (nearest default: {symbol.str_value})"
            yield f"{menu_path(symbol)}: {given} is out of range: {low}"
    syms = kconf.syms
    ram, machine = number(kconf, "PARTITION_RAM_MIB"), number(kconf, "MACHINE_RAM_MIB")
    if ram % 2:
        yield f"{menu_path(syms['PARTITION_RAM_MIB'])}: {ram} is odd: RAM is carved in pieces of 2 MiB"
    below_hole, above = min(machine, 3072) - 48, max(0, machine - 4096)  # the emulators' hole is 3 to 4 GiB
    if ram > max(below_hole, above):
        yield (f"{menu_path(syms['PARTITION_RAM_MIB'])}: {ram} MiB cannot be carved from a machine with {machine} MiB "
               f"(largest piece {max(below_hole, above)} MiB): raise {menu_path(syms['MACHINE_RAM_MIB'])} to {ram + 4096}")
    if number(kconf, "PARTITION_CPUS") > number(kconf, "MACHINE_CPUS"):
        yield (f"{menu_path(syms['MACHINE_CPUS'])}: the partition has {number(kconf, 'PARTITION_CPUS')} CPUs, the machine fewer: "
               "each virtual CPU needs a physical one")
    if not re.fullmatch(r"[A-Za-z0-9.-]{0,24}", syms["BUILD_LABEL"].str_value):
        yield f"{menu_path(syms['BUILD_LABEL'])}: at most 24 letters, digits, dots and dashes"
    if not syms["PARTITION_NAME"].str_value:
        yield f"{menu_path(syms['PARTITION_NAME'])}: is empty: give the partition a name"


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
    if len(sys.argv) != 4 or sys.argv[1] not in ("load", "save", "generate"):
        print(__doc__, file=sys.stderr)
        return 2
    verb, source, target = sys.argv[1:]
    kconf = kconfiglib.Kconfig("Kconfig", warn_to_stderr=False)
    kconf.warn_assign_undef = True
    kconf.load_config(source)
    unknown = [f"{source}: {w}" for w in kconf.warnings if "undefined symbol" in w]
    found = list(problems(kconf))
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

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/errors.md out of the tables of messages (.def): name, what is wrong, what to do.

Usage: errors.py [TOP]    prints the page
"""
import pathlib
import re
import sys

# file, title, macros whose rows are messages, which of a row's strings are what is wrong and the remedy (None: one sentence, split at its ';')
TABLES = (
    ("layout/layout.def", "A layout is refused", ("LAYOUT_BOX_RULE", "LAYOUT_RULE"), (0, 1, 2)),
    ("layout/nested_status.def", "nestbox nested status", ("NESTED_CHECK",), (1, 2)),
    ("image/error.def", "An image is refused", ("IMAGE_ERROR",), None),
    ("image/manifest.def", "An image's manifest", ("MANIFEST_CHECK",), None),
    ("image/verify.def", "An image is not for this box", ("VERIFY_CHECK",), None),
    ("image/payload.def", "An image's payload", ("PAYLOAD_CHECK", "PART_CHECK", "PARTS_CHECK"), None),
    ("image/keyring_file.def", "A keyring", ("KEYRING_CHECK",), None),
    ("update/error.def", "An update is refused", ("UPDATE_ERROR",), None),
)


def rows(text, macros):
    """(name, strings) of each row of the macros; adjacent literals are one."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    starts = [m for m in re.finditer(r"^([A-Z_]+)\((\w+),", text, re.M)]
    for i, start in enumerate(starts):
        if start.group(1) not in macros:
            continue
        body = text[start.end():starts[i + 1].start() if i + 1 < len(starts) else len(text)]
        found = re.findall(r'((?:"(?:[^"\\]|\\.)*"\s*)+)', body)
        yield start.group(2), ["".join(re.findall(r'"((?:[^"\\]|\\.)*)"', s)).replace('\\"', '"') for s in found]


def sentence(strings, which):
    if which is None:
        wrong, _, remedy = strings[-1].rpartition("; ")
        return (wrong, remedy) if wrong else (strings[-1], "the reason is printed with it")
    picked = [strings[i] for i in which]
    return ": ".join(picked[:-1]), picked[-1]


def page(top):
    lines = ["# Messages", "", "Every row of the tables of messages, with what is wrong and what to do. Made by `make docs/errors.md` from the tables; the"
             " sentences are what the box and the tool print.", ""]
    for file, title, macros, which in TABLES:
        lines += [f"## {title}", "", f"`partitions/monitor/{file}`", "", "| name | what is wrong | what to do |", "|---|---|---|"]
        for name, strings in rows((top / "partitions/monitor" / file).read_text(encoding="utf-8"), macros):
            wrong, remedy = (part.replace("|", "\\|").replace("<", "&lt;") for part in sentence(strings, which))
            lines.append(f"| {name} | {wrong} | {remedy} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(page(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))

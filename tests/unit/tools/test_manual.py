#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is made from tables: the manual page has every command, docs/errors.md every message, bash's completion every word.

Usage: test_manual.py TOOL TOP [unittest options]
"""
import pathlib
import re
import subprocess
import sys
import unittest

TOOL, TOP = (pathlib.Path(p).resolve() for p in sys.argv[1:3])
sys.path.insert(0, str(TOP / "tools"))
import errors  # noqa: E402  pylint: disable=wrong-import-position,import-error


def output(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout


def commands():
    return re.findall(r"^  (\w[\w-]*(?: \w[\w-]*)?)  ", output(TOOL, "--help"), re.M)


class Pages(unittest.TestCase):
    def test_manual_has_every_command(self):
        page = output(TOOL, "manual").replace("\\-", "-")
        for command in commands():
            self.assertIn(f".SS nestbox {command} ", page)

    def test_messages_are_of_today(self):
        self.assertEqual((TOP / "docs/errors.md").read_text(encoding="utf-8"), errors.page(TOP), "make docs/errors.md")

    def test_every_message_is_there_with_a_remedy(self):
        page = errors.page(TOP)
        for file, _, macros, _ in errors.TABLES:
            text = (TOP / "partitions/monitor" / file).read_text(encoding="utf-8")
            names = re.findall(rf"^(?:{'|'.join(macros)})\((\w+)", text, re.M)
            self.assertTrue(names, file)
            for name in names:
                row = re.search(rf"^\| {name} \| .{{5,}} \| .{{5,}} \|$", page, re.M)
                self.assertTrue(row, f"{file}: {name} has no remedy")


class Completion(unittest.TestCase):
    def complete(self, *words):
        script = f"source <({TOOL} completion bash); COMP_WORDS=({' '.join(repr(w) for w in words)}); COMP_CWORD={len(words) - 1}; " \
            "_nestbox; printf '%s\\n' \"${COMPREPLY[@]}\""
        return set(output("bash", "-c", script).split())

    def test_first_words(self):
        self.assertTrue({c.split()[0] for c in commands()} <= self.complete("nestbox", ""))
        self.assertEqual(self.complete("nestbox", "lay"), {"layout"})

    def test_second_words(self):
        self.assertEqual(self.complete("nestbox", "nested", ""), {"enable", "disable", "status"})
        self.assertEqual(self.complete("nestbox", "nested", "e"), {"enable"})

    def test_options(self):
        self.assertEqual(self.complete("nestbox", "nested", "enable", "--d"), {"--dry-run"})
        self.assertIn("--key", self.complete("nestbox", "image", "create", "--"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

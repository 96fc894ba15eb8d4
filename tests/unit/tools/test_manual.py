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
        kept = set((TOP / "docs/errors.md").read_text(encoding="utf-8").splitlines())
        missing = [line for line in errors.page(TOP).splitlines() if line not in kept]
        self.assertEqual(missing, [], "not in docs/errors.md; run: make docs/errors.md")

    def test_every_row_of_a_table_is_there_with_a_remedy(self):
        for table in errors.TABLES:
            found = list(errors.of_table(TOP, table))
            text = (TOP / "partitions/monitor" / table[0]).read_text(encoding="utf-8")
            names = re.findall(rf"^(?:{'|'.join(table[2])})\((?:\d+, )?(\w+)", text, re.M)
            self.assertTrue(names, table[0])
            self.assertEqual([name for name, _, _ in found], names)
            for name, wrong, remedy in found:
                self.assertTrue(len(wrong) >= 5 and len(remedy) >= 5, f"{table[0]}: {name} has no remedy")

    def test_every_message_of_a_call_has_a_remedy(self):
        for call in errors.CALLS:
            found = list(errors.of_calls(TOP, call))
            self.assertTrue(found, call[0])
            for path, wrong, remedy in found:
                self.assertTrue(len(remedy) >= 5, f"{path}: '{wrong}' has no remedy: say it behind '; ', or give tools/errors.py a rule")

    def test_every_call_of_the_tool_is_seen(self):
        calls = sum(len(re.findall(r"\breport_(?:error|system_error|warning)\(", path.read_text(encoding="utf-8")))
                    for path in (TOP / "tools/nestbox").glob("*.c") if path.name != "report.c")
        call = next(call for call in errors.CALLS if call[0] == "nestbox")
        seen = sum(1 for _ in errors.found_in_calls(TOP, call[1], call[2]))
        self.assertEqual(calls, seen, "a message must stand in its call as a literal")

    def test_every_message_of_a_script_is_seen(self):
        setup, scripts = (next(call for call in errors.CALLS if call[0] == title) for title in ("Setting up", "The build and its tools"))
        text = (TOP / "tools/setup").read_text(encoding="utf-8")
        self.assertEqual(len(re.findall(r"\bdie (?!\(\))", text)), sum(1 for _ in errors.found_in_calls(TOP, setup[1], setup[2])), "die WHAT REMEDY: two literals")
        for path in filter(pathlib.Path.is_file, (TOP / "tools").iterdir()):
            calls = len(re.findall(r"(?<!def )\b(?:refuse|complain|parser\.error)\((?!text\))|\bsys\.exit\((?!main\(\)|__doc__|USAGE)", path.read_text(encoding="utf-8")))
            seen = sum("yield" not in line for line in self.lines_of(path, scripts))
            self.assertEqual(calls, seen, f"{path.name}: a message must stand in its call as a literal")

    @staticmethod
    def lines_of(path, call):
        """What the catalogue takes from one script, from the call's name on."""
        return [match.group(0) for match in re.finditer(call[2] + errors.LITERALS, errors.source(path))]


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


class Guest(unittest.TestCase):
    """nestboxctl cannot be asked here: its usage is in its source."""
    FOLDER = TOP / "partitions/nestboxctl"

    def usage(self):
        lines = re.findall(r'^\t"  (\w.*?)(?:  |\\n)', (self.FOLDER / "nestboxctl.c").read_text(encoding="utf-8"), re.M)
        commands = [command for line in lines for command in line.split(" | ")]
        self.assertIn("nested [--json]", commands)
        return commands

    def test_manual_has_every_command(self):
        page = re.sub(r"\\f[BR]", "", (self.FOLDER / "nestboxctl.1").read_text(encoding="utf-8")).replace("\\-", "-")
        self.assertEqual(sorted(re.findall(r"^\.TP\n\.B (.*)$", page, re.M)), sorted(self.usage()))

    def complete(self, *words):
        script = f"source {self.FOLDER}/nestboxctl.bash; COMP_WORDS=(nestboxctl {' '.join(repr(w) for w in words)}); COMP_CWORD={len(words)}; " \
            "_nestboxctl; printf '%s\\n' \"${COMPREPLY[@]}\""
        return set(output("bash", "-c", script).split())

    def test_completion_has_every_word(self):
        self.assertEqual(self.complete(""), {command.split()[0] for command in self.usage()})
        self.assertEqual(self.complete("n"), {"nested"})
        self.assertEqual(self.complete("nested", ""), {"--json"})
        self.assertEqual(self.complete("update", ""), {"install", "status", "log"})
        self.assertIn(str(self.FOLDER / "nestboxctl.1"), self.complete("update", "install", str(self.FOLDER / "nestboxctl")))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

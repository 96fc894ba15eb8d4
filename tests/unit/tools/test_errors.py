#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every message of images, keyrings, slots and updates can happen: a test names it, and so does the code unless its table is run by an interpreter.

usage: test_errors.py NESTBOX SOURCE_ROOT [unittest options]
"""
import pathlib
import re
import sys
import unittest

ROOT = None
FOLDERS = ("image", "update")
# rows that code must name to return them; the others are functions a loop calls
NAMED = {"IMAGE_ERROR": "IMAGE_ERROR_", "UPDATE_ERROR": "UPDATE_ERROR_", "WARNING": "WARNING_", "SLOT_FAIL": "SLOT_FAIL_"}
CHECKS = {"MANIFEST_CHECK": "MANIFEST_", "VERIFY_CHECK": "", "PAYLOAD_CHECK": "PAYLOAD_", "PART_CHECK": "PART_", "PARTS_CHECK": "PARTS_",
          "KEYRING_CHECK": "KEYRING_", "GPT_CHECK": "GPT_", "GPT_PARTITION_CHECK": "GPT_", "RECORD_CHECK": "", "ROLE_CHECK": ""}
# the record keeps an image whose tries are used up as one that was installed and has none left; the number is not given to another reason
RESERVED = {"SLOT_FAIL TRIES"}


def text_of(files):
    return "\n".join(f.read_text(encoding="utf-8") for f in files)


class Errors(unittest.TestCase):
    def setUp(self):
        monitor = ROOT / "partitions/monitor"
        self.code = text_of(sorted(f for d in FOLDERS for f in (monitor / d).glob("*.[ch]")) + sorted(monitor.glob("*.c")) +
                            sorted((ROOT / "tools/nestbox").glob("*.c")))
        self.tests = text_of(sorted((ROOT / "tests").rglob("*.c")) + sorted(f for f in (ROOT / "tests").rglob("*.py") if f.name != "test_errors.py"))
        self.rows = []
        for folder in FOLDERS:
            for table in sorted((monitor / folder).glob("*.def")):
                for macro, name in re.findall(r"^([A-Z_]+)\((?:\d+, )?(\w+),", table.read_text(encoding="utf-8"), re.M):
                    self.rows.append((macro, name))

    def test_every_message_is_tested(self):
        self.assertGreater(len(self.rows), 120)
        missing = [f"{macro} {name}" for macro, name in self.rows
                   if macro in NAMED and not re.search(rf"\b(?:[A-Z]+_)*{name}\b", self.tests)
                   or macro in CHECKS and not re.search(rf"\b(?:[A-Za-z]+_)*{name}\b", self.tests, re.I)]
        self.assertEqual(set(missing) - RESERVED, set())

    def test_every_message_has_a_place_in_the_code(self):
        missing = [f"{macro} {name}" for macro, name in self.rows if macro in NAMED and not re.search(rf"\b{NAMED[macro]}{name}\b", self.code)]
        self.assertEqual(set(missing) - RESERVED, set())


if __name__ == "__main__":
    ROOT = pathlib.Path(sys.argv[2]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])

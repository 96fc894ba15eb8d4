#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What make lint finds in a source, and what it leaves to its author.

Usage: test_lint.py TOOL TOP [unittest options]
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOP = pathlib.Path(sys.argv[2]).resolve()
sys.path.insert(0, str(TOP / "tools"))
import lint  # noqa: E402  pylint: disable=wrong-import-position,import-error

GOOD = """struct pair { int a, b; };

static int sum(const struct pair *pair)
{
\tif (pair->a ==
\t    1)
\t\treturn pair->b;        /* aligned by hand */
\treturn (pair->a & ~1) + pair->b;
}
"""


class Format(unittest.TestCase):
    def found(self, text):
        with tempfile.TemporaryDirectory(dir=TOP / "build") as folder:
            path = os.path.join(folder, "x.c")
            pathlib.Path(path).write_text(text, encoding="utf-8")
            return [line.split(": ", 1)[1] for line in lint.check_format(path)]

    def test_line_breaks_and_columns_are_the_authors(self):
        self.assertEqual(self.found(GOOD), [])

    def test_spaces_between_tokens_are_not(self):
        for good, bad in (("if (", "if("), ("pair->a ==", "pair->a=="), ("a, b", "a,b"),
                          ("return (pair", "return(pair"), ("{ int", "{int")):
            self.assertIn(good, GOOD)
            self.assertEqual(len(self.found(GOOD.replace(good, bad))), 1, bad)

    def test_white_space(self):
        self.assertEqual(self.found(GOOD.replace("pair)\n", "pair) \n")), ["white space at the end"])
        self.assertEqual(self.found(GOOD.rstrip()), ["no newline at the end"])
        self.assertEqual(self.found(GOOD.replace("\treturn (", "        return (")), ["indented with spaces"])
        self.assertEqual(self.found("/* " + "x" * 160 + " */\n" + GOOD), ["more than 160 columns"])


class Headers(unittest.TestCase):
    def test_a_header_alone(self):
        arguments = type("Arguments", (), {"config": str(TOP / "build/tests/config.h"), "mbedtls": "."})
        compiler = lint.Compiler(arguments)
        os.chdir(TOP)
        with tempfile.NamedTemporaryFile("w", suffix=".h", dir=TOP / "build") as header:
            header.write("uint32_t nobody_has_said_what_that_is(void);\n")
            header.flush()
            self.assertTrue(compiler.header(header.name))
        self.assertEqual(compiler.header("kernel/log.h"), [])


if __name__ == "__main__":
    if not subprocess.run(["sh", "-c", "command -v clang-format"], capture_output=True, check=False).stdout:
        sys.exit("clang-format is missing: tools/setup installs it")
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

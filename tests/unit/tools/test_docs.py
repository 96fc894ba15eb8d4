#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The documentation holds together: links lead somewhere, every chapter is in the book, the figures of the README are the ones that are kept.

Usage: test_docs.py TOOL TOP [unittest options]
"""
import pathlib
import re
import sys
import unittest

TOP = pathlib.Path(sys.argv[2]).resolve()
PAGES = sorted([TOP / "README.md", *TOP.glob("docs/*.md"), *TOP.glob("partitions/*/README.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
FIGURE = re.compile(r"^\|[^|]*\| ([\d,]+) \|[^|]*\| `make bench`: (\w+) \|$", re.MULTILINE)


def anchors(page):
    """What a heading is linked by."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


class Docs(unittest.TestCase):
    def test_links_lead_somewhere(self):
        broken = []
        for page in PAGES:
            for link in LINK.findall(page.read_text(encoding="utf-8")):
                path, _, anchor = link.partition("#")
                target = (page.parent / path).resolve() if path else page
                if "://" not in link and (not target.exists() or (anchor and anchor not in anchors(target))):
                    broken.append(f"{page.relative_to(TOP)}: {link}")
        self.assertEqual(broken, [])

    def test_every_chapter_is_in_the_book(self):
        linked = set(LINK.findall((TOP / "docs/README.md").read_text(encoding="utf-8")))
        self.assertEqual({page.name for page in TOP.glob("docs/*.md")} - linked, {"README.md"})

    def test_every_picture_is_shown(self):
        text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
        self.assertEqual([path.name for path in TOP.glob("docs/*.svg") if path.name not in text], [])

    def test_figures_are_the_ones_kept(self):
        kept = dict(line.split() for line in (TOP / "tests/bench/figures.txt").read_text(encoding="ascii").splitlines() if not line.startswith("#"))
        told = FIGURE.findall((TOP / "README.md").read_text(encoding="utf-8"))
        self.assertGreaterEqual(len(told), 8)
        self.assertEqual([(name, value) for value, name in told if kept.get(name) != value.replace(",", "")], [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

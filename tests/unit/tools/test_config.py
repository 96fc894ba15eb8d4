# SPDX-License-Identifier: Apache-2.0
"""config: what Kconfig drops is said, the rest is the layout checker's to say; menu paths that messages name are in the menu."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import kconfiglib

TOOL, SOURCE = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
LAYOUT = SOURCE / "partitions/monitor/layout"


def prompts():
    """Every item of the menu as a person walks there: its path, and its node."""
    os.chdir(SOURCE)
    kconf = kconfiglib.Kconfig("Kconfig", warn=False)
    found = {}
    for node in kconf.node_iter():
        if not node.prompt or node is kconf.top_node:
            continue
        names, up = [node.prompt[0]], node.parent
        while up is not kconf.top_node and node is not kconf.top_node:
            if up.item is kconfiglib.MENU:
                names.insert(0, up.prompt[0])
            up = up.parent
        found[" > ".join(names)] = node
    return found


class Config(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def run_config(self, verb, text, checker=TOOL):
        (self.path / "source").write_text(text)
        return subprocess.run(["/usr/bin/python3", SOURCE / "tools/config.py", *(["--checker", checker] if checker else []), verb, self.path / "source",
                               self.path / "target"], capture_output=True, text=True, check=False, cwd=SOURCE)

    def refused(self, words, text, **options):
        done = self.run_config("load", text, **options)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, f"(?m)^configuration refused: {words}")
        self.assertFalse((self.path / "target").exists())

    def test_a_release_has_no_debugger(self):
        for release, lines in (("n", {"CONFIG_GDB=y", "CONFIG_DEBUG_EXIT=y"}), ("y", set())):
            done = self.run_config("load", f"CONFIG_GDB=y\nCONFIG_DEBUG_EXIT=y\nCONFIG_RELEASE={release}\n")
            text = (self.path / "target").read_text() if not done.returncode else ""
            self.assertEqual({line for line in text.splitlines() if line in ("CONFIG_GDB=y", "CONFIG_DEBUG_EXIT=y")}, lines, done.stderr)
            (self.path / "target").unlink(missing_ok=True)

    def test_every_defconfig_loads_and_generates(self):
        for defconfig in sorted(SOURCE.glob("configs/*_defconfig")):
            done = self.run_config("load", defconfig.read_text())
            self.assertEqual((done.returncode, done.stderr), (0, ""), defconfig)
            whole = self.path / "target"
            text = whole.read_text()
            whole.unlink()
            self.assertEqual(self.run_config("generate", text).returncode, 0, defconfig)
            self.assertIn("#define CONFIG_PARTITION_CPUS", (whole / "config.h").read_text())
            shutil.rmtree(whole)

    def test_what_kconfig_drops(self):
        self.refused(r"Partition > RAM \(MiB\): 512 is not from 4096 to 1048576; take a value that is, or change what asks for it \('The guest may be a hyp.*' is y",
                     "CONFIG_PARTITION_RAM_MIB=512\n")
        self.refused(r"Partition > CPUs: 9 is not from 1 to 8; take a value that is$", "CONFIG_PARTITION_CPUS=9\n")
        self.refused(".*NO_SUCH_THING", "CONFIG_NO_SUCH_THING=y\n")

    def test_the_checker_speaks(self):
        self.refused(r"Partition > RAM \(MiB\): debian-kvm: the machine has no piece of RAM this large.*; lower it", "CONFIG_PARTITION_RAM_MIB=5000\n")
        self.refused(r"Partition > RAM \(MiB\): debian-kvm: is odd", "CONFIG_PARTITION_RAM_MIB=4097\nCONFIG_MACHINE_RAM_MIB=9000\n")
        self.refused(r"Partition > CPUs: debian-kvm: the machine does not have", "CONFIG_MACHINE_CPUS=1\n")
        self.refused(r"Partition > Name: : cannot be a partition's name", 'CONFIG_PARTITION_NAME=""\n')
        self.refused(r"Second partition > Pinned to CPUs: hello-newlib: is no list",
                     'CONFIG_PARTITIONS=2\nCONFIG_MACHINE_CPUS=3\nCONFIG_PARTITION2_CPU_LIST="x"\n')
        self.refused(r"Security > Label of this build: ", 'CONFIG_BUILD_LABEL="my box"\n')
        self.refused("/bin/false does not say why", "", checker="/bin/false")
        self.assertEqual(self.run_config("load", "CONFIG_MACHINE_CPUS=1\n", checker=None).returncode, 0)
        self.assertEqual(self.run_config("generate", "CONFIG_MACHINE_CPUS=1\n").returncode, 1)

    def test_wrong_combinations_cannot_be_picked(self):
        text = 'CONFIG_MACHINE_OWN=y\nCONFIG_MACHINE_OWN_DISK=n\nCONFIG_DISK_ATA=y\nCONFIG_PARTITION_PCI_NETWORK=y\n'
        self.assertEqual(self.run_config("load", text).returncode, 0)
        loaded = (self.path / "target").read_text()
        self.assertIn("CONFIG_DISK_NONE=y", loaded)
        self.assertNotIn("CONFIG_PARTITION_PCI_NETWORK=y", loaded)

    def test_menu_paths_of_messages_are_in_the_menu(self):
        menu = prompts()
        heads = {path.split(" > ")[0] for path in menu}
        for name in "layout.def", "nested_status.def":
            text = (LAYOUT / name).read_text()
            rows = re.findall(r'"((?:[^"\\]|\\.)*)"', re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))
            named = [line for line in rows for head in heads if line.startswith(f"{head} > ") and name == "layout.def"]
            for line in named:
                self.assertIn(line, menu, name)
            for line in rows:
                for head in heads:
                    for found in re.finditer(rf"(?<![a-z] ){head} > ", line):
                        rest = line[found.start():]
                        self.assertTrue(any(rest.startswith(path) for path in menu), (name, rest))

    def test_numbers_have_ranges_and_items_have_help(self):
        for path, node in prompts().items():
            item = node.item
            if isinstance(item, kconfiglib.Symbol) and item.type == kconfiglib.INT:
                self.assertTrue(item.ranges, f"{path} has no range")
            in_choice = isinstance(item, kconfiglib.Symbol) and item.choice
            if isinstance(item, (kconfiglib.Symbol, kconfiglib.Choice)) and not in_choice:
                self.assertTrue(node.help and len(node.help) > 20 or path.startswith(("Second", "Third", "Fourth")), f"{path} has no help")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

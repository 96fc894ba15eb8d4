#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""nestbox layout and nestbox nested from outside: configurations that are sound, and ones that are broken.

Usage: test_layout.py TOOL TOP [unittest options]
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

TOOL, TOP = (pathlib.Path(p).resolve() for p in sys.argv[1:3])
SOUND = {"PARTITION_NAME": '"debian-kvm"', "PARTITION_RAM_MIB": "4096", "PARTITION_CPUS": "2", "PARTITION_NESTED": "y",
         "NESTED_VIRTUAL_INTERRUPTS": "y", "NESTED_EPT02_PAGES": "512", "MACHINE_BOCHS": "y", "MACHINE_RAM_MIB": "8192",
         "MACHINE_CPUS": "2", "MACHINE_MODEL": '"corei7_skylake_x"'}


SECOND = {"PARTITIONS": "2", "PARTITION2_NAME": '"control"', "PARTITION2_RAM_MIB": "64", "PARTITION2_CPUS": "1", "MACHINE_CPUS": "3"}
PORT = {"PARTITION_PCI_NETWORK": "y", "PARTITION_MAC": '"02:4e:42:00:00:01"'}


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name) / "config"

    def tearDown(self):
        self.folder.cleanup()

    def config(self, **changes):
        """A sound configuration with changes; None takes a line out."""
        lines = {**SOUND, **changes}
        self.path.write_text("".join(f"CONFIG_{k}={v}\n" for k, v in lines.items() if v is not None))
        return self.path

    def run_tool(self, *words):
        return subprocess.run([TOOL, *words], capture_output=True, text=True, check=False, timeout=60)


class Layout(Case):
    def test_drawings(self):
        done = self.run_tool("layout", self.config())
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("debian-kvm", done.stdout)
        tree = json.loads(self.run_tool("layout", "--json", self.path).stdout)
        self.assertEqual(tree["partitions"][0]["base_mib"], 4096)
        ends = [piece["end_mib"] for piece in tree["ram"]]
        self.assertEqual([0] + ends, [piece["start_mib"] for piece in tree["ram"]] + [8192])
        plain = self.run_tool("layout", "--svg", self.path).stdout
        self.assertTrue(xml.etree.ElementTree.fromstring(plain).tag.endswith("svg"))
        svg = self.run_tool("layout", "--svg", self.config(**SECOND, DISK_ATA="y", SLOT_MIB="64", **PORT)).stdout
        texts = [e.text for e in xml.etree.ElementTree.fromstring(svg) if e.text and e.text.strip()]
        self.assertIn("CPU 2: control, its CPU 0", texts)
        self.assertTrue(any(t.startswith("Disk of debian-kvm: slot record") for t in texts), texts)
        self.assertIn("Network of control: none", texts)
        self.assertGreater(svg.count("<rect"), plain.count("<rect") + 3)

    def test_several_partitions(self):
        tree = json.loads(self.run_tool("layout", "--json", self.config(**SECOND)).stdout)
        self.assertEqual([p["name"] for p in tree["partitions"]], ["debian-kvm", "control"])
        self.assertEqual([p["cpus"] for p in tree["partitions"]], [[0, 1], [2]])
        self.refused("Second partition > Name: debian-kvm", **{**SECOND, "PARTITION2_NAME": '"debian-kvm"'})
        self.refused("Second partition > CPUs: control", **{**SECOND, "MACHINE_CPUS": "2"})
        self.refused("Second partition > RAM (MiB): control", **{**SECOND, "PARTITION2_RAM_MIB": "4096"})
        self.refused("Second partition > RAM (MiB): control", **{**SECOND, "PARTITION2_RAM_MIB": "63"})
        for missing in "PARTITION2_RAM_MIB", "PARTITION2_CPUS":
            done = self.run_tool("layout", self.config(**{**SECOND, missing: None}))
            self.assertEqual(done.returncode, 1)
            self.assertIn("partition 2 is not described; load it first", done.stderr)
        self.assertIn("partition 5 is not described", self.run_tool("layout", self.config(**{**SECOND, "PARTITIONS": "1000000000",
              **{f"PARTITION{n}_{k}": v for n in (3, 4) for k, v in (("NAME", f'"p{n}"'), ("RAM_MIB", "64"), ("CPUS", "1"))}})).stderr)

    def test_pinning(self):
        def cpus(**changes):
            tree = json.loads(self.run_tool("layout", "--json", self.config(**{**SECOND, "MACHINE_CPUS": "8", **changes})).stdout)
            return [p["cpus"] for p in tree["partitions"]]
        self.assertEqual(cpus(PARTITION_CPU_LIST='"3,1"'), [[3, 1], [0]])
        self.assertEqual(cpus(PARTITION_CPU_LIST='"4-5"', PARTITION2_CPU_LIST='"7"'), [[4, 5], [7]])
        self.assertEqual(cpus(PARTITION_CPU_LIST='""', PARTITION2_CPU_LIST='"0"'), [[1, 2], [0]])
        pins = self.run_tool("layout", "--pins", self.path).stdout
        self.assertIn("#define CONFIG_CPU_PINS 1, 2, 0\n#define CONFIG_CPUS 3\n#define CONFIG_BOOT_CPU 2", pins)
        for text in "1", "1,1", "0,1,2", "1,", "a", "1,64", "1-0", "0,1," * 40:
            self.refused("Partition > Pinned to CPUs", PARTITION_CPU_LIST=f'"{text}"')
        self.refused("Partition > CPUs", PARTITION_CPU_LIST='"1,2"')
        self.refused("Second partition > Pinned to CPUs: control: shares", **{**SECOND, "PARTITION2_CPU_LIST": '"1"', "PARTITION_CPU_LIST": '"0,1"'})
        self.refused("Partition > CPUs", PARTITION_CPUS="8", MACHINE_CPUS="16", PARTITION_CPU_LIST='"8-15"')

    def refused(self, menu, *words, **changes):
        done = self.run_tool("layout", *words, self.config(**changes))
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(f"layout refused: {menu}", done.stderr)
        self.assertIn(";", done.stderr)

    def test_refusals_name_the_menu(self):
        self.refused("Partition > RAM (MiB)", PARTITION_RAM_MIB="4094")
        self.refused("Partition > RAM (MiB)", PARTITION_RAM_MIB="4097")
        self.refused("Partition > RAM (MiB)", PARTITION_RAM_MIB="8192")
        self.refused("Partition > RAM (MiB)", PARTITION_RAM_MIB="4294967294")
        self.refused("Partition > CPUs", PARTITION_CPUS="3")
        self.refused("Partition > CPUs", PARTITION_CPUS="0")
        self.refused("Partition > Name", PARTITION_NAME='""')
        self.refused("Partition > Name", PARTITION_NAME='"<b>"')
        self.refused("Partition > Name", PARTITION_NAME='"' + "a" * 100 + '"')
        self.refused("Machine to try it on > RAM", MACHINE_RAM_MIB="48")
        self.refused("Machine to try it on > CPUs", MACHINE_CPUS="0")
        for mac in ("", "02:4e:42:00:00", "02-4e-42-00-00-01", "00:00:00:00:00:00", "03:4e:42:00:00:01", "ff:ff:ff:ff:ff:ff", "02:4e:42:00:00:0g"):
            self.refused("Partition > Devices on its PCI bus > MAC address", **{**PORT, "PARTITION_MAC": f'"{mac}"'})
        self.refused("Security > Label of this build", BUILD_LABEL='"my box"')
        self.refused("Security > Label of this build", BUILD_LABEL='"' + "a" * 25 + '"')
        self.refused("Security > Label of this build", BUILD_LABEL='"' + "a" * 300 + '"')

    def test_disk(self):
        image = self.path.with_name("image")
        image.write_bytes(bytes((1 << 20) + 1))
        disk = {"DISK_ATA": "y", "SLOT_MIB": "64", "DATA_MIB": "32"}
        partition = json.loads(self.run_tool("layout", "--json", self.config(**disk)).stdout)["partitions"][0]
        self.assertEqual((partition["slot_mib"], partition["data_mib"]), (64, 32))
        self.assertIn("slots A and B 64 MiB each, data 32 MiB", self.run_tool("layout", self.path).stdout)
        self.assertEqual(self.run_tool("layout", "--check", "--image", image, self.path).stdout, "")
        self.assertEqual(self.run_tool("layout", self.config(**disk, DISK_MIB="176")).returncode, 0)
        self.refused("Disk and updates > Size of each slot", **disk, DISK_MIB="175")
        self.refused("Disk and updates > Size of each slot", "--image", image, **{**disk, "SLOT_MIB": "1"})
        self.refused("Disk and updates > Size of each slot", "--slot-size", "64", "--data-size", "64", "--disk-size", "128", **disk)
        self.refused("Disk and updates > Size of each slot", "--slot-size", "1", "--image", image)

    def test_a_box_without_devices(self):
        own = {"MACHINE_OWN": "y", "MACHINE_OWN_DISK": "y", "MACHINE_OWN_CARD": "y", "DISK_PCI": "y", **PORT}
        self.assertEqual(self.run_tool("layout", self.config(**own)).returncode, 0)
        self.refused("Disk and updates > Where the partition's image comes from", **{**own, "MACHINE_OWN_DISK": None})
        self.refused("Partition > Devices on its PCI bus > Network", **{**own, "MACHINE_OWN_CARD": None})

    def test_what_is_no_configuration(self):
        self.path.write_bytes(b"\0" * 5000)
        self.assertIn("is no configuration", self.run_tool("layout", self.path).stderr)
        done = self.run_tool("layout", self.config(PARTITION_RAM_MIB=None))
        self.assertIn("CONFIG_PARTITION_RAM_MIB is missing", done.stderr)

    def test_from_a_kernel(self):
        text = self.config().read_text()
        self.path.write_text(f"\x7fELF\n\nnestbox-configuration-v1-start\n{text}\nnestbox-configuration-v1-end\n")
        self.assertEqual(self.run_tool("layout", self.path).returncode, 0)

    def test_network(self):
        self.assertIn("debian-kvm: none", self.run_tool("layout", self.config()).stdout)
        self.assertIn("02:4e:42:00:00:01, sends from its own address only", self.run_tool("layout", self.config(**PORT)).stdout)
        self.config(**PORT, PARTITION_MAC_SPOOFING="y")
        partition = json.loads(self.run_tool("layout", "--json", self.path).stdout)["partitions"][0]
        self.assertEqual((partition["mac"], partition["mac_spoofing"]), ("02:4e:42:00:00:01", "yes"))

    def test_diff(self):
        other = self.path.with_name("other")
        other.write_text(self.config(PARTITION_RAM_MIB="4098", PARTITION_CPUS="1").read_text())
        done = self.run_tool("layout", "diff", self.config(), other)
        self.assertEqual(done.returncode, 1)
        self.assertIn("4096 -> 4098", done.stdout)
        self.assertIn("2 -> 1", done.stdout)
        done = self.run_tool("layout", "diff", self.path, self.path)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_diff_of_all_there_is(self):
        other = self.path.with_name("other")

        def diff(before, after):
            other.write_text(self.config(**after).read_text())
            done = self.run_tool("layout", "diff", self.config(**before), other)
            self.assertEqual(done.returncode, 1, (after, done.stderr))
            return re.sub(" +", " ", done.stdout)
        disk = {"DISK_ATA": "y", "SLOT_MIB": "64", "DATA_MIB": "32"}
        wide = {"MACHINE_CPUS": "8"}
        self.assertEqual(diff({}, {"MACHINE_RAM_MIB": "9000"}), "machine RAM (MiB) 8192 -> 9000\n")
        self.assertEqual(diff(wide, {**wide, "PARTITION_CPU_LIST": '"5,4"'}), "pinned to CPUs 0,1 -> 5,4\n")
        self.assertEqual(diff(wide, {**wide, "PARTITION_CPUS": "3"}), "CPUs 2 -> 3\npinned to CPUs 0,1 -> 0,1,2\n")
        self.assertEqual(diff({}, disk), "image boot module -> slots\nslot size (MiB) 0 -> 64\ndata size (MiB) 0 -> 32\n")
        self.assertEqual(diff(disk, {**disk, "DISK_MIB": "900"}), "machine disk (MiB) 0 -> 900\n")
        self.assertEqual(diff({}, PORT), "network none -> 02:4e:42:00:00:01\n")
        self.assertEqual(diff(PORT, {**PORT, "PARTITION_MAC_SPOOFING": "y"}), "network 02:4e:42:00:00:01 -> 02:4e:42:00:00:01 and any other\n")
        self.assertEqual(diff({}, {"PARTITION_NESTED": None}), "nested 1 -> 0\n")
        self.assertEqual(diff({"MACHINE_CPUS": "3"}, SECOND), "control: partition none -> control\n")
        self.assertEqual(diff(SECOND, {**SECOND, "PARTITION2_RAM_MIB": "128"}), "control: RAM (MiB) 64 -> 128\n")


class Nested(Case):
    def test_enable_from_nothing(self):
        config = self.config(PARTITION_NESTED=None, PARTITION_RAM_MIB="512", PARTITION_CPUS="1", MACHINE_CPUS="1", MACHINE_RAM_MIB="1024",
                             NESTED_VIRTUAL_INTERRUPTS=None)
        before = config.read_text()
        done = self.run_tool("nested", "enable", "--dry-run", config)
        self.assertEqual((done.returncode, config.read_text()), (0, before))
        done = self.run_tool("nested", "enable", config)
        self.assertEqual(done.returncode, 0, done.stderr)
        for change in ("NESTED: n -> y", "RAM_MIB: 512 -> 4096", "CPUS: 1 -> 2", "MACHINE_RAM_MIB: 1024 -> 8192"):
            self.assertIn(change, done.stdout)
        self.assertEqual(self.run_tool("nested", "status", config).returncode, 0)
        self.assertIn("nothing to change", self.run_tool("nested", "enable", config).stdout)

    def test_enable_counts_the_others(self):
        """What another partition has is neither taken nor forgotten."""
        broken = {**SECOND, "PARTITION_NESTED": None, "PARTITION_CPUS": "1", "MACHINE_CPUS": "2"}
        config = self.config(**broken)
        told = self.run_tool("nested", "enable", config).stdout
        self.assertIn("PARTITION_CPUS: 1 -> 2", told)
        self.assertIn("MACHINE_CPUS: 2 -> 3", told)
        self.assertEqual(self.run_tool("nested", "status", config).returncode, 0)
        config = self.config(**broken, PARTITION_CPU_LIST='"1"', PARTITION2_CPU_LIST='"0"')
        told = self.run_tool("nested", "enable", config).stdout
        self.assertIn("PARTITION_CPU_LIST: 1 -> 1,2", told)
        self.assertIn("MACHINE_CPUS: 2 -> 3", told)
        self.assertIn('CONFIG_PARTITION_CPU_LIST="1,2"\n', config.read_text())
        self.assertEqual(self.run_tool("nested", "status", config).returncode, 0)
        config = self.config(**{**SECOND, "PARTITION_NESTED": None, "PARTITION2_RAM_MIB": "4096"})
        self.assertIn("MACHINE_RAM_MIB: 8192 -> 12288", self.run_tool("nested", "enable", config).stdout)
        self.assertEqual(self.run_tool("nested", "status", config).returncode, 0)
        config = self.config(PARTITION_NESTED=None, PARTITION_CPUS="1", PARTITION_CPU_LIST='"a"')
        done = self.run_tool("nested", "enable", config)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Partition > Pinned to CPUs", done.stderr)

    def test_enable_of_an_image(self):
        """It says what would have to change; what it was built from can be had, changed."""
        text = self.config(PARTITION_NESTED=None, PARTITION_CPUS="1").read_text()
        image = self.path.with_name("image")
        image.write_bytes(f"\x7fELF\n\nnestbox-configuration-v1-start\n{text}\nnestbox-configuration-v1-end\n".encode() + bytes(100))
        before = image.read_bytes()
        done = self.run_tool("nested", "enable", "--dry-run", image)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("PARTITION_NESTED: n -> y", done.stdout)
        done = self.run_tool("nested", "enable", image)
        self.assertEqual(done.returncode, 1)
        self.assertIn("linked in then or left out; give --out .config, then make", done.stderr)
        out = self.path.with_name("out")
        self.assertEqual(self.run_tool("nested", "enable", "--out", out, image).returncode, 0)
        self.assertEqual(self.run_tool("nested", "status", out).returncode, 0)
        self.assertIn("PARTITION_NESTED: y -> n", self.run_tool("nested", "disable", "--dry-run", out).stdout)
        self.assertEqual(image.read_bytes(), before)
        self.path.write_bytes(bytes(5000))
        self.assertIn("is no configuration, and has none inside", self.run_tool("nested", "enable", self.path).stderr)

    def test_network_of_a_hypervisor(self):
        config = self.config(**PORT)
        self.status(1, "MAC", **PORT)
        self.assertIn("MAC_SPOOFING: n -> y", self.run_tool("nested", "enable", config).stdout)
        self.assertEqual(self.run_tool("nested", "status", config).returncode, 0)
        self.assertIn("MAC_SPOOFING: y -> n", self.run_tool("nested", "disable", config).stdout)
        self.assertNotIn("MAC", self.run_tool("nested", "enable", self.config(PARTITION_NESTED=None)).stdout)

    def test_disable(self):
        config = self.config(PARTITION_NESTED_SMALL="y", PARTITION_RAM_MIB="1024")
        self.assertEqual(self.run_tool("nested", "disable", config).returncode, 0)
        self.assertIn("# CONFIG_PARTITION_NESTED is not set", config.read_text())
        self.assertEqual(self.run_tool("nested", "status", config).returncode, 2)

    def test_enable_refuses(self):
        for changes, reason in (({"PARTITION_RAM_MIB": "65536"}, "lower it to"), ({"PARTITION_CPUS": "70"}, "CPU"),
                                ({"PARTITION_NAME": '"A"'}, "Partition > Name")):
            config = self.config(PARTITION_NESTED=None, **changes)
            before = config.read_text()
            done = self.run_tool("nested", "enable", config)
            self.assertEqual((done.returncode, config.read_text()), (1, before))
            self.assertIn(reason, done.stderr)

    def status(self, code, name, **changes):
        done = self.run_tool("nested", "status", "--json", self.config(**changes))
        tree = json.loads(done.stdout)
        self.assertEqual((done.returncode, tree["status"]), (code, code))
        bad = {c["check"]: c["remedy"] for c in tree["checks"] if c["verdict"] in ("warning", "failure")}
        self.assertTrue(bad.get(name), bad)

    def test_status_of_broken_configurations(self):
        self.status(2, "EXPOSED", PARTITION_NESTED=None)
        self.status(2, "MEMORY", PARTITION_RAM_MIB="2048")
        self.status(2, "LAYOUT", PARTITION_RAM_MIB="4097")
        self.status(2, "CPU_PINNED", MACHINE_CPUS="1")
        self.status(2, "CPU_COUNT", PARTITION_CPUS="0")
        self.status(1, "CPU_COUNT", PARTITION_CPUS="1")
        self.status(1, "MEMORY_SMALL", PARTITION_RAM_MIB="1024", PARTITION_NESTED_SMALL="y")
        self.status(1, "VIRTUAL_INTERRUPTS", NESTED_VIRTUAL_INTERRUPTS=None)
        self.status(1, "SHADOW_PAGES", NESTED_EPT02_PAGES="64")

    def test_a_file_that_is_none(self):
        self.path.write_text("hello")
        self.assertEqual(self.run_tool("nested", "status", self.path).returncode, 3)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The tool at a running box, which is a thread here that answers as the management console does.

Usage: test_box.py TOOL TOP [unittest options]
"""
import json
import os
import pathlib
import pty
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import tty
import unittest

TOOL = pathlib.Path(sys.argv[1]).resolve()
PASSWORD = "correct horse"
BACK = "\n\r\033[K[back to the guest]\n"

NESTED = {0: "ok       the CPU has EPT\nnesting works (0)\n", 1: "warning  no VPID\n         -> take another\nnesting works, with warnings (1)\n",
          2: "failure  VT-x is not shown\n         -> enable it\nnesting does not work (2)\n"}


class Console(threading.Thread):
    """One visitor's console: reads keys, echoes, answers. answers: command to text."""

    def __init__(self, answers, read, write):
        super().__init__(daemon=True)
        self.answers, self.read, self.write = answers, read, write
        self.asked, self.guest = [], ""

    def say(self, text):
        self.write(text.encode())

    def line(self, is_shown):
        text = ""
        while True:
            byte = self.read()
            if byte in ("", "\r", "\x1e"):
                return text if byte == "\r" else None
            text = "" if byte == "\x15" else text + byte
            if is_shown:
                self.say(byte + "\033[K")

    def prompt(self):
        while True:
            self.say("\r\033[Knestbox> \033[K")
            text = self.line(True)
            if text in (None, "logout"):
                return
            self.asked.append(text)
            self.say("\n" + self.answers.get(text, f"there is no command '{text}'\n"))

    def run(self):
        try:
            while byte := self.read():
                if byte != "\x1e":
                    self.guest += byte
                    continue
                self.say("\n[Nestbox console; Ctrl-^ or Ctrl-D: back to the guest]\n\r\033[Kpassword: ")
                while (text := self.line(False)) is not None and text != PASSWORD:
                    self.say("\nwrong password\nconsole: wrong password\n\r\033[Kpassword: ")
                if text is not None:
                    self.say("\nconsole: login\n")
                    self.prompt()
                self.say(BACK)
        except OSError:
            pass


class Box(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "sock")
        self.answers = {}
        self.console = None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(1)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        visitor = self.listener.accept()[0]
        with visitor:
            self.console = Console(self.answers, lambda: visitor.recv(1).decode("latin-1"), visitor.sendall)
            self.console.run()

    def tearDown(self):
        self.listener.close()
        self.folder.cleanup()

    def ask(self, *words, password=PASSWORD):
        return subprocess.run([TOOL, *words, self.path], capture_output=True, text=True, check=False, timeout=60,
                              env={**os.environ, "NESTBOX_PASSWORD": password})


class Status(Box):
    def status(self, code):
        self.answers["nested"] = NESTED[code]
        done = self.ask("nested", "status")
        self.assertEqual((done.returncode, done.stdout), (code, NESTED[code]))
        self.assertEqual(self.console.guest, "")

    def test_works(self):
        self.status(0)

    def test_works_with_warnings(self):
        self.status(1)

    def test_does_not_work(self):
        self.status(2)

    def test_json(self):
        self.answers["nested --json"] = '{"status": 2, "checks": [\n{"check": "EXPOSED", "verdict": "failure"}],\n"cpus": []}\n'
        done = self.ask("nested", "status", "--json")
        self.assertEqual((done.returncode, json.loads(done.stdout)["checks"][0]["check"]), (2, "EXPOSED"))

    def test_an_answer_that_is_none(self):
        done = self.ask("nested", "status")
        self.assertEqual(done.returncode, 3)
        self.assertIn("says nothing of nesting", done.stderr)


class Others(Box):
    def test_layout(self):
        self.answers["layout"] = "RAM, 8192 MiB\n"
        done = self.ask("layout")
        self.assertEqual((done.returncode, done.stdout), (0, "RAM, 8192 MiB\n"))

    def test_log(self):
        self.answers["log 7"] = "a line\nand \033[31manother\033[0m\n"
        done = self.ask("log", "--lines", "7")
        self.assertEqual((done.returncode, done.stdout), (0, "a line\nand another\n"))

    def test_exits(self):
        self.answers["exits raw"] = "exits-raw 50000000 99\n0 1 10 7 145 CPUID\n1 2 48 3 900 EPT violation\nend\n"
        done = self.ask("exits")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^1    L2    EPT violation +3 +900 +2700$")
        self.assertLess(done.stdout.index("EPT violation"), done.stdout.index("CPUID"))

    def test_trace(self):
        ring = {"trace on": "", "trace off": "", "trace read 0 18446744073709551614": "trace-raw 1000000 18446744073709551614 5\nend\n",
                "trace read 0 5": "trace-raw 1000000 5 6\n3e8 a a 1\nend\n", "trace read 0 6": "trace-raw 1000000 6 6\nend\n"}
        self.answers.update(ring)
        path = os.path.join(self.folder.name, "trace.json")
        done = self.ask("exits", "--trace", path, "--seconds", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        events = json.loads(pathlib.Path(path).read_text(encoding="ascii"))["traceEvents"]
        self.assertEqual([e["name"] for e in events if e["ph"] == "X"], ["CPUID"])
        self.assertEqual(self.console.asked[-1], "trace off")

    def test_a_wrong_password(self):
        done = self.ask("log", password="wrong")
        self.assertEqual(done.returncode, 1)
        self.assertIn("the password is wrong", done.stderr)

    def test_password_from_a_file(self):
        self.answers["layout"] = "RAM\n"
        path = pathlib.Path(self.folder.name, "password")
        path.write_text(PASSWORD + "\n", encoding="ascii")
        self.assertEqual(self.ask("layout", "--password-file", str(path), password="wrong").returncode, 0)

    def test_wrong_usage(self):
        self.assertEqual(self.ask("exits", "-f", "--svg", "x").returncode, 2)
        self.assertEqual(self.ask("log", "--lines", "0").returncode, 2)
        self.assertEqual(self.ask("layout", "--svg").returncode, 2)


class Device(unittest.TestCase):
    def test_a_serial_device(self):
        ours, theirs = pty.openpty()
        tty.setraw(theirs)
        console = Console({"layout": "RAM\n"}, lambda: os.read(ours, 1).decode("latin-1"), lambda data: os.write(ours, data))
        console.start()
        done = subprocess.run([TOOL, "layout", os.ttyname(theirs)], capture_output=True, text=True, check=False, timeout=60,
                              env={**os.environ, "NESTBOX_PASSWORD": PASSWORD})
        self.assertEqual((done.returncode, done.stdout), (0, "RAM\n"), done.stderr)

    def test_nothing_there(self):
        done = subprocess.run([TOOL, "log", "/nowhere"], capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 3)
        self.assertIn("name the box's serial device", done.stderr)


class Run(unittest.TestCase):
    """A tree with a kernel that has only its configuration, and a tools/run that says how it was called."""

    def called(self, *lines):
        with tempfile.TemporaryDirectory() as name:
            tree = pathlib.Path(name)
            (tree / "build").mkdir()
            (tree / "tools").mkdir()
            shutil.copy(TOOL, tree / "build/nestbox")
            script = tree / "tools/run"
            script.write_text("#!/bin/sh\nprintf '<%s>' \"$@\"\n", encoding="ascii")
            script.chmod(0o755)
            if lines:
                text = "\n".join(f"CONFIG_{line}" for line in lines)
                (tree / "build/nestbox.elf").write_text(f"\x7fELF\n\nnestbox-configuration-v1-start\n{text}\n\nnestbox-configuration-v1-end\n", encoding="ascii")
            done = subprocess.run([tree / "build/nestbox", "run", "--", "--memory", "1"], capture_output=True, text=True, check=False, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout.replace(name, "TREE")

    def test_the_machine_is_the_configurations(self):
        name = ('PARTITION_NAME="demo"', "MACHINE_RAM_MIB=512", "MACHINE_CPUS=3", 'MACHINE_MODEL="corei7_haswell_4770"')
        words = "<--socket><build/run/serial.sock><--memory><512><--cpus><3><--model><corei7_haswell_4770>"
        self.assertEqual(self.called(*name, "DISK_NONE=y"), f"{words}<--memory><1>")
        self.assertEqual(self.called(*name, "DISK_NONE=y", "PARTITION_PCI_NETWORK=y", "MACHINE_QEMU=y"), f"{words}<--machine><qemu><--net><--memory><1>")
        self.assertEqual(self.called(*name, "DISK_ATA=y"), f"{words}<--iso><><--disk><TREE/build/run.img><--attach><ide><--memory><1>")

    def test_nothing_built_yet(self):
        self.assertEqual(self.called(), "<--socket><build/run/serial.sock><--memory><1>")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

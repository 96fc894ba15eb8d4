# SPDX-License-Identifier: Apache-2.0
"""A running box as its people see it from outside: the host tool at the socket of the emulator's serial line."""
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import tamper

READY = "guest: a hypervisor is ready"
PATIENCE = 150  # seconds, on a machine with other work
VMFAIL = 0x10002  # how an entry ends for the hypervisor
ENTRY_FAILURE = 1 << 31


def environment(password):
    return {**os.environ, "NESTBOX_PASSWORD": password or (tamper.TOP / "keys/console.txt").read_text(encoding="ascii").strip()}


class Box:
    """The emulator with a guest, and the tool beside it. The usual guest is a hypervisor that enters its guest as it is told."""

    def __init__(self, tools, kernel, name="outside", guest="vmx", cmdline="stay"):
        self.tools = tools
        self.stem = tools.work / name
        self.log = self.stem.with_suffix(".log")
        self.socket = self.stem.with_suffix(".sock")
        image = tamper.create(tools, self.stem.with_suffix(".img"), kernel=tools.guest(guest), cmdline=cmdline or None)
        iso = self.stem.with_suffix(".iso")
        subprocess.run([tamper.TOP / "tools/disk", "--kernel", kernel, "--image", image, iso], check=True, capture_output=True)
        self.log.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [tamper.TOP / "tools/run", "--machine", "bochs", "--iso", iso, "--log", self.log, "--cpus", "2", "--memory", "512", "--timeout", str(4 * PATIENCE),
             "--quiet", "--socket", self.socket], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end(self):
        self.process.terminate()
        self.process.wait(10)

    def wait(self, words=READY):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.log.exists() and words in self.log.read_text(encoding="utf-8", errors="replace"):
                return True
            time.sleep(0.2)
        return False

    def enter(self, letter, ends_with=None):
        """Tells the hypervisor to enter its guest; ends_with: what it says of the exit. False: it does not say so."""
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self.socket))
            line.sendall(letter.encode())
            return self.wait(f"guest: entry {ord(letter):x}" + (f" ends with {ends_with:x}\n" if ends_with is not None else ""))

    def ask(self, *words, password=None):
        """(exit code, what the tool printed)."""
        done = subprocess.run([self.tools.nestbox, *words, self.socket], capture_output=True, text=True, timeout=PATIENCE, check=False,
                              env=environment(password))
        return done.returncode, done.stdout + done.stderr

    def follow(self, tables):
        """The same of `exits -f`, which is told to end after so many tables."""
        with subprocess.Popen([self.tools.nestbox, "exits", "-f", self.socket], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=environment(None)) as process:
            stopper = threading.Timer(PATIENCE, process.kill)
            stopper.start()
            text = ""
            for line in process.stdout:
                text += line
                tables -= line.startswith("CPU ")
                if not tables:
                    process.send_signal(signal.SIGINT)
                    break
            text += process.stdout.read()
            stopper.cancel()
        return process.returncode, text


def nested(box):
    code, text = box.ask("nested", "status")
    if code != 1 or not re.search(r"^nesting works, with warnings \(1\)$", text, re.M) or "CPU0   a hypervisor, no guest loaded" not in text \
            or "CPU1   VMX is off" not in text:
        return f"nested status ends with {code}: {text}"
    return None


def refusals(box):
    """The last entry that failed, by the row of the table that refused it."""
    for letter, ends_with in (("c", VMFAIL), ("h", VMFAIL), ("g", 33 | ENTRY_FAILURE)):
        if not box.enter(letter, ends_with):
            return f"entry {letter} does not end with {ends_with:x}"
    code, text = box.ask("nested", "status")
    if code != 1 or "       3 VM entries refused, the last by guest state: guest_cr4\n" not in text or not re.search("^warning  a VM entry of", text, re.M) \
            or "CPU0   a hypervisor, with a guest loaded  1 VMCSs" not in text:
        return f"nested status after entries that fail: {code}: {text}"
    if not box.enter("m", 34 | ENTRY_FAILURE) or not box.enter("l"):
        return "an entry with a bad MSR, or one that stays, does not do what it should"
    code, text = box.ask("nested", "status", "--json")
    tree = json.loads(text)
    verdicts, cpu = {check["check"]: check["verdict"] for check in tree["checks"]}, tree["cpus"][0]
    if code != 1 or (verdicts["EPT"], verdicts["MEMORY_SMALL"], verdicts["ENTRIES"]) != ("ok", "warning", "warning"):
        return f"nested status --json: {code}, {verdicts}"
    good = cpu["in_l2"] and cpu["refused"] == 4 and cpu["refused_by"] == "MSR loading: VM-entry MSR-load area"
    return None if good else f"nested status --json: {cpu}"


def exits(box):
    code, text = box.ask("exits")
    if code or not re.search(r"^0    L1    I/O port +\d+ +[1-9]\d+ ", text, re.M):
        return f"exits: {code}: {text}"
    trace = box.stem.with_suffix(".json")
    code, text = box.ask("exits", "--trace", str(trace), "--seconds", "1")
    events = json.loads(trace.read_text(encoding="ascii"))["traceEvents"] if not code else []
    names = {event["name"] for event in events}
    if code or not {"external interrupt", "L2 runs"} <= names:
        return f"exits --trace: {code}: {text}, {names}"
    code, text = box.follow(2)
    if code or text.count("external interrupt") < 2:
        return f"exits -f: {code}: {text}"
    picture = box.stem.with_suffix(".svg")
    code, text = box.ask("exits", "--svg", str(picture), "--seconds", "1")
    return None if not code and "L2 external interrupt" in picture.read_text(encoding="ascii") else f"exits --svg: {code}: {text}"


def rest(box):
    code, text = box.ask("layout")
    if code or "  test: none, its image is a boot module" not in text:
        return f"layout: {code}: {text}"
    code, text = box.ask("log", "--lines", "100", password="not the one")
    if code != 1 or "the password is wrong" not in text:
        return f"log with a wrong password: {code}: {text}"
    code, text = box.ask("log", "--lines", "100")
    return None if not code and "console: wrong password" in text and READY not in text else f"log: {code}: {text}"


def from_outside(tools, kernel):
    """A row of the table: a complaint or None."""
    box = Box(tools, kernel)
    try:
        if not box.wait():
            return "the guest does not come up"
        return nested(box) or refusals(box) or exits(box) or rest(box)
    finally:
        box.end()

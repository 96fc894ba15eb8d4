# SPDX-License-Identifier: Apache-2.0
"""A running box as its people see it from outside: the host tool at the socket of the emulator's serial line."""
import json
import os
import re
import subprocess
import time

import tamper

READY = "guest: echo is ready"
PATIENCE = 150  # seconds, on a machine with other work


class Box:
    """The emulator with a small guest, and the tool beside it."""

    def __init__(self, tools, kernel):
        self.tools = tools
        self.stem = tools.work / "outside"
        self.log = self.stem.with_suffix(".log")
        self.socket = self.stem.with_suffix(".sock")
        image = tamper.create(tools, self.stem.with_suffix(".img"), kernel=tools.guest("echo"))
        iso = self.stem.with_suffix(".iso")
        subprocess.run([tamper.TOP / "tools/disk", "--kernel", kernel, "--image", image, iso], check=True, capture_output=True)
        self.log.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [tamper.TOP / "tools/run", "--machine", "bochs", "--iso", iso, "--log", self.log, "--cpus", "2", "--memory", "512", "--timeout", str(4 * PATIENCE),
             "--quiet", "--socket", self.socket], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end(self):
        self.process.terminate()
        self.process.wait(10)

    def wait(self):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.log.exists() and READY in self.log.read_text(encoding="utf-8", errors="replace"):
                return True
            time.sleep(0.2)
        return False

    def ask(self, *words, password=None):
        """(exit code, what the tool printed)."""
        password = password or (tamper.TOP / "keys/console.txt").read_text(encoding="ascii").strip()
        done = subprocess.run([self.tools.nestbox, *words, self.socket], capture_output=True, text=True, timeout=PATIENCE, check=False,
                              env={**os.environ, "NESTBOX_PASSWORD": password})
        return done.returncode, done.stdout + done.stderr


def nested(box):
    code, text = box.ask("nested", "status")
    if code != 1 or not re.search(r"^nesting works, with warnings \(1\)$", text, re.M) or "CPU0   VMX is off" not in text:
        return f"nested status ends with {code}: {text}"
    code, text = box.ask("nested", "status", "--json")
    verdicts = {check["check"]: check["verdict"] for check in json.loads(text)["checks"]}
    if code != 1 or verdicts["EPT"] != "ok" or verdicts["MEMORY_SMALL"] != "warning":
        return f"nested status --json: {code}, {verdicts}"
    return None


def exits(box):
    code, text = box.ask("exits")
    if code or not re.search(r"^0    L1    I/O port +\d+ +[1-9]\d+ ", text, re.M):
        return f"exits: {code}: {text}"
    trace = box.stem.with_suffix(".json")
    code, text = box.ask("exits", "--trace", str(trace), "--seconds", "1")
    events = json.loads(trace.read_text(encoding="ascii"))["traceEvents"] if not code else []
    names = {event["name"] for event in events}
    if code or not {"I/O port", "L1 runs"} <= names:
        return f"exits --trace: {code}: {text}, {names}"
    picture = box.stem.with_suffix(".svg")
    code, text = box.ask("exits", "--svg", str(picture), "--seconds", "1")
    return None if not code and "I/O port" in picture.read_text(encoding="ascii") else f"exits --svg: {code}: {text}"


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
        return nested(box) or exits(box) or rest(box)
    finally:
        box.end()

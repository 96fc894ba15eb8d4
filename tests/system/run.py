#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the system tests of table.py in the emulator, as many at once as there are CPUs, and prints one line each.

Usage: run.py --build BUILD [ONLY]     ONLY: a regular expression over test names
Logs stay in BUILD/tests/system/, counts go to BUILD/tests/system.result.
"""
import argparse
import concurrent.futures
import fcntl
import hashlib
import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import threading
import time

from table import BUILDS, TESTS

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
PYTHON = "/usr/bin/python3"
SHOWN_LINES = 40
SPARE_SECONDS = 20


class Tools:
    """What making an image needs, shared by all tests."""

    def __init__(self, build):
        self.build = build
        self.work = build / "tests/system"
        self.nestbox = build / "nestbox"
        self.key = TOP / "keys/dev.key"
        self.lock = threading.Lock()
        self.work.mkdir(parents=True, exist_ok=True)

    def guest(self, name):
        return self.build / f"tests/guests/{name}.elf"

    def foreign_key(self):
        """Another developer's key, made on the spot."""
        prefix = self.work / "foreign"
        with self.lock:
            if not prefix.with_suffix(".key").exists():
                subprocess.run([self.nestbox, "keygen", "--role", "dev", "--out", prefix], check=True, capture_output=True)
        return prefix.with_suffix(".key")

    def roots(self):
        """Two root keys, made on the spot: prefixes of their files."""
        prefixes = [self.work / f"root-{name}" for name in "ab"]
        for prefix in prefixes:
            if not prefix.with_suffix(".pub").exists():
                subprocess.run([self.nestbox, "key", "make", "--role", "dev-root", "--out", prefix], check=True, capture_output=True)
        return prefixes

    def kernel(self, name):
        """The hypervisor of a configuration, to be a guest."""
        with self.lock:
            return prepare_build(self, name)

    def debian(self):
        return self.recipe(TOP / "build", "debian-kvm")

    def recipe(self, output, name):
        """The image of a recipe under partitions/, made in a build whose partition has that name."""
        image = TOP / f"build/partitions/{name}.img"
        with self.lock:
            make(output, "image", relative=image)
        return image


def make(output, what, relative=None, words=()):
    target = os.path.relpath(relative or output / what, TOP)
    done = subprocess.run(["make", "--no-print-directory", "-j2", f"O={os.path.relpath(output, TOP)}", *words, target], cwd=TOP,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          env={k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"})
    if done.returncode:
        sys.exit(f"{done.stdout[-3000:]}\nsystem: {target} does not build")


def prepare_build(tools, name):
    """The kernel of a configuration. Its object files stay for the next time."""
    output = tools.build if BUILDS[name] is None else tools.work / "build" / name
    if BUILDS[name] is not None:
        output.mkdir(parents=True, exist_ok=True)
        defconfig, config = output / "defconfig", output / ".config"
        is_old = not config.exists() or config.stat().st_mtime < (TOP / "Kconfig").stat().st_mtime
        if is_old or not defconfig.exists() or defconfig.read_text(encoding="ascii") != BUILDS[name]:
            defconfig.write_text(BUILDS[name], encoding="ascii")
            subprocess.run([PYTHON, TOP / "tools/config.py", "load", defconfig, config], check=True)
    make(output, "nestbox.elf", words=build_words(tools, name))
    return output / "nestbox.elf"


def build_words(tools, name):
    """What make is told beside the configuration."""
    if name == "roots":
        roots = " ".join(os.path.relpath(prefix.with_suffix(".pub"), TOP) for prefix in tools.roots())
        return [f"ROOTS={roots}", "THRESHOLD=2"]
    return ["MONITOR_TEST=fiend"] if name == "four" else []


def take_turn(tools):
    """One run at a time in a build: logs and media have fixed names. The lock goes with the process."""
    turn = open(tools.work / "lock", "w", encoding="ascii")
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("system: waiting for another run of these tests", flush=True)
        fcntl.flock(turn, fcntl.LOCK_EX)
    return turn


def config_value(build, name):
    text = (build / "config.mk").read_text(encoding="utf-8")
    return re.search(rf"^{name} ?:?= ?\"?([^\"\n]*)", text, re.MULTILINE).group(1)


class Run:
    """One test: its medium, its emulator, its verdict."""

    def __init__(self, test, tools, kernel):
        self.test, self.tools, self.kernel = test, tools, kernel
        self.stem = tools.work / re.sub(r"\W+", "-", test.name)
        self.log = self.stem.with_suffix(".log")
        self.typed = list(test.typed)
        self.disk = None

    def medium(self):
        """What the machine boots from; an empty name: its disk."""
        if self.test.disk:
            self.disk = self.test.disk(self.tools, self.stem)
        if self.test.boots_disk:
            return ""
        image = self.test.image(self.tools, self.stem.with_suffix(".img")) if self.test.image else None
        iso = self.stem.with_suffix(".iso")
        command = [TOP / "tools/disk", "--kernel", self.kernel] + (["--image", image] if image else []) + self.others() + [iso]
        subprocess.run(command, check=True, capture_output=True)
        return iso

    def others(self):
        """Words for tools/disk: the other partitions' images."""
        made = [(name, make(self.tools, self.stem.with_suffix(f".{name}.img"))) for name, make in (self.test.others or {}).items()]
        return [word for name, image in made for word in ("--other", f"{name}={image}")]

    def command(self, iso):
        test = self.test
        memory = test.memory or int(config_value(self.tools.build, "CONFIG_MACHINE_RAM_MIB"))
        command = [TOP / "tools/run", "--machine", test.machine, "--iso", iso, "--log", self.log, "--cpus", test.cpus, "--memory", memory,
                   "--timeout", test.timeout, *test.options]
        if self.disk:
            command += ["--disk", self.disk]
        if test.until:
            command += ["--until", test.until]
        if test.forbids:
            command += ["--fail", test.forbids]
        return [str(word) for word in command + (["--interactive"] if test.typed else ["--quiet"])]

    def type_into(self, terminal, process):
        """Watches the terminal and types each answer once its question has come."""
        seen = b""
        while process.poll() is None:
            if not select.select([terminal], [], [], 0.2)[0]:
                continue
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                return
            while self.typed and (found := re.search(self.typed[0][0].encode(), seen)):
                answer = self.typed.pop(0)[1]
                os.write(terminal, (answer() if callable(answer) else answer).encode())
                seen = seen[found.end():]

    def emulate(self, iso):
        if not self.test.typed:
            done = subprocess.run(self.command(iso), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                                  timeout=self.test.timeout + SPARE_SECONDS, check=False)
            return done.returncode, done.stderr
        ours, theirs = pty.openpty()
        with subprocess.Popen(self.command(iso), stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, text=True) as process:
            os.close(theirs)
            self.type_into(ours, process)
            errors = process.stderr.read()
        os.close(ours)
        return process.returncode, errors

    def text(self):
        return self.log.read_text(encoding="utf-8", errors="replace").replace("\r", "") if self.log.exists() else ""

    def disk_digest(self):
        return hashlib.sha256(self.disk.read_bytes()).digest() if self.test.keeps_disk else None

    def complaint(self, iso):
        """Runs it. Why the test failed, or None."""
        before = self.disk_digest()
        status, errors = self.emulate(iso)
        text, at = self.text(), 0
        bad = re.search(f"^.*({self.test.forbids}).*$", text, re.MULTILINE) if self.test.forbids else None
        if bad:
            return f"must not appear: {bad.group(0)}"
        for expected in self.test.expects:
            found = re.compile(expected, re.MULTILINE).search(text, at)
            if not found:
                return f"missing: {expected}"
            at = found.end()
        if status:
            return f"the run ended with status {status}: {errors.strip()}"
        if self.typed:
            return f"nobody asked: {self.typed[0][0]}"
        if before != self.disk_digest():
            return "the disk was written to"
        if self.test.machine_check:
            why = self.test.machine_check(pathlib.Path(f"{self.log}.{self.test.machine}.out").read_text(encoding="utf-8", errors="replace"))
            if why:
                return why
        return self.test.check(text) if self.test.check else None

    def execute(self):
        start = time.monotonic()
        try:
            self.log.unlink(missing_ok=True)
            why = self.test.compares(self.tools, self.kernel) if self.test.compares else self.complaint(self.medium())
        except subprocess.CalledProcessError as error:
            why = f"{error}: {(error.stderr or b'').decode(errors='replace')}"
        except subprocess.TimeoutExpired:
            why = "tools/run does not end"
        return why, time.monotonic() - start


def report(run, why, seconds):
    print(f"  {'FAIL' if why else 'ok  '} {run.test.name:40} {seconds:6.1f} s", flush=True)
    if not why:
        return
    for line in run.text().splitlines()[-SHOWN_LINES:]:
        print(f"       | {line}")
    print(f"       {why}\n       serial log: {os.path.relpath(run.log, TOP)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("only", nargs="?", default="")
    arguments = parser.parse_args()
    tools = Tools(arguments.build.resolve())
    turn = take_turn(tools)
    # the long ones first, so that none of them runs alone at the end
    tests = sorted((test for test in TESTS if re.search(arguments.only, test.name)), key=lambda test: -test.timeout)
    kernels = {name: prepare_build(tools, name) for name in dict.fromkeys(test.build for test in tests)}
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {}
        for test in tests:
            run = Run(test, tools, kernels[test.build])
            runs[pool.submit(run.execute)] = run
        for future in concurrent.futures.as_completed(runs):
            why, seconds = future.result()
            failed += bool(why)
            report(runs[future], why, seconds)
    (tools.build / "tests/system.result").write_text(f"{len(tests) - failed} {failed}\n", encoding="ascii")
    print(f"system: {len(tests) - failed} passed, {failed} failed")
    turn.close()
    return 1 if failed or not tests else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the emulator at random moments of an update, and looks at the disk and at what the box then starts.

A guest (tests/system/guests/updater.c) updates its own box to a second image, which confirms itself. Again and again the emulator is killed on
the way, by console line, by clock, or as soon as the slot record or the new manifest begins to change. After each kill the disk is looked at
(kill_disk.py), and the same disk is started again: the box must start the slot the record names, and in the end the update must be done.

    tests/system/kill.py --build build --seed 7 --kills 40

The seed decides what is killed when; how far the box has come by then is up to the clock.
"""
import argparse
import collections
import dataclasses
import mmap
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import kill_disk
import slot_record
import tamper

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
PHASES = ("install", "commit", "try", "confirm")
SHARES = {"install": 4, "commit": 3, "try": 3, "confirm": 2}
FILLER_BYTES = 640 << 10
SLOT_MIB = 4
RUN_SECONDS = 120
WATCH_SECONDS = 60
LIVES_ON = 0.8  # how likely the next start of the same disk is cut, too
BROKEN = "CRASH|guest: WRONG|guest: UNEXPECTED|kernel: VM entry|image refused|degraded"
END = "kernel: switching the box off"


@dataclasses.dataclass
class Moment:
    """When to kill: after a line has come `count` times, then after the clock or a change on the disk."""
    phase: str
    line: str
    count: int = 1
    watch: str = ""       # "record", "anchor", "manifest": kill once this changes
    seconds: float = 0.0  # then wait so long


def moments(phase, is_staged, rng):
    """The ways to hit a phase; is_staged: the new image is installed already."""
    started = "guest: version 2" if is_staged else "guest: installed"
    return {
        "install": [Moment(phase, "guest: version 1", seconds=rng.uniform(0, 1.5)), Moment(phase, "guest: box: ", rng.randint(1, 16), seconds=rng.uniform(0, 0.05)),
                    Moment(phase, "guest: box: progress", rng.randint(1, 12), seconds=rng.uniform(0, 0.05))],
        "commit": [Moment(phase, "guest: version 1", watch="manifest", seconds=rng.choice((0, rng.uniform(0, 0.002)))),
                   Moment(phase, "guest: version 1", watch="record", seconds=rng.choice((0, 0, rng.uniform(0, 0.001))))],
        "try": [Moment(phase, started, seconds=rng.uniform(0, 0.02 if is_staged else 1.0)), Moment(phase, "guest: working")] +
               ([] if is_staged else [Moment(phase, started, watch="record"), Moment(phase, "slots: reading slot b", seconds=rng.uniform(0, 0.8))]),
        "confirm": [Moment(phase, "guest: confirming", seconds=rng.uniform(0, 0.01)), Moment(phase, "guest: version 2", watch="record"),
                    Moment(phase, "guest: version 2", watch="anchor", seconds=rng.choice((0, rng.uniform(0, 0.001))))],
    }[phase]


class Watch:
    """A part of the disk file, seen while the emulator writes it."""

    def __init__(self, disk, what):
        self.file = open(disk.path, "rb")
        self.map = mmap.mmap(self.file.fileno(), 0, prot=mmap.PROT_READ)
        places = {"record": [disk.meta, disk.meta + slot_record.PLACE], "anchor": [disk.meta + n * slot_record.PLACE for n in (2, 3)],
                  "manifest": [disk.slots["b"]]}[what]
        self.parts = [slice(at, at + 32) for at in places]
        self.before = self.now()

    def now(self):
        return [self.map[part] for part in self.parts]

    def wait(self, is_over):
        """Busy, so that a write of several sectors may be caught between two of them."""
        end, look, before, parts = time.monotonic() + WATCH_SECONDS, self.map.__getitem__, self.before, self.parts
        while not is_over() and time.monotonic() < end:
            for _ in range(2000):
                if [look(part) for part in parts] != before:
                    return


class Start:
    """One run of the emulator, from power-on to the kill or to its end."""

    def __init__(self, box, moment):
        self.box, self.moment = box, moment
        self.lines, self.emulator, self.is_killed = [], None, False
        self.left, self.killer = moment.count if moment else 0, None

    def command(self):
        box = self.box
        return [str(word) for word in (TOP / "tools/run", "--machine", "bochs", "--iso", box.iso, "--disk", box.disk.path, "--memory", 160, "--cpus", 2,
                                       "--log", box.stem.with_suffix(".log"), "--timeout", RUN_SECONDS, "--until", END)]

    def kill(self, process):
        """The moment has come. Only the emulator that this run has started."""
        if self.moment.watch:
            Watch(self.box.disk, self.moment.watch).wait(lambda: process.poll() is not None)
        if self.moment.seconds:
            time.sleep(self.moment.seconds)
        try:
            signal.pidfd_send_signal(self.emulator, signal.SIGKILL)
            self.is_killed = True
        except ProcessLookupError:
            pass

    def take(self, process, line):
        self.lines.append(line)
        if self.emulator is None:
            children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
            self.emulator = os.pidfd_open(int(children.split()[0]))
        if self.left and self.moment.line in line:
            self.left -= 1
            if not self.left:
                self.killer = threading.Thread(target=self.kill, args=(process,))
                self.killer.start()

    def run(self):
        with subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace") as process:
            for line in process.stdout:
                self.take(process, line.replace("\r", "").rstrip("\n"))
        if self.killer:
            self.killer.join()
        if self.emulator is not None:
            os.close(self.emulator)
        return self

    def says(self, pattern):
        return re.search(pattern, "\n".join(self.lines), re.MULTILINE)


def phase_of(start, disk, data):
    """What the box was doing when it was cut."""
    if start.says("guest: confirming"):
        return "confirm"
    if start.says("guest: version 2") or start.says("guest: box: done"):
        return "try"
    is_committing = disk.has_manifest(data, "b") and start.says("guest: box: manifest")
    return "commit" if is_committing else "install"


class Box:
    """A box, its medium and disk, its images."""

    def __init__(self, tools, kernel, stem):
        self.tools, self.stem = tools, stem
        self.iso, fresh = stem.with_suffix(".iso"), stem.with_suffix(".fresh")
        self.make_disk(fresh)
        tamper.run(TOP / "tools/disk", "--kernel", kernel, self.iso)
        self.disk = kill_disk.Disk(fresh, SLOT_MIB << 20)
        self.disk.path = stem.with_suffix(".disk")
        self.verified = {}
        self.replace()

    def make_disk(self, out):
        filler, bundle, images = self.stem.with_suffix(".filler"), self.stem.with_suffix(".bundle"), {}
        filler.write_bytes(random.Random(1).randbytes(FILLER_BYTES))
        for version, module in ((2, filler), (1, bundle)):
            images[version] = tamper.create(self.tools, self.stem.with_suffix(f".{version}.img"), kernel=self.tools.guest("updater"), module=f"{module},module",
                                            cmdline=str(version), version=f"{version}.0.0", security_version=str(version), tree=tamper.FLAG)
            if version == 2:
                tamper.run(self.tools.nestbox, "bundle", "create", images[2], "-o", bundle)
        tamper.run(self.tools.nestbox, "disk", "create", "--slot-a", images[1], "--slot-size", SLOT_MIB, "--data-size", 1, "-o", out)

    def replace(self):
        """A new one, as it was delivered."""
        shutil.copy(self.stem.with_suffix(".fresh"), self.disk.path)
        self.life = kill_disk.Life(floor=1, new_floor=2, sequence=self.disk.record(self.disk.fresh).sequence)

    def verify(self, data, floor):
        if data not in self.verified:
            slot = self.stem.with_suffix(".slot")
            slot.write_bytes(data)
            command = [self.tools.nestbox, "image", "verify", "--slot", "--pub", self.tools.key.with_suffix(".pub"), "--partition", "test",
                       "--security-version", str(floor), slot]
            self.verified = {data: subprocess.run(command, capture_output=True, check=False).returncode == 0}
        return self.verified[data]

    def why_start(self, start, before):
        """Did it start what the record named? `before`: the record at power-on."""
        slot = before.starts()
        bad = start.says(BROKEN)
        if bad:
            return f"must not appear: {bad.group(0)}"
        if not start.says("^image: accepted"):
            return "no image was started"
        is_tried = slot == before.try_slot
        if not start.says(f"^slot {slot}: " + (f".*to be tried, {before.tries - 1} left, running$" if is_tried else ".*running$")):
            return f"slot {slot} should run" + (f", with {before.tries - 1} tries left" if is_tried else "")
        if not start.says(f"^guest: version {1 if slot == 'a' else 2}$"):
            return f"the guest in slot {slot} does not run"
        floor = start.says(r"^lowest security version: (\d+)\b")
        return None if floor and int(floor.group(1)) == before.floor else f"the box does not say that its lowest security version is {before.floor}"

    def why_end(self, start, data):
        record = self.disk.record(data)
        if not start.says("guest: updater: .* 0 wrong") or not start.says(END):
            return "the update does not come to its end"
        if record.states[1] != kill_disk.CONFIRMED or record.active != "b" or record.floor != self.life.new_floor or record.try_slot:
            return f"after the update the record is {record}"
        return None

    def start(self, moment):
        """One start with everything that must hold after it: (the start, the disk's bytes, a complaint or None)."""
        before = self.disk.record(self.disk.path.read_bytes())
        start = Start(self, moment).run()
        data = self.disk.path.read_bytes()
        self.life.asked |= bool(start.says("guest: confirming"))
        why = self.why_start(start, before) or kill_disk.why_disk(self.disk, data, self.life, self.verify)
        if not why and not start.is_killed:
            why = self.why_end(start, data)
        record = self.disk.record(data)
        self.life.sequence = record.sequence if record else 0
        return start, data, why


def plan(count, rng):
    wanted = [phase for phase in PHASES for _ in range(SHARES[phase])]
    wanted = (wanted * (count // len(wanted) + 1))[:count] if count > len(wanted) else rng.sample(wanted, count)
    rng.shuffle(wanted)
    return wanted


class Campaign:
    """Some kills, over as many lives of a box as they take."""

    def __init__(self, box, count, rng):
        self.box, self.rng, self.wanted = box, rng, plan(count, rng)
        self.phases, self.starts, self.lives, self.torn, self.missed = collections.Counter(), 0, 0, 0, 0

    def pick(self, record):
        """The next kill that is possible with this record, or None: let it end."""
        is_staged = record.starts() == "b"
        possible = [phase for phase in self.wanted if not is_staged or phase in ("try", "confirm")]
        if not possible or record.states[1] == kill_disk.CONFIRMED:
            return None
        self.wanted.remove(possible[0])
        return self.rng.choice(moments(possible[0], is_staged, self.rng))

    def note(self, start, data):
        self.phases[phase_of(start, self.box.disk, data)] += 1
        self.torn += self.box.disk.torn(data)

    def live(self):
        """One box, from delivery to the end of its update. A complaint or None."""
        self.lives += 1
        self.box.replace()
        data, goes_on = self.box.disk.fresh, True
        while True:
            before = self.box.disk.record(data)
            moment = self.pick(before) if goes_on else None
            start, data, why = self.box.start(moment)
            self.starts += 1
            if why:
                return f"{why} ({'killed: ' + str(moment) if start.is_killed else 'not killed'})"
            if not start.is_killed:
                if moment:
                    self.missed += 1
                    self.wanted.append(moment.phase)
                return None
            self.note(start, data)
            goes_on = self.rng.random() < LIVES_ON

    def run(self, count):
        while self.wanted and self.missed < count:
            why = self.live()
            if why:
                return why
        hit = sum(self.phases.values())
        return None if hit >= count else f"only {hit} of {count} kills came in time"


def kill(tools, kernel, row, options):
    """`options`: seed, kills. None when all went well."""
    seed, count = options
    campaign = Campaign(Box(tools, kernel, tools.work / f"kill-{row}"), count, random.Random(f"{seed} {row}"))
    why = campaign.run(count)
    spread = ", ".join(f"{phase} {campaign.phases[phase]}" for phase in PHASES)
    print(f"kill {row}: seed {seed}: {sum(campaign.phases.values())} kills: {spread}; {campaign.torn} records torn; "
          f"{campaign.starts} starts of {campaign.lives} boxes; again: KILL_SEED={seed} make system ONLY=kill:", flush=True)
    return why


def killed(row, count):
    """A row of the table: (tools, kernel) to a complaint or None."""
    def run(tools, kernel):
        return kill(tools, kernel, row, (SEED, count))
    return run


SEED = int(os.environ.get("KILL_SEED") or time.time())


def main():
    from run import Tools, prepare_build, take_turn  # run.py imports the table, which imports this

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--kills", type=int, default=12)
    arguments = parser.parse_args()
    tools = Tools(arguments.build.resolve())
    turn = take_turn(tools)
    why = kill(tools, prepare_build(tools, "disk"), "alone", (arguments.seed, arguments.kills))
    turn.close()
    print(f"kill: {why or 'every start was right'}")
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())

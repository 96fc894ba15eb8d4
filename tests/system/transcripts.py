# SPDX-License-Identifier: Apache-2.0
"""The transcripts of a hostile L1 on Nestbox and on the bare machine, compared: the same cases must end the same.

The guest program hostile.elf prints a line for each case; each side first learns what the other offers, so that cases only use what both have.
A case that differs is run again alone, with every number printed.
"""
import dataclasses
import difflib
import pathlib
import re
import subprocess

import tamper

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
MEMORY = {"bare": 256, "nestbox": 512}
BROKEN = "CRASH|guest: WRONG|guest: UNEXPECTED|kernel: VM entry|: stopped:|PANIC"
SHOWN_LINES = 12
ENDED = "guest: hostile: .* checks"
REFUSALS = re.compile(r"(VMFAIL|VMENTER FAIL|VMABORT|PANIC).*")


@dataclasses.dataclass
class Options:
    model: str
    seed: int
    first: int
    cases: int
    timeout: int
    shown: int = 4
    verbose: bool = False


class Side:
    """One of the two machines."""

    def __init__(self, tools, name, kernel):
        self.tools, self.name, self.kernel = tools, name, kernel
        self.capabilities = ""

    def medium(self, stem, line):
        iso, program = stem.with_suffix(".iso"), self.tools.guest("hostile")
        if self.name == "bare":
            source = ["--program", program, "--cmdline", line]
        else:
            image = tamper.create(self.tools, stem.with_suffix(".img"), kernel=program, cmdline=line)
            source = ["--kernel", self.kernel, "--image", image]
        subprocess.run([TOP / "tools/disk", *source, iso], check=True, capture_output=True)
        return iso

    def run(self, options, other=""):
        """The lines of the program, and why the run was not good, or None."""
        stem = self.tools.work / f"hostile-{options.model}-{self.name}"
        log = stem.with_suffix(".log")
        line = f"seed={options.seed} case={options.first} count={options.cases}" + (f" caps={other}" if other else "")
        iso = self.medium(stem, line + (" verbose" if options.verbose else ""))
        done = subprocess.run([TOP / "tools/run", "--machine", "bochs", "--model", options.model, "--iso", iso, "--log", log, "--cpus", "2",
                               "--memory", str(MEMORY[self.name]), "--timeout", str(options.timeout), "--until", ENDED, "--fail", BROKEN,
                               "--strict-msrs", "--quiet"], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)
        text = log.read_text(encoding="utf-8", errors="replace").replace("\r", "") if log.exists() else ""
        return text.splitlines(), f"status {done.returncode}: {done.stderr.strip()[-500:]}" if done.returncode else None

    def refusals(self, model):
        """What Bochs has to say about entries that failed."""
        log = self.tools.work / f"hostile-{model}-{self.name}.log.bochs"
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        return [found.group(0) for found in REFUSALS.finditer(text)]


def capabilities(lines):
    return next((line[len("caps="):] for line in lines if line.startswith("caps=")), "")


def cases_of(lines):
    """Number to line, of the transcript's short form."""
    found = (re.match(r"@(\d+) (.*)", line) for line in lines)
    return {int(match.group(1)): match.group(2) for match in found if match}


def learn(bare, nestbox, options):
    """Makes both sides know what each offers."""
    short = dataclasses.replace(options, cases=0, timeout=60)
    for side in (bare, nestbox):
        lines, why = side.run(short)
        side.capabilities = capabilities(lines)
        if not side.capabilities:
            return f"{side.name} does not come up: {why}; {lines[-3:]}"
    return None


def explain(bare, nestbox, options, number):
    """One case again, alone and with all its numbers."""
    alone = dataclasses.replace(options, first=number, cases=1, verbose=True, timeout=60)
    ours, _ = nestbox.run(alone, bare.capabilities)
    theirs, _ = bare.run(alone, nestbox.capabilities)
    parts = [[line for line in lines if line.startswith("| ")] for lines in (theirs, ours)]
    text = [line for line in parts[0] if "=" in line or "EPT level" in line]
    if not all(cases_of(lines) for lines in (ours, theirs)):
        text += [f"{line}" for lines in (theirs, ours) if not cases_of(lines) for line in lines[-SHOWN_LINES:]]
    else:
        text += [line for line in difflib.unified_diff(*parts, "bare", "nestbox", lineterm="", n=0) if not line.startswith("@@")]
    return text + [f"bare:    {line}" for line in bare.refusals(options.model)] + [f"nestbox: {line}" for line in nestbox.refusals(options.model)]


def compare(tools, kernel, options, say=print):
    """None if every case ended the same, else what did not."""
    bare, nestbox = Side(tools, "bare", None), Side(tools, "nestbox", kernel)
    why = learn(bare, nestbox, options)
    if why:
        return why
    ours, why_ours = nestbox.run(options, bare.capabilities)
    theirs, why_theirs = bare.run(options, nestbox.capabilities)
    ours, theirs = cases_of(ours), cases_of(theirs)
    differ = [number for number in sorted(theirs) if number in ours and ours[number] != theirs[number]]
    say(f"hostile: {options.model}, seed {options.seed}: {len(theirs)} cases bare, {len(ours)} on Nestbox, {len(differ)} differ")
    lost = [number for number in range(options.first, options.first + options.cases) if number not in ours or number not in theirs][:1]
    for number in differ[:options.shown] + lost:
        say(f"  case {number}\n    bare:    {theirs.get(number)}\n    nestbox: {ours.get(number)}")
        for line in explain(bare, nestbox, options, number):
            say(f"      {line}")
        say(f"    again: tests/system/hostile.py --build {tools.build} --model {options.model} --seed {options.seed} --case {number}")
    for side, trouble in (("Nestbox", why_ours), ("bare", why_theirs)):
        if trouble:
            return f"{side}: {trouble}"
    if len(theirs) != options.cases or len(ours) != options.cases:
        return f"of {options.cases} cases {len(theirs)} came bare, {len(ours)} on Nestbox"
    return f"{len(differ)} of {len(theirs)} cases end otherwise than bare, the first {differ[0]}" if differ else None


def same_as_bare(model, seed, cases):
    """A row of the table: (tools, kernel) to a complaint or None."""
    def run(tools, kernel):
        return compare(tools, kernel, Options(model, seed, 0, cases, 300))
    return run

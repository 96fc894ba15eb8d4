#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/errors.md: every message of the box and its tools, with what to do.

From the tables of messages (.def), and from the sources where a message stands in a call: what is wrong and the remedy are one sentence there,
split at its ';' (tools, monitor) or ':' (kernel). Where the sentence has no remedy, the first of REMEDIES that fits has it.
Usage: errors.py [TOP]    prints the page
"""
import pathlib
import re
import sys

# file, title, macros whose rows are messages, which of a row's strings are what is wrong and the remedy (None: one sentence, split at its ';')
TABLES = (
    ("layout/layout.def", "A layout is refused", ("LAYOUT_BOX_RULE", "LAYOUT_RULE"), (0, 1, 2)),
    ("layout/nested_status.def", "nestbox nested status", ("NESTED_CHECK",), (1, 2)),
    ("image/error.def", "An image is refused", ("IMAGE_ERROR",), None),
    ("image/manifest.def", "An image's manifest", ("MANIFEST_CHECK",), None),
    ("image/verify.def", "An image is not for this box", ("VERIFY_CHECK",), None),
    ("image/payload.def", "An image's payload", ("PAYLOAD_CHECK", "PART_CHECK", "PARTS_CHECK"), None),
    ("image/keyring_file.def", "A keyring", ("KEYRING_CHECK",), None),
    ("loader/load_error.def", "An image is genuine and cannot be loaded", ("LOAD_ERROR",), None),
    ("update/error.def", "An update is refused", ("UPDATE_ERROR",), None),
    ("update/gpt.def", "The disk's partition table", ("GPT_CHECK", "GPT_PARTITION_CHECK"), None),
    ("update/warning.def", "The box runs, but somebody should know", ("WARNING",), None),
    ("update/fail.def", "Why a slot failed", ("SLOT_FAIL",), None),
)

LITERALS = r'((?:(?:f?"(?:[^"\\]|\\.)*"|PRI\w+)\s*)+)'
# title, files, what stands before a message, what parts it from its remedy
CALLS = (
    ("The box does not start", ("kernel/*.c", "kernel/vmx/*.c"), r"refuse_to_start\(\s*", ": "),
    ("What the board lacks", ("bsp/*/*.c",), r"\[(?:MULTIBOOT|ACPI|LAPIC|CARVE)_(?!OK)\w+\] =\s*", ": "),
    ("What the CPU lacks", ("kernel/vmx/*.c",), r"\{ (?=\"(?:this CPU|the CPU|VT-x|the firmware))", '", "'),
    ("The kernel's log", ("kernel/*.c", "nested/*.c"), r"log_line\(\s*(?=\"(?:CRASH|partition: (?:CPU|VM)|monitor: fault|kernel: (?:machine|VM)|nested: CPU))",
     "; "),
    ("The monitor's log", ("partitions/monitor/*.c", "partitions/monitor/*/*.c"),
     r"(?:return |print\()(?=\"[^\"]*(?:warning|degraded|failed|refused|has no interrupt|there is no disk|neither slot|crash:))", "; "),
    ("The management console", ("partitions/monitor/manage/*.c", "partitions/monitor/slots.c"),
     r"sink_print\((?:call->out|out|&session->out|&out),\s*(?:is_right\s*\?\s*)?(?=\"[^\"]*(?:there is no|takes no|too many|wrong|no slot|`|too long|is stopped|runs;))",
     "; "),
    ("nestbox", ("tools/nestbox/*.c",), r"report_(?:error|system_error|warning)\(\s*(?:(?:EXIT_\w+|code),\s*)?", "; "),
    ("nestbox speaks with a box", ("tools/nestbox/dialogue.c",), r'(?:return (?:why \? why : )?|\{ "[^"]*", )(?=")', "; "),
    ("Setting up", ("tools/setup",), r"\bdie \{ ", "; "),
    ("The build and its tools", ("tools/*", "Makefile"), r"(?:\b(?:refuse|complain|sys\.exit|parser\.error)\(|\byield \(?|\{ echo )\s*(?=f?\")", "; "),
    ("nestboxctl", ("partitions/nestboxctl/*.c",), r"(?:fprintf\(stderr, |complain\()", "; "),
)

# (what a message without a remedy of its own looks like, what to do)
REMEDIES = tuple((re.compile(pattern), remedy) for pattern, remedy in (
    (r"memory (for|to)|not enough memory|^no memory$", "close other programs, or use a machine with more memory"),
    (r"^cannot (open|read|write|map|close|lock|set|create|make)|cannot (write|read|open) |did not take everything",
     "the system's reason stands behind it: look at the path, at permissions, at free space, at the device"),
    (r"^say |^give |is left as it was", "do what the sentence says"),
    (r"is no public key|is no PKCS|is none of|is not (a|one|like|N|64|64-bit|an intact|for|above)|is neither|is too long|too long a name|no (signature|boot\.img|intact)"
     r"|has no partition|must be|--lines is|needs a value|has to be above", "give it in the form that the message names"),
    (r"is refused|is not signed|is not flashed|is not written|damaged one", "the reason, with its remedy, is in the message: a row of the tables above"),
    (r"cannot be (hashed|made|checked|built)|cannot build|could not be made|no random numbers|cannot count|cannot load",
     "the reason stands behind it; make the file again if it was copied badly"),
    (r"token|PIN", "look at the token with its own tool (p11tool --list-all), at the label and at the PIN"),
    (r"nothing was written|has just become another disk", "nothing has happened: look with lsblk which disk it is, and try again"),
    (r"the box says|the box takes no more", "the reason is the box's, a row of the tables above"),
    (r"does not answer", "run the command again; look at the box's console if it stays silent"),
    (r"this machine has no port", "load virtio_console; outside of a partition of Nestbox there is no such port"),
    (r"^.*give --(slot|data)-size", "give it at least as much as the message says"),
    (r"too many pieces|does not start", "do what the sentence says"),
    (r"CRASH|stopped\. Please", "a defect of Nestbox or of the board: `crash` keeps the report over a warm reset; please report it"),
    (r"partition: |did what Nestbox|triple-faulted|guest-physical", "the guest did it: its own log says why; the partition's action on a crash follows"),
    (r"machine check", "the hardware has reported an error: look at the board's memory and cooling"),
    (r"monitor: fault", "a defect of the monitor: the partition stops; `crash` keeps the report over a warm reset; please report it"),
    (r"VM entry", "the row or number says which state was refused: correct the guest hypervisor's VMCS"),
    (r"lacks the VMX control", "use a CPU with EPT, VPID and unrestricted guest"),
    (r"^image refused|^layout refused", "the reason, with its remedy, is in the message: a row of the tables above"),
    (r"serial line has no interrupt", "free interrupt line 4 for the serial port in the firmware set-up; the guest has no input until then"),
    (r"keyring .* does not count", "send the keyring again, signed by as many root keys as the box wants"),
    (r"first partition table is damaged", "the box uses the second one; write the image to the disk again when it can be spared"),
    (r"is odd|cannot be carved|out of range|the machine fewer|at most 24|is empty: give|no such option", "make menuconfig: give the item that is named a value that will do"),
    (r"wants NAME=IMAGE|is not a regular", "give it in the form that the message names"),
    (r"stopped already|has no slots|nothing to confirm", "there is nothing to do"),
    (r"takes no arguments|^`", "type it as the message says; `help` lists the commands"),
    (r"too many wrong passwords", "wait as long as it says; each wrong one doubles the wait"),
    (r"is for another partition", "name the image of this partition, or the partition of this image"),
    (r"cannot be measured|below 640 KiB|defect of Nestbox|lacks what the first one has", "update the firmware, or use another board; please report it"),
))
SLOT_REMEDY = "install an image that is whole and meant for this box, and confirm it once it works"


def rows(text, macros):
    """(name, strings) of each row of the macros; adjacent literals are one."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    starts = [m for m in re.finditer(r"^([A-Z_]+)\((?:\d+, )?(\w+),", text, re.M)]
    for i, start in enumerate(starts):
        if start.group(1) not in macros:
            continue
        body = text[start.end():starts[i + 1].start() if i + 1 < len(starts) else len(text)]
        yield start.group(2), [unquoted(s) for s in re.findall(r'((?:"(?:[^"\\]|\\.)*"\s*)+)', body)]


def unquoted(literals):
    pieces = re.findall(r'"((?:[^"\\]|\\.)*)"', literals)
    return "".join(pieces).replace('\\"', '"').replace("\\n", "").replace("\\033[K", "").replace("\\r", "")


def sentence(strings, which):
    if which is None:
        wrong, _, remedy = strings[-1].rpartition("; ")
        return (wrong, remedy) if wrong else (strings[-1], "")
    picked = [strings[i] for i in which]
    return ": ".join(picked[:-1]), picked[-1]


def readable(message):
    """Values are dots: C's, Python's, the shell's."""
    message = re.sub(r"\$\{(?:[^{}]|\{[^{}]*\})*\}|\$\([^)]*\)|\$[\w*]+|\{[^{}]*\}", "...", message)
    return re.sub(r"%[-+ #0-9.*]*(?:hh|h|ll|l|z|j)?[a-zA-Z]?", "...", message).strip(" :")


def source(path):
    """Without comments; the shell's words of a message in braces, as C has them."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S) if path.suffix == ".c" else path.read_text(encoding="utf-8")
    return re.sub(r'\bdie ("[^"]*") (?:\\\s*)?("[^"]*")', r"die { \1, \2 }", text) if path.name == "setup" else text


def found_in_calls(top, files, before):
    for pattern in files:
        for path in sorted(filter(pathlib.Path.is_file, top.glob(pattern))):
            for match in re.finditer(before + LITERALS + r'(?:,\s*("(?:[^"\\]|\\.)*") \})?', source(path)):
                yield path.relative_to(top), unquoted(match.group(1)), unquoted(match.group(2) or "")


def remedy_of(message):
    return next((remedy for pattern, remedy in REMEDIES if pattern.search(message)), "")


def of_calls(top, call):
    """(place, what is wrong, remedy) of each message, once."""
    _, files, before, parting = call
    seen = set()
    for path, message, second in found_in_calls(top, files, before):
        wrong, _, remedy = message.rpartition(parting) if parting == "; " else message.partition(parting)
        if second:
            wrong, remedy = message, second
        elif not wrong or (parting == ": " and not remedy) or not re.search("[a-z]{2}", remedy):
            wrong, remedy = message, remedy_of(message)
        wrong, remedy = readable(wrong), readable(remedy)
        if re.search("[a-z]{3}", wrong) and (path, wrong) not in seen:
            seen.add((path, wrong))
            yield path, wrong, remedy


def of_table(top, table):
    file, _, macros, which = table
    for name, strings in rows((top / "partitions/monitor" / file).read_text(encoding="utf-8"), macros):
        wrong, remedy = sentence(strings, which)
        yield name, readable(wrong), remedy or (SLOT_REMEDY if file.startswith("update/") else "the reason is printed with it")


def cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;")


def page(top):
    lines = ["# Messages", "", "Every message of the box and its tools, with what is wrong and what to do. Made by `make docs/errors.md` from the tables of"
             " messages and from the sources; the sentences are what is printed, with dots where a value stands.", ""]
    for table in TABLES:
        lines += [f"## {table[1]}", "", f"`partitions/monitor/{table[0]}`", "", "| name | what is wrong | what to do |", "|---|---|---|"]
        lines += [f"| {name} | {cell(wrong)} | {cell(remedy)} |" for name, wrong, remedy in of_table(top, table)] + [""]
    for call in CALLS:
        lines += [f"## {call[0]}", "", "| where | what is wrong | what to do |", "|---|---|---|"]
        lines += [f"| `{path}` | {cell(wrong)} | {cell(remedy)} |" for path, wrong, remedy in of_calls(top, call)] + [""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(page(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))

# SPDX-License-Identifier: Apache-2.0
"""The system tests, one row each.  run.py says how they are run."""
import dataclasses
import pathlib
import re
import subprocess
import typing

import slot_record
import tamper
import updates
from kill import killed
from debugger import from_debugger, from_debugger_of_l1
from outside import from_outside
from transcripts import same_as_bare

CONFIGS = pathlib.Path(__file__).resolve().parent.parent.parent / "configs"
GUEST = """CONFIG_PARTITION_NAME="test"
CONFIG_PARTITION_RAM_MIB=64
CONFIG_PARTITION_NESTED=n
CONFIG_MACHINE_RAM_MIB=160
CONFIG_DEBUG_EXIT=y
CONFIG_ON_CRASH_POWER_OFF=y
CONFIG_PARTITION_DISK_RAM_KIB=64
"""

NESTING = GUEST.replace("CONFIG_PARTITION_NESTED=n", "CONFIG_PARTITION_NESTED=y\nCONFIG_PARTITION_NESTED_SMALL=y").replace("=64", "=256").replace("=160", "=512")
OTHER_BUILD = 'CONFIG_BUILD_LABEL="stranger"\n'
REFUSES_OTHERS = "CONFIG_PARENT_BUILD_REFUSE=y\n"

# Configurations: name to what stands in for a defconfig; None: the build that is being tested.
BUILDS = {
    "main": None,
    "guest": GUEST,
    "disk": GUEST + "CONFIG_DISK_ATA=y\nCONFIG_PARTITION_DISK_RAM_KIB=0\nCONFIG_CONFIRM_ON_HEARTBEAT=y\nCONFIG_HEARTBEAT_SECONDS=1\nCONFIG_HEARTBEAT_SILENCE_SECONDS=1\n",
    "debugger": GUEST + "CONFIG_GDB=y\n",
    "debugger-nested": NESTING + "CONFIG_GDB=y\n",
    "pci": GUEST + "CONFIG_DISK_PCI=y\n",
    "roots": GUEST + "CONFIG_DISK_ATA=y\n",  # it knows two root keys, of which both must sign a keyring
    "update": "CONFIG_PARTITION_RAM_MIB=512\nCONFIG_PARTITION_NESTED=n\nCONFIG_MACHINE_RAM_MIB=1024\nCONFIG_DEBUG_EXIT=y\nCONFIG_DISK_ATA=y\nCONFIG_SLOT_TRIES=1\n",
    "network": GUEST + "CONFIG_PARTITION_PCI_NETWORK=y\n",
    "spoofing": GUEST + "CONFIG_PARTITION_PCI_NETWORK=y\nCONFIG_PARTITION_MAC_SPOOFING=y\n",
    "restart": GUEST.replace("ON_CRASH_POWER_OFF", "ON_CRASH_RESTART"),
    "reboot": GUEST.replace("ON_CRASH_POWER_OFF", "ON_CRASH_REBOOT"),
    "nesting": NESTING,
    "two": GUEST.replace("ON_CRASH_POWER_OFF", "ON_CRASH_HOLD").replace("=160", "=256") + 'CONFIG_PARTITIONS=2\nCONFIG_PARTITION2_NAME="second"\nCONFIG_MACHINE_CPUS=3\n',
    "pinned": GUEST.replace("=160", "=256") + 'CONFIG_PARTITION_CPU_LIST="3,1"\nCONFIG_PARTITIONS=2\nCONFIG_PARTITION2_NAME="second"\n'
              'CONFIG_PARTITION2_CPU_LIST="2"\nCONFIG_MACHINE_CPUS=4\n',
    "two-hello": GUEST.replace("=160", "=256") + "CONFIG_PARTITIONS=2\nCONFIG_MACHINE_CPUS=3\n",
    "large-pages": NESTING + 'CONFIG_GUARD_PAGE_SIZE_DEFECT=n\nCONFIG_PARTITION_CPU_LIST="1,0"\n',  # the boot CPU is not the first
    "three-disk": GUEST.replace("=160", "=384") + """CONFIG_DISK_ATA=y
CONFIG_PARTITION_DISK_RAM_KIB=0
CONFIG_PARTITION_CPUS=1
CONFIG_PARTITIONS=3
CONFIG_PARTITION2_NAME="second"
CONFIG_PARTITION3_NAME="third"
CONFIG_MACHINE_CPUS=3
""",
    "four": GUEST.replace("ON_CRASH_POWER_OFF", "ON_CRASH_HOLD").replace("=160", "=512") + """CONFIG_PARTITIONS=4
CONFIG_PARTITION_CPUS=1
CONFIG_PARTITION2_NAME="second"
CONFIG_PARTITION3_NAME="third"
CONFIG_PARTITION3_CPUS=2
CONFIG_PARTITION3_ON_CRASH_RESTART=y
CONFIG_PARTITION4_NAME="fourth"
CONFIG_PARTITION4_RAM_MIB=96
CONFIG_MACHINE_CPUS=5
""",  # with a monitor of the tests (tests/system/monitor/)
    "parent": 'CONFIG_PARTITION_NAME="nest"\nCONFIG_PARTITION_RAM_MIB=1024\nCONFIG_PARTITION_NESTED_SMALL=y\nCONFIG_MACHINE_RAM_MIB=2048\n',
    "debian-qemu": (CONFIGS / "bochs_debian_qemu_defconfig").read_text(encoding="ascii"),
    "xen": (CONFIGS / "bochs_xen_defconfig").read_text(encoding="ascii"),
    "strict": GUEST + REFUSES_OTHERS,
    "stranger": GUEST + OTHER_BUILD,
    "strict-stranger": GUEST + OTHER_BUILD + REFUSES_OTHERS,
    "child": "CONFIG_PARTITION_RAM_MIB=512\nCONFIG_PARTITION_NESTED_SMALL=y\nCONFIG_MACHINE_RAM_MIB=1024\n",
    "plain": "CONFIG_PARTITION_RAM_MIB=512\nCONFIG_PARTITION_NESTED=n\nCONFIG_MACHINE_RAM_MIB=1024\nCONFIG_DEBUG_EXIT=y\nCONFIG_PARTITION_DISK_RAM_KIB=512\n"
             "CONFIG_PARTITION_PCI_NETWORK=y\n",
}

SMALL_PAGES = "MiB, 4 KiB pages\n.*EPT.*, small pages because of this CPU's CVE-2018-12207"
LARGE_PAGES = "MiB, 2 MiB pages\n.*its page tables \\(EPT\\)\\s"
POWERED_OFF = "kernel: switching the box off"
HELD = "kernel: partition stopped, action: hold"
BROKEN = "CRASH|guest: WRONG|guest: UNEXPECTED|kernel: VM entry"


@dataclasses.dataclass
class Test:
    """expects: regular expressions, each found behind the one before.  until: ends the run.  memory: MiB; 0: what the build says."""
    name: str
    build: str
    image: typing.Optional[typing.Callable] = None
    expects: tuple = ()
    forbids: str = BROKEN
    until: str = POWERED_OFF
    timeout: int = 60
    machine: str = "bochs"
    cpus: int = 2
    memory: int = 160
    options: tuple = ()                     # more for tools/run
    typed: tuple = ()                       # (regular expression, what is then typed on the serial line: text, or what gives it)
    check: typing.Optional[typing.Callable] = None  # (serial text) to a complaint or None
    machine_check: typing.Optional[typing.Callable] = None  # (the emulator's own output) to a complaint or None
    disk: typing.Optional[typing.Callable] = None  # (tools, stem of its files) to the box's disk
    boots_disk: bool = False                # from the disk, which has a boot loader and the hypervisor, instead of a CD
    keeps_disk: bool = False                # not a byte of the disk may change
    others: typing.Optional[dict] = None    # name of another partition to what makes its image
    compares: typing.Optional[typing.Callable] = None  # instead of all that: (tools, kernel) to a complaint or None


def guest(name, cmdline=""):
    def make(tools, out):
        return tamper.create(tools, out, kernel=tools.guest(name), cmdline=cmdline or None)
    return make


def guest_for(partition, name, cmdline=""):
    """A guest for another partition than the first."""
    def make(tools, out):
        return tamper.create(tools, out, kernel=tools.guest(name), partition=partition, cmdline=cmdline or None)
    return make


def hashed_by(algorithm, name):
    def make(tools, out):
        return tamper.create(tools, out, kernel=tools.guest(name), hash=algorithm)
    return make


def disk(name, damaged="", boots=None, tries=0):
    """A disk with versions 1 and 2 of a guest in slots a and b; of `damaged` slots one bit of the payload is flipped. `boots`: this build, as
    `make image` does it. `tries`: slot b has just been installed and has so many left."""
    def make(tools, stem):
        out = stem.with_suffix(".disk")
        words = []
        for slot, version in (("a", "1.0.0"), ("b", "2.0.0")):
            image = tamper.create(tools, stem.with_suffix(f".{slot}.img"), kernel=tools.guest(name), version=version)
            data = bytearray(image.read_bytes())
            if slot in damaged:
                data[len(data) // 2 + (1 << 19)] ^= 1
            image.write_bytes(data)
            words += [f"--slot-{slot}", image]
        kernel = tools.work / f"build/{boots}/nestbox.elf"
        command = [tamper.TOP / "tools/image", "--kernel", kernel, "--nestbox", tools.nestbox] if boots else [tools.nestbox, "disk", "create"]
        subprocess.run([*command, "--data-size", "4", *words, "-o", out], check=True, capture_output=True)
        if tries:
            slot_record.try_slot_b(out, tries)
        return out
    return make


def disk_with_others(tools, stem):
    """A box's disk as `make image` makes it for several partitions: a guest in the first one's slot a, the others' images beside the hypervisor."""
    out, words = stem.with_suffix(".disk"), []
    for name, program in (("second", "echo"), ("third", "power")):
        words += ["--other", f"{name}={guest_for(name, program)(tools, stem.with_suffix(f'.{name}.img'))}"]
    first = guest("echo")(tools, stem.with_suffix(".a.img"))
    tamper.run(tamper.TOP / "tools/image", "--kernel", tools.kernel("three-disk"), "--nestbox", tools.nestbox, *words, "--data-size", "4", "--slot-a", first, "-o", out)
    return out


def disk_with_keyring(name, signers):
    """An image by a key the box was not built with, and a keyring that has that key, signed by so many roots."""
    def make(tools, stem):
        out, keyring, key = stem.with_suffix(".disk"), stem.with_suffix(".keyring"), tools.foreign_key()
        image = tamper.create(tools, stem.with_suffix(".a.img"), kernel=tools.guest(name), key=key)
        commands = [["key", "rotate", "--add", key.with_suffix(".pub"), "-o", keyring]]
        commands += [["key", "sign", "--key", root.with_suffix(".key"), keyring] for root in tools.roots()[:signers]]
        commands += [["disk", "create", "--data-size", "4", "--slot-a", image, "-o", out]]
        for command in commands:
            subprocess.run([tools.nestbox, *command], check=True, capture_output=True)
        data = bytearray(out.read_bytes())
        at = slot_record.partition(data, "nbmeta") + 4 * slot_record.PLACE
        data[at:at + 20480] = keyring.read_bytes()
        out.write_bytes(data)
        return out
    return make


def debian(tools, _out):
    return tools.debian()


def debian_qemu(tools, _out):
    return tools.recipe(tools.work / "build/debian-qemu", "debian-qemu")


def debian_qemu_with_nestbox(tools, out):
    """The same partition with a CD in its initrd: Nestbox and a test guest for it. QEMU boots that."""
    parts, extra = tools.recipe(tools.work / "build/debian-qemu", "debian-qemu").with_suffix(""), out.with_suffix(".extra")
    (extra / "boot").mkdir(parents=True, exist_ok=True)
    inner = guest("power")(tools, out.with_suffix(".inner.img"))
    tamper.run(tamper.TOP / "tools/disk", "--kernel", tools.kernel("guest"), "--image", inner, extra / "boot/l2.iso")
    initrd = out.with_suffix(".initrd")
    initrd.write_bytes(tamper.with_more((parts / "initrd").read_bytes(), extra, ("boot", "boot/l2.iso")))
    return tamper.create(tools, out, kernel=parts / "vmlinuz", initrd=initrd, cmdline=(parts / "cmdline").read_text(encoding="ascii").strip(), partition="debian-qemu")


def xen(tools, _out):
    return tools.recipe(tools.work / "build/xen", "xen")


def nestbox_with_debian(tools, out):
    """Nestbox as the guest, the Debian partition its boot module."""
    return tamper.create(tools, out, kernel=tools.kernel("child"), module=f"{tools.debian()},partition", partition="nest")


def nestbox_with_guest(build, name, partition="test"):
    """Nestbox as the guest in a partition of this name, a test guest its own partition."""
    def make(tools, out):
        inner = guest(name)(tools, out.with_suffix(".inner.img"))
        return tamper.create(tools, out, kernel=tools.kernel(build), module=f"{inner},partition", partition=partition)
    return make


def in_nestbox(parent, *expects):
    return ("parent: none", "image: accepted; starting nestbox.elf", "Nestbox 0", parent, *expects)


def finished(name):
    return (f"guest: {name}: [1-9]\\d* checks, 0 wrong", r"debug exit 0\); switching the box off", POWERED_OFF)


def moved(frames):
    counted, *ended = finished("network")
    return (counted, f"network: {frames}", *ended)


def stopped(name, report, action="starting it again"):
    return (f"guest: misdeed \\d+: {name}", f"partition: CPU 0 {report}", f"partition test: stopped: .*; {action}")


def several(*groups):
    return tuple(line for group in groups for line in group)


OUTSIDE = "touched memory outside its RAM at guest-physical "
IN_DEVICES = "executed or walked page tables in device space at guest-physical "

MISDEEDS = several(
    stopped("reads outside", OUTSIDE + "8000000"),
    stopped("writes outside", OUTSIDE + "8123000"),
    stopped("writes above", OUTSIDE + "100000000"),
    stopped("triple-faults", "triple-faulted at 8:1"),
    stopped("jumps into", IN_DEVICES + "d0000000"),
    stopped("jumps outside", OUTSIDE + "8000000"),
    stopped("puts page tables outside", OUTSIDE + "8000"),
    stopped("puts page tables into", IN_DEVICES + "d0000"),
    stopped("fills device", "used an instruction Nestbox does not run on device registers at guest-physical d0000000"),
    stopped("uses a locked", "used an instruction Nestbox does not run on device registers at guest-physical fee00080"),
    stopped("crosses", "crossed a page of device space at guest-physical d0000ffe"),
    stopped("takes a trap on a stack outside", OUTSIDE + "7fffff8"),
    stopped("takes a trap on a stack in", IN_DEVICES + "cffffff8"),
    ("guest: misdeed: 0 checks, 0 wrong", POWERED_OFF),
)

RESETS = several(
    *[("image: accepted", f"guest: boot {n}: {door}", f"partition test: reset \\({port}\\); starting it again", "image: verifying",
       "image: hashing") for n, (door, port) in enumerate((("reset control", "cf9"), ("keyboard", "64"), ("port 92", "92")))],
    ("guest: boot 3: ACPI S5", "partition test: powered off; switching the box off", POWERED_OFF),
)

# the summary: as many tables were in use as there are
POOL_EMPTIED = ("EPT02 tables in use ", "at most, of 512 +512 ")

CONTAIN = several(
    ("partition: nothing at port .*",), ("partition: nothing at address c0000000",), finished("contain"),
)


OTHER_PARENT = "parent: Nestbox of another build: this Nestbox is build [0-9a-f]{12}, its parent build [0-9a-f]{12}: "


ESCAPE_KEY = "\x1e"


def password():
    return (tamper.TOP / "keys/console.txt").read_text(encoding="ascii")


# what is seen, and what is then typed
AT_CONSOLE = (
    ("guest: echo is ready", "ab"), ("byte 62", ESCAPE_KEY), ("password: ", "not it at all\n"), (r"wrong password[\s\S]*password: ", password), ("nestbox> ", "sta\ttus\n"),
    ("image      version", "exits\n"), ("interrupts given", "stop\n"), ("action: hold", "status\n"), ("test: stopped", "press\n"), ("partition is stopped", "start\n"),
    ("image: accepted", "status\n"), ("test: running", "log 3\n"), ("image: accepted", "guest\n"), ("guest: echo is ready", "c"),
    ("byte 63", ESCAPE_KEY), ("nestbox> ", "press\n"),
)

CONSOLE = ("guest: byte 61", "guest: byte 62", "password:", "console: wrong password", "console: login", "partition  test: running", "I/O port", "stopped from the console; the box stays up",
           "test: stopped", "image: accepted", "test: running", "back to the guest", "guest: echo is ready", "guest: byte 63", "guest: the button was pressed",
           "partition test: powered off", POWERED_OFF)

# a monitor's deeds, by the numbers of tests/system/monitor/fiend.h: the second is held after one, the third does all in turn, the fourth never ends
FIEND_ENDS, FIEND_HOGS = 12, 14
FIENDS = {"second": guest_for("second", "fiend", "1"), "third": guest_for("third", "fiend"), "fourth": guest_for("fourth", "fiend", str(FIEND_HOGS))}


def fiends_are_contained(text):
    """Each deed that ends a monitor is reported, and is what ends it, once; each that does not comes back. A line may begin behind one that is not whole."""
    wanted = {"third. guest: deed (?:[0-9]|1[0-3])$": FIEND_ENDS + 2, "monitor of third: fault ": FIEND_ENDS, "monitor of second: fault 14 ": 1, "monitor of ": FIEND_ENDS + 1,
              "kernel: partition third stopped, action: restart": FIEND_ENDS, "kernel: partition third stopped, action: hold": 1,
              "kernel: partition second stopped, action: hold": 1, "third. fiend: 35 calls, 0 went through": 1, "third. fiend: calls in disorder, and one in order after them: 0": 1,
              "fourth. fiend: the monitor hogs its CPU": 1, "kernel: partition fourth": 0}
    for pattern, count in wanted.items():
        found = len(re.findall(pattern, text, re.MULTILINE))
        if found != count:
            return f"{found} times instead of {count}: {pattern}"
    return None


# a minute on a PC with nothing else to do
HOSTILE_CASES = 2000


def cannot_start(reason):
    return ("nestbox: cannot start: " + reason,)


NO_VTX = cannot_start(re.escape("this CPU has no VT-x (VMX): use an Intel CPU with VT-x, or an emulator that has it (make run MACHINE=bochs)"))

# how a disk is attached in QEMU, the build that has its driver, and what the box says of it
DISKS = {
    "ide": ("disk", "QEMU HARDDISK, IDE channel 1, "),
    "ahci": ("pci", "QEMU HARDDISK, AHCI .* port 1, "),
    "nvme": ("pci", "QEMU NVMe Ctrl, NVMe .*, "),
    "virtio": ("pci", "virtio, virtio .*, "),
}

# The message that disks are told to interrupt with: the kernel's vector of line 14
DISK_MESSAGE = "apic_deliver_irq dest 0 dest_mode 0 delivery_mode 0 vector 222 "
LEAST_MESSAGES = 100  # each slot is read in hundreds of commands


def disk_interrupts(output):
    count = output.count(DISK_MESSAGE)
    return None if count >= LEAST_MESSAGES else f"the disk has interrupted {count} times, not {LEAST_MESSAGES} or more"


BOTH_SOUND = ("slots: reading slot a", "image: version 1.0.0", "slots: reading slot b", "image: version 2.0.0",
              "slot a: confirmed, active; version 1.0.0, verified; would run", "slot b: confirmed; version 2.0.0, verified$", "lowest security version: 0")


def report(attach, firmware, what="", expects=BOTH_SOUND, **kind):
    """The disk of a box, in a machine whose CPU has no VT-x: what it would run, and nothing done to the disk."""
    build, disk_line = DISKS[attach]
    sends_messages = build == "pci" and not what
    return Test(f"report: {attach}, {firmware}{what}", build, disk=disk("power", boots=build, **kind), boots_disk=True, keeps_disk=True,
                expects=("report: nothing is started and nothing is written", f"disk: {disk_line}", *expects, *NO_VTX), forbids=BROKEN + "|image: accepted|guest:",
                until="cannot start.*bochs", machine="qemu", timeout=120,
                options=("--firmware", firmware, "--attach", attach) + (("--trace", "apic_deliver_irq") if sends_messages else ()),
                machine_check=disk_interrupts if sends_messages else None)


def refused(name, make, reason):
    return Test(f"image: {name}", "guest", make, (f"image refused: {re.escape(reason)}", "partition test: not started", HELD),
                forbids=BROKEN + "|guest:|image: accepted", until=HELD)


# Debian's own drivers with the box's devices, tried one after the other
def devices(*names):
    return tuple(f"nestbox-demo: device {name} ok" for name in names)


def debian_is_whole(text):
    """All of the configured RAM but what the kernel itself takes."""
    found = re.search(r"nestbox-demo: Linux 6\.1\S*, 2 CPUs, MemTotal: (\d+) kB", text)
    kib = int(found.group(1)) if found else 0
    return None if 512 * 1024 * 0.8 < kib < 512 * 1024 else f"MemTotal is {kib} KiB of {512 * 1024}"


TESTS = [
    Test("debian: boot, shell, power-off", "plain", debian,
         ("image: accepted", "nestbox-demo: Linux 6.1", *devices("rng", "disk", "network", "ports", "console"), "nestbox-demo: a shell", "the answer is 42", "partition debian-kvm: powered off", POWERED_OFF),
         forbids="CRASH|BUG:|Oops|Kernel panic|kernel: VM entry|partition: CPU", timeout=300, memory=1024, options=("--net",),
         typed=(("nestbox-demo: a shell", "echo the answer is $((6*7))\n"), ("the answer is 42", "poweroff -f\n")), check=debian_is_whole),
    Test("debian: L2 by KVM", "main", debian, ("image: accepted", "nestbox-demo: Linux 6.1", *devices("rng", "ports", "console"), "nestbox-demo: L2 ok", "exits by reason"),
         forbids="CRASH|BUG:|Oops|Kernel panic|kernel: VM entry|FAILED", until="nestbox-demo: a shell", timeout=300, memory=0),
    Test("debian-qemu: L2 Debian by QEMU and KVM", "debian-qemu", debian_qemu,
         ("image: accepted", "nestbox-demo: Linux 6.1", "nestbox-demo: kvm_intel loaded", "L2: Linux 6.1.*, 2 CPUs online", "L2: every CPU has done its share",
          "L2: every check passed", "nestbox-demo: L2 ok", "exits by reason"),
         forbids="CRASH|BUG:|Oops|Kernel panic|kernel: VM entry|L2 FAILED|L2: FAILED|VM entry refused", until="nestbox-demo: a shell", timeout=600, memory=2048),
    Test("nest: Nestbox in a hypervisor that is not Nestbox", "debian-qemu", debian_qemu_with_nestbox,
         ("parent: none", "nestbox-demo: kvm_intel loaded", 'parent: another hypervisor, "KVMKVMKVM"', "image: accepted; starting power.elf",
          *[f"guest: boot {n}" for n in range(4)], "partition test: powered off", "nestbox-demo: L2 ok"),
         forbids="CRASH|BUG:|Oops|Kernel panic|kernel: VM entry|cannot start|WRONG", until="nestbox-demo: L2", timeout=500, memory=2048),
    Test("xen: Debian as its first domain starts a PVH one", "xen", xen,
         (r"image: accepted; starting xen", r"\(XEN\) Xen version 4\.17", r"\(XEN\) HVM: VMX enabled", r"\(XEN\) Dom0 has maximum 2 VCPUs",
          "nestbox-demo: Linux 6.1.*, 2 CPUs", r"xen: 4\.17\.\d+, .*hvm", "L2: Linux 6.1.*, 2 CPUs online", "L2: every check passed", "nestbox-demo: L2 ok", "exits by reason"),
         forbids=r"cannot start|CRASH|BUG:|Oops|Kernel panic|Panic on CPU|domain_crash|kernel: VM entry|L2 FAILED|L2: FAILED|VM entry refused", until="nestbox-demo: a shell",
         timeout=600, memory=2048),
    Test("nest: Nestbox in Nestbox, KVM in it starts a guest", "parent", nestbox_with_debian,
         ("partition nest, 1024 MiB", "image: accepted; starting nestbox.elf", "Nestbox 0", "parent: Nestbox of the same build", "partition debian-kvm, 512 MiB", "image: accepted",
          "nestbox-demo: Linux 6.1", "nestbox-demo: kvm_intel loaded", "L2: memory", "L2: timer: 10 interrupts", "L2: CPUs", "nestbox-demo: L2 ok", "exits by reason"),
         forbids="CRASH|BUG:|Oops|Kernel panic|kernel: VM entry|L2 FAILED", until="nestbox-demo: a shell", timeout=500, memory=2048),
    Test("nest: same build, CPUs and timers", "nesting", nestbox_with_guest("strict", "cpus"),
         in_nestbox("parent: Nestbox of the same build", "layout", *finished("cpus")), memory=512, timeout=200),
    Test("nest: same build, everything forbidden", "nesting", nestbox_with_guest("guest", "contain"),
         in_nestbox("parent: Nestbox of the same build", *CONTAIN), memory=512, timeout=200),
    Test("nest: same build, a bare-metal L1", "parent", nestbox_with_guest("nesting", "vmx", "nest"),
         in_nestbox("parent: Nestbox of the same build", *finished("vmx")), memory=2048, timeout=300),
    Test("nest: another build warns", "nesting", nestbox_with_guest("stranger", "power"),
         in_nestbox(OTHER_PARENT, "layout", "guest: boot 0"), until="guest: boot 0", memory=512, timeout=120),
    Test("nest: another build refuses", "nesting", nestbox_with_guest("strict-stranger", "power"),
         in_nestbox("nestbox: cannot start: this Nestbox is build [0-9a-f]{12}, its parent build [0-9a-f]{12}: put the same build"),
         forbids=BROKEN + "|parent: Nestbox|guest:", until="cannot start", memory=512, timeout=120),
    Test("contain: everything forbidden", "guest", guest("contain"), CONTAIN),
    Test("contain: misdeeds, started again", "restart", guest("misdeed"), MISDEEDS),
    Test("contain: triple fault, power off", "guest", guest("misdeed", "3"),
         several(stopped("triple-faults", "triple-faulted", "switching the box off"), (POWERED_OFF,))),
    Test("contain: a crash, the box reboots, its report is there", "reboot", guest("misdeed", "wait"),
         several(("Nestbox ",), stopped("reads outside", OUTSIDE, "resetting the box"),
                 ("kernel: resetting the box", "Nestbox ", "layout", "crash: there is a report from before the reset", "waits for a key", "before the last reset:",
                  f"partition: CPU 0 {OUTSIDE}", "nestbox> ", "guest: misdeed 1")), until="guest: misdeed 1", forbids=BROKEN + "|no crash is known",
         typed=(("waits for a key", "a"), (r"from before the reset[\s\S]*waits for a key", ESCAPE_KEY), ("password: ", password), ("nestbox> ", "crash\n"),
                (r"before the last reset:[\s\S]*nestbox> ", "guest\n"), ("back to the guest", "b"))),
    Test("cpus: bring-up, interrupts, timers", "guest", guest("cpus"),
         several(("xAPIC: CPU 1 is up", "xAPIC: one time", "INIT of a deaf CPU", "x2APIC: CPU 1 is up", "x2APIC: one time"), finished("cpus"))),
    Test("cpus: stress in xAPIC mode", "guest", guest("stress"), finished("stress xAPIC")),
    Test("cpus: stress in x2APIC mode", "guest", guest("stress", "x2"), finished("stress x2APIC")),
    *[Test(f"vmx: a bare-metal L1, {name}", build, guest("vmx"), (pages, *several(POOL_EMPTIED, finished("vmx"))), timeout=120, memory=512, options=("--model", model))
      for name, build, model, pages in (("Skylake", "nesting", "corei7_skylake_x", SMALL_PAGES), ("Haswell, large pages", "large-pages", "corei7_haswell_4770", LARGE_PAGES),
                                        ("no VMCS shadowing", "nesting", "corei7_ivy_bridge_3770k", SMALL_PAGES))],
    *[Test(f"vmx: a VMX abort by {what}", "nesting", guest("vmx", f"abort {indicator}"),
           ("vmx: about to abort", f"partition: VMX abort {indicator} on CPU 0",
            f"partition test: stopped: triple fault on a CPU \\({indicator}\\); switching the box off", POWERED_OFF), memory=512)
      for indicator, what in ((1, "storing MSRs"), (2, "host PDPTEs"), (4, "loading MSRs"))],
    *[Test(f"hostile: L1 as on the bare machine, {name}", "nesting", compares=same_as_bare(model, seed, HOSTILE_CASES))
      for name, model, seed in (("Skylake", "corei7_skylake_x", 1), ("Ice Lake", "corei7_icelake_u", 2))],
    Test("console: login, status, stop, start, power button", "guest", guest("echo"), CONSOLE, timeout=240, typed=AT_CONSOLE,
         forbids=BROKEN + "|no command|takes no arguments"),
    Test("console: a debugger at the serial line", "debugger", compares=from_debugger),
    Test("console: a debugger sees L2 and L1's VMCS", "debugger-nested", compares=from_debugger_of_l1),
    Test("console: the host tool at the serial line", "nesting", compares=from_outside),
    Test("slots: the box reads slot a of its disk", "disk", disk=disk("power"),
         expects=("disk: .*, 11 MiB", "slots: reading slot a", "image: version 1.0.0", "slot a: confirmed, active, running", "slot b: confirmed", "image: accepted", "guest: boot 0",
                  "slots: reading slot a", "image: accepted", "guest: boot 1", "guest: boot 3", POWERED_OFF), until=""),
    Test("slots: a damaged slot a, slot b runs", "disk", disk=disk("power", "a"),
         expects=("slots: reading slot a", "image refused: .*payload", "slots: reading slot b", "image: version 2.0.0", "slot b: confirmed, running", "warning: ",
                  "image: accepted", "guest: boot 0"), until="guest: boot 0"),
    Test("slots: both damaged", "disk", disk=disk("power", "ab"),
         expects=("slots: reading slot a", "image refused: .*payload", "slots: reading slot b", "image refused: .*payload", "image refused: neither slot has an image", HELD),
         forbids=BROKEN + "|guest:|image: accepted", until=HELD),
    Test("slots: no heartbeat, started again; then one that confirms", "disk", disk=disk("heart", tries=2),
         expects=("slot b: installed, not confirmed, to be tried, 1 left, running", "guest: boot 0: silent", "slots: no heartbeat", "slot b: .*to be tried, 0 left, running",
                  "guest: boot 1: alive", "confirmed: this image stays"), until="confirmed: this image stays"),
    Test("keys: a keyring signed by the roots", "roots", disk=disk_with_keyring("power", 2),
         expects=("keys: keyring version 1, 1 keys, 0 revoked", "slots: reading slot a", "image: accepted", "guest: boot 0"), until="guest: boot 0"),
    Test("keys: a keyring signed by one of them", "roots", disk=disk_with_keyring("power", 1),
         expects=("keys: degraded", "keyring 0 of the disk does not count: .*not signed by as many root keys", "image refused: none of the image's signatures", HELD),
         forbids=BROKEN + "|guest:|image: accepted", until=HELD),
    Test("slots: no disk", "disk", None, expects=("image refused: there is no disk", HELD), forbids=BROKEN + "|guest:", until=HELD),
    Test("virtio: the same with a disk of the board's behind it", "disk", disk=disk("virtio"),
         expects=(finished("virtio")[0], r"disk: \d+ pieces moved for the guest, [1-9]\d* of them while it ran, [1-9]\d* interrupts", *finished("virtio")[1:]), timeout=120),
    Test("virtio: devices used well, then by a madman", "guest", guest("virtio"), finished("virtio"), timeout=120),
    Test("network: an answer by way of an e1000, none for strangers", "network", guest("network"),
         ("network: Intel 82540EM at 00:0.*; port 02:4e:42:00:00:01 sends from its own address only", "guest: port 2:4e:42:0:0:1, link 1",
          "network: .* 02:4e:42:00:00:77, was dropped", *moved("[2-9] frames sent, .* 3 from other addresses")), options=("--net",)),
    Test("network: with spoofing strangers are answered", "spoofing", guest("network", "spoofing"),
         ("02:4e:42:00:00:01 sends from any address", *moved("[3-9] frames sent, .* 0 from other addresses")), options=("--net",)),
    Test("network: a machine without a card", "network", guest("power"), ("network: warning: there is no card that can be driven", "guest: boot 3: ACPI S5", POWERED_OFF), until=""),
    Test("update: refused, given up, moved on, no way below", "update", disk=updates.box_disk, boots_disk=True, expects=updates.EXPECTS, check=updates.complaint,
         forbids="CRASH|BUG:|Oops|Kernel panic|image refused", timeout=900, memory=1024),
    *[Test(f"kill: the emulator ends amid updates, {row} of 2", "disk", compares=killed(row, 12)) for row in (1, 2)],
    Test("two: the second ends, the first goes on", "two", guest("echo"),
         expects=("partition second, 64 MiB", "CPU 2 .*vCPU 0 of second", *[f"^second. guest: boot {n}" for n in range(4)], "^second. partition second: powered off; the box stays up",
                  "^guest: byte 61"), until="guest: byte 61", cpus=3, memory=256,
         others={"second": guest_for("second", "power")}, typed=(("partition second: powered off", "a"),)),
    Test("two: pinned to CPUs 3,1 and 2, the boot CPU sleeps", "pinned", guest("cpus"),
         expects=("CPU 3 +vCPU 0 of test, pinned .APIC id 3", "CPU 1 +vCPU 1 of test, pinned .APIC id 1", "CPU 2 +vCPU 0 of second, pinned .APIC id 2",
                  "^second. guest: boot 0", *finished("cpus")), cpus=4, memory=256, others={"second": guest_for("second", "power")}),
    Test("two: a program on newlib beside the demo's place", "two-hello", guest("echo"),
         expects=("vCPU 0 of hello-newlib", "^hello-newlib. hello: newlib without", "^hello-newlib. hello: 1 s", "nestbox> ", "^hello-newlib. hello: key x", "^hello-newlib. hello: good bye",
                  "partition hello-newlib: powered off"), until="partition hello-newlib: powered off.*", cpus=3, memory=256, timeout=240,
         others={"hello-newlib": lambda tools, _out: tools.recipe(tools.work / "build/two-hello", "hello-newlib")},
         typed=(("hello: 1 s", ESCAPE_KEY), ("password: ", password), ("nestbox> ", "guest hello-newlib\n"), ("back to the guest", "x"), ("key x", "q"))),
    Test("two: the second reaches out of its RAM, the first goes on", "two", guest("echo"),
         expects=("^second. guest: misdeed 0: reads outside its RAM", "touched memory outside its RAM at guest-physical 8000000", "^second. partition second: stopped: it did what nothing can answer",
                  "kernel: partition second stopped, action: hold", "^guest: byte 61"), until="guest: byte 61", cpus=3, memory=256, forbids="guest: WRONG|guest: UNEXPECTED|kernel: VM entry",
         others={"second": guest_for("second", "misdeed")}, typed=(("partition second stopped, action: hold", "a"),)),
    Test("two: the second triple-faults, the first goes on", "two", guest("echo"),
         expects=("^second. guest: misdeed 3: triple-faults", "^second. partition second: stopped: triple fault on a CPU", "kernel: partition second stopped, action: hold", "^guest: byte 61"),
         until="guest: byte 61", cpus=3, memory=256, others={"second": guest_for("second", "misdeed", "3")}, forbids="guest: WRONG|guest: UNEXPECTED|kernel: VM entry",
         typed=(("partition second stopped, action: hold", "a"),)),
    Test("two: the first triple-faults, the second goes on", "two", guest("misdeed", "3"),
         expects=("guest: misdeed 3", "partition test: stopped: triple fault on a CPU", "kernel: partition stopped, action: hold", "nestbox> ", "^test +stopped +2 +64 MiB", "^second +running +1 +64 MiB",
                  "^second. guest: byte 62"), until="guest: byte 62", cpus=3, memory=256, timeout=240, forbids="guest: WRONG|guest: UNEXPECTED|kernel: VM entry",
         others={"second": guest_for("second", "echo")},
         typed=(("partition stopped, action: hold", ESCAPE_KEY), ("password: ", password), ("nestbox> ", "partitions\n"), ("second +running", "guest second\n"),
                ("back to the guest", "b"))),
    Test("three: booted from the box's disk, the first from its slot", "three-disk", disk=disk_with_others, boots_disk=True,
         expects=("CPU 2 .*vCPU 0 of third", "^slots: reading slot a", "^slot a: .*running", "^guest: byte 61"), until="guest: byte 61", cpus=3, memory=384,
         check=lambda text: next((f"missing: {line}" for line in ("second| guest: echo is ready", "third| guest: boot 3: ACPI S5") if line not in text), None),
         typed=(("third. partition third: powered off", "a"),)),
    Test("four: monitors fail in every way, the first goes on", "four", guest("echo"),
         expects=("partition second, 64 MiB", "CPU 1 .*vCPU 0 of second", "partition third, 64 MiB", "CPU 3 .*vCPU 1 of third", "partition fourth, 96 MiB", "CPU 4 .*vCPU 0 of fourth",
                  "^guest: byte 61", "nestbox> ", "^test +running +1 +64 MiB", "^second +broken +1 +64 MiB", "^third +stopped +2 +64 MiB", "^fourth +running +1 +96 MiB", "^guest: byte 62"),
         until="guest: byte 62", cpus=5, memory=512, timeout=240, others=FIENDS, check=fiends_are_contained,
         typed=(("all deeds done", "a"), ("guest: byte 61", ESCAPE_KEY), ("password: ", password), ("nestbox> ", "partitions\n"), ("fourth +running", "guest\n"),
                ("back to the guest", "b"))),
    Test("power: three resets, then S5", "guest", guest("power"), RESETS, until=""),
    Test("image: hashed by the CPU's SHA extensions", "guest", hashed_by("sha256", "power"), RESETS, until="", options=("--model", "corei7_icelake_u")),
    *[refused(name, tamper.damaged(name), reason) for name, (_, reason) in tamper.DAMAGED.items()],
    refused("unsigned", tamper.made_with(key=None), "the image carries no signature"),
    refused("foreign key", tamper.made_with(key="foreign"), "none of the image's signatures is by a key of this box"),
    refused("other partition", tamper.made_with(partition="other"), "the image is for another partition"),
    refused("other hardware", tamper.made_with(hardware="7-9"), "the image is not for this hardware revision"),
    refused("other ABI", tamper.made_with(abi="2-3"), "the image does not fit this box's ABI"),
    refused("none", None, "there is no image"),
    Test("machine: too little RAM", "plain", debian,
         cannot_start("the partition needs 512 MiB of RAM in one piece, the largest is \\d+ MiB: give the machine more RAM"),
         forbids=BROKEN + "|image:", until="cannot start", memory=256),
    Test("machine: one CPU of two", "guest", guest("power"),
         cannot_start("the layout needs 2 CPUs, this machine has 1: give the machine more CPUs"), forbids=BROKEN + "|image:",
         until="cannot start", cpus=1),
    Test("machine: CPU of 2008 (Penryn)", "guest", guest("power"), ("report: the image is verified and would run", *cannot_start("this CPU has no x2APIC: ")),
         forbids=BROKEN + "|image: accepted|guest:", until="cannot start", options=("--model", "core2_penryn_t9600")),
    Test("machine: CPU of 2009 (Lynnfield)", "guest", guest("power"), cannot_start("this CPU has no x2APIC: "),
         forbids=BROKEN + "|image:", until="cannot start", options=("--model", "corei5_lynnfield_750")),
    *[Test(f"machine: no VT-x, {firmware}", "guest", guest("power"),
           ('parent: another hypervisor, "TCGTCGTCGTCG"', "report: nothing is started", "image: version 1.0.0", "report: the image is verified and would run", *NO_VTX),
           forbids=BROKEN + "|image: accepted|guest:", until="cannot start.*bochs", machine="qemu", memory=256, options=("--firmware", firmware), timeout=90)
      for firmware in ("bios", "uefi")],
    *[report(attach, firmware) for attach in DISKS for firmware in ("bios", "uefi")],
    report("ide", "bios", ", slot a damaged", (
        "slots: reading slot a", "image refused: .*payload", "slots: reading slot b", "image: version 2.0.0",
        "slot a: confirmed, active; not verified: its contents are not what was signed", "slot b: confirmed; version 2.0.0, verified; would run",
        "warning: degraded: the slot that should run is not sound"), damaged="a"),
    report("ide", "bios", ", both damaged", (
        "slot a: confirmed, active; not verified: its", "slot b: confirmed; not verified: [^;\n]*$", "image refused: neither slot has an image"), damaged="ab"),
    report("ide", "bios", ", slot b is tried", (
        "slots: reading slot b", "slots: reading slot a", "slot a: confirmed, active; version 1.0.0, verified$",
        "slot b: installed, not confirmed, to be tried, 1 left; version 2.0.0, verified; would run"), tries=1),
]

# SPDX-License-Identifier: Apache-2.0
"""A guest under gdb's remote protocol, by way of `nestbox gdb`: what gdb does, done by hand."""
import os
import re
import select
import struct
import subprocess
import time

import tamper
from outside import Box

WAIT = 60   # seconds for an answer, on a machine with other work
RSP, R15, RIP = 7, 15, 16


class Remote:
    """gdb's side of the protocol."""

    def __init__(self, box):
        password = (tamper.TOP / "keys/console.txt").read_text(encoding="ascii").strip()
        self.words = open(box.stem.with_suffix(".gdb"), "wb")
        self.process = subprocess.Popen([box.tools.nestbox, "gdb", box.socket], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.words,
                                        env={**os.environ, "NESTBOX_PASSWORD": password}, bufsize=0)

    def byte(self, wait=WAIT):
        if not select.select([self.process.stdout], [], [], wait)[0]:
            raise TimeoutError("no answer")
        byte = os.read(self.process.stdout.fileno(), 1)
        if not byte:
            raise TimeoutError("the tool has ended")
        return byte

    def packet(self):
        """The next packet of the box's; acknowledgements are passed over."""
        while self.byte() != b"$":
            pass
        data = b""
        while not data.endswith(b"#"):
            data += self.byte()
        assert int(self.byte() + self.byte(), 16) == sum(data[:-1]) % 256, f"sum of {data}"
        self.send(b"+")
        return data[:-1].decode("ascii")

    def send(self, data):
        self.process.stdin.write(data)

    def say(self, text):
        self.send(b"$%s#%02x" % (text.encode("ascii"), sum(text.encode("ascii")) % 256))

    def ask(self, text):
        self.say(text)
        return self.packet()

    def register(self, number):
        return int.from_bytes(bytes.fromhex(self.ask(f"p{number:x}")), "little")

    def end(self):
        if self.process.stdin.closed:
            return
        self.process.stdin.close()
        self.process.wait(WAIT)


def symbols(path):
    lines = subprocess.run(["nm", path], check=True, capture_output=True, text=True).stdout.splitlines()
    return {words[2]: int(words[0], 16) for words in map(str.split, lines) if len(words) == 3}


def check(what, is_so):
    if not is_so:
        raise AssertionError(what)


def attach(remote):
    """Stopped at once, both vCPUs known, the code in memory is the program's."""
    check("no target.xml", "qXfer:features:read+" in remote.ask("qSupported:swbreak+;xmlRegisters=i386"))
    check("not stopped by the one who asks", remote.ask("?").startswith("T02thread:1;"))
    text, offset = "", 0
    while True:
        piece = remote.ask(f"qXfer:features:read:target.xml:{offset:x},7ff")
        text, offset = text + piece[1:], offset + len(piece) - 1
        if piece[0] == "l":
            break
    check(f"target.xml: {text}", text.endswith("</feature></target>") and text.count("<reg ") == 46)
    check("threads", remote.ask("qfThreadInfo") == "m1,2" and remote.ask("qsThreadInfo") == "l")
    check("thread 2", bytes.fromhex(remote.ask("qThreadExtraInfo,2")) == b"vCPU 1, not started")
    check("registers", len(remote.ask("g")) == 2 * (17 * 8 + 7 * 4 + 8 * 10 + 8 * 4 + 6 * 8))


def read_and_refuse(remote, program, names):
    """Memory as it is in the file, and clear answers to what cannot be."""
    main = names["guest_main"]
    code = bytes.fromhex(remote.ask(f"m{main:x},40"))
    check("the code is the program's", len(code) == 0x40 and code in program)
    check("nothing is mapped there", remote.ask("m7fff00000000,8") == "E02")
    check("no packet of nonsense", remote.ask("mzz") == "E01" and remote.ask("Gxyz") == "E01" and remote.ask("vNonsense") == "")
    check("no register 999", remote.ask("p3e7") == "E01")
    words = remote.ask("qRcmd," + b"vmcs12".hex())
    check("a guest without VMX", bytes.fromhex(words) == b"L1 has no current VMCS\n")
    remote.send(b"$g#00")
    check("a wrong sum is asked for again", remote.byte() == b"-")


def step(remote):
    """One instruction after the other, the second vCPU standing still. An address that comes again and again."""
    seen = []
    for _ in range(24):
        remote.say("vCont;s:1")
        check("a step ends", remote.packet().startswith("T05thread:1;"))
        seen.append(remote.register(RIP))
    again = [rip for rip in seen if seen.count(rip) > 1]
    check(f"steps go round: {seen}", len(set(seen)) > 2 and again)
    return again[0]


def meet_breakpoint(remote, address):
    """Stops where it is set, shows what was there, and goes on behind it."""
    before = remote.ask(f"m{address:x},4")
    check("it is set", remote.ask(f"Z0,{address:x},1") == "OK")
    check("it does not show", remote.ask(f"m{address:x},4") == before)
    for _ in range(3):
        remote.say("vCont;c")
        stop = remote.packet()
        check(f"it is met: {stop}", stop.startswith("T05thread:1;swbreak:;") and remote.register(RIP) == address)
        check("it is taken out", remote.ask(f"z0,{address:x},1") == "OK")
        remote.say("vCont;s:1;c")
        check("over it", remote.packet().startswith("T05thread:1;") and remote.register(RIP) != address)
        check("it is set again", remote.ask(f"Z0,{address:x},1") == "OK")
    check("and out", remote.ask(f"z0,{address:x},1") == "OK" and remote.ask(f"m{address:x},4") == before)


def change(remote):
    """What is written is read, in memory and registers."""
    place = remote.register(RSP) - 0x400
    check("memory is written", remote.ask(f"M{place:x},5:" + b"GUEST".hex()) == "OK")
    check("and read", bytes.fromhex(remote.ask(f"m{place:x},5")) == b"GUEST")
    r15 = remote.register(R15)
    check("a register is written", remote.ask("Pf=" + struct.pack("<Q", 0x1122334455667788).hex()) == "OK" and remote.register(R15) == 0x1122334455667788)
    check("and back", remote.ask("Pf=" + struct.pack("<Q", r15).hex()) == "OK")


def interrupt(remote):
    remote.say("vCont;c")
    time.sleep(0.5)
    remote.send(b"\x03")
    stop = remote.packet()
    check(f"Ctrl-C stops it: {stop}", stop.startswith("T02thread:"))


def monitor(remote, command):
    return bytes.fromhex(remote.ask("qRcmd," + command.encode("ascii").hex())).decode("ascii")


def field(remote, name):
    """One of L1's VMCS as `monitor vmcs12` shows it."""
    found = re.search(f"^{name} +([0-9a-f]+)$", monitor(remote, f"vmcs12 {name}"), re.M)
    check(f"{name} is shown", found)
    return int(found.group(1), 16)


def look_at_l2(remote, names):
    """While L2 runs its registers are shown and left alone, and L1's VMCS has the same."""
    check("L2 runs", monitor(remote, "levels").startswith("vCPU 0: L2, ") and bytes.fromhex(remote.ask("qThreadExtraInfo,1")) == b"vCPU 0, in L2")
    check("it spins", names["l2_spin"] <= remote.register(RIP) < names["l2_spin"] + 16)
    check("the VMCS has its RIP", field(remote, "GUEST_RIP") == remote.register(RIP))
    check("and another one of L1's", names["guest_start"] <= field(remote, "HOST_RIP") != field(remote, "GUEST_RIP"))
    check("its memory is out of reach, its registers stay", remote.ask("m100000,4") == "E03" and remote.ask("Pf=" + 16 * "0") == "E04")


def drives_echo(remote, box, names):
    attach(remote)
    read_and_refuse(remote, box.tools.guest("echo").read_bytes(), names)
    meet_breakpoint(remote, step(remote))
    change(remote)
    interrupt(remote)


def sees_l2(remote, _box, names):
    check("it stops", remote.ask("?").startswith("T02thread:1;"))
    look_at_l2(remote, names)
    interrupt(remote)
    look_at_l2(remote, names)


def debug(box, drive, names):
    """A complaint or None; the box goes on afterwards."""
    remote = None
    try:
        remote = Remote(box)
        drive(remote, box, names)
        check("it goes", remote.ask("D") == "OK")
        remote.end()
        code, words = box.ask("log", "--lines", "5")
        check(f"the box answers afterwards: {code} {words}", not code)
        return None
    except (AssertionError, TimeoutError, ValueError) as error:
        return str(error)
    finally:
        if remote:
            remote.end()


def from_debugger(tools, kernel):
    """A row of the table: a complaint or None."""
    box = Box(tools, kernel, "debugger", guest="echo", cmdline="")
    try:
        return debug(box, drives_echo, symbols(tools.guest("echo"))) if box.wait("guest: echo is ready") else "the guest does not come up"
    finally:
        box.end()


def from_debugger_of_l1(tools, kernel):
    """Another: L1 is a hypervisor whose guest does not come back."""
    box = Box(tools, kernel, "debugger-of-l1")
    try:
        return debug(box, sees_l2, symbols(tools.guest("vmx"))) if box.wait() and box.enter("l") else "no guest of the guest comes up"
    finally:
        box.end()

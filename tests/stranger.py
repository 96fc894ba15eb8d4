#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What somebody does who has only the README: clone, build, boot, change the layout in menuconfig, add a partition, make a recipe of one's own, break
what nesting needs and read what is wrong.

Usage: stranger.py [--run] [--fresh DIR]      (make stranger, make stranger FRESH=dir)
  --run        also boot the demo, as the README's first command does (minutes on an emulator)
  --fresh DIR  do all that in a Debian 12 made by debootstrap in DIR, with nothing of this machine's but its package mirror; wants root
Works in a folder below build/, which is removed at the end. Exit code 0: everything was as the README says; 1: the line says what was not.
"""
import argparse
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
KEY_SECONDS = 0.4  # menuconfig redraws its screen
BUILD_SECONDS = 3600

# What is done to a sound configuration, and the words of `nestbox nested status` that name it.
BROKEN = (
    ({"PARTITION_NESTED": None}, "VT-x is not shown to the partition"),
    ({"PARTITION_RAM_MIB": "2048", "PARTITION_NESTED_SMALL": None}, "below 4096 MiB"),
    ({"PARTITION_CPUS": "1"}, "a single CPU"),
    ({"MACHINE_CPUS": "1"}, "too few CPUs to pin each to one"),
    ({"MACHINE_RAM_MIB": "1024"}, "the layout breaks a rule"),
    ({"NESTED_EPT02_PAGES": "16"}, "pages for shadow EPT tables"),
    ({"NESTED_VIRTUAL_INTERRUPTS": None}, "virtual-interrupt delivery"),
    ({"PARTITION_PCI_NETWORK": "y", "PARTITION_MAC": '"02:4e:42:00:00:01"'}, "its own MAC address only"),
)


class Wrong(Exception):
    pass


def run(*words, cwd, expect=0, seconds=BUILD_SECONDS):
    done = subprocess.run([str(word) for word in words], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=seconds, check=False, env={**os.environ, "TERM": "xterm"})
    if expect is not None and done.returncode != expect:
        raise Wrong(f"{' '.join(map(str, words))}: exit code {done.returncode}, not {expect}:\n{done.stdout[-2000:]}")
    return done.stdout


def step(name, do, *arguments):
    start = time.monotonic()
    do(*arguments)
    print(f"  ok   {name:60} {time.monotonic() - start:6.1f} s", flush=True)


def type_into(words, keys, cwd):
    """Runs a program on a terminal and types, a key sequence at a time. What it has shown."""
    shown = bytearray()
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(cwd)
        os.environ.update(TERM="xterm", LINES="40", COLUMNS="120")
        os.execvp(words[0], words)

    def watch(seconds):
        """False: it has ended."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([terminal], [], [], left)[0]:
                try:
                    shown.extend(os.read(terminal, 65536))
                except OSError:
                    return False
        return True
    deadline = time.monotonic() + 60
    while b"[Space/Enter]" not in shown and time.monotonic() < deadline:
        watch(KEY_SECONDS)
    for key in keys:
        os.write(terminal, key.encode())
        watch(KEY_SECONDS)
    has_ended = not watch(30)
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    if not has_ended:
        raise Wrong(f"{' '.join(words)} did not end; its last screen:\n{shown[-1000:].decode(errors='replace')}")
    if os.waitstatus_to_exitcode(status):
        raise Wrong(f"{' '.join(words)}: exit code {os.waitstatus_to_exitcode(status)}; its last screen:\n{shown[-1500:].decode(errors='replace')}")
    return shown.decode(errors="replace")


def menuconfig(clone, symbol, value):
    """Jumps to the symbol (/), clears what is there, types the value, saves."""
    keys = ["/", symbol, "\n", "\n", "\x7f" * 40, value, "\n", "q", "y"]
    type_into(["make", "menuconfig"], keys, clone)
    text = (clone / ".config").read_text(encoding="utf-8")
    if not re.search(rf'^CONFIG_{symbol}="?{re.escape(value)}"?$', text, re.MULTILINE):
        raise Wrong(f"menuconfig did not set {symbol} to {value}")


def layout(clone, *expected):
    text = run("build/nestbox", "layout", ".config", cwd=clone)
    for words in expected:
        if not re.search(words, text):
            raise Wrong(f"the layout does not show {words}:\n{text}")


def change_ram(clone):
    menuconfig(clone, "MACHINE_RAM_MIB", "10240")
    menuconfig(clone, "PARTITION_RAM_MIB", "4608")
    run("make", cwd=clone)
    layout(clone, "4608 MiB +debian-kvm")


def add_partition(clone):
    menuconfig(clone, "PARTITIONS", "2")
    refused = run("make", cwd=clone, expect=2)
    if "Machine to try it on > CPUs" not in refused:
        raise Wrong(f"a partition without a CPU is not refused by its menu path:\n{refused[-1000:]}")
    menuconfig(clone, "MACHINE_CPUS", "3")
    run("make", "disk", cwd=clone)
    layout(clone, "64 MiB +hello-newlib", "2 +hello-newlib")


def own_recipe(clone):
    shutil.copytree(clone / "partitions/debian-kvm", clone / "partitions/mybox")
    recipe = clone / "partitions/mybox/recipe.mk"
    recipe.write_text(recipe.read_text(encoding="utf-8").replace("debian-kvm", "mybox").replace("DEBIAN_KVM", "MYBOX"), encoding="utf-8")
    menuconfig(clone, "PARTITION_NAME", "mybox")
    run("make", "disk", cwd=clone)
    told = run("build/nestbox", "image", "verify", "--pub", "keys/dev.pub", "build/partitions/mybox.img", cwd=clone)
    if "mybox" not in told + run("build/nestbox", "image", "info", "build/partitions/mybox.img", cwd=clone):
        raise Wrong(f"the image does not say whose it is: {told}")


def break_nesting(clone):
    run("make", "bochs_defconfig", cwd=clone)
    sound = (clone / ".config").read_text(encoding="utf-8")
    run("build/nestbox", "nested", "status", ".config", cwd=clone)
    for changes, words in BROKEN:
        text = sound
        for symbol, value in changes.items():
            line = f"CONFIG_{symbol}={value}" if value else f"# CONFIG_{symbol} is not set"
            text, count = re.subn(rf"^(CONFIG_{symbol}=.*|# CONFIG_{symbol} is not set)$", line, text, flags=re.MULTILINE)
            text += "" if count else line + "\n"
        (clone / "broken").write_text(text, encoding="utf-8")
        told = run("build/nestbox", "nested", "status", "broken", cwd=clone, expect=None)
        if not re.search(f"^(warning|failure) .*{words}", told, re.MULTILINE):
            raise Wrong(f"{changes}: `nested status` does not say '{words}':\n{told}")


def visit(folder, does_run):
    clone = folder / "nestbox"
    step("clone", lambda: run("git", "clone", "-q", TOP, clone, cwd=folder))
    step("make", lambda: run("make", cwd=clone))
    if does_run:
        step("make run: the demo, its guest, a shell", lambda: run("make", "run", cwd=clone))
    step("another RAM size in menuconfig", change_ram, clone)
    step("a second partition", add_partition, clone)
    step("a recipe of one's own", own_recipe, clone)
    step(f"{len(BROKEN)} prerequisites of nesting, broken in turn", break_nesting, clone)


def make_fresh(root):
    """Debian 12 with what a clone needs, and this machine's package sources."""
    if os.geteuid():
        raise Wrong("--fresh wants root: debootstrap and chroot do")
    if not (root / "etc/debian_version").exists():
        run("debootstrap", "--variant=minbase", "--include=ca-certificates,git,make,python3", "bookworm", root, cwd=TOP)
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    for name in "etc/apt/sources.list.d", "etc/apt/apt.conf.d", "etc/apt/keyrings":
        if pathlib.Path("/", name).is_dir():
            shutil.copytree(pathlib.Path("/", name), root / name, dirs_exist_ok=True)
    for name in "etc/resolv.conf", "etc/hosts":
        shutil.copy(pathlib.Path("/", name), root / name)


def visit_fresh(root, does_run):
    make_fresh(root)
    mounts = (("proc", root / "proc", "-t", "proc"), ("/dev", root / "dev", "--bind"), ("/dev/pts", root / "dev/pts", "--bind"))
    tree = root / "stranger/tree"
    shutil.rmtree(tree, ignore_errors=True)
    tree.parent.mkdir(exist_ok=True)
    run("git", "clone", "-q", TOP, tree, cwd=root)
    try:
        for what, where, *how in mounts:
            run("mount", *how, what, where, cwd=root)
        words = ["chroot", root, "env", "-i", "HOME=/stranger", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "python3", "/stranger/tree/tests/stranger.py"]
        if subprocess.run([str(word) for word in words + (["--run"] if does_run else [])], check=False).returncode:
            raise Wrong("the visit to the fresh system ended as its last line says")
    finally:
        for _, where, *_ in reversed(mounts):
            subprocess.run(["umount", where], check=False, stderr=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--run", action="store_true", help="also boot the demo")
    parser.add_argument("--fresh", type=pathlib.Path, metavar="DIR", help="in a Debian 12 made in DIR")
    options = parser.parse_args()
    try:
        if options.fresh:
            visit_fresh(options.fresh.resolve(), options.run)
        else:
            (TOP / "build").mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="stranger-", dir=TOP / "build") as folder:
                visit(pathlib.Path(folder), options.run)
    except (Wrong, subprocess.TimeoutExpired, OSError) as wrong:
        sys.exit(f"stranger: {wrong}")
    print("stranger: everything was as the README says")


if __name__ == "__main__":
    main()

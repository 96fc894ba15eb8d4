# SPDX-License-Identifier: Apache-2.0
"""A box in the field, made as `make image` makes it: Debian in slot a, and on the data partition the bundles its guest tries to install.

What the guest does at each of its starts is a shell script in its initrd. The versions, one life of the box:
  1.0.0  is offered bundles that must be refused, then installs 2.0.0
  2.0.0  starts and confirms nothing: its one try is used up, the box goes back
  1.0.0  installs 3.0.0, an image of more than 64 MiB
  3.0.0  confirms itself and raises the lowest security version; nothing leads back to what is below
"""
import pathlib
import random
import re

import tamper

MIB = 1 << 20
BALLAST_BYTES = 56 * MIB  # with kernel and initrd more than 64 MiB
SLOT_MIB = 80
REFUSED = ("unknown-key", "other-partition", "altered", "cut")

FIRST = """
offer() { dd if=/dev/vda bs=1M skip=$2 count=$3 2> /dev/null | nestboxctl update install - ; echo "test: $1: exit $?, at $(cut -d' ' -f1 /proc/uptime)"; }
"""

SCRIPTS = {
    "1.0.0": """
if nestboxctl slots | grep -q 'slot b: empty'; then
	echo "test: 1.0.0 runs"
	@refused@
	nestboxctl slots
	nestboxctl rollback; echo "test: rollback to an empty slot: exit $?"
	offer silent @silent@
else
	echo "test: 1.0.0 runs again"
	offer large @large@
	nestboxctl slots
fi
reboot -f
""",
    "2.0.0": 'echo "test: 2.0.0 runs and confirms nothing"; reboot -f\n',
    "3.0.0": """
echo "test: 3.0.0 runs"
nestboxctl slots
printf '\001' | dd of=/dev/port bs=1 seek=1296 conv=notrunc 2> /dev/null
nestboxctl slots
offer older @older@
nestboxctl rollback; echo "test: rollback below the lowest version: exit $?"
nestboxctl slots
poweroff -f
""",
}


def with_files(initrd, files, folder):
    """An initrd and these files behind it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return tamper.with_more(initrd, folder, sorted(files))


class Bundles:
    """Bundles one after the other on whole MiB, as the guest finds them on its disk."""

    def __init__(self):
        self.data, self.places = bytearray(), {}

    def add(self, name, bundle):
        self.places[name] = f"{len(self.data) // MIB} {-(-len(bundle) // MIB)}"
        self.data += bundle + bytes(-len(bundle) % MIB)

    def fill_in(self, script):
        script = script.replace("@refused@", "\n\t".join(f"offer {name} @{name}@" for name in REFUSED))
        return re.sub("@([a-z-]+)@", lambda found: self.places.get(found.group(1), "?"), script)


class Maker:
    def __init__(self, tools, stem):
        self.tools, self.stem = tools, stem
        self.parts = tools.debian().with_suffix("")

    def image(self, name, version, files, **options):
        initrd, out = self.stem.with_suffix(f".{name}.initrd"), self.stem.with_suffix(f".{name}.img")
        initrd.write_bytes(with_files((self.parts / "initrd").read_bytes(), files, self.stem.with_suffix(f".{name}.files")))
        return tamper.create(self.tools, out, kernel=self.parts / "vmlinuz", initrd=initrd, version=version, tree=tamper.FLAG,
                             **{"partition": "debian-kvm", "cmdline": (self.parts / "cmdline").read_text(encoding="ascii").strip(), **options})

    def bundle(self, image):
        out = pathlib.Path(image).with_suffix(".bundle")
        tamper.run(self.tools.nestbox, "bundle", "create", image, "-o", out)
        return out.read_bytes()


def box_disk(tools, stem):
    make, bundles = Maker(tools, stem), Bundles()

    def script(version):
        return {"more": (FIRST + bundles.fill_in(SCRIPTS[version])).encode()}

    bundles.add("unknown-key", make.bundle(make.image("unknown-key", "1.6.0", {}, key=tools.foreign_key())))
    bundles.add("other-partition", make.bundle(make.image("other-partition", "1.7.0", {}, partition="other")))
    bundles.add("older", make.bundle(make.image("older", "2.5.0", {})))
    ballast = random.Random(64).randbytes(BALLAST_BYTES)
    silent = make.bundle(make.image("silent", "2.0.0", {**script("2.0.0"), "ballast": ballast[:2 * MIB]}))
    inside = len(silent) - MIB  # of what no other version has
    bundles.add("silent", silent)
    bundles.add("altered", silent[:inside] + bytes([silent[inside] ^ 1]) + silent[inside + 1:])
    bundles.add("cut", silent[:inside // MIB * MIB])
    large = make.bundle(make.image("large", "3.0.0", {**script("3.0.0"), "ballast": ballast}, security_version="1"))
    bundles.add("large", large)
    first = make.image("first", "1.0.0", script("1.0.0"))
    data, out = stem.with_suffix(".data"), stem.with_suffix(".disk")
    data.write_bytes(bundles.data)
    tamper.run(tamper.TOP / "tools/image", "--kernel", tools.kernel("update"), "--nestbox", tools.nestbox, "--slot-a", first,
               "--slot-size", SLOT_MIB, "--data", data, "-o", out)
    return out


def refused(name, words):
    return (words, f"test: {name}: exit 1")


EXPECTS = (
    "slot a: confirmed, active, running", "slot b: empty", "image: accepted", "test: 1.0.0 runs",
    *refused("unknown-key", "the box says: SIGNATURE_UNKNOWN_KEY"), *refused("other-partition", "the box says: ROLE "),
    *refused("altered", "the box says: BLOCK_ALTERED"), "the bundle ends before its end", "test: cut: exit 3",
    "slot a: confirmed, active, running", "slot b: empty", *refused("rollback to an empty slot", "no image that has been confirmed"),
    "installed in slot b", "test: silent: exit 0", "image: version 2.0.0", "slot b: installed, not confirmed, to be tried, 0 left, running", "test: 2.0.0 runs",
    "image: version 1.0.0", "slot b: installed, not confirmed, to be tried, 0 left", "warning: the new image was never confirmed", "test: 1.0.0 runs again", "100 %", "installed in slot b", "test: large: exit 0", "since this start: 1\n",
    "image: version 3.0.0, security version 1", "slot b: installed, not confirmed, to be tried, 0 left, running", "test: 3.0.0 runs", "since this start: 1\n",
    "exits by reason", "confirmed: this image stays", "lowest security version: 1, metadata writes since this start: 3\n",
    *refused("older", "the box says: BELOW_FLOOR|the box says: SECURITY"), *refused("rollback below the lowest version", "security version is below"),
    "slot b: confirmed, active, running", "partition debian-kvm: powered off",
)


def complaint(text):
    """Progress of the large image: in steps, only upwards, whole only once it is installed."""
    large = text[text.index("test: 1.0.0 runs again"):text.index("test: large: exit 0")]
    percents = [int(found) for found in re.findall(r"^ *(\d+) %", large, re.MULTILINE)]
    sizes = {int(float(found)) for found in re.findall(r" of ([\d.]+) MiB", large)}
    if percents != sorted(percents) or len(set(percents)) < 20:
        return f"its progress does not rise: {percents}"
    if percents.count(100) != 1 or large.index("100 %") > large.index("installed in slot"):
        return "it does not end at 100 %"
    return None if min(sizes) >= 64 else f"it has {sizes} MiB, not 64"

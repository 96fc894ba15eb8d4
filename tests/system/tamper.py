# SPDX-License-Identifier: Apache-2.0
"""Images a box must refuse: real ones, made with the host tool, then damaged.

Layout of an image: DESIGN "Images, keys, slots, updates".  A manifest with impossible sizes is one the tool refuses to sign, so it is signed
here with OpenSSL over the same domain and bytes: the box must find it authentic and refuse it all the same.
"""
import pathlib
import struct
import subprocess

MANIFEST_SIGNED = 4096
SIGNATURES = 4096
ENTRY_HEADER = 40
PAYLOAD = 1 << 20
DOMAIN = b"nestbox-image-v1\0"
TOP = pathlib.Path(__file__).resolve().parents[2]


def run(*command, **options):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, **options).stdout


FLAG = object()  # the value of an option that has none


def with_more(initrd, folder, names):
    """An initrd and a second archive behind it, of these files of a folder."""
    more = run("cpio", "--quiet", "--reproducible", "-o", "-H", "newc", cwd=folder, input="\n".join(names).encode())
    # where an archive begins, the kernel looks at multiples of 4 only
    return initrd + bytes(-len(initrd) % 4) + more


def create(tools, out, **options):
    """An image by `nestbox image create`; options are its own, with _ for - and key=None for unsigned."""
    command = [tools.nestbox, "image", "create", "-o", out]
    given = {"version": "1.0.0", "partition": "test", "key": tools.key, **options}
    for name, value in given.items():
        if value is not None:
            command += ["--" + name.replace("_", "-")] + ([] if value is FLAG else [value])
    run(*command)
    return out


def flip(image, at):
    image[at] ^= 0x01


def der_integers(der):
    """r and s of an ECDSA signature in DER."""
    at, values = 2 + (der[1] & 0x80 and der[1] & 0x7F), []
    for _ in range(2):
        length = der[at + 1]
        values.append(int.from_bytes(der[at + 2:at + 2 + length], "big"))
        at += 2 + length
    return values


def sign_again(image, key):
    """Replaces the one signature, whatever the manifest now says."""
    der = run("openssl", "dgst", "-sha384", "-sign", key, input=DOMAIN + bytes(image[:MANIFEST_SIGNED]))
    length = struct.unpack_from("<I", image, SIGNATURES + ENTRY_HEADER)[0]
    r, s = der_integers(der)
    start = SIGNATURES + 4 + ENTRY_HEADER
    image[start:start + length] = r.to_bytes(length // 2, "big") + s.to_bytes(length // 2, "big")


def field(offset, layout, value):
    def change(image, tools):
        struct.pack_into(layout, image, offset, value)
        sign_again(image, tools.key)
    return change


def manifest_bit(image, _tools):
    flip(image, 20)


def reserved_byte(image, tools):
    image[2000] = 1
    sign_again(image, tools.key)


def signature_byte(image, _tools):
    flip(image, SIGNATURES + 4 + ENTRY_HEADER + 30)


def zero_signature(image, _tools):
    start = SIGNATURES + 4 + ENTRY_HEADER
    image[start:start + 96] = bytes(96)


def signature_count(image, _tools):
    struct.pack_into("<I", image, SIGNATURES, 0xFFFFFFFF)


def signature_length(image, _tools):
    struct.pack_into("<I", image, SIGNATURES + ENTRY_HEADER, 0xFFFFFFF0)


def payload_byte(image, _tools):
    flip(image, PAYLOAD + 5000)


def last_byte(image, _tools):
    flip(image, len(image) - 1)


def padding_byte(image, _tools):
    image[0x8000] = 1


def truncated(image, _tools):
    del image[-4096:]


def manifest_only(image, _tools):
    del image[10000:]


def trailing(image, _tools):
    image += b"\0" * 4096


# name: (how, the box's reason)
DAMAGED = {
    "manifest bit": (manifest_bit, "a signature by a known key does not match: the image was altered after signing"),
    "signature byte": (signature_byte, "a signature by a known key does not match"),
    "signature of zeros": (zero_signature, "a signature by a known key does not match"),
    "signature count": (signature_count, "the image claims more than 4 signatures"),
    "signature length": (signature_length, "the signature area is malformed"),
    "payload byte": (payload_byte, "the payload does not match the signed digest"),
    "last byte": (last_byte, "the payload does not match the signed digest"),
    "padding byte": (padding_byte, "bytes between the manifest, the payload and the hash tree are not zero"),
    "truncated": (truncated, "the image is shorter than"),
    "manifest only": (manifest_only, "the image is shorter than"),
    "trailing bytes": (trailing, "there are bytes behind the end of the image"),
    "payload size wraps": (field(104, "<Q", 2**64 - 4096), "the payload's offset and size exceed 64 bits"),
    "payload size of 8 EiB": (field(104, "<Q", 2**63), "the image is shorter than"),
    "payload size past 4 GiB": (field(104, "<Q", 2**32 + 4096), "the image is shorter than"),
    "payload in manifest": (field(96, "<Q", 0), "the payload starts below 1 MiB"),
    "payload offset wraps": (field(96, "<Q", 2**64 - 4096), "the payload's offset and size exceed 64 bits"),
    "tree wraps": (field(120, "<Q", 2**64 - 1), "the hash tree"),
    "unknown flag": (field(92, "<I", 1 << 31), "the image needs a feature"),
    "reserved byte": (reserved_byte, "reserved bytes of the manifest are not zero"),
}


def damaged(name):
    """A maker of the image with that damage."""
    def make(tools, out):
        create(tools, out, kernel=tools.guest("power"))
        image = bytearray(pathlib.Path(out).read_bytes())
        DAMAGED[name][0](image, tools)
        pathlib.Path(out).write_bytes(image)
        return out
    return make


def made_with(**options):
    def make(tools, out):
        if options.get("key") == "foreign":
            return create(tools, out, kernel=tools.guest("power"), **{**options, "key": tools.foreign_key()})
        return create(tools, out, kernel=tools.guest("power"), **options)
    return make

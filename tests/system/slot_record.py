# SPDX-License-Identifier: Apache-2.0
"""The slot record of a disk image, changed as a box would change it (partitions/monitor/update/record_fields.def, role_fields.def)."""

SECTOR, PLACE, RECORD, ROLES, COVERED = 512, 65536, 4096, 64, 64 + 8 * 128
SEQUENCE, TRY_SLOT, TRIES_LEFT, STATE = slice(16, 24), ROLES + 17, ROLES + 18, ROLES + 20
SLOT_B, INSTALLED = 2, 1


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def partition(data, name):
    """Where a partition starts. UEFI 2.10 table 5-6: the first sector lies 24 bytes before the name."""
    place = data.index(name.encode("utf-16-le")) - 24
    return int.from_bytes(data[place:place + 8], "little") * SECTOR


def try_slot_b(path, tries):
    """As after an update: slot b is installed and has so many starts to prove itself."""
    data = bytearray(path.read_bytes())
    copies = [partition(data, "nbmeta") + which * PLACE for which in range(2)]
    newer = max(copies, key=lambda at: data[at:at + RECORD][SEQUENCE][::-1])
    record = data[newer:newer + RECORD]
    record[SEQUENCE] = (int.from_bytes(record[SEQUENCE], "little") + 1).to_bytes(8, "little")
    record[TRY_SLOT], record[TRIES_LEFT], record[STATE + SLOT_B - 1] = SLOT_B, tries, INSTALLED
    record[COVERED:COVERED + 4] = crc32c(record[:COVERED]).to_bytes(4, "little")
    older = copies[newer == copies[0]]
    data[older:older + RECORD] = record
    path.write_bytes(data)

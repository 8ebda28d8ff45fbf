"""The disks of daemons under tests/cluster/failing_disk.cpp: in trouble, or without what was not synced."""
import os
import pathlib
import struct
import subprocess

from node import BIN

LIBRARY = BIN.parent / "lib/libfailing_disk.so"
SLOTS, SLOT = 1 << 16, struct.Struct("<QQ")  # inode, bytes on disk


def environment_of(voter):
    """Of a daemon whose disk can be in trouble."""
    needed = subprocess.run(["ldd", BIN / "runinkd"], capture_output=True, text=True, check=True).stdout
    sanitizers = [line.split()[2] for line in needed.splitlines() if "libasan" in line]
    return {"LD_PRELOAD": ":".join([*sanitizers, str(LIBRARY)]), "FAILING_DISK": str(switch(voter)),
            "SYNCED_LENGTHS": str(table(voter))}


def switch(voter):
    return pathlib.Path(voter.folder) / "disk"


def table(voter):
    return pathlib.Path(voter.folder) / "synced"


def synced_lengths(voter):
    """How many bytes of each inode a sync has covered."""
    return {inode: size for inode, size in SLOT.iter_unpack(table(voter).read_bytes()) if inode != 0}


def note(voter, lengths):
    slots, taken = bytearray(SLOTS * SLOT.size), set()
    for inode, size in lengths.items():
        at = inode % SLOTS
        while at in taken:
            at = (at + 1) % SLOTS
        taken.add(at)
        SLOT.pack_into(slots, at * SLOT.size, inode, size)
    table(voter).write_bytes(slots)


def files_of(voter):
    """Those whose bytes mean something: the ballast only takes room."""
    for top, _, names in os.walk(voter.data):
        for name in names:
            path = pathlib.Path(top, name)
            if name != "ballast" and path.is_file() and not path.is_symlink():
                yield path


def lose_unsynced(voter, chance):
    """A power cut, of a daemon that has ended: each file loses what no sync has covered, all of it or an end of it
    that is drawn. How many bytes of Raft's log that were."""
    lengths, kept, lost = synced_lengths(voter), {}, 0
    for path in sorted(files_of(voter)):
        info = path.stat()
        synced = min(lengths.get(info.st_ino, 0), info.st_size)
        left = info.st_size
        if synced < info.st_size:
            left = synced if chance.random() < 0.5 else chance.randint(synced, info.st_size)
            if left < info.st_size:
                os.truncate(path, left)
                lost += info.st_size - left if "raft.db" in path.parts and path.suffix == ".log" else 0
        kept[info.st_ino] = left
    note(voter, kept)
    return lost

#!/usr/bin/env python3
"""What judges in tools/chaos, given what is wrong: each kind must be found."""
import pathlib
import random
import sys
import tempfile
import threading
import types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cluster"))
# pylint: disable=wrong-import-position
import disks
from clients import TOKENS, Counter
from history import History, judge
from node import main


def counter(sent, acknowledged):
    one = Counter(types.SimpleNamespace(seed=1, over=threading.Event()), 7)
    one.sent, one.acknowledged = sent, acknowledged
    return one


def entry(tokens, version=None):
    return {"value": "".join(f"{one};" for one in tokens), "version": len(tokens) if version is None else version}


def a_counter_finds_what_was_lost_or_done_twice_or_never_sent():
    one = counter(4, [0, 1, 3])
    assert one.compare({"c7/00000": entry([0, 1, 3])}) == []
    assert one.compare({"c7/00000": entry([0, 1, 2, 3]), "c8/00000": entry([0, 0])}) == []
    assert "lost: [3]" in one.compare({"c7/00000": entry([0, 1])})[0]
    assert "lost: [0, 1, 3]" in one.compare({})[0]
    assert "more than once: [1]" in one.compare({"c7/00000": entry([0, 1, 1, 3])})[0]
    assert "never sent: [9]" in one.compare({"c7/00000": entry([0, 1, 3, 9])})[0]
    assert "changed 4 times" in one.compare({"c7/00000": entry([0, 1, 3], 4)})[0]
    assert "holds 1" in counter(2, []).compare({f"c7/{1:05}": entry([1])})[0] and one.place(TOKENS) == "c7/00001"


def of_history(*operations):
    """What is wrong with (client, call, return, input, output)s, and how many were judged."""
    with tempfile.TemporaryDirectory(prefix="runink-chaos-") as folder:
        history = History(pathlib.Path(folder))
        for one in operations:
            history.add(*one)
        return judge(history, pathlib.Path(folder))


def a_history_with_a_stale_read_or_a_lost_write_is_not_linearizable():
    put, get = {"op": "put", "key": "k", "value": "1"}, {"op": "get", "key": "k"}
    other = (3, 1, 2, {"op": "append", "key": "l", "value": "x"}, {})
    assert of_history((1, 1, 2, put, {}), (2, 3, 4, get, {"value": "1"}), other) == ([], 3)
    assert of_history((1, 1, None, put, None), (2, 3, 4, get, {"value": None}), other) == ([], 3)
    wrong, judged = of_history((1, 1, 2, put, {}), (2, 3, 4, get, {"value": None}), other)
    assert judged == 3 and "not-linearizable" in wrong[0] and 'key "k"' in wrong[0], wrong
    assert of_history((1, 1, 2, put, {"refused": True}), (2, 3, 4, get, {"value": "1"}))[0]


def a_power_cut_takes_what_no_sync_has_covered_and_nothing_else():
    with tempfile.TemporaryDirectory(prefix="runink-chaos-") as folder:
        voter = types.SimpleNamespace(folder=pathlib.Path(folder), data=pathlib.Path(folder) / "data")
        log = voter.data / "raft/raft.db/000001.log"
        log.parent.mkdir(parents=True)
        log.write_bytes(b"s" * 100 + b"u" * 50)
        (voter.data / "whole").write_bytes(b"w" * 10)
        (voter.data / "never").write_bytes(b"n" * 10)
        (voter.data / "ballast").write_bytes(b"b" * 10)
        inode = {path.name: path.stat().st_ino for path in disks.files_of(voter)}
        # One that is not there any more stands where another one belongs.
        disks.note(voter, {inode["whole"] + disks.SLOTS: 3, inode["whole"]: 10, inode["000001.log"]: 100})
        seen, chance = set(), random.Random(1)
        for _ in range(20):
            log.write_bytes(log.read_bytes()[:100] + b"u" * 50)
            disks.note(voter, {**disks.synced_lengths(voter), inode["000001.log"]: 100})
            lost = disks.lose_unsynced(voter, chance)
            seen.add(lost)
            assert log.read_bytes() == b"s" * 100 + b"u" * (50 - lost), (lost, log.read_bytes())
            assert disks.synced_lengths(voter)[inode["000001.log"]] == 150 - lost
        assert 50 in seen and len(seen) > 3, seen
        assert (voter.data / "whole").read_bytes() == b"w" * 10
        assert len((voter.data / "ballast").read_bytes()) == 10


if __name__ == "__main__":
    sys.exit(main([
        a_counter_finds_what_was_lost_or_done_twice_or_never_sent,
        a_history_with_a_stale_read_or_a_lost_write_is_not_linearizable,
        a_power_cut_takes_what_no_sync_has_covered_and_nothing_else,
    ]))

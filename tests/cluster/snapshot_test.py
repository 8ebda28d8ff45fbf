#!/usr/bin/env python3
"""Logs that are cut, and nodes that come back by a snapshot: three daemons with a short log."""
import base64
import json
import pathlib
import random
import shutil
import sys

from node import BIN, Gone, Refused, main, stage_of, until
from voters import Cluster

SEED = 20261201
KEPT_KIB = 16
SHORT = f'[history]\nlog = "64Ki"\nlog_kept = "{KEPT_KIB}Ki"\n'
SLOW = SHORT + 'transfer = "1Mi"\n'  # a state of some MiB is on its way for some seconds
COME_BACK_S = 180

PIPELINE = """\
pipeline = "counted"
herd     = "shop"

[source.orders]
csv = "orders.csv"

[step.totals]
sql = "SELECT shop, sum(cents)::BIGINT AS cents FROM orders GROUP BY shop ORDER BY ALL"
"""


class Keys:
    """Values that cannot be pressed together, and what must be read again."""

    def __init__(self):
        self.random, self.expected = random.Random(SEED), {}

    def put(self, cluster, key, size):
        value = base64.b64encode(self.random.randbytes(size * 3 // 4)).decode()

        def done():
            for voter in cluster.living():
                try:
                    voter.ask("kv.put", herd="shop", key=key, value=value)
                    return True
                except (Gone, Refused):
                    continue
            return False
        until(f"{key} is written", done, 60)
        self.expected[key] = value

    def grow(self, cluster, mebibytes):
        """So much of state, beside what is there."""
        first = len(self.expected)
        for number in range(first, first + mebibytes * 1024 // 48):
            self.put(cluster, f"large/{number:05}", 48 << 10)

    def churn(self, cluster, entries):
        """The log grows, the state does not."""
        for number in range(entries):
            self.put(cluster, f"small/{number % 5}", 4 << 10)

    def check(self, cluster, voter):
        """Whoever leads answers what is asked of any node: so it is made the leader."""
        cluster.make_leader(voter)
        for key, value in self.expected.items():
            entry = voter.ask("kv.get", herd="shop", key=key)["entry"]
            assert entry["value"] == value, f"{voter.name} has another value of {key}"


def first_of(voter):
    status = voter.status()
    return status["log"]["first"] if status else 0


def said(voter, words):
    return [line for line in map(as_json, voter.log.read_text(encoding="utf-8").splitlines())
            if line and line.get("msg") == words]


def as_json(line):
    try:
        return json.loads(line)
    except ValueError:
        return None


def began(cluster):
    cluster.start()
    cluster.voters[0].apply_herd()
    return Keys()


def cut_beyond(cluster, keys, index):
    """Writes until no living node's log reaches back to `index`."""
    def cut():
        keys.churn(cluster, 20)
        return all(first_of(one) > index + 1 for one in cluster.living())
    until(f"all logs begin behind entry {index}", cut, COME_BACK_S)


def run_counted(voter):
    folder = voter.pipeline("counted", PIPELINE, orders__csv="shop,cents\na,1\nb,2\na,3\n")
    done = voter.runi("run", folder, "-o", "name")
    assert done.returncode == 0, done.stderr
    run = done.stdout.strip().removeprefix("run/")
    until("the run is over", lambda: voter.describe(run)["status"] != "running", 120)
    assert voter.describe(run)["status"] == "succeeded", voter.describe(run)
    return run


def resident_kib(voter):
    for line in pathlib.Path(f"/proc/{voter.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def logs_are_cut_and_a_node_that_was_away_comes_back_by_a_snapshot():
    with Cluster(extra=SHORT) as cluster:
        keys = began(cluster)
        run = run_counted(cluster.voters[0])
        away = next(one for one in cluster.voters if one is not cluster.leader())
        keys.churn(cluster, 10)
        last = away.status()["log"]["last"]
        assert away.stop() == 0
        keys.grow(cluster, 2)
        cut_beyond(cluster, keys, last + 100)
        away.start()
        cluster.leader()
        until("it has a snapshot", lambda: (away.status() or {}).get("snapshots", {}).get("newest"), COME_BACK_S)
        cluster.same_state()
        assert said(away, "the state of this node is that of the snapshot"), away.last_lines(40)
        # Whoever kept what was cut can tell why something was placed where it was; who came by a snapshot says
        # that it cannot.
        others = [one for one in cluster.voters if one is not away]
        cluster.make_leader(others[0])
        assert all(stage["decisions"] for stage in others[0].ask("explain", run=run)["stages"])
        keys.check(cluster, away)
        shown = away.describe(run)
        assert shown["status"] == "succeeded" and stage_of(shown, "totals"), shown
        explained = away.ask("explain", run=run)["text"]
        assert "Stage 'totals' became true" in explained and "cannot be told here any more" in explained, explained
        # Old snapshots go, and the archive has what was cut.
        for voter in cluster.voters:
            until(f"{voter.name} has one snapshot", lambda one=voter: len(
                [path for path in (one.data / "snapshots").iterdir() if path.suffix == ""]) <= 2, 60)
        assert list((others[0].data / "archive").glob("*.segment"))
        # And it works: a run on all of them.
        run_counted(away)
        cluster.same_state()


def all_start_again_from_a_snapshot_and_a_short_log():
    with Cluster(extra=SHORT) as cluster:
        keys = began(cluster)
        keys.grow(cluster, 1)
        cut_beyond(cluster, keys, 100)
        before = cluster.same_state()
        for voter in cluster.voters:
            voter.kill()
        # One of them has lost what is only derived.
        shutil.rmtree(cluster.voters[1].data / "state")
        cluster.start()
        assert cluster.same_state()
        for voter in cluster.voters:
            assert first_of(voter) > 100, voter.status()
            keys.check(cluster, voter)
        keys.churn(cluster, 30)
        assert cluster.same_state() != before


def killed_in_the_middle(cluster, keys, whom):
    """A node comes back while `whom(away)` is killed in the middle of the transfer; then all go on."""
    leader = cluster.leader()
    away = next(one for one in cluster.voters if one is not leader)
    last = away.status()["log"]["last"]
    assert away.stop() == 0
    keys.grow(cluster, 6)
    cut_beyond(cluster, keys, last + 20)
    away.start()

    def in_the_middle():
        incoming = ((away.status() or {}).get("snapshots") or {}).get("incoming")
        return incoming if incoming and 2 << 20 <= incoming["bytes"] < incoming["size_bytes"] - (2 << 20) else None
    incoming = until("it is in the middle of the transfer", in_the_middle, COME_BACK_S, 0.01)
    print(f"        killed at {incoming['bytes'] >> 20} of {incoming['size_bytes'] >> 20} MiB", flush=True)
    shown = away.runi("cluster", "status")
    assert shown.returncode == 0 and f"comes from {incoming['node']}" in shown.stdout, shown.stdout
    victim = whom(away, cluster[incoming["node"]])
    victim.kill()
    return away, victim, incoming


def the_receiver_is_killed_in_the_middle_and_goes_on_where_it_was():
    with Cluster(extra=SLOW) as cluster:
        keys = began(cluster)
        away, _, incoming = killed_in_the_middle(cluster, keys, lambda receiver, _: receiver)
        away.start()
        until("it has the snapshot", lambda: (away.status() or {}).get("snapshots", {}).get("newest"), COME_BACK_S)
        cluster.same_state()
        keys.check(cluster, away)
        came = [line["bytes"] for line in said(away, "a snapshot of the leader comes")]
        assert came[0] < 1 << 20 and came[-1] >= incoming["bytes"], f"it began at {came}, was at {incoming}"


def the_sender_is_killed_in_the_middle_and_another_one_sends():
    with Cluster(extra=SLOW) as cluster:
        keys = began(cluster)
        away, victim, _ = killed_in_the_middle(cluster, keys, lambda _, sender: sender)
        leader = cluster.leader(other_than=victim.name)
        assert leader is not victim
        until("it has a snapshot", lambda: (away.status() or {}).get("snapshots", {}).get("newest"), COME_BACK_S)
        cluster.same_state()
        victim.start()
        cluster.same_state()
        keys.check(cluster, away)
        keys.check(cluster, victim)


def what_a_daemon_keeps_in_memory_and_on_disk_does_not_grow_with_its_log():
    with Cluster(extra=SHORT) as cluster:
        keys = began(cluster)
        voter = cluster.leader()
        entries, resident = [], []
        for _ in range(6):
            first = first_of(voter)
            keys.churn(cluster, 150)
            until("the log was cut again", lambda before=first: first_of(voter) > before, 60)
            log = voter.status()["log"]
            entries.append(log["last"] - log["first"])
            resident.append(resident_kib(voter))
        print(f"        entries in the log {entries}, resident {[kib >> 10 for kib in resident]} MiB", flush=True)
        # 4 KiB of value each: what makes a snapshot, what is kept behind it, what came while it was taken.
        assert max(entries) < 150, entries
        if "release" in str(BIN):  # sanitizers keep what was freed
            assert resident[-1] < resident[1] + (16 << 10), resident
        parts = [path for path in (voter.data / "snapshots").iterdir()]
        assert len(parts) <= 3, parts


if __name__ == "__main__":
    sys.exit(main([
        logs_are_cut_and_a_node_that_was_away_comes_back_by_a_snapshot,
        all_start_again_from_a_snapshot_and_a_short_log,
        the_receiver_is_killed_in_the_middle_and_goes_on_where_it_was,
        the_sender_is_killed_in_the_middle_and_another_one_sends,
        what_a_daemon_keeps_in_memory_and_on_disk_does_not_grow_with_its_log,
    ]))

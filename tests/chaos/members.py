"""A node that joins as a learner, is promoted, leads at times, and is removed for good."""
import time

from cluster import REMOVED, status_of
from node import Gone, Refused, until

ASK_S, PATIENCE_S, ENDS_S = 8, 180, 90
# What stands in the way while others are killed and cut off; all of it passes.
PASSES = ("not_leader", "unknown_outcome", "out_of_time", "exhausted", "conflict", "refused", "outside_failed")


def insist(trouble, verb, done_already=(), **members):
    """Asks this and that founder until one has done it; a repeated request is harmless (docs/PROTOCOL.md)."""
    last, deadline = None, time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and not trouble.scene.over.is_set():
        through = trouble.some(1)[0]
        try:
            with trouble.scene.admin(through, ASK_S) as admin:
                return admin.ask(verb, timeout_ms=ASK_S * 1000 - 500, **members)
        except (Gone, OSError):
            pass
        except Refused as refused:
            if refused.kind in done_already:
                return None
            last = refused
            assert refused.kind in PASSES, f"{verb} {members}: {refused}"
        trouble.scene.over.wait(0.2)
    raise AssertionError(f"{verb} {members} was not done within {PATIENCE_S} s, the last time: {last}")


def come_and_go(trouble):
    cluster = trouble.cluster
    name = f"n{len(cluster.founders) + 1}"
    voter = cluster.joiner(name)
    cluster.down.add(name)
    cluster.begin([voter])
    insist(trouble, "cluster.add", name=name, address=voter.address, worker=True)
    trouble.did("members added", 1, name)
    cluster.asked.append(voter)
    trouble.wait(0, 3)
    insist(trouble, "cluster.promote", name=name)
    until(f"{name} votes or it is over", lambda: votes(voter) or trouble.scene.over.is_set(), PATIENCE_S, 0.1)
    trouble.did("members promoted", 1, name)
    trouble.wait(0.5, 4)
    cluster.asked.remove(voter)
    cluster.down.add(name)
    insist(trouble, "cluster.remove", ("no_such_thing",), name=name)
    code = voter.process.wait(ENDS_S)
    assert code == REMOVED, f"{name} was removed and ended with {code}:\n{voter.last_lines(25)}"
    trouble.did("members removed", 1, name)
    cluster.drop(voter)
    trouble.wait(3, 12)


def votes(voter):
    seen = status_of(voter)
    return seen and any(one["name"] == voter.name and one["membership"] == "voter" for one in seen["nodes"])


MEMBERS = {come_and_go: 1}

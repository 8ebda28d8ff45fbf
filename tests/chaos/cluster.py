"""The daemons of tools/chaos: those of tests/cluster/voters.py, each in namespaces of its own, and what may end them."""
import contextlib
import signal
import time

import disks
from network import Network
from node import Admin, Gone, Refused, leftovers, processes, until
from voters import Cluster, Voter

LOOK_S, SETTLE_S, END_S = 2, 120, 30
# A snapshot for each quarter of a mebibyte of log, and little kept behind it: logs are cut all the time.
SHORT = '[history]\nlog = "256Ki"\nlog_kept = "16Ki"\n'
REMOVED, BROKEN = 77, 70


def status_of(voter, verb="cluster.status"):
    """What this node sees; None when it does not answer soon: it may be stopped."""
    try:
        with Admin(voter.socket, LOOK_S) as admin:
            return admin.ask(verb)
    except (Gone, Refused, OSError):
        return None


class ChaosCluster(Cluster):
    """Voters whose peers are reached through proxy.py."""

    def __init__(self, count):
        super().__init__(count, SHORT)
        self.founders, self.asked = list(self.voters), list(self.voters)
        self.network = Network()
        self.down = set()  # those that were ended, or may end, on purpose
        for voter in self.voters:
            self.connect(voter)

    def connect(self, voter):
        voter.environment = disks.environment_of(voter)
        voter.through = self.network.add(voter.name, int(voter.address.rsplit(":", 1)[1]))

    def joiner(self, name):
        voter = super().joiner(name)
        self.connect(voter)
        return voter

    def __exit__(self, kind, *why):
        for voter in self.voters + self.dropped:
            if voter.alive():
                voter.process.send_signal(signal.SIGCONT)
        super().__exit__(None, *why)
        self.network.stop()

    def open(self):
        """Those that clients may ask: members that run."""
        return [voter for voter in list(self.asked) if voter.alive()]

    def seen_leader(self):
        """Who says that it leads, by the highest term; None when nobody does. It may be wrong by now."""
        seen = [(status["term"], voter) for voter in self.living() if (status := status_of(voter, "cluster.node"))
                and status["role"] == "leader"]
        return max(seen, key=lambda one: one[0])[1] if seen else None

    # ---- ending and starting

    def kill(self, voters):
        """kill -9, all of them before any is waited for."""
        self.down.update(voter.name for voter in voters)
        for voter in voters:
            voter.process.kill()
        for voter in voters:
            voter.process.wait(END_S)

    def begin(self, voters):
        for voter in voters:
            voter.launch()
        for voter in voters:
            self.ready(voter)

    def ready(self, voter):
        until(f"{voter.name} listens or has ended", lambda: voter.listens() or not voter.alive(), SETTLE_S, 0.005)
        assert voter.alive(), f"{voter.name} ended with {voter.process.returncode} at its start:\n{voter.last_lines()}"
        self.down.discard(voter.name)

    def ended_by_itself(self):
        """What nobody has asked for, as lines."""
        return [f"{voter.name} ended with {voter.process.returncode}:\n{voter.last_lines(25)}"
                for voter in list(self.voters)
                if voter.process is not None and voter.name not in self.down and not voter.alive()]

    # ---- at rest

    def settled(self):
        """All members live, agree on a leader and have applied the same, with equal hashes; how long that took."""
        begin = time.monotonic()
        self.network.heal()
        until("the nodes agree on a leader", self.agreed, SETTLE_S)
        self.same_state()
        return time.monotonic() - begin

    def agreed(self):
        named = {(status_of(voter) or {}).get("leader") for voter in self.voters}
        return len(named) == 1 and None not in named

    def left_behind(self):
        """Stops everything; what it leaves on the machine, as lines."""
        left = []
        for voter in sorted(self.voters, key=lambda one: (status_of(one) or {}).get("role") == "leader"):
            self.down.add(voter.name)
            if voter.alive() and (code := voter.stop()) != 0:
                left.append(f"{voter.name} ended with {code} when it was asked to stop")
        for voter in self.voters + self.dropped:
            with contextlib.suppress(AssertionError):
                until("its spawner ends", lambda one=voter: not spawner_of(one), END_S)
            left += [f"{voter.name} left {one}" for one in leftovers(voter)]
        return left


def spawner_of(voter):
    return [pid for pid, words in processes()
            if "runink-spawner" in words[0] and str(voter.data) in " ".join(words[1:])]


__all__ = ["BROKEN", "REMOVED", "SETTLE_S", "ChaosCluster", "Voter", "status_of"]

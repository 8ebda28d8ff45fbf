"""What tools/chaos does to the nodes: processes that end or stop, paths that are cut, leaders that are asked to go.

Each fault is a function of a Trouble: it begins, waits, and ends what it began.
"""
import random
import signal
import threading

from node import Gone, Refused

TRANSFER_S = 5


class Trouble(threading.Thread):
    """One line of faults, one after the other, drawn by its own seed; `faults` are functions with weights, or gives
    such. It pauses where the scene says so."""

    def __init__(self, scene, name, faults):
        super().__init__(daemon=True)
        self.scene, self.cluster, self.title = scene, scene.cluster, name
        self.random = random.Random(f"{scene.seed}/{name}")
        self.faults, self.idle, self.wrong = faults if callable(faults) else lambda: faults, threading.Event(), []

    def run(self):
        try:
            while not self.scene.over.is_set():
                if not self.scene.rough.is_set():
                    self.idle.set()
                    self.scene.rough.wait(0.2)
                    continue
                self.idle.clear()
                faults = self.faults()
                self.random.choices(list(faults), list(faults.values()))[0](self)
                self.wait(0.05, 0.6)
        except Exception as error:  # pylint: disable=broad-except
            self.wrong.append(f"{self.title}: {error!r}")
        self.idle.set()

    def wait(self, least, most):
        """Some seconds; no longer than it is rough."""
        self.scene.calm.wait(self.random.uniform(least, most))

    def did(self, what, count=1, words=""):
        self.scene.did(what, count, words)

    # ---- whom

    def founders(self):
        return list(self.cluster.founders)

    def some(self, count):
        return self.random.sample(self.founders(), count)

    def one(self):
        """Half of the time the leader, if one can be seen, else any."""
        drawn, wants_leader = self.some(1)[0], self.random.random() < 0.5
        leader = self.cluster.seen_leader() if wants_leader else None
        return leader if leader in self.founders() else drawn


# ---- processes


def kill_again(trouble, voters):
    trouble.cluster.kill(voters)
    trouble.did("kills", len(voters), " ".join(one.name for one in voters))
    trouble.wait(0, 0.8)
    trouble.cluster.begin(voters)


def kill_one(trouble):
    kill_again(trouble, [trouble.one()])


def kill_most(trouble):
    founders = trouble.founders()
    kill_again(trouble, trouble.some(len(founders) // 2 + 1))


def kill_all(trouble):
    kill_again(trouble, trouble.founders())


def stop_one(trouble):
    """SIGSTOP and, later, SIGCONT: it believes that no time has passed."""
    voters = [trouble.one()]
    if trouble.random.random() < 0.2:
        voters = trouble.some(len(trouble.founders()) // 2 + 1)
    for voter in voters:
        voter.process.send_signal(signal.SIGSTOP)
    trouble.did("stops", len(voters), " ".join(one.name for one in voters))
    trouble.wait(0.1, 3)
    for voter in voters:
        voter.process.send_signal(signal.SIGCONT)


def restart(trouble, voter):
    trouble.cluster.down.add(voter.name)
    code = voter.stop()
    assert code == 0, f"{voter.name} ended with {code} when it was asked to stop:\n{voter.last_lines()}"
    trouble.cluster.begin([voter])
    trouble.did("restarts", 1, voter.name)


def restart_one(trouble):
    restart(trouble, trouble.one())


def rolling_restart(trouble):
    for voter in trouble.founders():
        restart(trouble, voter)
        trouble.wait(0.1, 0.6)
    trouble.did("rolling restarts")


# ---- the network


def on_paths(trouble, kind, pairs, what, seconds=(0.3, 5)):
    """So many paths are not plain for a while."""
    network = trouble.cluster.network
    for one, other in pairs:
        network.path(one, other, **what)
    trouble.did(kind, 1, f"{', '.join(f'{one}>{other}' for one, other in pairs)} {what}")
    trouble.wait(*seconds)
    network.heal()


def cut(trouble):
    """Bytes are lost without a word, or connections break."""
    return {"silent": True} if trouble.random.random() < 0.6 else {"broken": True}


def both_ways(ones, others):
    return [pair for one in ones for other in others for pair in ((one, other), (other, one))]


def isolate_one(trouble):
    """One alone: the leader, half of the time."""
    alone = trouble.one().name
    on_paths(trouble, "partitions", both_ways([alone], [it for it in trouble.cluster.network.names if it != alone]),
             cut(trouble))


def split_in_two(trouble):
    names = trouble.cluster.network.names[:]
    trouble.random.shuffle(names)
    half = len(names) // 2
    on_paths(trouble, "partitions", both_ways(names[:half], names[half:]), cut(trouble))


def one_way(trouble):
    """What one says is not heard, by one other or by all; it hears all of them."""
    dumb = trouble.one().name
    others = [name for name in trouble.cluster.network.names if name != dumb]
    if trouble.random.random() < 0.5:
        others = [trouble.random.choice(others)]
    pairs = [(dumb, other) for other in others]
    if trouble.random.random() < 0.5:
        pairs = [(other, one) for one, other in pairs]
    on_paths(trouble, "one-way partitions", pairs, {"silent": True})


def one_link(trouble):
    """Two do not reach each other, and both reach the rest."""
    one, other = (voter.name for voter in trouble.some(2))
    on_paths(trouble, "partial partitions", both_ways([one], [other]), cut(trouble))


def late(trouble):
    names = trouble.cluster.network.names
    pairs = [(one, other) for one in names for other in names if one != other and trouble.random.random() < 0.6]
    delay = trouble.random.choice((5, 20, 60, 200))
    if pairs:
        on_paths(trouble, "delays", pairs, {"delay_ms": delay}, (0.5, 4))


# ---- leaders


def transfer(trouble):
    """Through any node, to any: it may be refused, or come to nothing within its deadline."""
    through, to = trouble.some(1)[0], trouble.some(1)[0]
    try:
        with trouble.scene.admin(through, TRANSFER_S) as admin:
            done = admin.ask("cluster.transfer", to=to.name, timeout_ms=TRANSFER_S * 1000 - 500)
        if done["changed"]:
            trouble.did("transfers", 1, f"{done['from']} to {done['leader']}")
    except (Gone, OSError):
        pass  # a node that does not run
    except Refused as refused:
        trouble.did("transfers refused", 1, refused.kind)


KILLS = {kill_one: 30, kill_most: 5, kill_all: 8}
PROCESSES = {**KILLS, stop_one: 20, restart_one: 8, rolling_restart: 3}
NETWORK = {isolate_one: 20, split_in_two: 10, one_way: 20, one_link: 15, late: 10, transfer: 30}

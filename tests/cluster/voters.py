"""A cluster of several daemons on this machine, over TLS on loopback, each with a data folder of its own."""
import contextlib
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from node import BIN, Admin, Gone, Node, Refused, until

CLUSTER_FILE = """\
cluster = "ordeal"

[node]
name = "{name}"
data = "data"
{address}
[node.capacity]
cpu    = "4"
memory = "2Gi"

{nodes}
[tls]
ca   = "{pki}/ca.crt"
cert = "{pki}/{name}.crt"
key  = "{pki}/{name}.key"

[volumes.lake]
path = "{top}/lake"
grant = {{ shop = "read" }}

[volumes.reports]
path = "{top}/reports"
grant = {{ shop = "write" }}

[metrics]
listen = "127.0.0.1:0"

[slices]
uid_base = {uid_base}
uid_count = 512

{extra}
"""
ELECTION_S = 60  # an election takes under a second; a busy machine with sanitizers has its time


class Voter(Node):
    """One of the daemons."""

    def __init__(self, cluster, name, number, port=None):
        """With a `port` it joins the founders of the cluster."""
        folder = cluster.folder / f"{name}-{number}"
        folder.mkdir()
        super().__init__(folder=folder)
        self.name, self.cluster, self.number, self.port = name, cluster, number, port
        self.write_config(cluster.nodes)

    @property
    def address(self):
        return f"127.0.0.1:{self.port or dict(self.cluster.nodes)[self.name]}"

    def write_config(self, nodes):
        listed = "".join(f'[[nodes]]\nname = "{name}"\naddress = "127.0.0.1:{port}"\n\n' for name, port in nodes)
        self.config.write_text(CLUSTER_FILE.format(
            name=self.name, nodes=listed, address=f'address = "{self.address}"\n' if self.port else "", pki=self.cluster.pki, top=self.cluster.folder, extra=self.cluster.extra,
            uid_base=1_000_000 + 1000 * self.number), encoding="utf-8")

    def status(self):
        """cluster.status as this node sees it; None while nobody answers."""
        try:
            return self.ask("cluster.status")
        except (Gone, Refused):
            return None


class Cluster:
    """Voters n1, n2, ... ; `with` ends whatever still runs and removes everything."""

    def __init__(self, count=3, extra=""):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="runink-voters-"))
        self.extra = extra
        self.pki = self.folder / "pki"
        for name in ("lake", "reports"):
            (self.folder / name).mkdir()
        self.holders = []
        self.nodes = [(f"n{i + 1}", self.free_port()) for i in range(count)]
        self.make("init", "--cluster", "ordeal")
        for name, _ in self.nodes:
            self.make("node", name)
        self.dropped = []
        self.voters = [Voter(self, name, i) for i, (name, _) in enumerate(self.nodes)]

    def free_port(self):
        """Bound and never listening: nobody else gets the port."""
        holder = socket.socket()
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        self.holders.append(holder)
        return holder.getsockname()[1]

    def newcomer(self, name):
        """A daemon that is none of the founders, started; it waits to be added."""
        voter = self.joiner(name)
        voter.start()
        return voter

    def joiner(self, name):
        """The same, not started yet."""
        if not (self.pki / f"{name}.crt").exists():
            self.make("node", name)
        voter = Voter(self, name, len(self.voters) + len(self.dropped), self.free_port())
        self.voters.append(voter)
        return voter

    def drop(self, voter):
        """It does not belong to the cluster any more: what is asked of all leaves it out."""
        self.voters.remove(voter)
        self.dropped.append(voter)

    def make(self, *words):
        subprocess.run([BIN / "runi", "pki", *words, "--dir", self.pki], check=True, stdout=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for voter in self.voters + self.dropped:
            with contextlib.suppress(AssertionError):
                voter.stop()
            voter.end_spawner()
        for holder in self.holders:
            holder.close()
        if kind is not None:
            for voter in self.voters:
                print(f"---- {voter.name}:\n{voter.last_lines(25)}", flush=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        for voter in self.voters:
            voter.launch()
        for voter in self.voters:
            until(f"{voter.name} listens or has ended",
                  lambda one=voter: one.listens() or one.process.poll() is not None, ELECTION_S, 0.005)
            assert voter.alive(), f"{voter.name} ended:\n{voter.last_lines()}"
        return self.leader()

    def living(self):
        return [one for one in self.voters if one.alive()]

    def leader(self, other_than=None):
        """The one that all living nodes name as their leader."""
        def agreed():
            named = [(status or {}).get("leader") for status in (one.status() for one in self.living())]
            if None in named or len(set(named)) != 1 or named[0] == other_than:
                return None
            found = self[named[0]]
            return found if found.alive() and found.status()["role"] == "leader" else None
        return until("all living nodes name one leader", agreed, ELECTION_S)

    def make_leader(self, wanted):
        """Whoever else leads is asked to hand over to it."""
        def leads():
            leader = self.leader()
            if leader is wanted:
                return True
            leader.runi("cluster", "transfer", "--to", wanted.name)
            return False
        until(f"{wanted.name} leads", leads, 2 * ELECTION_S)

    def __getitem__(self, name):
        return next(one for one in self.voters if one.name == name)

    def same_state(self):
        """Waits until all living nodes have applied the same; the state's hash, equal on all."""
        def equal():
            seen = [one.status() for one in self.living()]
            if None in seen or len({status["state"]["applied"] for status in seen}) != 1:
                return None
            assert len({status["state"]["hash"] for status in seen}) == 1, f"states differ: {seen}"
            ends = {status["log"]["last"] for status in seen} | {status["state"]["applied"] for status in seen}
            return seen[0]["state"]["hash"] if len(ends) == 1 else None
        return until("all living nodes have applied the same", equal, ELECTION_S)


def apply_herd(node, name):
    """One write; true when it was acknowledged, false when nothing is known of it or nothing was done."""
    try:
        node.ask("apply", herd_file={"path": "it", "text": f'herd = "{name}"\ndescription = "one write"\n'})
        return True
    except Gone:
        return False
    except Refused as refused:
        assert refused.kind in ("not_leader", "unknown_outcome", "out_of_time"), refused
        return False


def herds_of(node):
    return {item["name"] for item in node.ask("get", kind="herds", limit=1000)["items"]}


def moment():
    return time.monotonic()

#!/usr/bin/env python3
"""The second half of tools/quickstart --nodes 3: three nodes, one run, and its leader killed in the middle.

  tools/three_nodes.py [--keep] [--rows N]     N trades instead of a million, made anew

Three daemons over TLS on loopback run examples/settlement. The one that leads is killed (kill -9) while
trades are checked; the run goes on, and what comes out is compared with the known answer. Then the killed
one is started again and catches up. Every command that is run is printed, so that it can be typed again.
"""
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import first_run as quick
from admin_socket import Gone, Refused
from first_run import EXAMPLE, HERD, Data, head, say, table
from local_nodes import BIN, ELECTION_S, ROOT, Cluster, Failed, until

RUN_S, PULSE_S = 600, 0.02
ENDED = ("succeeded", "failed", "cancelled", "skipped")
NOT_KNOWN = ("not_leader", "unknown_outcome", "out_of_time")  # may be asked again under the same request id


class Pulse(threading.Thread):
    """Small writes, one after the other, through one node: a key that counts; when each was acknowledged.

    What was not acknowledged is asked again under the same request id, so it is done once.
    """

    def __init__(self, node):
        super().__init__(daemon=True)
        self.node, self.key = node, f"quickstart/{node.name}"
        self.times, self.again, self.wrong, self.ended = [], 0, None, threading.Event()

    def run(self):
        while not self.ended.is_set():
            number = len(self.times) + 1
            while not self.put(number):
                if self.wrong or self.ended.wait(PULSE_S):
                    return
                self.again += 1
            self.times.append(time.monotonic())
            self.ended.wait(PULSE_S)

    def put(self, number):
        try:
            self.node.ask("kv.put", herd=HERD, key=self.key, value=str(number), request_id=f"{self.key} {number}")
            return True
        except Gone:
            return False
        except Refused as refused:
            if refused.kind not in NOT_KNOWN:
                self.wrong = refused
            return False

    def stop(self):
        self.ended.set()
        self.join()

    def compare(self, nodes):
        """The key's value and its version, which counts its changes, are those of the last write, at each node."""
        if self.wrong:
            raise Failed(f"A small write was refused for another reason than the kill: {self.wrong}")
        done = len(self.times)
        for node in nodes:
            entry = node.ask("kv.get", herd=HERD, key=self.key)["entry"]
            # One more than was acknowledged may be done: the one that was under way at the end.
            if not int(entry["value"]) == entry["version"] in (done, done + 1):
                raise Failed(f"{done} writes of {self.key} were acknowledged, and {node.name} shows {entry}.")


def gap_around(times, moment):
    """The seconds between the last of `times` before `moment` and the first one after it."""
    return min(at for at in times if at > moment) - max(at for at in times if at <= moment)


def longest_gap(times):
    return max(after - before for before, after in zip(times, times[1:]))


class Following:
    """`runi follow` before the user's eyes, and what is said meanwhile."""

    def __init__(self, node, run):
        self.node, self.run, self.process = node, run, None
        self.draws = sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb")
        self.begin()

    def begin(self):
        say(f"$ runi follow {self.run[:12]}")
        self.process = subprocess.Popen(self.node.command("follow", self.run), cwd=ROOT, stderr=sys.stderr)

    @contextlib.contextmanager
    def aside(self):
        """What is said in it would be drawn over: its picture stays as it is, and it is begun anew."""
        if self.draws:
            self.end()
        yield
        if self.draws:
            self.begin()

    def end(self):
        self.process.kill()  # it only reads
        self.process.wait()

    def see_the_end(self):
        until("'runi follow' has ended", lambda: self.process.poll() is not None, ELECTION_S)
        if self.process.returncode != 0:
            raise Failed("'runi follow' did not see the run succeed; what it said stands above.")


def show_separation(cluster):
    if cluster.together:
        say(f"they see each other's folders: there is no mount namespace of its own for each ({cluster.together})")
        return
    for one in cluster.members:
        for other in (*(name for name in cluster.names if name != one.name), "pki"):
            if seen := one.seen_of(cluster.folder / other):
                raise Failed(f"{one.name} should not see {seen} in {cluster.folder / other}.")
    say("each in a mount namespace of its own: the folders of the other two, and the authority's key, are empty there")


def start(cluster):
    head("Certificates: an authority, and one for each node")
    cluster.make_certificates()
    head("Nodes")
    begin = time.monotonic()
    for one in cluster.members:
        one.launch()
    for one in cluster.members:
        one.ready()
    leader = cluster.leader()
    say(f"up, and {leader.name} leads, after {(time.monotonic() - begin) * 1000:.0f} ms: "
        + ", ".join(f"{one.name} pid {one.process.pid}" for one in cluster.members))
    show_separation(cluster)
    if os.getuid() != 0:
        say("without root some guarantees cannot be enforced: runi doctor names them")
    cluster.give_key(HERD)
    say(f"the key of herd {HERD}, which masks need alike on every node, was put as data/keys/{HERD}.key into each: "
        "nodes do not hand keys to each other")
    return leader


def begin_run(node):
    """Submits the run; its id."""
    say(f"$ runi run {EXAMPLE} -o name")
    name = node.answer("run", str(EXAMPLE), "-o", "name").strip()
    say(name)
    return name.removeprefix("run/")


def at_work(run, name):
    """The stages of which this node has a live attempt."""
    return [stage["name"] for stage in run["stages"]
            if any(one["node"] == name and one["status"] == "live" for one in stage.get("attempts", []))]


def in_the_middle(run):
    """Trades are being checked, which takes longest, and no file is on its way to a volume."""
    stages = {stage["name"]: stage["status"] for stage in run["stages"]}
    return stages["checked"] == "running" and "publishing" not in stages.values()


def kill_in_the_middle(cluster, leader, following):
    """Kills the leader; when (time.monotonic), who leads next, and after how many seconds."""
    def now():
        seen = following.node.run(following.run)
        return seen if seen and (seen["status"] != "running" or in_the_middle(seen)) else None
    shown = until("trades are being checked", now, RUN_S)
    if shown["status"] != "running":
        raise Failed(f"The run was {shown['status']} before anybody could be killed.")
    with following.aside():
        leader.process.kill()
        moment = time.monotonic()
        leader.process.wait()
        done = sum(stage["status"] == "succeeded" for stage in shown["stages"])
        say(f"\n>>> kill -9 {leader.process.pid}: {leader.name}, which led. {done} of {len(shown['stages'])} stages "
            f"were done; it worked on: {', '.join(at_work(shown, leader.name)) or 'none'}")
        next_one = cluster.leader(other_than=leader.name)
        led_after = time.monotonic() - moment
        say(f">>> {next_one.name} leads {led_after * 1000:.0f} ms after the kill\n")
    return moment, next_one, led_after


def waits_only_for(run, name):
    """The files that this node has to publish, when nothing else of the run is left to do."""
    left = [stage for stage in run["stages"] if stage["status"] not in ENDED]
    # The last attempt of a stage that publishes is the one that was committed.
    ours = [stage["name"] for stage in left if stage["status"] == "publishing"
            and stage["attempts"][-1]["node"] == name]
    return ours if left and len(ours) == len(left) else []


def wait_for_end(following, killed, moment):
    """The run once it has ended, and the seconds from the kill to that.

    Should a file be left that only the killed node can publish, that one is started for it, and it is said.
    """
    def ended():
        shown = following.node.run(following.run)
        if shown and not killed.alive() and (files := waits_only_for(shown, killed.name)):
            with following.aside():
                say(f">>> {', '.join(files)}: committed on {killed.name}, which had no time to publish; a sink is "
                    f"published by the node that wrote it, so {killed.name} is started again now")
                killed.start()
        return shown if shown and shown["status"] != "running" else None
    shown = until("the run has ended", ended, RUN_S)
    after = time.monotonic() - moment
    if shown["status"] != "succeeded":
        raise Failed(f"The run is {shown['status']}: {shown.get('failure')}")
    following.see_the_end()
    return shown, after


def show_catching_up(cluster, killed):
    head(f"{killed.name} comes back")
    begin = time.monotonic()
    say(f"$ {killed.folder}/start")
    if not killed.alive():
        killed.start()
    seen = cluster.equal()
    say(f"it has caught up {(time.monotonic() - begin) * 1000:.0f} ms after its start:")
    table([("node", "role", "applied", "hash of the state"),
           *((name, status["role"], f"{status['state']['applied']:,}", status["state"]["hash"])
             for name, status in seen)], right=(2,))
    killed.shown("cluster", "status")


def show_numbers(killed, next_one, led_after, after, pulses, moment):
    times = sorted(at for one in pulses for at in one.times)
    head("What the kill cost")
    table([
        ("led before, and after", f"{killed.name}, then {next_one.name}"),
        ("the next leader", f"{led_after * 1000:.0f} ms after the kill"),
        ("the run's end", f"{after:.2f} s after the kill"),
        ("small writes meanwhile", f"{len(times):,} acknowledged, each done once, as all three nodes say now; "
                                   f"{sum(one.again for one in pulses)} had to be asked again"),
        ("no write acknowledged", f"for {gap_around(times, moment) * 1000:.0f} ms around the kill; the longest gap of "
                                  f"all: {longest_gap(times) * 1000:.0f} ms"),
    ])


def show_places(cluster, keep):
    head("Where everything lies")
    nodes = f"{cluster.folder}/n?"
    table([
        ("published reports", str(cluster.reports / "settlement")),
        ("artifacts, log, state", f"{nodes}/data"),
        ("cluster files", f"{nodes}/cluster.toml"),
        ("certificates", f"{nodes}/tls; the authority and its key: {cluster.pki}"),
        (f"the key of {HERD}", f"{nodes}/data/keys/{HERD}.key"),
        ("the nodes' logs", f"{nodes}/runinkd.log"),
        ("how each is started", f"{nodes}/start"),
        ("the pipeline", str(ROOT / EXAMPLE)),
        ("programs", str(BIN)),
    ])
    if not keep:
        say(f"  nothing else was left behind; to remove it: rm -r {cluster.folder}")


def show_next(cluster, run):
    head("The nodes stay up. Next:")
    leader, one = cluster.leader(), cluster.members[0]
    say(f"  export PATH={BIN}:$PATH RUNINK_SOCKET={one.socket}")
    again = f"{leader.folder}/start 2>> {leader.log} &"
    for words, why in (("runi cluster status", "who leads, who is reached, how far each is"),
                       ("runi get nodes", "what each offers and uses"),
                       (f"runi describe run {run[:12]}", "everything about the run"),
                       (f"runi explain {run[:12]} checked", "why that stage ran where it ran"),
                       (f"runi run {EXAMPLE} --follow", "the run again"),
                       (f"kill -9 {leader.process.pid}", f"kills {leader.name}, which leads now"),
                       (again, "and starts it again")):
        say(f"  {words:<52} # {why}")
    quick.show_stop(cluster.folder, "all three")


class ThreeNodes:
    """The undertaking of --nodes 3."""

    def __init__(self, folder, rows):
        self.data = Data.of(rows, folder)
        self.cluster = Cluster(folder, self.data.lake)
        self.nodes = self.cluster.members

    def stop(self):
        self.cluster.stop()

    def work(self, keep):
        head("Data")
        quick.make_data(self.data)
        leader = start(self.cluster)
        others = [one for one in self.nodes if one is not leader]
        head(f"Run, submitted to {others[0].name}, which does not lead")
        others[0].shown("apply", "-f", str(EXAMPLE / "finance.herd.toml"))
        others[0].shown("cluster", "status")
        run, shown, numbers = self.run_and_kill(leader, others)
        others[1].shown("cluster", "status")
        quick.show_result(self.cluster.reports / "settlement", self.data.expected)
        head("Lineage of the final dataset")
        others[0].shown("lineage", "statement")
        quick.show_stages(shown, where=True)
        show_catching_up(self.cluster, leader)
        for pulse in numbers["pulses"]:
            pulse.compare(self.nodes)
        show_numbers(leader, **numbers)
        show_places(self.cluster, keep)
        if keep:
            show_next(self.cluster, run)

    def run_and_kill(self, leader, others):
        pulses = [Pulse(one) for one in others]
        for pulse in pulses:
            pulse.start()
        following = None
        try:
            following = Following(others[0], begin_run(others[0]))
            moment, next_one, led_after = kill_in_the_middle(self.cluster, leader, following)
            shown, after = wait_for_end(following, leader, moment)
            until("small writes are acknowledged again", lambda: all(
                one.wrong or one.times and one.times[-1] > moment for one in pulses), ELECTION_S)
        finally:
            if following:
                following.end()
            for pulse in pulses:
                pulse.stop()
        return following.run, shown, {"next_one": next_one, "led_after": led_after, "after": after,
                                      "pulses": pulses, "moment": moment}


def main():
    given = quick.arguments("three_nodes", "Three nodes, one run, its leader killed.")
    quick.on_signals(signal.default_int_handler)
    return quick.see_through(ThreeNodes, given)


if __name__ == "__main__":
    sys.exit(main())

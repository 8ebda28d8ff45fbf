"""One run of tools/chaos: rough times and calm ones in turn, and what must be true at the end."""
import collections
import contextlib
import pathlib
import random
import shutil
import signal
import tempfile
import threading
import time
import traceback

import disk_faults
import faults
import members
from clients import COUNTED, FILLED, HERD, KEYS, Counter, Filler, Keys, Register, entries_of
from cluster import ChaosCluster
from history import History, judge
from node import Admin, until

ROUGH_S, LOOK_S, IDLE_S, PROGRESS_S, SAY_S = (6, 16), 0.2, 240, 60, 10
REGISTERS, COUNTERS = 6, 2
LAST_READER = 1_000
SNAPSHOTS = {"a snapshot was taken": "snapshots taken",
             "the state of this node is that of the snapshot": "snapshots installed"}


class Broken(Exception):
    """Something that must be true is not, and going on would say nothing more."""


class Scene:
    """The cluster, its clients and its troubles."""

    def __init__(self, given):
        self.given, self.seed = given, given.seed
        self.random = random.Random(f"{self.seed}/scene")
        self.folder = pathlib.Path(given.folder or tempfile.mkdtemp(prefix="runink-chaos-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.history, self.keys = History(self.folder), Keys()
        self.events = (self.folder / "events.txt").open("w", encoding="utf-8")
        self.counts, self.lock, self.broken = collections.Counter(), threading.Lock(), []
        self.run_free, self.rough, self.calm, self.over = (threading.Event() for _ in range(4))
        self.cluster, self.clients, self.troubles, self.begun = None, [], [], time.monotonic()
        self.settled_longest = 0.0

    # ---- what others ask of it

    @staticmethod
    def admin(voter, seconds):
        return Admin(voter.socket, seconds)

    def did(self, what, count=1, words=""):
        with self.lock:
            self.counts[what] += count
        self.note(f"{what}: {words}")

    def note(self, words):
        with self.lock:
            self.events.write(f"{time.monotonic() - self.begun:9.3f} {time.strftime('%H:%M:%S')} {words}\n")
            self.events.flush()

    # ---- the run

    def play(self):
        """True when everything held."""
        try:
            with contextlib.closing(self.events), ChaosCluster(self.given.nodes) as self.cluster:
                try:
                    self.begin()
                    while not self.enough():
                        self.rough_time()
                        self.calm_time()
                    self.last_look()
                except Exception as error:  # pylint: disable=broad-except
                    self.broken.append(str(error) if isinstance(error, (Broken, AssertionError))
                                       else traceback.format_exc())
                    self.broken += [one for one in self.cluster.ended_by_itself() if one not in self.broken[0]]
                self.end()
        finally:
            self.over.set()
        return not self.broken

    def begin(self):
        leader = self.cluster.start()
        for name in (HERD, COUNTED, FILLED):
            leader.ask("apply", herd_file={"path": "it", "text": f'herd = "{name}"\n'})
        self.clients = [Register(self, number) for number in range(REGISTERS)]
        self.clients += [Counter(self, REGISTERS + number) for number in range(COUNTERS)]
        self.clients.append(Filler(self, REGISTERS + COUNTERS))
        self.troubles = [faults.Trouble(self, "processes", self.of_processes),
                         faults.Trouble(self, "network", faults.NETWORK),
                         faults.Trouble(self, "members", members.MEMBERS)]
        self.run_free.set()
        for one in self.clients + self.troubles:
            one.start()

    def of_processes(self):
        """What was asked for by number, as long as it is not enough; else everything."""
        asked = {"kills": (self.given.kills, faults.KILLS), "crashes": (self.given.crashes, disk_faults.CRASHES)}
        left = {fault: weight for what, (count, its) in asked.items() if self.counts[what] < count
                for fault, weight in its.items()}
        if self.given.lying_disks:
            return {disk_faults.crash_all: 1}
        return left or {**faults.PROCESSES, **disk_faults.DISKS}

    def enough(self):
        return (time.monotonic() - self.begun >= self.given.minutes * 60
                and self.counts["kills"] >= self.given.kills and self.counts["crashes"] >= self.given.crashes)

    def watch(self):
        """Whoever has seen something wrong ends the run."""
        wrong = [line for one in self.clients + self.troubles for line in one.wrong] + self.cluster.ended_by_itself()
        if wrong:
            raise Broken("\n".join(wrong))

    def rough_time(self):
        self.calm.clear()
        self.rough.set()
        until_, said = time.monotonic() + self.random.uniform(*ROUGH_S), time.monotonic()
        while time.monotonic() < until_:
            self.watch()
            if time.monotonic() - said > SAY_S:
                said = time.monotonic()
                self.say()
            self.over.wait(LOOK_S)

    def calm_time(self):
        """Troubles end what they began; requests succeed again; then nobody asks, and all nodes hold the same."""
        self.rough.clear()
        self.calm.set()
        self.all_idle(self.troubles)
        self.cluster.network.heal()
        before = self.history.outcomes["ok"]
        since = time.monotonic()
        while self.history.outcomes["ok"] < before + 20:
            self.watch()
            if time.monotonic() - since > PROGRESS_S:
                raise Broken(f"all nodes run and reach each other, and {PROGRESS_S} s later no 20 requests succeeded")
            self.over.wait(0.02)
        self.run_free.clear()
        self.all_idle(self.clients)
        took = self.cluster.settled()
        self.settled_longest = max(self.settled_longest, took)
        self.did("states compared", 1, f"equal after {took:.2f} s")
        self.run_free.set()
        self.say()

    def all_idle(self, threads):
        def idle():
            self.watch()
            return all(one.idle.is_set() for one in threads)
        for one in threads:
            one.idle.clear()
        until("troubles and clients pause", idle, IDLE_S)

    def say(self):
        outcomes = self.history.outcomes
        print(f"{time.monotonic() - self.begun:7.0f} s  " + ", ".join(
            f"{count} {what}" for what, count in sorted(outcomes.items())) + "; " + ", ".join(
            f"{count} {what}" for what, count in sorted(self.counts.items())), flush=True)

    # ---- the end

    def last_look(self):
        """After calm times everything that was ever written is read once more; it belongs to the history."""
        self.run_free.clear()
        self.all_idle(self.clients)
        call = time.monotonic_ns()
        entries = entries_of(self.cluster.leader(), HERD)
        done = time.monotonic_ns()
        names = [f"k{slot}/{number:05}" for slot in range(KEYS) for number in range(self.keys.generation[slot] + 1)]
        for key in names:
            self.history.add(LAST_READER, call, done, {"op": "get", "key": key},
                             {"value": entries[key]["value"] if key in entries else None})
        counted = entries_of(self.cluster.leader(), COUNTED)
        for one in self.clients:
            if isinstance(one, Counter):
                self.broken += one.compare(counted)
        self.broken += self.cluster.left_behind()

    def end(self):
        """Ends all threads; judges the history, whatever has happened before."""
        self.over.set()
        self.calm.set()
        for voter in self.cluster.living():
            with contextlib.suppress(ProcessLookupError):
                voter.process.send_signal(signal.SIGCONT)  # whatever the trouble was at
        for one in self.clients + self.troubles:
            one.join(IDLE_S)
        self.count_snapshots()
        found, self.judged = judge(self.history, self.folder)
        self.broken += found
        if self.broken or self.given.keep:
            for voter in self.cluster.voters + self.cluster.dropped:
                if voter.log.exists():
                    shutil.copy2(voter.log, self.folder / f"{voter.name}-{voter.number}.log")

    def count_snapshots(self):
        for voter in self.cluster.voters + self.cluster.dropped:
            text = voter.log.read_text(encoding="utf-8", errors="replace") if voter.log.exists() else ""
            for words, what in SNAPSHOTS.items():
                self.counts[what] += text.count(f'"{words}"')

    def sum_up(self):
        outcomes, counters = self.history.outcomes, [one for one in self.clients if isinstance(one, Counter)]
        tokens = sum(len(one.acknowledged) for one in counters)
        rows = [("time", f"{time.monotonic() - self.begun:.0f} s"),
                *((what, f"{count:,}") for what, count in sorted(self.counts.items())),
                ("operations", ", ".join(f"{outcomes[what]:,} {what}" for what in ("ok", "not applied", "unknown"))),
                ("judged", f"{self.judged:,} operations of {sum(self.keys.generation) + KEYS} keys"),
                ("counters", f"{tokens:,} tokens acknowledged, {sum(one.again for one in counters):,} asked again, "
                             f"{sum(one.given_up for one in counters)} never known"),
                ("calm again", f"after {self.settled_longest:.2f} s at most")]
        for name, value in rows:
            print(f"  {name:<22} {value}")
        for line in self.broken:
            print(f"BROKEN: {line}")


__all__ = ["Scene"]

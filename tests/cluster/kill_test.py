#!/usr/bin/env python3
"""kill -9 of the daemon at every named moment and at random ones, each followed by a restart.

What must hold for every run, however often its daemon died:
  - it finishes and succeeds;
  - outputs with a total order are byte-identical to an undisturbed run's, all others have the same
    content hash;
  - each partition has exactly one commit; a stage that was seen committed keeps its commit and its
    attempts: it does not run again;
  - a slice that runs while the daemon dies is attached to again: the slow program is one process,
    once, from its start to its end, and no attempt of it is lost;
  - each sink is published once: the file that was seen published is never replaced again;
  - when the daemon is stopped at the end, no cgroup, mount, process, pin or temporary file is left.

RUNINK_KILLS is how many random kills (default 12), RUNINK_SEED their seed (default: a new one, printed).
"""
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import threading
import time

from node import (BIN, ROOT, RUN_S, Admin, Gone, Node, Refused, born, leftovers, main, processes,
                  stage_of, until)

KILLS = int(os.environ.get("RUNINK_KILLS", "12"))
SEED = int(os.environ.get("RUNINK_SEED", random.SystemRandom().randrange(1 << 32)))
ROWS = 20_000
TOTAL_ORDER = ("orders", "by_shop", "listed", "slow", "quick", "checked", "report", "table")
SINKS = ("report", "table")

PIPELINE = """\
pipeline = "ordeal"
herd     = "shop"

[parameters]
token = "none"

[source.orders]
csv = "lake:/orders.csv"

[step.by_shop]                        # a total order: byte-identical
sql = "SELECT shop, count(*) AS orders, sum(cents)::BIGINT AS cents FROM orders GROUP BY shop ORDER BY ALL"

[step.joined]                         # no order: the same rows
sql = "SELECT orders.*, by_shop.orders AS of_shop FROM orders JOIN by_shop USING (shop)"

[step.listed]
sql    = "SELECT shop, cents FROM by_shop ORDER BY ALL"
format = "csv"

[step.quick]
exec = ["python3", "quick.py", "{{ token }}"]
from = ["listed"]

[step.slow]                           # runs while the daemon dies
exec = ["python3", "slow.py", "{{ token }}"]
from = ["listed"]

[step.checked]
sql = "SELECT slow.shop, slow.cents, quick.doubled, (SELECT count(*) FROM joined) AS rows FROM slow JOIN quick USING (shop) ORDER BY ALL"

[sink.report]
from    = "checked"
parquet = "reports:/deep/report.parquet"

[sink.table]
from = "listed"
csv  = "reports:/table.csv"
"""

QUICK = """\
import csv, os
print("started")
rows = list(csv.DictReader(open("/in/listed/" + os.listdir("/in/listed")[0])))
os.makedirs("/out/quick", exist_ok=True)
with open("/out/quick/quick.csv", "w", newline="") as file:
    out = csv.writer(file)
    out.writerow(["shop", "doubled"])
    out.writerows((row["shop"], 2 * int(row["cents"])) for row in rows)
print("ended")
"""

SLOW = """\
import csv, os, time
print("started", flush=True)
rows = list(csv.DictReader(open("/in/listed/" + os.listdir("/in/listed")[0])))
os.makedirs("/out/slow", exist_ok=True)
with open("/out/slow/slow.csv", "w", newline="") as file:
    out = csv.writer(file)
    out.writerow(["shop", "cents"])
    for row in rows:                      # 1.5 s of work
        time.sleep(1.5 / len(rows))
        out.writerow((row["shop"], row["cents"]))
print("ended", flush=True)
"""


def fault_points():
    text = (ROOT / "vocabulary/fault_point.hpp").read_text(encoding="utf-8")
    return re.findall(r'\{FaultPoint::\w+, "(\w+)"\}', text)


def new_node():
    node = Node()
    rng = random.Random(7)
    with (node.lake / "orders.csv").open("w", encoding="utf-8") as file:
        file.write("id,shop,cents\n")
        for number in range(ROWS):
            file.write(f"{number},shop-{rng.randrange(40):02},{rng.randrange(100_000)}\n")
    return node


class Witness(threading.Thread):
    """Looks at the processes of this machine: who ran a program with the run's token, and when."""

    def __init__(self, token):
        super().__init__(daemon=True)
        self.token, self.seen, self.stop = token, {}, threading.Event()

    def run(self):
        while not self.stop.is_set():
            for pid, words in processes():
                if len(words) >= 3 and words[-1] == self.token and words[-2] in ("slow.py", "quick.py"):
                    since = born(pid)
                    if since is not None:  # it ended while we looked
                        self.seen.setdefault((words[-2], pid, since), time.monotonic())
            self.stop.wait(0.02)

    def starts(self, program):
        return [one for one in self.seen if one[0] == program]

    def end(self):
        self.stop.set()
        self.join()


class Ordeal:
    """One run, whatever happens to the daemon meanwhile."""

    def __init__(self, node, folder, token):
        self.node, self.folder, self.token = node, folder, token
        self.run, self.restarts = None, 0
        self.committed = {}   # stage: (index, attempts) when it was first seen committed
        self.published = {}   # sink: inode when it was first seen published
        self.faults = []      # what broke a promise on the way
        self.witness = Witness(token)

    def submit(self):
        """`runi run`, repeated with the same request id until it was answered, as its user would."""
        words = [BIN / "runi", "--socket", self.node.socket, "run", self.folder, "-p",
                 f"token={self.token}", "--request-id", self.token, "-o", "name"]
        deadline = time.monotonic() + RUN_S
        while self.run is None:
            with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True) as runi:
                until("runi run has ended", lambda: self.revive() < 0 or runi.poll() is not None, RUN_S)
                out, err = runi.communicate()
            if runi.returncode == 0:
                self.run = out.strip().removeprefix("run/")
            elif "No node listens" not in err or time.monotonic() > deadline:
                raise AssertionError(f"runi run: exit {runi.returncode}: {err}")

    def revive(self):
        """Starts the daemon again if it died; how often it had to be."""
        times = 0
        while not self.node.alive():
            assert self.node.process.returncode == -signal.SIGKILL, \
                f"the daemon ended by itself with {self.node.process.returncode}:\n{self.node.last_lines()}"
            self.node.start()
            times += 1
            self.restarts += 1
        return times

    def look(self):
        """The run as it is now; None when the daemon is not there. Checks what may never change."""
        try:
            run = self.node.describe(self.run)
        except Gone:
            return None
        except Refused as refused:
            if refused.kind in ("unknown_outcome", "not_leader"):
                return None  # it has just been started: ask again
            raise
        for stage in run["stages"]:
            self.look_at(stage)
        return run

    def look_at(self, stage):
        name = stage["name"]
        if "committed" in stage:
            attempts = [(one["partition"], one["attempt"]) for one in stage.get("attempts", [])]
            now = (stage["committed"], attempts)
            if self.committed.setdefault(name, now) != now:
                self.faults.append(f"{name} was committed as {self.committed[name]}, then as {now}")
        if stage.get("sink", {}).get("published"):
            inode = (self.node.reports / stage["sink"]["target"].split(":/", 1)[1]).stat().st_ino
            if self.published.setdefault(name, inode) != inode:
                self.faults.append(f"the file of sink {name} was published and then replaced")

    def carry(self, kill_at=None):
        """Until the run has ended; kills the daemon `kill_at` seconds after the submit, if given."""
        self.witness.start()
        killer = threading.Timer(kill_at, self.node.process.kill) if kill_at is not None else None
        try:
            if killer:
                killer.start()
            self.submit()
            run = until(f"run {self.run} ends", self.step, RUN_S, 0.03)
            if killer and self.restarts == 0:  # the run was faster
                killer.join()
                self.node.process.wait(RUN_S)
                self.revive()
                run = until(f"run {self.run} is known again", self.step, RUN_S, 0.03)
            return run
        finally:
            if killer:
                killer.cancel()
            self.witness.end()

    def step(self):
        run = self.look()
        if run is None:
            self.revive()
            return None
        return run if run["status"] != "running" else None


def check(ordeal, run, reference):
    """Every promise, for a run that has ended; a list of what was broken."""
    broken = list(ordeal.faults)
    if run["status"] != "succeeded":
        return broken + [f"the run {run['status']}: {run.get('failure')}"]
    for stage in run["stages"]:
        name = stage["name"]
        commits = [a["partition"] for a in stage["attempts"] if a["status"] == "committed"]
        if sorted(commits) != list(range(stage["partitions"])):
            broken.append(f"{name} has commits of partitions {commits}")
        if stage["failures"]:
            broken.append(f"{name} counts {stage['failures']} failures")
        if reference:
            broken += compare(stage, stage_of(reference, name))
    for program in ("slow", "quick"):
        attempts = stage_of(run, program)["attempts"]
        starts = ordeal.witness.starts(program + ".py")
        if len(starts) > 1:
            broken.append(f"{program}.py was started {len(starts)} times: {starts}, attempts {attempts}")
        said = "".join(value["text"] for name, value in
                       Admin(ordeal.node.socket).events("logs", run=ordeal.run, step=program)
                       if name == "event")
        if said.split() != ["started", "ended"]:
            broken.append(f"the log of {program} is {said!r}")
    if len(ordeal.witness.starts("slow.py")) != 1:
        broken.append(f"slow.py was seen {len(ordeal.witness.starts('slow.py'))} times")
    return broken


def compare(stage, undisturbed):
    broken = []
    name = stage["name"]
    pairs = zip(stage.get("outputs", []), undisturbed.get("outputs", []), strict=True)
    for ours, theirs in pairs:
        for key in ("rows", "content_hash"):
            if ours.get(key) != theirs.get(key):
                broken.append(f"{key} of {name} is {ours.get(key)}, undisturbed {theirs.get(key)}")
        if name in TOTAL_ORDER and [f["digest"] for f in ours["files"]] != [f["digest"] for f in theirs["files"]]:
            broken.append(f"the bytes of {name} are not those of an undisturbed run")
    if "sink" in stage:
        if not stage["sink"].get("published"):
            broken.append(f"sink {name} was not published")
        if stage["sink"]["digest"] != undisturbed["sink"]["digest"]:
            broken.append(f"the file of sink {name} is not that of an undisturbed run")
    return broken


class World:
    """One node for all kills: each comes on top of what the ones before left."""

    def __init__(self):
        self.node = new_node()
        self.count = 0
        try:
            self.node.start()
            self.node.apply_herd()
            self.folder = self.node.pipeline("ordeal", PIPELINE, quick__py=QUICK, slow__py=SLOW)
            begin = time.monotonic()
            self.reference = self.one()
            self.length = time.monotonic() - begin
        except BaseException:
            self.node.__exit__(*sys.exc_info())
            raise

    def one(self, kill_at=None, reference=None):
        self.count += 1
        ordeal = Ordeal(self.node, self.folder, f"token-{os.getpid()}-{self.count}")
        self.last = ordeal
        run = ordeal.carry(kill_at)
        broken = check(ordeal, run, reference)
        assert not broken, f"run {ordeal.run}: " + "\n  ".join(broken)
        return run

    def finish(self):
        """Stops the node, and looks at what it left."""
        try:
            code = self.node.stop()
            assert code == 0, f"the node ended with {code}:\n{self.node.last_lines()}"
            until("the spawner ends", lambda: not [
                1 for _, words in processes()
                if "runink-spawner" in words[0] and str(self.node.data) in " ".join(words)], 30)
            left = leftovers(self.node)
            assert not left, "left behind:\n  " + "\n  ".join(left)
        finally:
            self.node.__exit__(*sys.exc_info())


def kill_at_point(world, point, count):
    """One run with the daemon armed; whether it died there."""
    node = world.node
    node.stop()
    node.start(fault_point=f"{point}:{count}")
    died_first = not node.alive()
    if died_first:
        assert node.process.returncode == -signal.SIGKILL, node.last_lines()
        node.start()
    world.one(reference=world.reference)
    return died_first or world.last.restarts > 0


def killed_at_every_named_moment_every_promise_holds():
    world = World()
    rng = random.Random(SEED)
    hits, misses, broken = {}, [], []
    try:
        for point in fault_points():
            counts = [1, rng.randrange(2, 8)]
            for count in counts:
                try:
                    hit = kill_at_point(world, point, count)
                except AssertionError as error:
                    broken.append(f"{point}:{count}: {error}")
                    hit = True
                    if not world.node.alive():
                        world.node.start()
                if hit:
                    hits.setdefault(point, []).append(count)
                else:
                    misses.append(f"{point}:{count}")
            print(f"  {point:<20} killed at its {' and '.join(f'{n}.' for n in hits.get(point, []))} time"
                  if point in hits else f"  {point:<20} NEVER REACHED", flush=True)
        if misses:
            print("  reached less often than asked: " + ", ".join(misses))
        never = [point for point in fault_points() if point not in hits]
        assert not never, f"never reached: {never}"
        assert not broken, f"RUNINK_SEED={SEED}\n" + "\n".join(broken)
    finally:
        world.finish()


def killed_at_random_moments_every_promise_holds():
    world = World()
    rng = random.Random(SEED + 1)
    broken = []
    moments = []
    try:
        for number in range(KILLS):
            moment = rng.uniform(0, world.length * 1.1)
            moments.append(moment)
            try:
                world.one(kill_at=moment, reference=world.reference)
            except AssertionError as error:
                broken.append(f"kill {number + 1} after {moment:.3f} s: {error}")
                if not world.node.alive():
                    world.node.start()
        print(f"  {KILLS} kills between {min(moments):.3f} and {max(moments):.3f} s of runs of "
              f"{world.length:.1f} s; {world.count} runs", flush=True)
        assert not broken, f"RUNINK_SEED={SEED} RUNINK_KILLS={KILLS}\n" + "\n".join(broken)
    finally:
        world.finish()


if __name__ == "__main__":
    print(f"repeat with: RUNINK_SEED={SEED} RUNINK_KILLS={KILLS} RUNINK_BIN_DIR={BIN} {pathlib.Path(__file__)}")
    sys.exit(main([killed_at_every_named_moment_every_promise_holds,
                   killed_at_random_moments_every_promise_holds]))

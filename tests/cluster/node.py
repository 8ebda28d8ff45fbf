"""What the tests of whole nodes share: a node in a folder of its own, the admin socket, waiting with
a deadline, what a node leaves on the machine, and a runner that counts.

Nothing here sleeps instead of a condition; what is polled is polled until it holds or its deadline
passes, and then the test fails with what was seen last.
"""
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from admin_socket import Admin, Gone, Refused  # pylint: disable=wrong-import-position,unused-import

BIN = pathlib.Path(os.environ.get("RUNINK_BIN_DIR", ROOT / "build/release/bin")).resolve()
# Sanitizers and a busy machine cost time: deadlines are long, since none stands for a condition.
START_S, STOP_S, RUN_S, POLL_S = 60, 60, 180, 0.02

CLUSTER = """\
cluster = "ordeal"

[node]
name = "n1"
data = "data"

[node.capacity]
cpu    = "4"
memory = "2Gi"

[volumes.lake]
path = "lake"
grant = {{ shop = "read" }}

[volumes.reports]
path = "reports"
grant = {{ shop = "write" }}

[metrics]
listen = "127.0.0.1:0"

{extra}
"""

HERD = 'herd = "shop"\ndescription = "The tests\' own herd"\n'


class Skip(Exception):
    """This cannot be shown on this machine; the text says why."""


def until(what, condition, seconds, poll=POLL_S):
    """The first true value of `condition()`; fails when `seconds` pass without one."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(poll)


class Node:
    """runinkd in a new temporary folder, with the volumes `lake` and `reports`."""

    def __init__(self, extra="", folder=None):
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="runink-cluster-"))
        self.data = self.folder / "data"
        self.socket = self.data / "admin.sock"
        self.log = self.folder / "runinkd.log"
        self.config = self.folder / "cluster.toml"
        self.lake, self.reports = self.folder / "lake", self.folder / "reports"
        self.lake.mkdir(exist_ok=True)
        self.reports.mkdir(exist_ok=True)
        self.config.write_text(CLUSTER.format(extra=extra), encoding="utf-8")
        self.process = None
        self.environment = {}  # of the daemon, beside ours
        self.through = []      # a command that becomes the daemon: what it is to see of the machine

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            self.stop()
        finally:
            self.end_spawner()
        if kind is None or os.environ.get("RUNINK_KEEP") is None:
            shutil.rmtree(self.folder, ignore_errors=True)

    # ---- the process

    def launch(self, fault_point=None):
        """Starts the daemon and does not wait for it."""
        environment = dict(os.environ)
        environment.pop("RUNINK_FAULT_POINT", None)
        environment.update(self.environment)
        if fault_point:
            environment["RUNINK_FAULT_POINT"] = fault_point
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.through, BIN / "runinkd", "--config", self.config], cwd=self.folder, env=environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        return self.process

    def start(self, fault_point=None):
        """Starts the daemon; true once it listens, false when it ended before (a fault point)."""
        self.launch(fault_point)
        until("the node listens or has ended",
              lambda: self.listens() or self.process.poll() is not None, START_S, 0.005)
        if self.process.poll() is not None and fault_point is None:
            raise AssertionError(f"the node ended with {self.process.returncode}:\n{self.last_lines()}")
        return self.process.poll() is None

    def listens(self):
        try:
            with Admin(self.socket):
                return True
        except Gone:
            return False

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """kill -9, of the process that was started here and no other."""
        self.process.kill()
        self.process.wait(STOP_S)

    def stop(self):
        """Asks it to stop; its exit code."""
        if not self.alive():
            return self.process.returncode if self.process else None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the node did not stop within {STOP_S} s") from None

    def end_spawner(self):
        """Ends what a failed test left; a stopped node without slices has left nothing."""
        for pid, words in processes():
            if "runink-spawner" in words[0] and str(self.data) in " ".join(words[1:]):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)

    def last_lines(self, count=15):
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])

    # ---- talking to it

    def ask(self, verb, **members):
        with Admin(self.socket) as admin:
            return admin.ask(verb, **members)

    def runi(self, *words, timeout=RUN_S, **more):
        """runi with these words: a CompletedProcess with text."""
        return subprocess.run([BIN / "runi", "--socket", self.socket, *map(str, words)], check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, **more)

    def json(self, *words):
        done = self.runi(*words, "-o", "json")
        if done.returncode != 0:
            raise AssertionError(f"runi {' '.join(map(str, words))}: exit {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    def apply_herd(self):
        path = self.folder / "shop.herd.toml"
        path.write_text(HERD, encoding="utf-8")
        done = self.runi("apply", "-f", path)
        assert done.returncode == 0, done.stderr

    def pipeline(self, name, text, **files):
        """A pipeline's folder below the node's; `files` by name, dots written as __."""
        folder = self.folder / "pipelines" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pipeline.toml").write_text(text, encoding="utf-8")
        for file, content in files.items():
            (folder / file.replace("__", ".")).write_text(content, encoding="utf-8")
        return folder

    def describe(self, run):
        return self.ask("describe", kind="run", name=run)["item"]


def stage_of(run, name):
    return next(stage for stage in run["stages"] if stage["name"] == name)


# ---- what a node leaves on the machine


def processes():
    """(pid, words of its command line) of every process that has one."""
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            words = pathlib.Path("/proc", entry, "cmdline").read_bytes().split(b"\0")[:-1]
        except OSError:
            continue
        if words:
            yield int(entry), [word.decode(errors="replace") for word in words]


def end_programs(*words):
    """Ends the programs with just this command line, of which there must be one."""
    found = [pid for pid, given in processes() if given == list(words)]
    assert found, f"no process is called {words}"
    for pid in found:
        os.kill(pid, signal.SIGTERM)


def born(pid):
    """When the process was started, in clock ticks: with the pid it names a process for good."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(text.rsplit(")", 1)[1].split()[19])


def cgroups_of(node):
    """Every cgroup folder of this node: their name is derived from the data folder."""
    name = "runink-" + hashlib.sha256(str(node.data).encode()).hexdigest()[:12]
    found = []
    for top, folders, _ in os.walk("/sys/fs/cgroup"):
        found += [os.path.join(top, folder) for folder in folders if folder == name]
        if top.count("/") >= 5:
            folders.clear()
    return found


def slice_processes(node):
    """Processes that live in this node's world: by their words, and slices by what is mounted in them.

    Of a mount only what it shows counts, not where: the spawner of another node that was started
    meanwhile has a copy of every mount of the machine, a file system of this node's folder among them.
    """
    found = []
    for pid, words in processes():
        if pid == os.getpid() or (node.process and pid == node.process.pid and node.alive()):
            continue
        try:
            mounts = pathlib.Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
        except OSError:
            mounts = []
        shown = [line.split()[3] for line in mounts]  # the folder of its file system
        if str(node.folder) in " ".join(words) or any(f"/{node.folder.name}/" in one for one in shown):
            found.append(f"{pid} {' '.join(words)}"[:200])
    return found


def leftovers(node):
    """What a stopped node must not leave, as lines; empty is right."""
    left = [f"process: {one}" for one in slice_processes(node)]
    mounts = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
    left += [f"mount: {line}" for line in mounts if str(node.folder) in line]
    left += [f"cgroup: {one}" for one in cgroups_of(node)]
    for place in ("artifacts/pins", "slices", "staging"):
        folder = node.data / place
        if folder.is_dir():
            left += [f"{place}: {one.name}" for one in folder.iterdir()]
    # An unpacked bundle stays, named by its digest; anything else there is half done.
    bundles = node.data / "bundles"
    if bundles.is_dir():
        left += [f"bundles: {one.name}" for one in bundles.iterdir() if len(one.name) != 64]
    # Folders for the next slices wait there, at most 8; those of a killed daemon are swept.
    prepared = node.data / "prepared"
    waiting = sorted(one.name for one in prepared.iterdir()) if prepared.is_dir() else []
    if len(waiting) > 8:
        left.append(f"prepared: {len(waiting)} folders: {' '.join(waiting)}")
    for volume in (node.lake, node.reports):
        left += [f"temporary: {one}" for one in volume.rglob("*") if ".runink-" in one.name]
    return left


# ---- running tests


def main(tests):
    """Runs functions one after the other; words on the command line choose by part of the name."""
    for program in ("runinkd", "runi", "runink-spawner", "runink-step"):
        if not (BIN / program).exists():
            print(f"{BIN / program} is missing: build it, or set RUNINK_BIN_DIR")
            return 1
    wanted = [word for word in sys.argv[1:] if not word.startswith("-")]
    passed, failed, skipped = 0, [], 0
    for test in tests:
        name = test.__name__.replace("_", " ")
        if wanted and not any(word in test.__name__ or word in name for word in wanted):
            continue
        begin = time.monotonic()
        try:
            test()
            passed += 1
            verdict = "ok     "
        except Skip as why:
            skipped += 1
            verdict = f"skipped ({why})"
        except Exception:  # pylint: disable=broad-except
            failed.append(name)
            verdict = "FAILED "
            traceback.print_exc(file=sys.stdout)
        print(f"{verdict} {time.monotonic() - begin:6.1f} s  {name}", flush=True)
    for name in failed:
        print(f"failed: {name}")
    print(f"{passed} passed, {len(failed)} failed, {skipped} skipped")
    return 1 if failed else 0

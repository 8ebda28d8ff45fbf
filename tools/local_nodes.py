#!/usr/bin/env python3
"""Nodes that tools/quickstart runs in temporary folders of this machine: one alone, or three over TLS.

  tools/local_nodes.py FOLDER    stops the nodes that `tools/quickstart --keep` left in FOLDER, and removes it
"""
import json
import os
import pathlib
import shlex
import shutil
import signal
import socket
import string
import subprocess
import sys
import tempfile
import time

from admin_socket import Admin, Gone, Refused

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("RUNINK_BIN_DIR", ROOT / "build/release/bin")).resolve()
TEMPLATE = ROOT / "examples/three-nodes/node.toml"
PREFIX = "runink-quickstart-"
COUNT, START_S, STOP_S, ELECTION_S, POLL_S = 3, 60, 30, 60, 0.02
KEY_BYTES = 32  # of a herd's key

# How a node is started, by the tool and by hand. Where it may, its process sees the folders of the others
# and the authority's key as empty ones; mounts of volumes that come later still reach it.
START_APART = """\
#!/bin/sh
# Starts {name} in a mount namespace of its own, in which the folders of the others are empty.
set -e
cd {folder}
if [ "${{1:-}}" != apart ]; then exec unshare --mount --propagation slave -- {folder}/start apart; fi
for one in {hidden}; do mount -t tmpfs -o ro,size=4k,mode=555 hidden "../$one"; done
exec {runinkd} --config {folder}/cluster.toml
"""
START_PLAIN = """\
#!/bin/sh
# Starts {name}.
cd {folder} || exit 1
exec {runinkd} --config {folder}/cluster.toml
"""


class Failed(Exception):
    """Something that the user should read; not a bug."""


def say(text=""):
    print(text, flush=True)


def until(what, condition, seconds, poll=POLL_S):
    """The first true value of `condition()`; Failed when `seconds` pass without one."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise Failed(f"Not within {seconds} s: {what}.")
        time.sleep(poll)  # between two looks
    return value


class Node:
    """runinkd in `folder`, with this text as its cluster file, and runi to speak with it."""

    def __init__(self, folder, config):
        self.folder = folder
        self.socket = self.folder / "data/admin.sock"
        self.log = self.folder / "runinkd.log"
        self.config = self.folder / "cluster.toml"
        self.config.write_text(config, encoding="utf-8")
        self.daemon = [BIN / "runinkd", "--config", self.config]
        self.process = None

    def launch(self):
        """Starts the daemon and does not wait for it."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.daemon, cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=subprocess.STDOUT, start_new_session=True)

    def start(self):
        self.launch()
        self.ready()

    def ready(self):
        """Waits until it listens."""
        def listens_or_ended():
            if not self.alive():
                raise Failed(f"The node ended with {self.process.returncode} before it was ready.")
            return self.listens()
        until("the node is ready", listens_or_ended, START_S, 0.01)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def listens(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(self.socket))
                return True
            except (FileNotFoundError, ConnectionRefusedError):
                return False

    def command(self, *words):
        return [str(BIN / "runi"), "--socket", str(self.socket), *words]

    def shown(self, *words):
        """Runs `runi words...` before the user's eyes."""
        say(f"$ runi {shlex.join(words)}")
        if subprocess.run(self.command(*words), cwd=ROOT, check=False).returncode != 0:
            raise Failed(f"'runi {shlex.join(words)}' failed; what it said stands above.")

    def answer(self, *words):
        """What `runi words...` prints."""
        done = subprocess.run(self.command(*words), cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise Failed(f"'runi {shlex.join(words)}' failed; what it said stands above.")
        return done.stdout

    def json(self, *words):
        return json.loads(self.answer(*words, "-o", "json"))

    def last_lines(self):
        """The end of its log, for who must find out why something failed."""
        if not self.log.exists():
            return []
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
        return [f"The last lines of {self.log}:", *lines]

    def stop(self):
        """By the id of the process that was started here, and no other."""
        if not self.alive():
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            say(f"quickstart: the node did not stop within {STOP_S} s and was killed; its log: {self.log}")


class Member(Node):
    """One of several nodes of a cluster."""

    def __init__(self, cluster, name, values):
        folder = cluster.folder / name
        self.name = name
        super().__init__(folder, string.Template(TEMPLATE.read_text(encoding="utf-8")).substitute(values))
        self.daemon = [folder / "start"]
        text = START_PLAIN if cluster.together else START_APART
        hidden = [*(one for one in cluster.names if one != name), cluster.pki.name]
        (folder / "start").write_text(text.format(
            name=name, folder=shlex.quote(str(folder)), hidden=" ".join(hidden),
            runinkd=shlex.quote(str(BIN / "runinkd"))), encoding="utf-8")
        (folder / "start").chmod(0o755)

    def ask(self, verb, **members):
        with Admin(self.socket) as admin:
            return admin.ask(verb, **members)

    def status(self):
        """cluster.status as this node sees it; None while nobody answers."""
        try:
            return self.ask("cluster.status")
        except (Gone, Refused):
            return None

    def run(self, run):
        """The run as this node sees it; None while nobody can say (there is no leader)."""
        try:
            return self.ask("describe", kind="run", name=run)["item"]
        except (Gone, Refused):
            return None

    def seen_of(self, folder):
        """What its process sees in this folder (proc(5): /proc/PID/root goes by its mount namespace)."""
        return sorted(os.listdir(f"/proc/{self.process.pid}/root{folder}"))


def why_together(folder):
    """Why a process of ours cannot have a mount namespace in which this folder is hidden; None when it can."""
    if os.getuid() != 0:
        return "that needs root"
    done = subprocess.run(["unshare", "--mount", "--propagation", "slave", "--", "mount", "-t", "tmpfs", "-o",
                           "ro,size=4k", "hidden", str(folder)], check=False, capture_output=True, text=True)
    return None if done.returncode == 0 else f"this machine does not allow it: {done.stderr.strip()}"


class Cluster:
    """n1, n2, n3 below one folder, with certificates, and with volumes that all of them see."""

    def __init__(self, folder, lake):
        self.folder = folder
        self.names = [f"n{number}" for number in range(1, COUNT + 1)]
        self.pki, self.reports = folder / "pki", folder / "reports"
        for one in (self.pki, self.reports, *(folder / name for name in self.names)):
            one.mkdir()
        self.together = why_together(self.pki)
        self.holders = [socket.socket() for _ in self.names]
        for holder in self.holders:  # bound and never listening: nobody else gets the port
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holder.bind(("127.0.0.1", 0))
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // COUNT >> 20
        values = {f"port{i}": holder.getsockname()[1] for i, holder in enumerate(self.holders, 1)}
        values.update(memory=f"{max(memory, 1536)}Mi", lake=json.dumps(str(lake)),
                      reports=json.dumps(str(self.reports)))
        self.members = [Member(self, name, {**values, "name": name, "uid_base": 1_000_000 + 1000 * number})
                        for number, name in enumerate(self.names)]

    def __getitem__(self, name):
        return next(one for one in self.members if one.name == name)

    def living(self):
        return [one for one in self.members if one.alive()]

    def make_certificates(self):
        for words in (("init", "--cluster", "three"), *(("node", name) for name in self.names)):
            say(f"$ runi pki {' '.join(words)} --dir {self.pki}")
            if subprocess.run([BIN / "runi", "pki", *words, "--dir", self.pki], stdout=subprocess.DEVNULL,
                              check=False).returncode != 0:
                raise Failed(f"'runi pki {' '.join(words)}' failed; what it said stands above.")
        for one in self.members:
            (one.folder / "tls").mkdir()
            for file in ("ca.crt", f"{one.name}.crt", f"{one.name}.key"):
                shutil.copy2(self.pki / file, one.folder / "tls")

    def give_key(self, herd):
        """The herd's key, the same for all: nodes of a cluster make none, since each would make another."""
        key = os.urandom(KEY_BYTES)
        for one in self.members:
            path = one.folder / "data/keys" / f"{herd}.key"
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(key)

    def leader(self, other_than=None):
        """The one that says that it leads, as soon as another living node says so as well."""
        def agreed():
            seen = [status for status in (one.status() for one in self.living()) if status]
            named = [status["leader"] for status in seen if status["leader"] not in (None, other_than)]
            leads = [status["node"] for status in seen if status["role"] == "leader"]
            return next((self[one] for one in leads if named.count(one) > 1), None)
        return until("two nodes agree on who leads", agreed, ELECTION_S, 0.005)

    def equal(self):
        """Waits until all have applied the same index; (name, status) of each, whose hashes are then compared."""
        def same():
            seen = [(one.name, one.status()) for one in self.members]
            if not all(status for _, status in seen):
                return None
            ends = {(status["state"]["applied"], status["log"]["last"]) for _, status in seen}
            return seen if len(ends) == 1 and len(set(next(iter(ends)))) == 1 else None
        seen = until("all three nodes have applied the same", same, ELECTION_S)
        if len({status["state"]["hash"] for _, status in seen}) != 1:
            raise Failed(f"The nodes have applied the same log and differ: {seen}")
        return seen

    def stop(self):
        """The daemons, the leader last; then what a killed one has left. Failed when something stays."""
        for one in sorted(self.members, key=lambda one: (one.status() or {}).get("role") == "leader"):
            one.stop()
        for holder in self.holders:
            holder.close()
        end_programs(self.folder)


def programs_in(folder):
    """(pid, program) of the spawners and daemons of this folder, those among them that are just being started."""
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = pathlib.Path("/proc", entry, "cmdline").read_text(errors="replace").split("\0")
        except OSError:
            continue  # it has ended meanwhile
        ours = [word for word in words if word.startswith(f"{folder}/")]
        if ours and pathlib.Path(words[0]).name == "runink-spawner":
            yield int(entry), "runink-spawner"
        elif ours and (pathlib.Path(words[0]).name == "runinkd" or ours[0].endswith("/start")):
            yield int(entry), "runinkd"


def end_programs(folder):
    """Ends them, daemons first; with a spawner end its slices."""
    for wanted in ("runinkd", "runink-spawner"):
        for pid, program in list(programs_in(folder)):
            if program == wanted:
                try:
                    os.kill(pid, signal.SIGTERM)
                except ProcessLookupError:
                    pass  # it has ended by itself
        until(f"every {wanted} in {folder} has ended",
              lambda one=wanted: all(program != one for _, program in programs_in(folder)), STOP_S)


def new_folder():
    return pathlib.Path(tempfile.mkdtemp(prefix=PREFIX))


def main():
    given = sys.argv[1:]
    if len(given) != 1 or given[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    folder = pathlib.Path(given[0]).resolve()
    if not folder.name.startswith(PREFIX) or not folder.is_dir():
        print(f"quickstart: {folder} is no folder that tools/quickstart has made: its name does not begin with "
              f"{PREFIX}. Nothing was done.", file=sys.stderr)
        return 2
    try:
        end_programs(folder)
        shutil.rmtree(folder)
    except (Failed, OSError) as failed:
        print(f"quickstart: {failed}", file=sys.stderr)
        return 1
    say(f"quickstart: what ran in {folder} is stopped, and the folder is removed")
    return 0


if __name__ == "__main__":
    sys.exit(main())

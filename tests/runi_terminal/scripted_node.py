"""What the tests of runi on a terminal share: a listening socket that answers as a test says, a program
behind a pseudo terminal, and a screen that obeys what the program writes to it.
"""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("RUNINK_BIN_DIR", ROOT / "build/release/bin")).resolve()
RUNI = BIN / "runi"
DEADLINE_S = 60  # generous, for machines that are busy; no test waits so long when all is well

RUN_ID = "4f0c12ab998877665544332211000000"


def run_item(status="running", **more):
    """A run of three stages, as `follow` and `get` show it."""
    item = {"id": RUN_ID, "herd": "finance", "pipeline": "settlement", "status": status,
            "submitted_at": "2026-11-20T08:00:00.000Z", "submitted_by": "alice",
            "stages": [
                {"name": "trades", "kind": "source", "status": "succeeded", "partitions": 1,
                 "started_at": "2026-11-20T08:00:00.100Z", "ended_at": "2026-11-20T08:00:01.300Z",
                 "outputs": [{"dataset": "trades", "rows": 1000000}]},
                {"name": "netted", "kind": "sql", "status": "running", "partitions": 1,
                 "started_at": "2026-11-20T08:00:01.400Z"},
                {"name": "report", "kind": "sink", "status": "waiting", "partitions": 1}]}
    item.update(more)
    return item


class ScriptedNode:
    """Answers requests with `script(request, say)`; say("event" | "result" | "error", value)."""

    def __init__(self, script):
        self.script, self.requests = script, []
        self.folder = tempfile.TemporaryDirectory(prefix="runink-terminal-")
        self.socket = os.path.join(self.folder.name, "n.sock")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.socket)
        self.listener.listen(16)
        threading.Thread(target=self.serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.folder.cleanup()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.converse, args=(peer,), daemon=True).start()

    def converse(self, peer):
        try:
            with peer, peer.makefile("rb") as lines:
                for line in lines:
                    request = json.loads(line)
                    self.requests.append(request)

                    def say(member, value, number=request["id"]):
                        peer.sendall(json.dumps({"id": number, member: value}).encode() + b"\n")

                    self.script(request, say)
        except OSError:
            pass  # the other side has ended


def until(what, condition, seconds=DEADLINE_S):
    """The first true value of `condition()`, which may wait a little by itself."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")


class Terminal:
    """A program with a pseudo terminal of `columns` x `rows`: its stderr, and all of it if `whole`."""

    def __init__(self, words, columns=80, rows=24, env=None, whole=False):
        self.master, slave = pty.openpty()
        self.resize(columns, rows)
        self.seen = b""
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("NO_COLOR", "LC_ALL", "LC_CTYPE", "RUNINK_SOCKET")}
        environment.update({"TERM": "xterm", "LANG": "C.UTF-8"}, **(env or {}))
        environment = {name: value for name, value in environment.items() if value is not None}
        def claim():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        self.process = subprocess.Popen(
            [str(word) for word in words], env=environment, preexec_fn=claim,
            stdin=slave if whole else subprocess.DEVNULL,
            stdout=slave if whole else subprocess.PIPE, stderr=slave)
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        os.close(self.master)

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def read(self):
        """Takes in what there is, for at most a tenth of a second; False at the end."""
        if not select.select([self.master], [], [], 0.1)[0]:
            return True
        try:
            piece = os.read(self.master, 65536)
        except OSError:  # EIO: nobody holds the other side any more
            return False
        self.seen += piece
        return bool(piece)

    def wait_for(self, pattern, since=0):
        """Reads until `pattern` (a regular expression of bytes) is there; where it ends."""
        def look():
            found = re.search(pattern, self.seen[since:])
            if found:
                return since + found.end()
            if not self.read():
                raise AssertionError(f"ended before {pattern!r}: {self.seen[since:]!r}")
            return None
        try:
            return until(repr(pattern), look)
        except AssertionError as error:
            raise AssertionError(f"{error}; seen: {self.seen[since:]!r}") from None

    def finish(self):
        """Reads to the end: (exit code, stdout as text or None)."""
        until("the program ends", lambda: not self.read())
        out = self.process.stdout.read().decode() if self.process.stdout else None
        return self.process.wait(DEADLINE_S), out


class Screen:
    """The cells of a terminal. Knows what runi may write, and fails on anything else."""

    def __init__(self, columns):
        self.columns, self.lines, self.row, self.column = columns, [""], 0, 0
        self.wrapped = self.coloured = False

    def write(self, data):
        text = data.decode()
        at = 0
        while at < len(text):
            escape = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])").match(text, at)
            if escape:
                self.obey(escape.group(2), escape.group(1))
                at = escape.end()
                continue
            self.put(text[at])
            at += 1

    def obey(self, command, number):
        if command == "A":
            self.row = max(0, self.row - int(number or 1))
        elif command == "K" and number == "2":
            self.lines[self.row] = ""
        elif command == "J" and number == "":
            self.lines[self.row] = self.lines[self.row][:self.column]
            del self.lines[self.row + 1:]
        elif command == "m":
            self.coloured = True
        else:
            raise AssertionError(f"runi wrote an escape sequence that it should not: {number}{command}")

    def put(self, char):
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self.row += 1
            self.lines += [""] * (self.row + 1 - len(self.lines))
        elif ord(char) < 32:
            raise AssertionError(f"runi wrote a control character: {char!r}")
        else:
            if self.column >= self.columns:
                self.wrapped = True
                self.put("\r")
                self.put("\n")
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[:self.column] + char + line[self.column + 1:]
            self.column += 1

    def text(self):
        return "\n".join(line.rstrip() for line in self.lines).rstrip("\n")

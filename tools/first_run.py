#!/usr/bin/env python3
"""The second half of tools/quickstart: one node, one run, and what came out of it.

Needs build/release/bin and the examples' data; tools/quickstart sees to both. Every command that is
run is printed, so that it can be typed again.
"""
import csv
import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = ROOT / "build/release/bin"
LAKE = ROOT / ".data/examples/lake"
EXPECTED = ROOT / ".data/examples/expected"
EXAMPLE = pathlib.Path("examples/settlement")
HERD = "finance"
ROWS = 1_000_000
ANSWERS = ("netted.csv", "exposure.csv", "verdicts.csv", "masking.csv")
START_S, STOP_S = 30, 30

CLUSTER = """\
cluster = "quickstart"

[node]
name = "n1"
data = "data"

[volumes.lake]                       # the examples' input, read only
path = {lake}
grant = {{ finance = "read", travel = "read" }}

[volumes.reports]                    # where sinks publish
path = "reports"
grant = {{ finance = "write", travel = "write" }}

[metrics]
listen = "127.0.0.1:0"               # any free port
"""


class Failed(Exception):
    """Something that the user should read; not a bug."""


def say(text=""):
    print(text, flush=True)


def head(text):
    say(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}")


def table(rows, right=()):
    """Lines of equal columns; those in `right` (by number) stand to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [cell.rjust(width) if i in right else cell.ljust(width)
                 for i, (cell, width) in enumerate(zip(row, widths))]
        say("  " + "  ".join(cells).rstrip())


class Node:
    """runinkd in a folder of its own, and runi to speak with it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="runink-quickstart-"))
        self.socket = self.folder / "data/admin.sock"
        self.log = self.folder / "runinkd.log"
        (self.folder / "reports").mkdir()
        self.config = self.folder / "cluster.toml"
        self.config.write_text(CLUSTER.format(lake=json.dumps(str(LAKE))), encoding="utf-8")
        self.process = None

    def start(self):
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [BIN / "runinkd", "--config", self.config], cwd=self.folder, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        deadline = time.monotonic() + START_S
        while not self.listens():
            if self.process.poll() is not None:
                raise Failed(f"The node ended with {self.process.returncode} before it was ready.")
            if time.monotonic() > deadline:
                raise Failed(f"The node was not ready within {START_S} s.")
            time.sleep(0.01)  # between two tries to connect; the condition is the connection

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

    def json(self, *words):
        done = subprocess.run(self.command(*words, "-o", "json"), cwd=ROOT, check=False,
                              stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise Failed(f"'runi {shlex.join(words)}' failed; what it said stands above.")
        return json.loads(done.stdout)

    def stop(self):
        """By the id of the process that was started here, and no other."""
        if not self.process or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            say(f"quickstart: the node did not stop within {STOP_S} s and was killed; its log: {self.log}")


def generated_rows():
    """How many trades lie there with their answers; 0 when something is missing or half done."""
    answers = EXPECTED / "verdicts.csv"  # written last
    made = [*(LAKE / "settlement").glob("trades-*.csv"), LAKE / "settlement/accounts.jsonl", EXPECTED / "plan.json"]
    generator = (ROOT / EXAMPLE).glob("*.py")
    if not answers.exists() or len(made) < 3 or not all(one.exists() for one in made):
        return 0
    if any(one.stat().st_mtime > answers.stat().st_mtime for one in (*made, *generator)):
        return 0
    with answers.open(newline="", encoding="utf-8") as file:
        return sum(int(line["rows"]) for line in csv.DictReader(file))


def make_data():
    if generated_rows() != ROWS:
        generate = ROOT / EXAMPLE / "generate.py"
        done = subprocess.run([sys.executable, generate, "--lake", LAKE, "--expected", EXPECTED,
                               "--rows", str(ROWS)], stdout=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise Failed(f"{generate} failed; what it said stands above.")
    say(f"{ROWS:,} generated trades with their accounts, S&P 500 prices, German banks, ISO currencies in {LAKE}")


def one(answer):
    """An item, bare or wrapped as on the admin socket."""
    return answer.get("item", answer) if isinstance(answer, dict) else answer[0]


def items(answer):
    return answer.get("items", answer) if isinstance(answer, dict) else answer


def ms_of(stage):
    """From the first attempt's start to the stage's end, in milliseconds; None when not known."""
    def ms(text):
        day, clock = text.rstrip("Z").split("T")
        hours, minutes, seconds = clock.split(":")
        return (time.mktime(time.strptime(day, "%Y-%m-%d")) + int(hours) * 3600 + int(minutes) * 60
                + float(seconds)) * 1000
    if "started_at" not in stage or "ended_at" not in stage:
        return None
    return round(ms(stage["ended_at"]) - ms(stage["started_at"]))


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def show_result(node):
    published = node.folder / "reports/settlement"
    head("Result: net amounts per counterparty and currency")
    rows = rows_of(published / "netted.csv")
    table(rows[:6], right=(2, 3))
    say(f"  ... {len(rows) - 1:,} amounts in all")
    head("What became of the trades: each rule of the contract set some apart")
    rows = rows_of(published / "verdicts.csv")
    total = sum(int(row[1]) for row in rows[1:])
    rows[1:] = sorted(rows[1:], key=lambda row: -int(row[1]))
    table([[name, f"{int(count):,}" if count.isdigit() else count] for name, count in rows[:9]], right=(1,))
    say(f"  ... {len(rows) - 1} verdicts; their rows add up to {total:,}, all that was read")
    head("What the personal data looks like now")
    table([[f"{int(cell):,}" if cell.isdigit() else cell for cell in row]
           for row in rows_of(published / "masking.csv") if row[0] != "accounts"], right=(4, 5))
    for name in ANSWERS:
        if (EXPECTED / name).read_bytes() != (published / name).read_bytes():
            raise Failed(f"{name} is not what the generator's plan says: compare "
                         f"{published / name} with {EXPECTED / name}.")
    say(f"  {', '.join(ANSWERS)}: equal to the cent, and to the byte, with the")
    say("  generator's plan (added up without DuckDB)")


def show_stages(run):
    head("How long each stage took")
    rows = [("stage", "kind", "rows", "time", "cpu", "memory")]
    for stage in run["stages"]:
        attempt = (stage.get("attempts") or [{}])[-1]
        outputs = stage.get("outputs") or []
        took = ms_of(stage)
        rows.append((
            stage["name"], stage["kind"],
            f"{sum(output.get('rows', 0) for output in outputs):,}" if outputs else "",
            "" if took is None else f"{took:,} ms",
            f"{attempt['cpu_ms']:,} ms" if "cpu_ms" in attempt else "",
            f"{attempt['memory_peak_bytes'] >> 20:,} MiB" if attempt.get("memory_peak_bytes") else ""))
    table(rows, right=(2, 3, 4, 5))


def show_places(node, keep):
    head("Where everything lies")
    table([
        ("published reports", str(node.folder / "reports/settlement")),
        ("artifacts, log, state", str(node.folder / "data")),
        ("cluster file", str(node.config)),
        ("the node's log", str(node.log)),
        ("the pipeline", str(ROOT / EXAMPLE)),
        ("programs", str(BIN)),
    ])
    if not keep:
        say(f"  nothing else was left behind; to remove it: rm -r {node.folder}")


def show_next(node, run):
    head("The node stays up. Next:")
    say(f"  export PATH={BIN}:$PATH RUNINK_SOCKET={node.socket}")
    for words, why in (("runi get runs", "what ran"),
                       (f"runi describe run {run[:12]}", "everything about it"),
                       ("runi contract get settlement", "what the rows are checked against"),
                       (f"runi explain {run[:12]} netted", "why that stage ran where it ran"),
                       (f"runi logs {run[:12]} confirmed", "what the Python program wrote"),
                       ("runi compile examples/settlement -o mermaid", "the pipeline as a drawing"),
                       ("runi apply -f examples/flights/travel.herd.toml", "a second herd"),
                       ("runi run examples/flights --follow", "three million real flights"),
                       ("runi doctor", "what this machine can promise")):
        say(f"  {words:<52} # {why}")
    say(f"  {'kill ' + str(node.process.pid):<52} # stops the node")


def first_run(node, keep):
    head("Data")
    make_data()
    head("Node")
    begin = time.monotonic()
    node.start()
    say(f"up after {(time.monotonic() - begin) * 1000:.0f} ms: pid {node.process.pid}, {node.config}")
    if os.getuid() != 0:
        say("without root some guarantees cannot be enforced; each warning below names one")
        node.shown("doctor")
    head("Run")
    node.shown("apply", "-f", str(EXAMPLE / "finance.herd.toml"))
    node.shown("run", str(EXAMPLE), "--follow")
    run_id = items(node.json("get", "runs"))[0]["id"]
    show_result(node)
    head("Lineage of the final dataset")
    node.shown("lineage", "statement")
    show_stages(one(node.json("describe", "run", run_id)))
    show_places(node, keep)
    if keep:
        show_next(node, run_id)


def main():
    keep = "--keep" in sys.argv[1:]
    begin = time.monotonic() - float(os.environ.get("QUICKSTART_BEGIN_S", 0))
    node = Node()
    done = False
    try:
        first_run(node, keep)
        done = True
    except Failed as failed:
        say()
        print(f"quickstart: {failed}", file=sys.stderr)
        if node.log.exists():
            lines = node.log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
            print("\n".join([f"The last lines of {node.log}:", *lines]), file=sys.stderr)
    except KeyboardInterrupt:
        print("\nquickstart: interrupted; stopping the node", file=sys.stderr)
    finally:
        if not (keep and done):
            node.stop()
    say(f"\nquickstart: {'done' if done else 'failed'} after {time.monotonic() - begin:.1f} s"
        + ("" if keep and done else "; the node is stopped"))
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())

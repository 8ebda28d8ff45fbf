#!/usr/bin/env python3
"""The second half of tools/quickstart: one node, one run, and what came out of it.

  tools/first_run.py [--keep] [--rows N]     N trades instead of a million, made anew

Needs build/release/bin (or RUNINK_BIN_DIR) and the examples' data; tools/quickstart sees to both. Every
command that is run is printed, so that it can be typed again. tools/three_nodes.py shows the same on three.
"""
import argparse
import csv
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import typing

from admin_socket import Gone, Refused
from local_nodes import BIN, ROOT, Failed, Node, end_programs, new_folder, say

EXAMPLE = pathlib.Path("examples/settlement")
HERD = "finance"
ROWS, ROWS_LEAST = 1_000_000, 1000
ANSWERS = ("netted.csv", "exposure.csv", "verdicts.csv", "masking.csv")
INTERRUPTED = 130

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


class Data(typing.NamedTuple):
    """What the example reads, and what must come out."""

    lake: pathlib.Path = ROOT / ".data/examples/lake"
    expected: pathlib.Path = ROOT / ".data/examples/expected"
    rows: int = ROWS

    @staticmethod
    def of(rows, folder):
        """The examples' own trades, or so many of their own in this folder."""
        if not (Data().lake / "reference").is_dir():
            raise Failed(f"The examples' data is not in {Data().lake}: run tools/setup, which fetches it.")
        if rows == ROWS:
            return Data()
        shutil.copytree(Data().lake / "reference", folder / "lake/reference")
        return Data(folder / "lake", folder / "expected", rows)


def head(text):
    say(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}")


def table(rows, right=()):
    """Lines of equal columns; those in `right` (by number) stand to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [cell.rjust(width) if i in right else cell.ljust(width)
                 for i, (cell, width) in enumerate(zip(row, widths))]
        say("  " + "  ".join(cells).rstrip())


def generated_rows(data):
    """How many trades lie there with their answers; 0 when something is missing or half done."""
    answers = data.expected / "verdicts.csv"  # written last
    made = [*(data.lake / "settlement").glob("trades-*.csv"), data.lake / "settlement/accounts.jsonl",
            data.expected / "plan.json"]
    generator = (ROOT / EXAMPLE).glob("*.py")
    if not answers.exists() or len(made) < 3 or not all(one.exists() for one in made):
        return 0
    if any(one.stat().st_mtime > answers.stat().st_mtime for one in (*made, *generator)):
        return 0
    with answers.open(newline="", encoding="utf-8") as file:
        return sum(int(line["rows"]) for line in csv.DictReader(file))


def make_data(data):
    if generated_rows(data) != data.rows:
        generate = ROOT / EXAMPLE / "generate.py"
        done = subprocess.run([sys.executable, generate, "--lake", data.lake, "--expected", data.expected,
                               "--rows", str(data.rows)], stdout=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise Failed(f"{generate} failed; what it said stands above.")
    say(f"{data.rows:,} generated trades with their accounts, S&P 500 prices, German banks, ISO currencies in "
        f"{data.lake}")


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


def show_result(published, expected):
    """What the sinks wrote to `published`, after each file was compared with the one in `expected`."""
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
        if (expected / name).read_bytes() != (published / name).read_bytes():
            raise Failed(f"{name} is not what the generator's plan says: compare "
                         f"{published / name} with {expected / name}.")
    say(f"  {', '.join(ANSWERS)}: equal to the cent, and to the byte, with the")
    say("  generator's plan (added up without DuckDB)")


def show_stages(run, where=False):
    """A line for each stage; `where`: with the nodes of its attempts, and what became of those that failed."""
    head("Where each stage ran, and how long it took" if where else "How long each stage took")
    rows = [("stage", "kind", "rows", "time", "cpu", "memory") + ("node",) * where]
    for stage in run["stages"]:
        attempts = stage.get("attempts") or [{}]
        attempt = attempts[-1]
        outputs = stage.get("outputs") or []
        took = ms_of(stage)
        rows.append((
            stage["name"], stage["kind"],
            f"{sum(output.get('rows', 0) for output in outputs):,}" if outputs else "",
            "" if took is None else f"{took:,} ms",
            f"{attempt['cpu_ms']:,} ms" if "cpu_ms" in attempt else "",
            f"{attempt['memory_peak_bytes'] >> 20:,} MiB" if attempt.get("memory_peak_bytes") else "")
            + (", ".join(f"{one.get('node')} {one.get('end', '')}".rstrip() for one in attempts),) * where)
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
    show_stop(node.folder, "the node")


def show_stop(folder, what):
    say(f"  {f'tools/quickstart --stop {folder}':<52} # stops {what}, and removes the folder")


def first_run(node, data, keep):
    head("Data")
    make_data(data)
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
    show_result(node.folder / "reports/settlement", data.expected)
    head("Lineage of the final dataset")
    node.shown("lineage", "statement")
    show_stages(one(node.json("describe", "run", run_id)))
    show_places(node, keep)
    if keep:
        show_next(node, run_id)


def arguments(program, what):
    parser = argparse.ArgumentParser(prog=program, description=what)
    parser.add_argument("--keep", action="store_true", help="what was started stays up, and the next commands are printed")
    parser.add_argument("--rows", type=int, default=ROWS, metavar="N",
                        help=f"so many trades, at least {ROWS_LEAST:,}, instead of {ROWS:,}")
    given = parser.parse_args()
    if given.rows < ROWS_LEAST:
        parser.error(f"--rows is at least {ROWS_LEAST}, not {given.rows}")
    return given


def on_signals(handler):
    """Whoever ends this program, or closes its terminal, means the same as with Ctrl-C; not under nohup."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def see_through(kind, given):
    """Makes a `kind` of undertaking in a new folder and does it; whatever happens, its nodes are stopped then.

    They stay up after a success with --keep only. Of what was interrupted nothing is left; what failed leaves its
    folder, for who must find out why. Gives the exit code.
    """
    begin = time.monotonic() - float(os.environ.get("QUICKSTART_BEGIN_S", 0))
    folder, made, code = new_folder(), None, 1
    try:
        made = kind(folder, given.rows)
        made.work(given.keep)
        code = 0
    except (Failed, Gone, Refused) as failed:
        nodes = made.nodes if made else []
        print("\n".join([f"\nquickstart: {failed}", *(line for node in nodes for line in node.last_lines())]),
              file=sys.stderr)
    except (KeyboardInterrupt, BrokenPipeError):
        code = INTERRUPTED
    finally:
        on_signals(signal.SIG_IGN)  # what follows has a deadline, and must not be cut short
        stays = given.keep and code == 0
        if made and not stays:
            code = code if stop_in_order(made) else 1
    if code == INTERRUPTED:
        shutil.rmtree(folder)
    end = {0: "done", INTERRUPTED: "interrupted"}.get(code, "failed")
    stopped = "" if stays or not made else "; the node is stopped" if len(made.nodes) == 1 else "; the nodes are stopped"
    left = {0: "", INTERRUPTED: "; nothing is left of it"}.get(code, f"; what was written lies in {folder}")
    return close(f"\nquickstart: {end} after {time.monotonic() - begin:.1f} s{stopped}{left}", code)


def stop_in_order(made):
    """Whether everything has ended; what has not is told."""
    try:
        made.stop()
        return True
    except Failed as failed:
        print(f"quickstart: {failed}", file=sys.stderr)
        return False


def close(text, code):
    """Says the last words, if anybody still listens."""
    try:
        say(text)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at its end
    return code


class OneNode:
    """The undertaking without --nodes."""

    def __init__(self, folder, rows):
        (folder / "reports").mkdir()
        self.data = Data.of(rows, folder)
        self.node = Node(folder, CLUSTER.format(lake=json.dumps(str(self.data.lake))))
        self.nodes = [self.node]

    def work(self, keep):
        first_run(self.node, self.data, keep)

    def stop(self):
        self.node.stop()
        end_programs(self.node.folder)


def main():
    given = arguments("first_run", "One node and one run.")
    on_signals(signal.default_int_handler)
    return see_through(OneNode, given)


if __name__ == "__main__":
    sys.exit(main())

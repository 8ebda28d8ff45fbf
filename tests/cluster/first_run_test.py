#!/usr/bin/env python3
"""The path of a new user, with real processes: herd, compile, apply, run, follow, and every question."""
import csv
import json
import pathlib
import signal
import subprocess
import sys
import time

from node import BIN, RUN_S, Node, Refused, main, stage_of, until

PIPELINE = """\
pipeline = "sales"
herd     = "shop"

[parameters]
least = "0"

[source.orders]
csv = "lake:/orders.csv"

[step.netted]
sql = "SELECT shop, sum(cents)::BIGINT AS cents FROM orders WHERE cents >= {{ least }} GROUP BY shop ORDER BY ALL"
format = "csv"

[step.confirmed]
exec    = ["python3", "confirm.py"]
from    = ["netted"]
timeout = "1m"

[sink.table]
from = "confirmed"
csv  = "reports:/sales/table.csv"
"""

CONFIRM = """\
import csv, os
rows = list(csv.DictReader(open("/in/netted/" + os.listdir("/in/netted")[0])))
print("confirming", len(rows), "shops")
os.makedirs("/out/confirmed")
with open("/out/confirmed/confirmed.csv", "w", newline="") as file:
    out = csv.writer(file)
    out.writerow(["shop", "cents", "confirmed"])
    out.writerows((row["shop"], row["cents"], "sure") for row in rows)
"""

SLEEPER = """\
pipeline = "sleeper"
herd     = "shop"

[step.long]
exec = ["sh", "-c", "sleep 100; mkdir /out/long; echo n > /out/long/long.csv"]
"""


class World:
    """One node for the tests of this file, made when the first one asks."""
    node = None
    folder = None
    run = None


def node():
    if World.node is None:
        World.node = Node()
        World.node.start()
        World.node.apply_herd()
        with (World.node.lake / "orders.csv").open("w", encoding="utf-8") as file:
            file.write("id,shop,cents\n")
            file.writelines(f"{n},shop-{n % 5},{n}\n" for n in range(1000))
        World.folder = World.node.pipeline("sales", PIPELINE, confirm__py=CONFIRM)
    return World.node


def ok(*words):
    done = node().runi(*words)
    assert done.returncode == 0, f"runi {words}: exit {done.returncode}: {done.stderr}"
    return done.stdout


def run_id():
    """The run that the tests of questions ask about."""
    if World.run is None:
        node()
        World.run = ok("run", World.folder, "-o", "name").strip().removeprefix("run/")
        ok("wait", World.run)
    return World.run


def a_pipeline_compiles_to_all_its_forms():
    node()
    text = ok("compile", World.folder)
    assert all(name in text for name in ("orders", "netted", "confirmed", "table")), text
    plan = json.loads(ok("compile", World.folder, "-o", "json"))
    assert plan, plan
    assert "digraph" in ok("compile", World.folder, "-o", "dot")
    assert "flowchart" in ok("compile", World.folder, "-o", "mermaid") or \
        "graph" in ok("compile", World.folder, "-o", "mermaid")


def a_run_ends_in_the_right_file():
    run_id()
    with (node().reports / "sales/table.csv").open(newline="", encoding="utf-8") as file:
        rows = [(row["shop"], int(row["cents"]), row["confirmed"]) for row in csv.DictReader(file)]
    right = [(f"shop-{k}", sum(n for n in range(1000) if n % 5 == k), "sure") for k in range(5)]
    assert rows == right, f"{rows} instead of {right}"


def follow_shows_the_run_and_ends_with_its_result():
    node()
    done = node().runi("run", World.folder, "--follow")
    assert done.returncode == 0, done.stderr
    assert "succeeded" in done.stdout + done.stderr, done.stdout + done.stderr
    assert "confirmed" in done.stdout + done.stderr


def an_applied_pipeline_runs_by_name_with_parameters():
    node()
    ok("apply", "-f", World.folder)
    assert "sales" in ok("get", "pipelines")
    run = ok("run", "shop/sales", "-p", "least=990", "-o", "name").strip().removeprefix("run/")
    ok("wait", run)
    described = node().describe(run)
    assert described["parameters"]["least"] == "990", described["parameters"]
    assert described["stages"][1]["outputs"][0]["rows"] == 5


def every_kind_can_be_listed_and_described():
    run_id()
    for kind, name in (("runs", run_id()), ("herds", "shop"), ("nodes", "n1"), ("volumes", "lake"),
                       ("datasets", "netted")):
        listed = node().json("get", kind)
        assert listed, kind
        assert name in json.dumps(listed), (kind, listed)
        described = node().json("describe", kind[:-1], name)
        assert name in json.dumps(described), (kind, described)
        assert ok("get", kind) and ok("describe", kind[:-1], name)


def describe_tells_stages_attempts_outputs():
    run = node().describe(run_id())
    assert run["status"] == "succeeded"
    assert [s["status"] for s in run["stages"]] == ["succeeded"] * 4
    assert stage_of(run, "netted")["outputs"][0]["rows"] == 5
    assert stage_of(run, "table")["sink"]["published"] is True
    assert stage_of(run, "orders")["read"][0]["path"].endswith("orders.csv")


def logs_show_what_the_program_wrote():
    assert "confirming 5 shops" in ok("logs", run_id(), "confirmed")


def explain_says_why_in_sentences():
    text = ok("explain", run_id(), "confirmed")
    assert "confirmed" in text and "n1" in text, text


def lineage_leads_from_the_file_to_the_source():
    text = ok("lineage", "confirmed")
    assert "orders" in text and "netted" in text, text
    found = node().ask("lineage", target="reports:/sales/table.csv")
    names = {version["dataset"] for version in found["versions"]}
    assert {"orders", "netted", "confirmed"} <= names, names


def json_is_json_and_yaml_is_not_empty():
    run_id()
    for words in (("version",), ("doctor",), ("get", "runs"), ("describe", "run", run_id()),
                  ("explain", run_id()), ("lineage", "netted"), ("wait", run_id()), ("compile", World.folder)):
        node().json(*words)
    assert ok("get", "runs", "-o", "yaml")
    assert ok("get", "runs", "-o", "name").startswith("run/")


def the_same_request_id_twice_is_one_run():
    node()
    first = ok("run", World.folder, "--request-id", "twice", "-o", "name")
    second = ok("run", World.folder, "--request-id", "twice", "-o", "name")
    assert first == second, (first, second)
    other = node().runi("run", World.folder, "--request-id", "twice", "-p", "least=7")
    assert other.returncode == 5, f"another content: exit {other.returncode}: {other.stderr}"


def runi_killed_in_the_middle_and_repeated_is_one_run():
    node()
    before = len(node().ask("get", kind="runs", limit=1000)["items"])
    for number, delay in enumerate((0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.2)):
        words = ["run", World.folder, "--request-id", f"killed-{number}", "--follow"]
        with subprocess.Popen([BIN / "runi", "--socket", node().socket, *words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as runi:
            time.sleep(delay)  # the moment of the kill; it stands for no condition
            runi.kill()
        run = ok("run", World.folder, "--request-id", f"killed-{number}", "-o", "name").strip()
        ok("wait", run.removeprefix("run/"))
    after = len(node().ask("get", kind="runs", limit=1000)["items"])
    assert after - before == 7, f"{after - before} runs for 7 request ids"


def cancel_ends_the_program_and_wait_tells():
    folder = node().pipeline("sleeper", SLEEPER)
    run = ok("run", folder, "-o", "name").strip().removeprefix("run/")
    until("the program runs", lambda: stage_of(node().describe(run), "long")["status"] == "running", RUN_S)
    early = node().runi("wait", run, "--timeout", "100ms")
    assert early.returncode == 7, f"exit {early.returncode}: {early.stderr}"
    ok("cancel", run)
    ended = node().ask("wait", run=run)
    assert ended["status"] == "cancelled", ended["status"]
    waited = node().runi("wait", run, "--for", "succeeded")
    assert waited.returncode == 5, f"wait for a cancelled run to succeed: exit {waited.returncode}"
    again = node().runi("cancel", World.run or run_id())
    assert again.returncode == 5, f"cancel of a succeeded run: exit {again.returncode}"


def the_exit_codes_are_those_of_the_help():
    node()
    codes = {
        ("get", "nonsense"): 2,
        ("nonsense",): 2,
        ("describe", "run", "ffffffffffff"): 4,
        ("run", "no-such-pipeline"): 4,
        ("lineage", "no_such_dataset"): 4,
        ("apply", "-f", node().folder / "not-there.toml"): 4,
    }
    for words, code in codes.items():
        done = node().runi(*words)
        assert done.returncode == code, f"runi {words}: exit {done.returncode}, not {code}: {done.stderr}"
        assert done.stderr.strip(), f"runi {words} says nothing on stderr"
        assert not done.stdout.strip(), f"runi {words} put its error on stdout"


def an_unknown_member_is_refused():
    try:
        node().ask("get", kind="runs", limt=3)
    except Refused as refused:
        assert refused.kind == "bad_input" and "limt" in refused.message, refused
    else:
        raise AssertionError("a misspelt member passed")


def a_stopped_node_starts_again_with_all_it_knew():
    run = run_id()
    assert node().stop() == 0
    node().start()
    assert node().describe(run)["status"] == "succeeded"
    assert "orders" in ok("lineage", "confirmed")


def catches(pid, number):
    """Whether the process has a handler for this signal (proc(5), SigCgt)."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("SigCgt:")[1].split()[0], 16) >> (number - 1) & 1


def ctrl_c_ends_following_and_not_the_run():
    folder = node().pipeline("sleeper2", SLEEPER.replace('"sleeper"', '"sleeper2"').replace("sleep 100", "sleep 1"))
    with subprocess.Popen([BIN / "runi", "--socket", node().socket, "run", folder, "--follow",
                           "--request-id", "ctrl-c"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as runi:
        until("the run is there", lambda: [r for r in node().ask("get", kind="runs")["items"]
                                           if r["pipeline"] == "sleeper2"], RUN_S)
        until("it waits for ctrl-c itself", lambda: catches(runi.pid, signal.SIGINT), RUN_S)
        runi.send_signal(signal.SIGINT)
        runi.communicate()
        assert runi.returncode == 130, runi.returncode
    run = ok("run", folder, "--request-id", "ctrl-c", "-o", "name").strip().removeprefix("run/")
    assert node().ask("wait", run=run)["status"] == "succeeded"


if __name__ == "__main__":
    try:
        code = main([
            a_pipeline_compiles_to_all_its_forms, a_run_ends_in_the_right_file,
            follow_shows_the_run_and_ends_with_its_result, an_applied_pipeline_runs_by_name_with_parameters,
            every_kind_can_be_listed_and_described, describe_tells_stages_attempts_outputs,
            logs_show_what_the_program_wrote, explain_says_why_in_sentences,
            lineage_leads_from_the_file_to_the_source, json_is_json_and_yaml_is_not_empty,
            the_same_request_id_twice_is_one_run, runi_killed_in_the_middle_and_repeated_is_one_run,
            cancel_ends_the_program_and_wait_tells, the_exit_codes_are_those_of_the_help,
            an_unknown_member_is_refused, ctrl_c_ends_following_and_not_the_run,
            a_stopped_node_starts_again_with_all_it_knew])
    finally:
        if World.node:
            World.node.__exit__(*sys.exc_info())
    sys.exit(code)

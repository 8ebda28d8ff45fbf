#!/usr/bin/env python3
"""Both examples through a node, against answers that were computed without DuckDB and without our rooms.

RUNINK_ROUNDS=3   how often each is run (once)
RUNINK_ROWS=1000000   trades of the settlement (50,000)
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from node import ROOT, Node, Skip, main, stage_of
from settlement_numbers import PUBLISHED, REPORTS, check_run

ROUNDS = int(os.environ.get("RUNINK_ROUNDS", "1"))
ROWS = os.environ.get("RUNINK_ROWS", "50000")
EXAMPLES = ROOT / "examples"
LAKE = ROOT / ".data/examples/lake"


def example_node(herd, lake):
    """A node whose volumes are granted to `herd`; `lake` is shown as it lies there."""
    node = Node()
    text = node.config.read_text(encoding="utf-8").replace("shop", herd)
    node.config.write_text(text.replace('path = "lake"', f'path = "{lake}"'), encoding="utf-8")
    return node


def run_rounds(node, example, herd_file, answers):
    """Runs the example ROUNDS times; what is published must equal `answers`, byte for byte. Yields each run."""
    assert node.start()
    applied = node.runi("apply", "-f", EXAMPLES / example / herd_file)
    assert applied.returncode == 0, applied.stderr
    for round_number in range(ROUNDS):
        for published in answers:
            (node.reports / published).unlink(missing_ok=True)
        ended = node.runi("run", EXAMPLES / example, "--follow")
        assert ended.returncode == 0, ended.stderr
        for published, expected in answers.items():
            got = (node.reports / published).read_bytes()
            assert got == expected.read_bytes(), f"round {round_number + 1}: {published} is not {expected}"
        print(f"  {example}, round {round_number + 1}: {', '.join(answers)} equal the known answers")
        yield node.describe(node.ask("get", kind="runs", limit=1)["items"][0]["id"])


def the_settlement_equals_the_generators_plan():
    with tempfile.TemporaryDirectory(prefix="runink-settlement-") as scratch:
        lake, expected = pathlib.Path(scratch) / "lake", pathlib.Path(scratch) / "expected"
        if not (LAKE / "reference").is_dir():
            raise Skip("the examples' data is not in .data: run tools/setup")
        shutil.copytree(LAKE / "reference", lake / "reference")
        subprocess.run([sys.executable, EXAMPLES / "settlement/generate.py", "--lake", lake, "--expected", expected,
                        "--rows", ROWS], check=True, stdout=subprocess.DEVNULL)
        answers = {f"settlement/{name}.csv": expected / f"{name}.csv" for name in PUBLISHED}
        with example_node("finance", lake) as node:
            for run in run_rounds(node, "settlement", "finance.herd.toml", answers):
                lines = check_run(node, run, expected)
                every_kind_of_rule_broke_something(run)
                for name in REPORTS.values():
                    (node.reports / "settlement" / name).unlink()
            print("\n".join("  " + line for line in lines))


def every_kind_of_rule_broke_something(run):
    """No reason of governance/rule_names.cpp is left out, nor a verdict that lets the stage succeed."""
    text = (ROOT / "governance/rule_names.cpp").read_text(encoding="utf-8")
    known = set(re.findall(r'\{RuleReason::\w+, "(\w+)"\}', text))
    quality = [one for step in ("checked", "clients") for one in stage_of(run, step)["quality"]]
    met = {one["reason"] for one in quality if one["counted"] or one["scope"] == "dataset"}
    assert len(known) >= 30 and met == known, f"no rule of the example is of these kinds: {known ^ met}"
    assert {one["verdict"] for one in quality} == {"kept", "rejected", "warned"}, quality
    assert {one["severity"] for one in quality} == {"info", "warning", "error"}, quality


def the_flights_equal_an_independent_computation():
    if not (LAKE / "flights").is_dir():
        raise Skip("the examples' data is not in .data: run tools/setup")
    with example_node("travel", LAKE) as node:
        for run in run_rounds(node, "flights", "travel.herd.toml",
                              {"flights/delays.csv": EXAMPLES / "flights/expected.csv"}):
            assert run["status"] == "succeeded", run


if __name__ == "__main__":
    sys.exit(main([the_settlement_equals_the_generators_plan,
                   the_flights_equal_an_independent_computation]))

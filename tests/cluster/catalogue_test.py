#!/usr/bin/env python3
"""The catalogue of bad input, through the real runi against real nodes: a message that says what, where,
why and what to do, the right exit code, and nothing left behind.

The cases are tables in catalogue/*.py; words on the command line choose by part of category or title.
RUNINK_SHOW=1 prints what is said instead of judging it.
"""
import collections
import concurrent.futures
import os
import sys
import time
import traceback
from typing import NamedTuple

from catalogue import contracts, files, machine, nodes, pipelines, programs
from catalogue.kinds import Act, World, nothing_left
from node import BIN, Skip, leftovers, processes, slice_processes, until

# Most cases wait for slices and processes rather than for a core.
AT_ONCE = 4
LEAST = 150
# What failed is told again at the end, where nothing can push it out of what is kept of a long output.
AGAIN_CASES, AGAIN_CHARACTERS = 20, 4000
TABLES = (pipelines, contracts, files, programs, nodes, machine)


def all_cases():
    """(category, case), in the order of the tables."""
    titles = set()
    for table in TABLES:
        for category, cases in table.CASES.items():
            for case in cases:
                assert (category, case.title) not in titles, f"stands twice: {category}: {case.title}"
                titles.add((category, case.title))
                yield category, case


class Judged(NamedTuple):
    category: str
    title: str
    verdict: str  # ok, skipped or FAILED
    why: str = ""


def judged(category, case):
    """The verdict on one case, told at once."""
    begin = time.monotonic()
    try:
        case.judge()
        verdict, why = "ok", ""
    except Skip as reason:
        verdict, why = "skipped", str(reason)
    except Exception:  # pylint: disable=broad-except
        verdict, why = "FAILED", traceback.format_exc()
    shown = f"skipped ({why})" if verdict == "skipped" else verdict
    text = "\n" + why if verdict == "FAILED" else ""
    print(f"{shown:<7} {time.monotonic() - begin:6.1f} s  {category}: {case.title}{text}", flush=True)
    return Judged(category, case.title, verdict, why)


def the_shared_node_leaves_nothing():
    """After all of it: no process, mount, cgroup, folder, pin or temporary file."""
    node = World.made
    if node is None:
        return
    nothing_left(node)
    assert node.stop() == 0, node.last_lines()
    until("the spawner ends", lambda: not [
        1 for _, words in processes()
        if "runink-spawner" in words[0] and str(node.data) in " ".join(words)], 30)
    left = leftovers(node) + slice_processes(node)
    assert not left, "left behind:\n  " + "\n  ".join(left)


def cut(text):
    """The beginning says where it failed, the end why."""
    half = AGAIN_CHARACTERS // 2
    return text if len(text) <= 2 * half else f"{text[:half]}\n[...]\n{text[-half:]}"


def tell_again(failed):
    """Every case that failed, with its reason; of very many, the first."""
    for one in failed[:AGAIN_CASES]:
        print(f"\nfailed: {one.category}: {one.title}\n{cut(one.why)}")
    for one in failed[AGAIN_CASES:]:
        print(f"failed: {one.category}: {one.title}")


def report(verdicts):
    """Counts by category, what failed again, the sum; the exit code."""
    print()
    for category, count in collections.Counter(one.category for one in verdicts).items():
        print(f"{count:5}  {category}")
    print(f"{len(verdicts):5}  cases")
    failed = [one for one in verdicts if one.verdict == "FAILED"]
    tell_again(failed)
    count = collections.Counter(one.verdict for one in verdicts)
    print(f"{count['ok']} passed, {count['FAILED']} failed, {count['skipped']} skipped")
    return 1 if failed else 0


def is_alone(case):
    return isinstance(case, Act) and case.alone


def run_all(wanted):
    chosen = [(category, case) for category, case in all_cases()
              if not wanted or any(word in f"{category}: {case.title}" for word in wanted)]
    if not wanted:
        assert len(chosen) >= LEAST, f"the catalogue has {len(chosen)} cases; it must have {LEAST}"
    World.show = bool(os.environ.get("RUNINK_SHOW"))
    together = [one for one in chosen if not is_alone(one[1])]
    with concurrent.futures.ThreadPoolExecutor(1 if World.show else AT_ONCE) as pool:
        verdicts = list(pool.map(lambda one: judged(*one), together))
    verdicts += [judged(*one) for one in chosen if is_alone(one[1])]
    end = Act("nothing is left after all of it", lambda _: the_shared_node_leaves_nothing())
    verdicts.append(judged("the end", end))
    order = {category: place for place, (category, _) in enumerate(chosen)}
    return report(sorted(verdicts, key=lambda one: order.get(one.category, len(order))))


def main():
    for program in ("runinkd", "runi", "runink-spawner", "runink-step"):
        if not (BIN / program).exists():
            print(f"{BIN / program} is missing: build it, or set RUNINK_BIN_DIR")
            return 1
    try:
        return run_all([word for word in sys.argv[1:] if not word.startswith("-")])
    finally:
        nodes.Template.remove()
        if World.made:
            World.made.__exit__(*sys.exc_info())


if __name__ == "__main__":
    sys.exit(main())

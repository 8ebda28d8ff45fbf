#!/usr/bin/env python3
"""Runs on three daemons: every node works, artifacts move, and a run goes on when the leader is killed."""
import csv
import sys
import threading
import time

from node import Gone, Refused, main, stage_of, until
from three_nodes import waits_only_for
from voters import Cluster

ROWS = 3_000

PIPELINE = """\
pipeline = "ordeal"
herd     = "shop"

[source.orders]
csv = "lake:/orders.csv"

[step.by_shop]
sql = "SELECT shop, count(*) AS orders, sum(cents)::BIGINT AS cents FROM orders GROUP BY shop ORDER BY ALL"

[step.listed]
sql    = "SELECT shop, cents FROM by_shop ORDER BY ALL"
format = "csv"

{steps}
[step.checked]
sql = "SELECT {first}.shop, {first}.cents FROM {joined} ORDER BY ALL"

[sink.report]
from = "checked"
csv  = "reports:/{target}.csv"
"""

STEP = """\
[step.slow{number}]
exec = ["python3", "slow.py", "slow{number}", "{seconds}"]
from = ["listed"]
requires = {{ cpu = "2" }}             # no node takes more than two of them at once

"""

SLOW = """\
import csv, os, sys, time
name, seconds = sys.argv[1], float(sys.argv[2])
print("started", flush=True)
rows = list(csv.DictReader(open("/in/listed/" + os.listdir("/in/listed")[0])))
os.makedirs("/out/" + name, exist_ok=True)
with open("/out/" + name + "/out.csv", "w", newline="") as file:
    out = csv.writer(file)
    out.writerow(["shop", "cents"])
    for row in rows:
        time.sleep(seconds / len(rows))
        out.writerow((row["shop"], row["cents"]))
print("ended", flush=True)
"""


def pipeline_text(steps, seconds, target):
    names = [f"slow{number}" for number in range(steps)]
    joined = names[0] + "".join(f" JOIN {name} USING (shop, cents)" for name in names[1:])
    return PIPELINE.format(steps="".join(STEP.format(number=n, seconds=seconds) for n in range(steps)),
                           first=names[0], joined=joined, target=target)


def prepare(cluster):
    """Orders in the lake, the herd; the expected report, computed here."""
    sums = {}
    with (cluster.folder / "lake/orders.csv").open("w", encoding="utf-8") as file:
        file.write("id,shop,cents\n")
        for number in range(ROWS):
            shop, cents = f"shop-{number % 40:02}", number * 7919 % 100_000
            sums[shop] = sums.get(shop, 0) + cents
            file.write(f"{number},{shop},{cents}\n")
    cluster.voters[0].apply_herd()
    return [[shop, str(cents)] for shop, cents in sorted(sums.items())]


def report_of(cluster, target):
    with (cluster.folder / f"reports/{target}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def start_run(voter, folder, request):
    done = voter.runi("run", folder, "--request-id", request, "-o", "name")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().removeprefix("run/")


def look(voter, run):
    try:
        return voter.describe(run)
    except (Gone, Refused):
        return None


def ended(voter, run):
    shown = look(voter, run)
    return shown if shown and shown["status"] != "running" else None


def nodes_of(run):
    return {attempt["node"] for stage in run["stages"] for attempt in stage.get("attempts", [])}


def every_node_works_and_a_run_started_anywhere_succeeds():
    with Cluster() as cluster:
        cluster.start()
        expected = prepare(cluster)
        until("all three are workers", lambda: len([
            item for item in cluster.voters[1].ask("get", kind="nodes")["items"] if item["alive"]]) == 3, 60)
        voter = cluster.voters[2]
        folder = voter.pipeline("ordeal", pipeline_text(6, 0.5, "all"), slow__py=SLOW)
        run = start_run(voter, folder, "all")
        shown = until("the run ends", lambda: ended(voter, run), 180)
        assert shown["status"] == "succeeded", shown
        assert report_of(cluster, "all") == expected
        assert len(nodes_of(shown)) == 3, f"only {nodes_of(shown)} have worked"
        # What was made has a second holder, and any node shows any log.
        for one in cluster.voters:
            logs = one.runi("logs", run, "slow3")
            assert logs.returncode == 0 and "ended" in logs.stdout, (one.name, logs)
        cluster.same_state()


def a_run_finishes_when_the_leader_is_killed_in_the_middle():
    with Cluster() as cluster:
        leader = cluster.start()
        expected = prepare(cluster)
        until("all three are workers", lambda: len([
            item for item in leader.ask("get", kind="nodes")["items"] if item["alive"]]) == 3, 60)
        others = [one for one in cluster.voters if one is not leader]
        voter = others[0]
        folder = voter.pipeline("ordeal", pipeline_text(5, 4.0, "killed"), slow__py=SLOW)
        run = start_run(voter, folder, "killed")

        def in_the_middle():
            shown = look(voter, run)
            return shown and sum(stage["status"] == "running" for stage in shown["stages"]) >= 3
        until("the slow steps run", in_the_middle, 120)
        waited = []
        waiter = threading.Thread(target=lambda: waited.append(voter.ask("wait", run=run)), daemon=True)
        waiter.start()
        leader.kill()
        killed = time.monotonic()
        shown = until("the run ends", lambda: ended(others[1], run), 180)
        print(f"        the run ended {time.monotonic() - killed:.1f} s after the kill", flush=True)
        assert shown["status"] == "succeeded", shown
        assert report_of(cluster, "killed") == expected
        waiter.join(60)
        assert waited and waited[0]["status"] == "succeeded", "who waited was not told of the end"
        assert stage_of(shown, "report")["sink"]["published"]
        # The one that was killed comes back, learns the end, and leaves nothing running.
        leader.start()
        assert until("it knows the end", lambda: ended(leader, run), 60)["status"] == "succeeded"
        cluster.same_state()


def a_file_that_a_killed_node_had_to_publish_waits_for_it_and_for_nobody_else():
    """Killed behind the commit of a sink and before its rename: docs/adr/0018, known limits."""
    with Cluster() as cluster:
        for voter in cluster.voters:  # whichever publishes is killed
            voter.environment["RUNINK_FAULT_POINT"] = "before_sink_rename"
        cluster.start()
        expected = prepare(cluster)
        run = start_run(cluster.voters[0], cluster.voters[0].pipeline(
            "ordeal", pipeline_text(1, 0.2, "late"), slow__py=SLOW), "late")
        killed = until("the one that publishes is killed", lambda: next(
            (one for one in cluster.voters if not one.alive()), None), 120)
        watcher = cluster.leader(other_than=killed.name)

        def waits():
            shown = look(watcher, run)
            return shown if shown and waits_only_for(shown, killed.name) else None
        shown = until("nothing is left but to publish", waits, 60)
        assert shown["status"] == "running" and waits_only_for(shown, killed.name) == ["report"], shown
        assert not waits_only_for(shown, watcher.name), shown
        assert not (cluster.folder / "reports/late.csv").exists()
        killed.environment.clear()
        killed.start()
        shown = until("the run ends", lambda: ended(watcher, run), 60)
        assert shown["status"] == "succeeded" and stage_of(shown, "report")["sink"]["published"], shown
        assert not waits_only_for(shown, killed.name), shown
        assert report_of(cluster, "late") == expected


if __name__ == "__main__":
    sys.exit(main([
        every_node_works_and_a_run_started_anywhere_succeeds,
        a_run_finishes_when_the_leader_is_killed_in_the_middle,
        a_file_that_a_killed_node_had_to_publish_waits_for_it_and_for_nobody_else,
    ]))

#!/usr/bin/env python3
"""What bad input gets: a clear message, a non-zero exit, nothing lost and nothing half done.

Every case that goes through a node ends with the same look: no file was published that should not
be, no slice's folder, pin, process or temporary file is left.
"""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from node import BIN, RUN_S, Node, Refused, Skip, cgroups_of, leftovers, main, processes, stage_of, until

HEAD = 'pipeline = "bad"\nherd = "shop"\n'
SOURCE = '[source.orders]\ncsv = "lake:/orders.csv"\n'
GOOD = HEAD + SOURCE + """
[step.netted]
sql = "SELECT shop, sum(cents)::BIGINT AS cents FROM orders GROUP BY shop ORDER BY ALL"

[sink.table]
from = "netted"
csv  = "reports:/table.csv"
"""


class World:
    node = None
    count = 0


def node():
    if World.node is None:
        World.node = Node()
        World.node.start()
        World.node.apply_herd()
        (World.node.lake / "orders.csv").write_text("shop,cents\na,1\nb,2\n", encoding="utf-8")
    return World.node


def folder(text, **files):
    World.count += 1
    return node().pipeline(f"case-{World.count}", text, **files)


def refused(text, *words, exit_code=1, **files):
    """The pipeline does not compile, and every one of `words` stands in what is said."""
    path = folder(text, **files)
    for verb in ("compile", "run"):
        done = node().runi(verb, path)
        assert done.returncode == exit_code, f"runi {verb}: exit {done.returncode}, not {exit_code}:\n{done.stderr}"
        for word in words:
            assert word in done.stderr, f"runi {verb} does not say {word!r}:\n{done.stderr}"
    return done.stderr


def nothing_half_done(published=()):
    """No file was published but these; nothing of the run is left."""
    there = sorted(str(one.relative_to(node().reports)) for one in node().reports.rglob("*") if one.is_file())
    assert there == sorted(published), f"published: {there}"
    until("slices, pins and temporary files are gone", lambda: not [
        one for one in leftovers(node())
        if one.split(":")[0] in ("slices", "artifacts/pins", "staging", "temporary")], 10)


def failing_run(text, **files):
    """Runs it to its end, which must be a failure; the run."""
    path = folder(text, **files)
    done = node().runi("run", path, "--follow")
    assert done.returncode == 1, f"exit {done.returncode}: {done.stdout}{done.stderr}"
    run = node().ask("get", kind="runs")["items"][0]
    run = node().describe(run["id"])
    assert run["status"] == "failed", run["status"]
    assert run["failed_stage"] in run["failure"] and len(run["failure"]) > 20, run["failure"]
    assert run["failed_stage"] in done.stdout + done.stderr, "--follow does not say which stage failed"
    nothing_half_done()
    return run


def exec_step(program, more="", downstream=True):
    """An exec step between the source and a sink; the sink must never publish."""
    sink = '[sink.table]\nfrom = "work"\ncsv = "reports:/table.csv"\n' if downstream else ""
    return f'{HEAD}[step.work]\nexec = {program}\n{more}\n{sink}'


def last_attempt(run, name="work"):
    return stage_of(run, name)["attempts"][-1]


# ---- pipelines that do not compile


def broken_toml_is_told_with_its_place():
    refused(HEAD + "[step.a\nsql = 1\n", "pipeline.toml:3:", "^")
    refused(HEAD + '[step.a]\nsql = "SELECT 1\n', "pipeline.toml:4:")


def unknown_keys_are_told_with_the_nearest_known_one():
    refused(GOOD.replace("[step.netted]\nsql", "[step.netted]\nsqll"), "sqll", "sql", "pipeline.toml:")
    refused(HEAD + "herdd = 1\n" + SOURCE, "herdd", "herd")


def a_cycle_is_told_with_its_way():
    said = refused(HEAD + '[step.a]\nsql = "SELECT * FROM b"\n[step.b]\nsql = "SELECT * FROM a"\n', "a", "b")
    assert "wait for each other" in said, said


def a_reference_to_nothing_is_told_with_the_nearest_name():
    refused(GOOD.replace("FROM orders", "FROM ordes"), "ordes", "orders")
    refused(GOOD.replace('from = "netted"', 'from = "neted"'), "neted", "netted")


def all_mistakes_are_told_at_once():
    said = refused(GOOD.replace("FROM orders", "FROM ordes").replace('from = "netted"', 'from = "neted"')
                   .replace('csv = "lake:', 'csvv = "lake:'), "ordes", "neted", "csvv")
    assert said.count("error") >= 3, said


def a_missing_file_of_the_bundle_is_told():
    refused(HEAD + '[source.a]\ncsv = "data/nothing.csv"\n', "data/nothing.csv")


def a_missing_folder_is_told():
    done = node().runi("run", node().folder / "no-such-folder")
    assert done.returncode == 4 and "no-such-folder" in done.stderr, (done.returncode, done.stderr)


def a_missing_file_of_a_volume_fails_the_run():
    run = failing_run(GOOD.replace("orders.csv", "nothing.csv"))
    assert run["failed_stage"] == "orders"
    assert "nothing.csv" in run["failure"] + str(last_attempt(run, "orders")) + \
        node().runi("logs", run["id"], "orders").stdout, "nobody names the missing file"


def a_path_that_leaves_its_volume_or_bundle_is_told():
    refused(GOOD.replace("lake:/orders.csv", "lake:/../secret.csv"), "..")
    refused(GOOD.replace("lake:/orders.csv", "../secret.csv"), "..")
    refused(GOOD.replace("reports:/table.csv", "reports:/../table.csv"), "..")


def a_link_out_of_the_volume_is_not_read():
    (node().folder / "secret.csv").write_text("shop,cents\nsecret,1\n", encoding="utf-8")
    link = node().lake / "link.csv"
    link.unlink(missing_ok=True)
    link.symlink_to("../secret.csv")
    run = failing_run(GOOD.replace("orders.csv", "link.csv"))
    assert run["failed_stage"] == "orders"


def a_linked_folder_out_of_the_volume_is_not_written():
    outside = node().folder / "outside"
    outside.mkdir(exist_ok=True)
    link = node().reports / "away"
    link.symlink_to("../outside")
    try:
        path = folder(GOOD.replace("reports:/table.csv", "reports:/away/table.csv"))
        done = node().runi("run", path, "--follow")
        assert done.returncode == 1, f"exit {done.returncode}: {done.stderr}"
        run = node().describe(node().ask("get", kind="runs")["items"][0]["id"])
        assert run["status"] == "failed", run["status"]
        assert stage_of(run, "table")["sink"].get("refused") == "leaves_volume", stage_of(run, "table")["sink"]
        assert not list(outside.iterdir()), "it was written outside of its volume"
    finally:
        link.unlink()
    nothing_half_done()


def a_link_in_the_pipelines_folder_does_not_bring_in_other_files():
    (node().folder / "secret.csv").write_text("shop,cents\nsecret,1\n", encoding="utf-8")
    path = folder(HEAD + '[source.orders]\ncsv = "inside.csv"\n')
    (path / "inside.csv").symlink_to("../../secret.csv")
    done = node().runi("run", path)
    assert done.returncode != 0 and "inside.csv" in done.stderr, (done.returncode, done.stderr)


def a_volume_that_is_not_granted_is_told():
    refused(GOOD.replace("reports:/", "lake:/"), "lake")
    refused(GOOD.replace("lake:/", "ocean:/"), "ocean")


def a_herd_that_is_not_there_is_told():
    path = folder(GOOD.replace('herd = "shop"', 'herd = "shopp"'))
    done = node().runi("run", path)
    assert done.returncode != 0 and "shopp" in done.stderr, (done.returncode, done.stderr)


# ---- programs that misbehave


def a_program_that_does_not_exist_fails_the_run():
    run = failing_run(exec_step('["no-such-program"]'))
    assert "could not be started: No such file" in run["failure"], run["failure"]


def a_program_that_exits_non_zero_fails_the_run_with_its_code():
    run = failing_run(exec_step('["sh", "-c", "echo half > /out/half.csv; echo to the log; exit 3"]'))
    assert last_attempt(run)["end"] == "exited" and last_attempt(run)["exit_code"] == 3, last_attempt(run)
    assert "3" in run["failure"]
    assert "to the log" in node().runi("logs", run["id"], "work").stdout


def a_program_that_is_killed_fails_the_run_with_the_signal():
    run = failing_run(exec_step('["python3", "-c", "import os; os.kill(os.getpid(), 11)"]'))
    attempt = last_attempt(run)
    # As the first process of its namespace's init a program sees its signals; either end names it.
    assert attempt["end"] == "signalled" and attempt["signal"] == 11, attempt


def a_program_killed_from_outside_fails_the_run():
    path = folder(exec_step('["sleep", "4711.5"]'))
    run = node().runi("run", path, "-o", "name").stdout.strip().removeprefix("run/")
    pid = until("the program runs", lambda: [pid for pid, words in processes() if words == ["sleep", "4711.5"]],
                RUN_S)[0]
    os.kill(pid, signal.SIGKILL)
    ended = node().ask("wait", run=run)
    assert ended["status"] == "failed", ended["status"]
    assert last_attempt(ended)["end"] == "signalled" and last_attempt(ended)["signal"] == 9, last_attempt(ended)
    nothing_half_done()


def children_that_stay_behind_are_ended():
    text = exec_step('["sh", "-c", "(setsid sleep 4712.5 &) ; mkdir /out/work; echo n > /out/work/w.csv; echo 1 >> /out/work/w.csv"]',
                     downstream=False)
    done = node().runi("run", folder(text), "--follow", timeout=60)
    assert done.returncode == 0, f"exit {done.returncode}: {done.stdout}{done.stderr}"
    left = [pid for pid, words in processes() if "4712.5" in words]
    assert not left, f"a child of the program lives on: {left}"
    nothing_half_done()


def a_program_past_its_time_is_ended():
    begin = time.monotonic()
    run = failing_run(exec_step('["sleep", "4713.5"]', 'timeout = "500ms"'))
    assert time.monotonic() - begin < 30
    assert last_attempt(run)["end"] == "timed_out", last_attempt(run)
    assert not [pid for pid, words in processes() if "4713.5" in words]


def a_program_that_takes_more_memory_than_it_asked_for_is_ended():
    if os.getuid() != 0 or not cgroups_of(node()):
        raise Skip("no cgroup limits without root")
    run = failing_run(exec_step('["python3", "-c", "x = bytearray(300_000_000); print(len(x))"]',
                                'requires = { memory = "64Mi" }'))
    assert last_attempt(run)["end"] == "out_of_memory", last_attempt(run)


def outputs_that_are_links_or_strays_are_refused():
    for script in ("mkdir /out/work; ln -s /etc/passwd /out/work/w.csv",
                   "mkdir /out/work; mkfifo /out/work/w.csv",
                   "mkdir /out/other; echo n > /out/other/w.csv",
                   "true"):
        run = failing_run(exec_step(f'["sh", "-c", "{script}"]'))
        assert last_attempt(run)["end"] == "bad_output", (script, last_attempt(run))


def a_value_that_cannot_be_cast_fails_the_run_and_is_not_quoted_in_the_state():
    (node().lake / "names.csv").write_text("shop,cents\na,secretvalue\n", encoding="utf-8")
    run = failing_run(GOOD.replace("orders.csv", "names.csv").replace("sum(cents)", "sum(cents::INTEGER)"))
    # What DuckDB says stays in the slice's log; what is agreed on has the reason and no value.
    assert "bad_value" in run["failure"] and "secretvalue" not in str(run), run["failure"]


def retries_are_made_and_counted():
    run = failing_run(exec_step('["false"]', 'retry = { attempts = 3, backoff = "50ms" }'))
    stage = stage_of(run, "work")
    assert stage["failures"] == 3 and len(stage["attempts"]) == 3, stage


def a_failed_run_leaves_the_earlier_file_as_it_was():
    done = node().runi("run", folder(GOOD), "--follow")
    assert done.returncode == 0, done.stderr
    before = (node().reports / "table.csv").read_bytes()
    inode = (node().reports / "table.csv").stat().st_ino
    broken = GOOD.replace("sum(cents)::BIGINT", "error('no')")
    done = node().runi("run", folder(broken), "--follow")
    assert done.returncode == 1, done.returncode
    assert (node().reports / "table.csv").read_bytes() == before
    assert (node().reports / "table.csv").stat().st_ino == inode
    nothing_half_done(["table.csv"])
    (node().reports / "table.csv").unlink()


# ---- the node itself


def daemon(config, seconds=60, cwd=None):
    """runinkd to its end: (exit code, what it said)."""
    done = subprocess.run([BIN / "runinkd", "--config", config], cwd=cwd, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, check=False)
    return done.returncode, done.stdout


def a_second_daemon_on_the_same_data_folder_is_refused():
    code, said = daemon(node().config, cwd=node().folder)
    assert code == 1, (code, said)
    assert str(node().process.pid) in said, f"it does not say who has the folder: {said}"
    assert node().alive() and node().ask("version")["node"] == "n1", "the first one suffered"


def a_broken_cluster_file_is_told_with_every_mistake():
    path = node().folder / "broken.toml"
    path.write_text('cluster = "x"\n[node]\nnname = "n1"\ndata = 5\n[volumes.a]\npath = "nowhere"\ngrnt = {}\n',
                    encoding="utf-8")
    for words in ([], ["--check-config"]):
        done = subprocess.run([BIN / "runinkd", "--config", path, *words], capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 1, done.returncode
        for word in ("nname", "name", "data", "grnt", "broken.toml:3"):
            assert word in done.stderr, f"{word} is not told: {done.stderr}"
    code, said = daemon(node().folder / "missing.toml")
    assert code == 1 and "missing.toml" in said, (code, said)


def lives(other):
    return [one for one in leftovers(other) if one.startswith(("process", "mount", "cgroup"))]


def broken(damage):
    """A node with one finished run, stopped, damaged, started again: (exit code, said, node)."""
    other = Node()
    try:
        other.start()
        other.apply_herd()
        (other.lake / "orders.csv").write_text("shop,cents\na,1\nb,2\n", encoding="utf-8")
        done = other.runi("run", other.pipeline("good", GOOD), "--follow")
        assert done.returncode == 0, done.stderr
        assert other.stop() == 0
        damage(other.data)
        before = sorted(str(one.relative_to(other.data)) for one in (other.data / "artifacts").rglob("*"))
        process = other.launch()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the node started on damaged data:\n{other.last_lines()}") from None
        after = sorted(str(one.relative_to(other.data)) for one in (other.data / "artifacts").rglob("*"))
        assert before == after, "artifacts were touched"
        # The spawner that was started for nothing ends by itself.
        with contextlib.suppress(AssertionError):
            until("nothing of it lives", lambda: not lives(other), 10)
        left = lives(other)
        return process.returncode, other.last_lines(), left
    finally:
        other.__exit__(*sys.exc_info())


def refuses(damage, *words, codes=(1, 70)):
    code, said, left = broken(damage)
    said = said.splitlines()[-1] if said else ""
    assert code in codes, f"exit {code}: {said}"
    assert any(word in said for word in words), f"none of {words} stands in: {said}"
    assert len(said) > 40, f"too short to be clear: {said}"
    assert not left, f"it left: {left}"


def a_data_folder_of_a_newer_version_is_refused():
    def damage(data):
        version = data / "VERSION"
        text = version.read_text()
        (data / "VERSION").write_text(newer(text))
    refuses(damage, "newer", "version")


def newer(text):
    """The same VERSION file, of a format that does not exist yet."""
    return re.sub(r"\d+", "999", text, count=1)


def flip(path, where=0.5):
    """One byte in the middle."""
    data = bytearray(path.read_bytes())
    data[int(len(data) * where)] ^= 0x20
    path.write_bytes(data)


def biggest(folder_of, pattern):
    return max(folder_of.rglob(pattern), key=lambda one: one.stat().st_size)


def a_damaged_log_is_refused():
    refuses(lambda data: flip(biggest(data / "raft", "*.log")), "checksum", "corrupt", "damaged", "Corruption")


def a_truncated_log_is_refused():
    def damage(data):
        for table in list((data / "raft").rglob("*.log")) + list((data / "raft").rglob("*.sst")):
            table.write_bytes(b"")
    refuses(damage, "log", "corrupt")


def a_damaged_state_file_is_refused():
    refuses(lambda data: flip(biggest(data / "state", "*.log")), "checksum", "corrupt", "damaged", "state")


def a_lost_manifest_is_refused():
    def damage(data):
        for one in (data / "raft").rglob("MANIFEST*"):
            one.unlink()
    refuses(damage, "raft", "corrupt", "MANIFEST")


def a_damaged_identity_is_refused():
    refuses(lambda data: flip(data / "identity"), "identity")


def a_damaged_artifact_is_not_passed_on():
    other = Node()
    try:
        other.start()
        other.apply_herd()
        (other.lake / "orders.csv").write_text("shop,cents\na,1\nb,2\n", encoding="utf-8")
        done = other.runi("run", other.pipeline("good", GOOD), "-o", "name")
        run = done.stdout.strip().removeprefix("run/")
        ended = other.ask("wait", run=run)
        digest = stage_of(ended, "orders")["outputs"][0]["files"][0]["digest"]
        path = other.data / "artifacts" / digest[:2] / digest
        if not path.exists():
            path = next((other.data / "artifacts").rglob(f"*{digest[2:]}*"))
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:-8])
        assert other.stop() == 0
        other.start()
        assert other.ask("version")["node"] == "n1"
        # The same source makes the same file: it must be made whole again, or the run must fail.
        done = other.runi("run", other.pipeline("good", GOOD + "# again\n"), "--follow")
        with (other.reports / "table.csv").open(encoding="utf-8") as file:
            assert file.read().splitlines()[1:] == ["a,1", "b,2"]
    finally:
        other.__exit__(*sys.exc_info())


def state_is_made_anew_from_the_log():
    other = Node()
    try:
        other.start()
        other.apply_herd()
        (other.lake / "orders.csv").write_text("shop,cents\na,1\nb,2\n", encoding="utf-8")
        run = other.runi("run", other.pipeline("good", GOOD), "-o", "name").stdout.strip().removeprefix("run/")
        ended = other.ask("wait", run=run)
        assert other.stop() == 0
        shutil.rmtree(other.data / "state")
        other.start()
        again = until("the run is known again", lambda: known(other, run), 20)
        assert again["stages"] == ended["stages"], "the state made anew differs"
    finally:
        other.__exit__(*sys.exc_info())


def known(other, run):
    try:
        return other.describe(run)
    except Refused:
        return None


def after_all_of_it_nothing_is_left():
    assert node().stop() == 0
    until("the spawner ends", lambda: not [
        1 for _, words in processes()
        if "runink-spawner" in words[0] and str(node().data) in " ".join(words)], 30)
    left = leftovers(node())
    assert not left, "left behind:\n  " + "\n  ".join(left)


TESTS = [
    broken_toml_is_told_with_its_place, unknown_keys_are_told_with_the_nearest_known_one,
    a_cycle_is_told_with_its_way, a_reference_to_nothing_is_told_with_the_nearest_name,
    all_mistakes_are_told_at_once, a_missing_file_of_the_bundle_is_told, a_missing_folder_is_told,
    a_missing_file_of_a_volume_fails_the_run, a_path_that_leaves_its_volume_or_bundle_is_told,
    a_link_out_of_the_volume_is_not_read, a_linked_folder_out_of_the_volume_is_not_written,
    a_link_in_the_pipelines_folder_does_not_bring_in_other_files, a_volume_that_is_not_granted_is_told,
    a_herd_that_is_not_there_is_told, a_program_that_does_not_exist_fails_the_run,
    a_program_that_exits_non_zero_fails_the_run_with_its_code,
    a_program_that_is_killed_fails_the_run_with_the_signal, a_program_killed_from_outside_fails_the_run,
    children_that_stay_behind_are_ended, a_program_past_its_time_is_ended,
    a_program_that_takes_more_memory_than_it_asked_for_is_ended,
    outputs_that_are_links_or_strays_are_refused,
    a_value_that_cannot_be_cast_fails_the_run_and_is_not_quoted_in_the_state, retries_are_made_and_counted,
    a_failed_run_leaves_the_earlier_file_as_it_was, a_second_daemon_on_the_same_data_folder_is_refused,
    a_broken_cluster_file_is_told_with_every_mistake, a_data_folder_of_a_newer_version_is_refused,
    a_damaged_log_is_refused, a_truncated_log_is_refused, a_damaged_state_file_is_refused,
    a_lost_manifest_is_refused, a_damaged_identity_is_refused, a_damaged_artifact_is_not_passed_on,
    state_is_made_anew_from_the_log, after_all_of_it_nothing_is_left]

if __name__ == "__main__":
    try:
        CODE = main(TESTS)
    finally:
        if World.node:
            World.node.__exit__(*sys.exc_info())
    sys.exit(CODE)

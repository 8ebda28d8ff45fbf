#!/usr/bin/env python3
"""tools/quickstart --nodes 3 as a user runs it, with fewer trades: without a terminal, on one, cut short, failing.

What it prints is compared with what lies there afterwards, and with answers that are computed here again.
"""
import contextlib
import io
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import types

from node import BIN, ROOT, RUN_S, Skip, cgroups_of, main, slice_processes

sys.path.insert(0, str(ROOT / "tests/runi_terminal"))
from scripted_node import Terminal  # pylint: disable=wrong-import-position
import first_run  # pylint: disable=wrong-import-position
import scripted_node  # pylint: disable=wrong-import-position

ROWS = "20000"
QUICKSTART = [ROOT / "tools/quickstart", "--nodes", "3", "--rows", ROWS]
NODES = ("n1", "n2", "n3")
STRANGER = 64999  # a user id of nobody
CLEAR = b"\x1b[2K"  # runi clears a line before it draws it over again
scripted_node.DEADLINE_S = RUN_S


class Scene:
    """A folder for what quickstart makes; at the end whatever is left of a failed test is stopped."""

    def __init__(self, owner=None, programs=BIN):
        if not (ROOT / ".data/examples/lake/reference").is_dir():
            raise Skip("the examples' data is not in .data: run tools/setup")
        self.scratch = tempfile.TemporaryDirectory(prefix="runink-quick-", ignore_cleanup_errors=True)
        self.top = pathlib.Path(self.scratch.name)
        self.environment = {"TMPDIR": str(self.top), "RUNINK_BIN_DIR": str(programs)}
        if owner:
            os.chown(self.top, owner, owner)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for folder in self.folders():
            subprocess.run([ROOT / "tools/quickstart", "--stop", folder], check=False)
        self.scratch.cleanup()

    def folders(self):
        return [self.top / name for name in os.listdir(self.top)]

    def run(self, *words, before=()):
        """The whole of it without a terminal: (exit code, all that it told)."""
        done = subprocess.run([*before, *QUICKSTART, *words], check=False, env={**os.environ, **self.environment},
                              cwd="/", text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=RUN_S)
        return done.returncode, done.stdout

    def terminal(self, *words):
        # Whoever runs this test may ignore a signal, as nohup does.
        return Terminal(["env", "--default-signal=HUP,INT,TERM", *QUICKSTART, *words], columns=120, rows=60, env=self.environment, whole=True)


def nothing_runs_in(folder):
    """No daemon, no spawner, no slice, no cgroup, no mount of the nodes of this folder."""
    for name in NODES:
        gone = types.SimpleNamespace(folder=folder / name, data=folder / name / "data", process=None)
        assert not slice_processes(gone) and not cgroups_of(gone), (slice_processes(gone), cgroups_of(gone))
    mounts = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    assert str(folder) not in mounts, mounts


def told(text, pattern):
    found = re.search(pattern, text)
    assert found, f"it does not tell {pattern}:\n{text}"
    return found


def check_facts(text, folder):
    """What was printed, against what lies there and against answers that are made anew."""
    killed, pid = told(text, r">>> kill -9 (\d+): (n\d), which led").group(2, 1)
    assert f"{killed} pid {pid}" in text, f"another process was started as {killed}:\n{text}"
    following = told(text, r">>> (n\d) leads \d+ ms after the kill").group(1)
    assert following != killed
    told(text, rf"led before, and after +{killed}, then {following}")
    writes = int(told(text, r"small writes meanwhile +([\d,]+) acknowledged, each done once").group(1).replace(",", ""))
    around, longest = map(int, told(text, r"for (\d+) ms around the kill; the longest gap of all: (\d+) ms").groups())
    assert writes > 10 and 0 < around <= longest, (writes, around, longest)
    hashes = re.findall(r"^  n\d +(?:leader|follower) +[\d,]+ +(\w+)$", text, re.M)
    assert len(hashes) == 3 and len(set(hashes)) == 1, hashes
    for line in (r"the run's end .*", r"it has caught up \d+ ms after its start"):
        print(f"        {told(text, line).group(0)}", flush=True)
    keys = {(folder / name / "data/keys/finance.key").read_bytes() for name in NODES}
    assert len(keys) == 1 and len(keys.pop()) == 32
    published = pathlib.Path(told(text, r"published reports +(\S+)").group(1))
    assert published == folder / "reports/settlement"
    compare_with_answers_made_anew(published)


def compare_with_answers_made_anew(published):
    with tempfile.TemporaryDirectory(prefix="runink-answers-") as scratch:
        lake, expected = pathlib.Path(scratch, "lake"), pathlib.Path(scratch, "expected")
        lake.mkdir()
        (lake / "reference").symlink_to(ROOT / ".data/examples/lake/reference")
        subprocess.run([sys.executable, ROOT / "examples/settlement/generate.py", "--lake", lake, "--expected",
                        expected, "--rows", ROWS], check=True, stdout=subprocess.DEVNULL)
        for name in first_run.ANSWERS:
            assert (published / name).read_bytes() == (expected / name).read_bytes(), name


def without_a_terminal_the_run_goes_on_without_its_leader():
    with Scene() as scene:
        code, text = scene.run()
        assert code == 0, text
        folder, = scene.folders()
        check_facts(text, folder)
        told(text, r"in a mount namespace of its own: the folders of the other two.* are empty there"
             if os.getuid() == 0 else r"no mount namespace of its own for each \(that needs root\)")
        told(text, r"key of herd finance.* into each: nodes do not hand keys to each other")
        assert "\x1b" not in text, "it draws where nobody can see it"
        told(text, r"checked: running\n")
        told(text, r">>> kill -9(?s:.*)run \w+: succeeded")
        assert f"rm -r {folder}" in text and "the nodes are stopped" in text, text
        nothing_runs_in(folder)


def on_a_terminal_it_is_drawn_and_what_it_proposes_works():
    with Scene() as scene:
        with scene.terminal("--keep") as terminal:
            killed = terminal.wait_for(rb">>> kill -9 \d+: n\d")
            assert CLEAR in terminal.seen[:killed], terminal.seen
            ended = terminal.wait_for(b"What the kill cost")
            assert CLEAR in terminal.seen[killed:ended], "the run is not drawn after the kill"
            code, _ = terminal.finish()
            text = re.sub(r"\x1b\[[\d;]*[A-Za-z]", "", terminal.seen.decode()).replace("\r", "")
        assert code == 0, text
        folder, = scene.folders()
        check_facts(text, folder)
        follow_the_proposals(text.split("The nodes stay up. Next:\n")[1], folder)
        assert not folder.exists()
        nothing_runs_in(folder)


def follow_the_proposals(text, folder):
    """Types one printed line after the other into one shell; each must end well."""
    lines = [re.split(r"\s+# ", line.strip())[0] for line in text.splitlines() if line.startswith("  ")]
    assert len(lines) == 9 and lines[0].startswith("export PATH=") and "--stop" in lines[-1], lines
    script = "\n".join(["set -eu", f"cd {shlex.quote(str(ROOT))}", *(f"{line}\necho typed" for line in lines)])
    done = subprocess.run(["bash", "-c", script], check=False, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=RUN_S)
    assert done.returncode == 0 and done.stdout.count("typed\n") == len(lines), done.stdout
    assert f"what ran in {folder} is stopped" in done.stdout, done.stdout


def one_node_goes_the_same_way():
    with Scene() as scene:
        done = subprocess.run([ROOT / "tools/quickstart", "--rows", ROWS, "--keep"], check=False, cwd="/", text=True,
                              env={**os.environ, **scene.environment}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=RUN_S)
        assert done.returncode == 0, done.stdout
        folder, = scene.folders()
        told(done.stdout, r"equal to the cent, and to the byte")
        told(done.stdout, r"run \w+: succeeded")
        compare_with_answers_made_anew(folder / "reports/settlement")
        stop = told(done.stdout, rf"tools/quickstart --stop {folder}").group(0)
        subprocess.run(["bash", "-c", stop], check=True, cwd=ROOT)
        assert not folder.exists()
        gone = types.SimpleNamespace(folder=folder, data=folder / "data", process=None)
        assert not slice_processes(gone) and not cgroups_of(gone), (slice_processes(gone), cgroups_of(gone))


def cut_short_it_leaves_nothing():
    """Wherever it is: while nodes start, while the run works, after the kill."""
    for at, number in ((rb"n2 --dir", signal.SIGTERM), (rb"\$ runi follow", signal.SIGINT),
                       (rb">>> kill -9", signal.SIGHUP)):
        with Scene() as scene:
            with scene.terminal() as terminal:
                terminal.wait_for(at)
                folder, = scene.folders()
                if number == signal.SIGINT:
                    terminal.type("\x03")  # ctrl-c reaches all that run in the foreground
                else:
                    terminal.process.send_signal(number)
                code, _ = terminal.finish()
                assert code == first_run.INTERRUPTED, (at, code, terminal.seen)
                assert b"interrupted after" in terminal.seen and b"nothing is left of it" in terminal.seen, terminal.seen
            assert not scene.folders(), scene.folders()
            nothing_runs_in(folder)


def a_failure_in_the_middle_is_told_and_leaves_only_its_folder():
    with tempfile.TemporaryDirectory(prefix="runink-programs-") as programs:
        for name in ("runinkd", "runink-spawner", "runink-step"):
            pathlib.Path(programs, name).symlink_to(BIN / name)
        runi = pathlib.Path(programs, "runi")
        runi.write_text(f'#!/bin/sh\ncase " $* " in *" lineage "*) echo no such luck; exit 1 ;; esac\nexec {BIN}/runi "$@"\n',
                        encoding="utf-8")
        runi.chmod(0o755)
        with Scene(programs=programs) as scene:
            code, text = scene.run("--keep")
            assert code == 1, text
            folder, = scene.folders()
            told(text, r"no such luck\n+quickstart: 'runi lineage statement' failed")
            assert f"The last lines of {folder}/n3/runinkd.log" in text, text
            assert f"the nodes are stopped; what was written lies in {folder}" in text, text
            nothing_runs_in(folder)


def without_root_it_says_so_and_works():
    if os.getuid() != 0:
        raise Skip("the whole test runs without root")
    before = ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups"]
    seen = subprocess.run([*before, "test", "-x", BIN / "runi", "-a", "-r", ROOT / "tools/three_nodes.py"], check=False)
    if seen.returncode != 0:
        raise Skip("another account cannot see this tree")
    with Scene(owner=STRANGER) as scene:
        code, text = scene.run(before=before)
        assert code == 0, text
        folder, = scene.folders()
        check_facts(text, folder)
        told(text, r"they see each other's folders: .*\(that needs root\)")
        nothing_runs_in(folder)


def another_result_than_the_known_one_is_a_failure():
    known = {"netted.csv": "counterparty,currency,trades,net\nx,EUR,1,2.00\n",
             "exposure.csv": "kind,currency,accounts,trades,net\nx,EUR,1,1,2.00\n",
             "verdicts.csv": "verdict,rows\nnetted,1\n",
             "masking.csv": "object,rows,name,looks,values,as_it_should\ntrades,accepted,account,token,1,1\n"}
    assert set(known) == set(first_run.ANSWERS)
    with tempfile.TemporaryDirectory(prefix="runink-answers-") as scratch:
        published, expected = (pathlib.Path(scratch, name) for name in ("published", "expected"))
        for folder in (published, expected):
            folder.mkdir()
            for name, text in known.items():
                (folder / name).write_text(text, encoding="utf-8")
        with contextlib.redirect_stdout(io.StringIO()):
            first_run.show_result(published, expected)
            for name, text in known.items():
                (published / name).write_text(text.replace("1", "3"), encoding="utf-8")
                try:
                    first_run.show_result(published, expected)
                except first_run.Failed as failed:
                    assert f"{name} is not what the generator's plan says" in str(failed), failed
                else:
                    raise AssertionError(f"another {name} passed")
                (published / name).write_text(text, encoding="utf-8")


def misuse_is_told_and_nothing_is_begun():
    with Scene() as scene:
        for words, says in ((["--nodes", "2"], "--nodes is 1 or 3"), (["--nodes"], "--nodes is 1 or 3"),
                            (["--rows", "7"], "--rows is a number from 1000 on"), (["--kep"], "there is no option '--kep'"),
                            (["--stop", scene.top], "no folder that tools/quickstart has made"),
                            (["--stop"], "--stop takes a folder")):
            done = subprocess.run([ROOT / "tools/quickstart", *words], check=False, env={**os.environ, **scene.environment},
                                  text=True, capture_output=True)
            assert done.returncode == 2 and says in done.stderr, (words, done)
        assert not scene.folders() and scene.top.is_dir()
        shown = subprocess.run([ROOT / "tools/quickstart", "--help"], check=True, text=True, capture_output=True).stdout
        assert "tools/quickstart --nodes 3 " in shown and "tools/quickstart --stop FOLDER" in shown, shown


if __name__ == "__main__":
    sys.exit(main([
        misuse_is_told_and_nothing_is_begun,
        one_node_goes_the_same_way,
        another_result_than_the_known_one_is_a_failure,
        without_a_terminal_the_run_goes_on_without_its_leader,
        on_a_terminal_it_is_drawn_and_what_it_proposes_works,
        cut_short_it_leaves_nothing,
        a_failure_in_the_middle_is_told_and_leaves_only_its_folder,
        without_root_it_says_so_and_works,
    ]))

"""What happens to a node from outside: damaged data, wrong cluster files, a second daemon, SIGTERM."""
import contextlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

from catalogue.kinds import Act, World, ready_node, wait_for_progress
from node import BIN, Node, Refused, leftovers, stage_of, until

GOOD = """\
pipeline = "good"
herd = "shop"
[source.orders]
csv = "lake:/orders.csv"
[step.netted]
sql = "SELECT shop, sum(cents)::BIGINT AS cents FROM orders GROUP BY shop ORDER BY ALL"
[sink.table]
from = "netted"
csv  = "reports:/table.csv"
"""


class Template:
    """A data folder with one finished run, made once and copied for every node that is to be damaged."""
    lock = threading.Lock()
    data = None
    run = None

    @classmethod
    def copy_to(cls, node):
        with cls.lock:
            if cls.data is None:
                cls.data = tempfile.mkdtemp(prefix="runink-template-") + "/data"
                with ready_node() as other:
                    done = other.runi("run", other.pipeline("good", GOOD), "--follow")
                    assert done.returncode == 0, done.stdout + done.stderr
                    cls.run = other.ask("get", kind="runs")["items"][0]["id"]
                    cls.run = other.describe(cls.run)
                    assert other.stop() == 0
                    copy(other.data, cls.data)
        copy(cls.data, node.data)

    @classmethod
    def remove(cls):
        if cls.data:
            shutil.rmtree(cls.data.removesuffix("/data"), ignore_errors=True)


def copy(source, target):
    """With owners, modes and hard links as they are; sockets are left."""
    subprocess.run(["cp", "-a", source, target], check=True)
    for one in list(target.rglob("*.sock")) if hasattr(target, "rglob") else []:
        one.unlink()


def used_node():
    """A node that is not started, on a copy of a used data folder."""
    node = Node()
    Template.copy_to(node)
    (node.lake / "orders.csv").write_text("shop,cents\na,1\nb,2\n", encoding="utf-8")
    return node


def lives(node):
    return [one for one in leftovers(node) if one.startswith(("process", "mount", "cgroup"))]


def refuses(title, damage, *words):
    """A node on damaged data ends with one clear line, and touches no artifact."""
    def act(_):
        node = used_node()
        try:
            damage(node.data)
            before = sorted(str(one) for one in (node.data / "artifacts").rglob("*"))
            process = node.launch()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                raise AssertionError(f"the node started on damaged data:\n{node.last_lines()}") from None
            said = node.last_lines().splitlines()[-1]
            assert process.returncode in (1, 70), f"exit {process.returncode}: {said}"
            for word in words:
                assert word in said, f"{word!r} does not stand in: {said}"
            assert len(said) > 80, f"too short to be clear: {said}"
            assert sorted(str(one) for one in (node.data / "artifacts").rglob("*")) == before, "artifacts were touched"
            # The spawner that was started for nothing ends by itself.
            with contextlib.suppress(AssertionError):
                until("nothing of it lives", lambda: not lives(node), 20)
            assert not lives(node), lives(node)
        finally:
            node.__exit__(*sys.exc_info())
    return Act(title, act, alone=False)


def newer_version(data):
    text = (data / "VERSION").read_text()
    (data / "VERSION").write_text(re.sub(r"\d+", "999", text, count=1))


def flip(path, where=0.5):
    """One byte in the middle."""
    data = bytearray(path.read_bytes())
    data[int(len(data) * where)] ^= 0x20
    path.write_bytes(data)


def biggest(folder, pattern):
    return max(folder.rglob(pattern), key=lambda one: one.stat().st_size)


def empty_logs(data):
    for table in list((data / "raft").rglob("*.log")) + list((data / "raft").rglob("*.sst")):
        table.write_bytes(b"")


def without_manifest(data):
    for one in (data / "raft").rglob("MANIFEST*"):
        one.unlink()


DAMAGED = [
    refuses("a data folder of a newer version", newer_version, "has format 999, this program knows", "Install runink"),
    refuses("a VERSION that cannot be read", lambda data: (data / "VERSION").write_text("hello\n"), "VERSION' cannot be read", "put it back from a copy"),
    refuses("a damaged log", lambda data: flip(biggest(data / "raft", "*.log")), "raft", "checksum"),
    refuses("an empty log", empty_logs, "the log lost what it had acknowledged", "Restore the data folder from a copy"),
    refuses("a damaged state file", lambda data: flip(biggest(data / "state", "*.sst")), "state"),
    refuses("a lost manifest", without_manifest, "raft"),
    refuses("a damaged identity", lambda data: flip(data / "identity"), "identity' is damaged", "Put the file back from a copy"),
    refuses("a lost identity", lambda data: (data / "identity").unlink(), "identity' is missing", "put the file back from a copy"),
]


def damaged_artifact(_):
    with used_node() as node:
        digest = stage_of(Template.run, "orders")["outputs"][0]["files"][0]["digest"]
        path = node.data / "artifacts" / digest[:2] / digest
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:-8])
        node.start()
        # The same source makes the same file: it must be made whole again, or the run must fail.
        done = node.runi("run", node.pipeline("good", GOOD + "# again\n"), "--follow")
        assert done.returncode == 0, done.stdout + done.stderr
        assert (node.reports / "table.csv").read_text(encoding="utf-8").splitlines()[1:] == ["a,1", "b,2"]


def state_made_anew(_):
    with used_node() as node:
        shutil.rmtree(node.data / "state")
        node.start()

        def known():
            with contextlib.suppress(Refused):
                return node.describe(Template.run["id"])
            return None
        again = until("the run is known again", known, 30)
        assert again["stages"] == Template.run["stages"], "the state made anew differs"


def daemon(config, *words, cwd=None):
    """runinkd to its end: (exit code, what it said)."""
    done = subprocess.run([BIN / "runinkd", "--config", config, *words], cwd=cwd, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    return done.returncode, done.stdout


def second_daemon(_):
    node = World.node()
    code, said = daemon(node.config, cwd=node.folder)
    assert code == 1, (code, said)
    assert f"Another runinkd (process {node.process.pid}) uses the data folder" in said, said
    assert "Stop it first, or give this node a data folder of its own." in said, said
    assert node.alive() and node.ask("version")["node"] == "n1", "the first one suffered"


def broken_cluster_file(_):
    path = World.node().folder / "broken.toml"
    path.write_text('cluster = "x"\n[node]\nnname = "n1"\ndata = 5\n[volumes.a]\npath = "nowhere"\ngrnt = {}\n',
                    encoding="utf-8")
    for words in ((), ("--check-config",)):
        code, said = daemon(path, *words)
        assert code == 1, (code, said)
        for word in ("broken.toml:3", "nname", "'name'", "broken.toml:4", "data", "broken.toml:7", "grnt", "'grant'"):
            assert word in said, f"{word} is not told: {said}"


def missing_cluster_file(_):
    code, said = daemon(World.node().folder / "missing.toml")
    assert code == 1 and "There is no cluster file '" in said and "missing.toml'. Name it with --config." in said, (code, said)


def busy_port(_):
    with socket.socket() as busy, contextlib.closing(busy):
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        node = Node()
        try:
            node.config.write_text(node.config.read_text().replace("127.0.0.1:0", f"127.0.0.1:{port}"), encoding="utf-8")
            process = node.launch()
            process.wait(60)
            said = node.last_lines()
            assert process.returncode == 1 and str(port) in said and "metrics" in said, said
            until("nothing of it lives", lambda: not lives(node), 20)
        finally:
            node.__exit__(*sys.exc_info())


def stopped_while_it_validates(case):
    """SIGTERM ends the daemon and not the work: the slice goes on, and its numbers are the same."""
    from catalogue.files import CONTRACT, rows_for_long  # it needs this file's node only
    with ready_node() as node:
        rows_for_long(node.lake / "long.csv")
        text = ('@head\n[contracts]\n@name = "c.odcs.yaml"\n[source.rows]\ncsv = "lake:/long.csv"\ncontract = "@name"\n'
                '[step.checked]\nvalidate = "rows"\n')
        contract = CONTRACT.replace("logicalType: integer}", "logicalType: integer, logicalTypeOptions: {maximum: 9989}}")
        done = node.runi("run", case.folder(node, text, {"c.odcs.yaml": contract}), "-o", "name")
        assert done.returncode == 0, done.stderr
        run = done.stdout.strip().removeprefix("run/")
        wait_for_progress(node, run, "checked")
        node.process.send_signal(signal.SIGTERM)
        assert node.process.wait(60) == 0, node.last_lines()
        node.start()
        ended = node.ask("wait", run=run)
        assert ended["status"] == "succeeded", ended["failure"]
        checked = stage_of(ended, "checked")
        counters = checked["counters"]
        assert (counters["rows_read"], counters["rows_accepted"], counters["rows_rejected"]) == (3_000_000, 2_997_000, 3_000), counters
        assert len(checked["attempts"]) == 1 and checked["lost"] == 0, checked["attempts"]
        assert node.stop() == 0
        until("nothing of it lives", lambda: not leftovers(node), 30)


NODES = [
    Act("a second daemon on one data folder", second_daemon),
    Act("a cluster file with many mistakes", broken_cluster_file),
    Act("a cluster file that is not there", missing_cluster_file),
    Act("a port that is taken", busy_port, alone=False),
    Act("an artifact that was damaged is not passed on", damaged_artifact, alone=False),
    Act("a state that is gone is made anew from the log", state_made_anew, alone=False),
    Act("SIGTERM while a step validates", stopped_while_it_validates),
]

CASES = {"damaged data": DAMAGED, "nodes": NODES}

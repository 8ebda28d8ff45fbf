"""Programs and SQL that misbehave inside their slices."""
import json
import os
import signal
import time

from catalogue.kinds import ORDERS, SOURCE, Act, Run, World, nothing_left
from node import RUN_S, Skip, cgroups_of, processes, stage_of, until

SINK = '[sink.table]\nfrom = "work"\ncsv = "@out/table.csv"\n'


def program(text, more=""):
    """An exec step and a sink behind it, which must never publish."""
    return f"@head\n[step.work]\nexec = {text}\n{more}\n{SINK}"


def shell(script, more=""):
    return program(json.dumps(["sh", "-c", script]), more)


def python(script, more=""):
    return program(json.dumps(["python3", "-c", script]), more)


def fails(title, text, says, **more):
    return Run(title, text, stage="work", says=says, **more)


def leaves(title, script, logs, reason="bad_output", **more):
    """A program that ends well and leaves what cannot be taken."""
    why = {"bad_output": "(bad_output): what it left is not only regular files in the folders of its datasets.",
           "no_output": "(no_output): it ended well and wrote nothing to one of its datasets."}[reason]
    return Run(title, shell(script), stage="work", end="bad_output", reason=reason, logs=logs, says=why, **more)


def limits_hold():
    if os.getuid() != 0 or not cgroups_of(World.node()):
        raise Skip("no cgroup limits without root")


ENDS = [
    fails("a program that does not exist", program('["no-such-program"]'),
          "Its program could not be started: No such file or directory (ENOENT). `exec` names a file of the bundle or a program"),
    fails("a program that may not be executed", program('["/etc/passwd"]'), "Its program could not be started: it may not be executed (EACCES)."),
    fails("a program that is none", program('["./tool"]'), "Its program could not be started:", files={"tool": lambda path: (
        path.write_text("not a program\n", encoding="utf-8"), path.chmod(0o755))}),
    fails("a program that exits with a code", shell("echo to the log; exit 3"), "Its program exited with code 3.",
          end="exited", logs="to the log"),
    fails("a program that fails half way", shell("mkdir /out/work; echo half > /out/work/half.csv; exit 1"), "Its program exited with code 1."),
    fails("a program that kills itself", python("import os; os.kill(os.getpid(), 11)"), "Its program was killed by signal 11 (SIGSEGV).",
          end="signalled"),
    fails("a program past its time", program('["sleep", "4713.5"]', 'timeout = "500ms"'),
          "It ran past its time-out; raise `timeout`, or let it do less.", end="timed_out"),
    fails("a program that takes too much memory", python("x = bytearray(300_000_000); print(len(x))", 'requires = { memory = "64Mi" }'),
          "It used more memory than it requires; raise requires.memory.", end="out_of_memory", prepare=lambda *_: limits_hold()),
    fails("a program that makes processes without end", python(
        "import os, time\nn = 0\nwhile n < 20000:\n    if os.fork() == 0:\n        time.sleep(60)\n    n += 1"), "Its program exited with code 1."),
    fails("a program that fails three times", program('["false"]', 'retry = { attempts = 3, backoff = "50ms" }'),
          "That was failure 3; 3 attempts were allowed."),
    fails("a program that dials out", python("import socket; socket.create_connection(('192.0.2.1', 80), 5)"), "Its program exited with code 1."),
    fails("a program that writes outside of its folder", shell("echo x > /etc/new || exit 7"), "Its program exited with code 7."),
]

OUTPUTS = [
    leaves("a link as its output", "mkdir /out/work; ln -s /etc/passwd /out/work/w.csv",
           "runink: 'work/w.csv' is a symbolic link. Only regular files are taken; write the content itself."),
    leaves("a fifo as its output", "mkdir /out/work; mkfifo /out/work/w.csv", "runink: 'work/w.csv' is a"),
    leaves("a socket as its output", "mkdir /out/work; python3 -c \"import socket; socket.socket(1).bind('/out/work/w')\"", "runink: 'work/w' is a socket."),
    fails("a device as its output", shell("mkdir /out/work; mknod /out/work/w.csv c 1 3"), "Its program exited with code 1."),
    leaves("a hard link as its output", "mkdir /out/work; echo n > /out/work/a.csv; ln /out/work/a.csv /out/work/b.csv", "hard link"),
    leaves("a dataset that it did not declare", "mkdir /out/other; echo n > /out/other/w.csv",
           "runink: The step wrote 'other/w.csv', which lies in the folder of none of its datasets. Name 'other' in `outputs`, or leave it."),
    leaves("a file beside its datasets", "mkdir /out/work; echo n > /out/work/w.csv; echo n > /out/stray.csv",
           "runink: The step wrote 'stray.csv', which lies in the folder of none of its datasets."),
    leaves("nothing at all", "true", "runink: The step wrote nothing to 'work'. Write at least one file to $RUNINK_OUT/work/.", reason="no_output"),
    leaves("an empty folder", "mkdir /out/work", "runink: The step wrote nothing to 'work'.", reason="no_output"),
    leaves("folders in folders without end", "mkdir /out/work; cd /out/work; for i in $(seq 100); do mkdir d; cd d; done; echo n > f",
           "lies deeper than 64 folders"),
    leaves("more files than a commit holds", "mkdir /out/work; cd /out/work; for i in $(seq 1500); do echo n > f$i.csv; done",
           "There are more than 1000 files. Write fewer, larger ones."),
    leaves("a name that is no text", "python3 -c \"import os; os.mkdir('/out/work'); open(b'/out/work/' + bytes([255]), 'w').write('n')\"", "has a name that is not plain UTF-8 text"),
]


def garbage(script):
    """Writes a good output, and `script` writes to the report."""
    return ("@head\n[step.work]\nexec = " + json.dumps(["python3", "-c",
            "import os\nos.makedirs('/out/work')\nopen('/out/work/w.csv', 'w').write('n\\n1\\n')\n"
            "report = open(os.environ['RUNINK_REPORT'], 'ab', buffering=0)\n" + script]) + "\n" + SINK)


def report_is_clean(_, run):
    stage = stage_of(run, "work")
    assert not stage.get("counters"), stage["counters"]
    assert stage["outputs"][0].get("columns", []) == [], stage["outputs"]


def log_was_cut(node, run):
    said = node.runi("logs", run["id"], "work").stdout
    assert len(said) <= 17 << 20, len(said)
    assert said.endswith("runink: 983222784 bytes were beyond the limit of a slice's log and are gone.\n"), said[-300:]


TALK = [
    Run("garbage on the report", garbage("report.write(os.urandom(100_000))\n"), exit=0, look=report_is_clean, published={"table.csv": "n\n1\n"}),
    Run("JSON on the report that means nothing", garbage(
        "report.write(b'[]\\n{}\\n{\"counter\":7}\\n{\"counter\":{\"name\":\"A B\",\"value\":1}}\\n{\"output\":{\"dataset\":\"../x\",\"rows\":-1}}\\n')\n"),
        exit=0, look=report_is_clean, published={"table.csv": "n\n1\n"}),
    Run("a line on the report that never ends", garbage("for _ in range(40): report.write(b'x' * 100_000)\n"), exit=0,
        look=report_is_clean, published={"table.csv": "n\n1\n"}),
    Run("a report that says it failed, of a program that did not", garbage("report.write(b'{\"failed\":{\"reason\":\"disk_full\"}}\\n')\n"),
        exit=0, published={"table.csv": "n\n1\n"}),
    fails("1 GB to stdout", shell("head -c 1000000000 /dev/zero | tr '\\\\0' x; exit 4"), "Its program exited with code 4.", look=log_was_cut),
    fails("control characters to stdout", shell("printf '\\\\033[2J\\\\007\\\\377'; exit 4"), "Its program exited with code 4."),
]

SQL = [
    Run("a value that cannot be cast", "@head\n[source.orders]\ncsv = \"@lake/a.csv\"\n[step.work]\nsql = \"SELECT cents::INTEGER AS n FROM orders\"\n" + SINK,
        lake={"a.csv": "shop,cents\na,secretvalue\n"}, stage="work", reason="bad_value",
        says="(bad_value): a value of the data cannot be cast to the type that is asked for. Use try_cast, or validate the data before.",
        logs="secretvalue", look=lambda node, run: no_value_in(run)),
    Run("a number that overflows", "@head\n" + SOURCE + "[step.work]\nsql = \"SELECT (cents * 1000000000000000000)::INTEGER AS n FROM orders\"\n" + SINK,
        stage="work", reason="overflow", says="(overflow): a number does not fit the type that is asked for. Use a wider type."),
    Run("SQL that raises an error", "@head\n" + SOURCE + "[step.work]\nsql = \"SELECT error('no') AS n FROM orders\"\n" + SINK,
        stage="work", reason="raised", says="(raised): its SQL raised an error"),
    Run("a column that is not there", "@head\n" + SOURCE + "[step.work]\nsql = \"SELECT sohp FROM orders\"\n" + SINK,
        stage="work", reason="unknown_column", says="(unknown_column): its SQL names a column that is not there.", logs="sohp"),
    Run("two columns of one name", "@head\n" + SOURCE + "[step.work]\nsql = \"SELECT shop, shop FROM orders\"\n" + SINK,
        stage="work", reason="ambiguous", says="Give each column a name of its own with AS."),
    Run("a spill that is larger than it may be", "@head\n[step.work]\nsql = \"SELECT range AS n, md5(range::VARCHAR) AS h FROM range(6000000) ORDER BY h\"\n"
        'requires = { memory = "300Mi", disk = "4Mi" }\n' + SINK, stage="work", reason="temp_full",
        says="(temp_full): what it spilled to disk is more than it may use. Raise requires.disk."),
    Run("SQL that needs more memory than there is", "@head\n[step.work]\nsql = \"SELECT list(range) AS n FROM range(60000000)\"\n"
        'requires = { memory = "300Mi", disk = "64Mi" }\n' + SINK, stage="work", says="emory"),
]


def no_value_in(run):
    assert "secretvalue" not in str(run), run["failure"]


def killed_from_outside(case):
    node = World.node()
    done = node.runi("run", case.folder(node, program('["sleep", "4711.5"]').replace("@out", "reports:/none")), "-o", "name")
    run = done.stdout.strip().removeprefix("run/")
    pid = until("the program runs", lambda: [pid for pid, words in processes() if words == ["sleep", "4711.5"]], RUN_S)[0]
    os.kill(pid, signal.SIGKILL)
    ended = node.ask("wait", run=run)
    last = stage_of(ended, "work")["attempts"][-1]
    assert ended["status"] == "failed" and last["signal"] == 9, ended
    assert "Its program was killed by signal 9 (SIGKILL)." in ended["failure"], ended["failure"]
    nothing_left(node)


def children_that_stay(case):
    node = World.node()
    text = '@head\n[step.work]\nexec = ' + json.dumps(
        ["sh", "-c", "(setsid sleep 4712.5 &) ; mkdir /out/work; echo n > /out/work/w.csv"]) + "\n"
    done = node.runi("run", case.folder(node, text), "--follow", timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    left = [pid for pid, words in processes() if "4712.5" in words]
    assert not left, f"a child of the program lives on: {left}"
    nothing_left(node)


def cancelled(case):
    node = World.node()
    done = node.runi("run", case.folder(node, program('["sleep", "4714.5"]').replace("@out", "reports:/none")), "-o", "name")
    run = done.stdout.strip().removeprefix("run/")
    until("the program runs", lambda: [pid for pid, words in processes() if words == ["sleep", "4714.5"]], RUN_S)
    begin = time.monotonic()
    assert node.runi("cancel", run).returncode == 0
    assert node.ask("wait", run=run)["status"] == "cancelled"
    until("the program is gone", lambda: not [pid for pid, words in processes() if "4714.5" in words], 30)
    assert time.monotonic() - begin < 30
    done = node.runi("wait", run, "--for", "succeeded")
    assert done.returncode == 5 and "cancelled" in done.stderr, done
    nothing_left(node)


def earlier_file_stays(case):
    """A failed run leaves what an earlier one published as it was."""
    node = World.node()
    text = ('@head\n' + SOURCE + '[step.work]\nsql = "SELECT * FROM orders ORDER BY ALL"\n' + SINK).replace("@out", f"reports:/{case.name()}")
    table = node.reports / case.name() / "table.csv"
    assert node.runi("run", case.folder(node, text), "--follow").returncode == 0
    before = table.read_bytes(), table.stat().st_ino
    assert before[0] == ORDERS.encode(), before
    done = node.runi("run", case.folder(node, text.replace("SELECT *", "SELECT error('no') AS x, *")), "--follow")
    assert done.returncode == 1, done.stdout
    assert (table.read_bytes(), table.stat().st_ino) == before
    nothing_left(node)


def sink_behind_a_link(case):
    node = World.node()
    outside = node.folder / "outside"
    outside.mkdir(exist_ok=True)
    link = node.reports / case.name()
    link.symlink_to("../outside")
    try:
        text = "@head\n" + SOURCE + '[sink.table]\nfrom = "orders"\ncsv = "reports:/@name/table.csv"\n'
        done = node.runi("run", case.folder(node, text), "--follow")
        assert done.returncode == 1, done.stderr
        assert (f"Its file cannot be published to reports:/{case.name()}/table.csv (leaves_volume): "
                "a link on its way leads out of the volume: remove it.") in done.stdout, done.stdout
        assert not list(outside.iterdir()), "it was written outside of its volume"
    finally:
        link.unlink()
    nothing_left(node)


STORIES = [
    Act("a program that is killed from outside", killed_from_outside),
    Act("children that stay behind are ended", children_that_stay),
    Act("a run that is cancelled leaves nothing", cancelled),
    Act("a failed run leaves the earlier file", earlier_file_stays),
    Act("a sink behind a link that leaves its volume", sink_behind_a_link),
]

CASES = {"programs: how they end": ENDS, "programs: what they leave": OUTPUTS, "programs: what they say": TALK, "SQL at run time": SQL,
         "runs that end early": STORIES}

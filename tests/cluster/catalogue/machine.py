"""What happens to a node's machine: a full disk at every stage, and a clock that jumps."""
import contextlib
import os
import subprocess
import time

from catalogue.files import CONTRACT
from catalogue.kinds import HEAD, ORDERS, Act, nothing_left
from node import BIN, RUN_S, Admin, Node, Skip, end_programs, leftovers, processes, stage_of, until

MIB = 1 << 20
SHARED_SINK = '[sink.table]\nfrom = "orders"\ncsv = "reports:/table.csv"\n'
PIPELINE = HEAD.format(name="good") + '[source.orders]\ncsv = "lake:/orders.csv"\n' + SHARED_SINK


# ---- a full disk


class Small:
    """A node one of whose folders is a file system of its own, of `mebibytes`."""

    def __init__(self, place, mebibytes):
        if os.getuid() != 0:
            raise Skip("mounting needs root")
        self.node = Node()
        self.place = self.node.folder / place
        self.place.mkdir(exist_ok=True)
        # Not tmpfs: its pages would count as memory of the slice that writes them.
        image = self.node.folder / f"{place}.img"
        with image.open("wb") as file:
            file.truncate(mebibytes * MIB)
        for words in (["mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", image], ["mount", "-o", "loop", image, self.place]):
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                self.node.__exit__(None)
                raise Skip(f"no file system in a file: {words[0]}: {done.stderr.strip()}")

    def __enter__(self):
        self.node.start()
        self.node.apply_herd()
        (self.node.lake / "orders.csv").write_text(ORDERS, encoding="utf-8")
        return self

    def __exit__(self, kind, *_):
        left = []
        try:
            if kind is None:
                nothing_left(self.node)
                assert self.node.stop() == 0, self.node.last_lines()
        finally:
            with contextlib.suppress(AssertionError):
                self.node.stop()
            self.node.end_spawner()
            until("it is unmounted", lambda: subprocess.run(["umount", self.place], capture_output=True, check=False).returncode == 0, 20)
            with contextlib.suppress(AssertionError):
                until("nothing is left", lambda: not leftovers(self.node), 20)
            left = leftovers(self.node)
            self.node.__exit__(kind)
        assert kind or not left, left

    def free(self):
        info = os.statvfs(self.place)
        return info.f_bavail * info.f_frsize

    def fill(self, left):
        """All but `left` bytes are taken."""
        with (self.place / "filler").open("ab") as file:
            while self.free() > left:
                file.write(b"x" * min(MIB, self.free() - left))
                file.flush()

    def ends_on_a_full_disk(self, case, seconds, left):
        """A run whose only program ends well once but `left` bytes are taken; `seconds` of a sleep to know it by."""
        text = (f'[step.work]\nexec = ["sh", "-c", "mkdir /out/work; printf \'n\\n1\\n\' > /out/work/w.csv; sleep {seconds} || true"]\n'
                '[sink.table]\nfrom = "work"\ncsv = "reports:/w.csv"\n')
        done = self.node.runi("run", self.node.pipeline("slow", HEAD.format(name=case.name()) + text), "-o", "name")
        assert done.returncode == 0, done.stderr
        until("the program runs", lambda: ["sleep", seconds] in [words for _, words in processes()], RUN_S)
        self.fill(left)
        end_programs("sleep", seconds)
        until("the program ended", lambda: ["sleep", seconds] not in [words for _, words in processes()], RUN_S)
        return done.stdout.strip().removeprefix("run/")

    def make_room(self):
        (self.place / "filler").unlink()

    def runs(self):
        return self.node.ask("get", kind="runs")["items"]

    def works(self, name):
        """A run of `name` succeeds and publishes."""
        done = self.node.runi("run", self.node.pipeline(name, PIPELINE.replace('"good"', f'"{name}"')), "--follow")
        assert done.returncode == 0, done.stdout + done.stderr
        assert (self.node.reports / "table.csv").read_text(encoding="utf-8") == ORDERS

    def failing_run(self, name, text, words):
        """A run that ends by itself, failed, for the disk."""
        done = self.node.runi("run", self.node.pipeline(name, HEAD.format(name=name) + text), "--follow", timeout=RUN_S)
        assert done.returncode == 1, done.stdout + done.stderr
        for word in words:
            assert word in done.stdout, f"{word} is not told:\n{done.stdout}"


def nearly_full(_):
    """Below the reserve new work is refused, in whatever form it comes; reads go on, and room is enough to go on."""
    with Small("data", 300) as small:
        node = small.node
        small.works("before")
        runs = len(small.runs())
        small.fill(40 * MIB)
        folder = node.pipeline("full", PIPELINE)
        herd = node.folder / "shop.herd.toml"
        herd.write_text('herd = "shop"\ndescription = "another"\n', encoding="utf-8")
        for words in (("run", folder), ("apply", "-f", folder), ("apply", "-f", herd), ("run", "shop/before"), ("compile", folder)):
            done = node.runi(*words)
            if words[1] == "shop/before":
                assert done.returncode == 4, done  # it was never applied
                continue
            assert done.returncode == 6, (words, done)
            assert "The disk of the data folder is nearly full: 3" in done.stderr, done.stderr
            assert "no new work is taken. Make room, then send it again; nothing was changed." in done.stderr, done.stderr
        assert len(small.runs()) == runs
        assert not list((node.data / "artifacts/pins").iterdir()), "a pin is left"
        assert node.ask("describe", kind="herd", name="shop")["item"]["description"] != "another"
        small.make_room()
        small.works("after")


def artifacts_full(_):
    """Not a byte is left: even the bundle cannot be stored."""
    with Small("data", 300) as small:
        node = small.node
        small.fill(0)
        done = node.runi("run", node.pipeline("full", PIPELINE))
        assert done.returncode == 6 and "full" in done.stderr, done
        assert not small.runs()
        small.make_room()
        small.works("after")


def log_full(case):
    """A program ends while its outputs can be taken and the log has no room: its end waits, and nothing is lost."""
    with Small("data", 300) as small:
        node = small.node
        run = small.ends_on_a_full_disk(case, "4717.5", MIB)
        assert node.alive(), node.last_lines()
        assert node.describe(run)["status"] == "running", node.describe(run)["status"]
        done = node.runi("cancel", run)
        assert done.returncode == 6 and "nothing is written to the log" in done.stderr, done
        small.make_room()
        ended = node.ask("wait", run=run)
        assert ended["status"] == "succeeded", ended["failure"]
        assert len(stage_of(ended, "work")["attempts"]) == 1, stage_of(ended, "work")["attempts"]
        small.works("after")


def waits_for_room(node, run):
    """Until those who follow the run are told that its outputs wait."""
    with Admin(node.socket) as admin:
        for _, event in admin.events("follow", run=run):
            if event.get("kind") == "progress" and event.get("waits_for_room"):
                return
    raise AssertionError("the run ended and did not wait for room")


def outputs_wait(case):
    """Not a byte is left where a program's outputs are to be taken: they wait, and its work is not done again."""
    with Small("data", 300) as small:
        node = small.node
        run = small.ends_on_a_full_disk(case, "4719.5", 0)
        waits_for_room(node, run)
        assert node.alive(), node.last_lines()
        stage = stage_of(node.describe(run), "work")
        assert [one["status"] for one in stage["attempts"]] == ["live"], stage
        small.make_room()
        ended = node.ask("wait", run=run)
        assert ended["status"] == "succeeded", ended["failure"]
        assert len(stage_of(ended, "work")["attempts"]) == 1, stage_of(ended, "work")["attempts"]
        assert (node.reports / "w.csv").read_text(encoding="utf-8") == "n\n1\n"
        small.works("after")


def program_fills_it(_):
    """What a failed program wrote goes before its end is told: nobody has to make room."""
    with Small("data", 200) as small:
        small.failing_run("greedy", '[step.work]\nexec = ["sh", "-c", "mkdir /out/work; cat /dev/zero > /out/work/w.csv"]\n',
                          ["Its program exited with code 1."])
        small.works("after")


def stray_fills_it(_):
    with Small("data", 200) as small:
        small.failing_run("greedy", '[step.work]\nexec = ["sh", "-c", "mkdir /out/other; cat /dev/zero > /out/other/w.csv || true"]\n',
                          ["Its outputs cannot be taken (bad_output)"])
        small.works("after")


def import_fills_it(_):
    """A source whose files do not fit, as they are (with a contract) and as Parquet."""
    with Small("data", 150) as small:
        with (small.node.lake / "big.csv").open("w", encoding="utf-8") as file:
            file.write("shop,cents\n")
            for n in range(160):
                file.write("".join(f"{os.urandom(32).hex()},{n}\n" for _ in range(16_000)))
        folder = small.node.folder / "pipelines/import"
        folder.mkdir(parents=True)
        (folder / "c.odcs.yaml").write_text(CONTRACT, encoding="utf-8")
        small.failing_run("import", '[contracts]\nrows = "c.odcs.yaml"\n[source.rows]\ncsv = "lake:/big.csv"\ncontract = "rows"\n',
                          ["(disk_full): the disk is full. Make room and run it again."])
        small.works("after")


def spill_fills_it(_):
    with Small("data", 150) as small:
        small.failing_run("spill", '[step.work]\nsql = "SELECT range AS n, md5(range::VARCHAR) AS h FROM range(8000000) ORDER BY h"\n'
                          'requires = { memory = "300Mi" }\n', ["disk_full"])
        small.works("after")


def volume_full(_):
    """A sink's volume: the file is not there in part, and is there once there is room."""
    with Small("reports", 30) as small:
        node = small.node
        small.fill(MIB)
        text = '[step.work]\nsql = "SELECT range AS n FROM range(300000)"\n[sink.table]\nfrom = "work"\ncsv = "reports:/sub/big.csv"\n'
        small.failing_run("big", text, ["Its file cannot be published to reports:/sub/big.csv (disk_full): the volume is full: make room and run it again."])
        assert [one.name for one in small.place.rglob("*") if one.is_file()] == ["filler"], "a part of the file is there"
        small.make_room()
        done = node.runi("run", node.folder / "pipelines/big", "--follow")
        assert done.returncode == 0, done.stdout + done.stderr
        assert (small.place / "sub/big.csv").read_text().count("\n") == 300_001


def start_on_a_full_disk(_):
    with Small("data", 200) as small:
        node = small.node
        small.works("before")
        assert node.stop() == 0
        small.fill(0)
        process = node.launch()
        process.wait(60)
        said = node.last_lines().splitlines()[-1]
        assert process.returncode in (1, 70) and "disk is full" in said, (process.returncode, said)
        small.make_room()
        node.start()
        assert len(small.runs()) == 1, small.runs()
        small.works("after")


DISK = [
    Act("nearly full: new work is refused, reads go on", nearly_full, alone=False),
    Act("full: a bundle cannot be stored", artifacts_full, alone=False),
    Act("full: the log waits for room", log_full, alone=False),
    Act("full: the outputs of a program wait for room", outputs_wait, alone=False),
    Act("a program that fills it", program_fills_it, alone=False),
    Act("a program that fills it with what is not taken", stray_fills_it, alone=False),
    Act("a source that does not fit", import_fills_it, alone=False),
    Act("a spill that does not fit", spill_fills_it, alone=False),
    Act("a sink's volume", volume_full, alone=False),
    Act("a node that starts on a full disk", start_on_a_full_disk, alone=False),
]


# ---- a clock that jumps
#
# What waits (leases, time-outs, backoff, deadlines) goes by clocks that do not jump; the wall clock only
# says what people read, and the cluster's time never goes back. A time namespace cannot shift the wall
# clock, so the daemon runs with a library before libc that adds to CLOCK_REALTIME what a file says.

DAY = 86_400


class Jumpy:
    """A node whose wall clock is moved while it runs."""

    def __init__(self):
        library = BIN.parent / "lib/libshifted_clock.so"
        if not library.exists():
            raise Skip(f"{library} is not built")
        self.node = Node()
        self.file = self.node.folder / "clock"
        self.jump(0)
        needed = subprocess.run(["ldd", BIN / "runinkd"], capture_output=True, text=True, check=True).stdout
        sanitizers = [line.split()[2] for line in needed.splitlines() if "libasan" in line]
        self.node.environment = {"LD_PRELOAD": ":".join([*sanitizers, str(library)]), "SHIFTED_CLOCK": str(self.file)}

    def jump(self, seconds):
        """From now on the wall clock is so many seconds off."""
        aside = self.file.with_suffix(".new")
        aside.write_text(f"{seconds}\n", encoding="utf-8")
        aside.rename(self.file)

    def __enter__(self):
        self.node.start()
        self.node.apply_herd()
        (self.node.lake / "orders.csv").write_text(ORDERS, encoding="utf-8")
        return self

    def __exit__(self, kind, *_):
        self.node.__exit__(kind)

    def start(self, name, text):
        done = self.node.runi("run", self.node.pipeline(name, HEAD.format(name=name) + text), "-o", "name")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip().removeprefix("run/")

    def now(self):
        """The node's own time, of a new run."""
        return self.node.ask("wait", run=self.start(f"t{time.monotonic_ns()}", '[step.a]\nsql = "SELECT 1 AS a"\n'))["submitted_at"]


def in_order(run):
    """No moment of a run lies before the one that came first."""
    for stage in run["stages"]:
        moments = [run["submitted_at"], stage["ready_at"], stage["ended_at"], run["ended_at"]]
        assert moments == sorted(moments), moments
        for attempt in stage["attempts"]:
            moments = [attempt["placed_at"], attempt["ended_at"]]
            assert moments == sorted(moments), moments


def clock_is_shifted(jumpy):
    """The control: the library does what it says."""
    before = jumpy.now()
    jumpy.node.stop()
    jumpy.jump(DAY)
    jumpy.node.start()
    after = jumpy.now()
    assert after[:10] > before[:10], f"the clock did not jump: {before}, {after}"


def jumps_forward(_):
    with Jumpy() as jumpy:
        run = jumpy.start("slow", '[step.work]\nexec = ["sh", "-c", "mkdir /out/work; echo n > /out/work/w.csv; sleep 2719.5 || true"]\ntimeout = "1h"\n')
        until("the program runs", lambda: ["sleep", "2719.5"] in [words for _, words in processes()], RUN_S)
        jumpy.jump(DAY)
        jumpy.now()  # the node works on: had it taken the jump for time, the program were over it
        end_programs("sleep", "2719.5")
        ended = jumpy.node.ask("wait", run=run)
        assert ended["status"] == "succeeded", ended["failure"]
        assert len(stage_of(ended, "work")["attempts"]) == 1
        in_order(ended)
        clock_is_shifted(jumpy)


def jumps_back(_):
    with Jumpy() as jumpy:
        begin = time.monotonic()
        run = jumpy.start("again", '[step.work]\nexec = ["false"]\nretry = { attempts = 3, backoff = "1s" }\n')
        until("it waits to be tried again", lambda: stage_of(jumpy.node.describe(run), "work")["failures"] > 0, RUN_S)
        jumpy.jump(-DAY)
        ended = jumpy.node.ask("wait", run=run)
        assert ended["status"] == "failed" and stage_of(ended, "work")["failures"] == 3, ended
        assert time.monotonic() - begin < 60, "its backoff went by the wall clock"
        in_order(ended)
        assert jumpy.now() >= ended["ended_at"], "the cluster's time went back"
        # Not even a daemon that is started anew takes it back.
        jumpy.node.stop()
        jumpy.node.start()
        assert jumpy.now() >= ended["ended_at"], "a restart took the cluster's time back"


def file_of_tomorrow(_):
    with Jumpy() as jumpy:
        path = jumpy.node.lake / "orders.csv"
        os.utime(path, (time.time() + DAY, time.time() + DAY))
        ended = jumpy.node.ask("wait", run=jumpy.start("tomorrow", '[source.orders]\ncsv = "lake:/orders.csv"\n'))
        assert ended["status"] == "succeeded", ended["failure"]


CLOCK = [
    Act("it jumps a day forward while a program runs", jumps_forward, alone=False),
    Act("it jumps a day back while a step waits", jumps_back, alone=False),
    Act("a file of tomorrow", file_of_tomorrow, alone=False),
]

CASES = {"a full disk": DISK, "a clock that jumps": CLOCK}

"""The kinds of cases, and how each is judged.

`says` is the expected text, line by line: every line must stand in what is said, with its file, line
and column where there is one. After each case nothing may be left: no record of a run that was not
taken, no file in a volume that was not promised, no slice's folder, pin or temporary file.
"""
import dataclasses
import itertools
import threading

from node import RUN_S, Admin, Node, leftovers, stage_of, until

HEAD = 'pipeline = "{name}"\nherd = "shop"\n'
SOURCE = '[source.orders]\ncsv = "lake:/orders.csv"\n'
ORDERS = "shop,cents\na,1\nb,2\n"


class World:
    """The node that most cases share, made when the first one asks."""
    made = None
    lock = threading.Lock()
    numbers = itertools.count(1)
    show = False

    @classmethod
    def node(cls):
        with cls.lock:
            if cls.made is None:
                cls.made = ready_node()
        return cls.made


def ready_node(extra=""):
    """A node that runs, with the herd `shop` and a small file in its lake."""
    node = Node(extra)
    node.start()
    node.apply_herd()
    (node.lake / "orders.csv").write_text(ORDERS, encoding="utf-8")
    return node


def says_all(expected, said, what):
    """Every line of `expected` stands in `said`."""
    if World.show:
        print(f"--- {what}\n{said}")
        return
    for line in expected.strip("\n").split("\n"):
        assert line.strip() in said, f"{what} does not say: {line.strip()}\nIt says:\n{said}"


def write_files(folder, files):
    """`files` by path: text, bytes, or a function that is given the path."""
    for name, content in (files or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(path)
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content, encoding="utf-8")


def remains_of(node, run):
    """What is there of an ended run beside its record: folders of slices and pins bear its id."""
    left = []
    for place in ("slices", "artifacts/pins", "staging"):
        folder = node.data / place
        if folder.is_dir():
            left += [f"{place}/{one.name}" for one in folder.iterdir() if one.name.startswith(run)]
    return left


def published_files(node, below):
    folder = node.reports / below
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if not one.is_dir())


def wait_for_progress(node, run, stage):
    """Until a step says how far it is: it is in the middle of its work."""
    with Admin(node.socket) as admin:
        for _, event in admin.events("follow", run=run):
            if event.get("kind") == "progress" and event["stage"] == stage and event.get("permille", 0) > 0:
                return
    raise AssertionError(f"{stage} ended before it said how far it was")


def nothing_left(node):
    """Nothing of any slice, pin or temporary file; for when nothing else runs."""
    places = ("slices", "artifacts/pins", "staging", "temporary")
    until("slices, pins and temporary files are gone",
          lambda: not [one for one in leftovers(node) if one.split(":")[0] in places], 20)


@dataclasses.dataclass
class Case:
    title: str

    def name(self):
        """Of its pipeline: every case has one of its own."""
        if not hasattr(self, "number"):
            self.number = next(World.numbers)
        return f"case-{self.number:03}"

    def made_text(self, text):
        """@head stands for the two lines that every pipeline begins with, and @name for its name."""
        return text.replace("@head\n", HEAD).replace("{name}", self.name()).replace("@name", self.name())

    def folder(self, node, text, files=None):
        folder = node.folder / "pipelines" / self.name()
        folder.mkdir(parents=True, exist_ok=True)
        if isinstance(text, bytes):
            (folder / "pipeline.toml").write_bytes(text)
        elif text is not None:
            (folder / "pipeline.toml").write_text(self.made_text(text), encoding="utf-8")
        write_files(folder, files)
        return folder


@dataclasses.dataclass
class Compile(Case):
    """A pipeline that is not taken: `runi compile` and `runi run` say the same and end alike."""
    text: object
    says: str
    files: dict = None
    words: tuple = ()
    exit: int = 1
    before: object = None

    def judge(self):
        node = World.node()
        folder = self.folder(node, self.text, self.files)
        if self.before:
            self.before(node, folder)
        for verb in ("compile", "run"):
            done = node.runi(verb, folder, *self.words)
            what = f"runi {verb}"
            says_all(self.says, done.stderr, what)
            assert done.returncode == self.exit, f"{what}: exit {done.returncode}, not {self.exit}:\n{done.stderr}"
            assert done.stdout == "", f"{what} wrote to stdout: {done.stdout}"
            if World.show:
                break
        runs = [one for one in node.ask("get", kind="runs", limit=1000)["items"] if one["pipeline"] == self.name()]
        assert not runs, f"a run was made: {runs}"
        assert not published_files(node, self.name()), published_files(node, self.name())


@dataclasses.dataclass
class Run(Case):
    """A pipeline that runs to its end.

    `says` stands in what `runi run --follow` prints, `logs` in what `runi logs` prints of `stage`.
    With `exit` 0 it must succeed and publish just what `published` says; else it must fail in `stage`
    and publish nothing. Files are written below lake/<name>, where @lake points, and sinks go to
    reports/<name>, where @out points.
    """
    text: str
    says: str = ""
    stage: str = ""
    reason: str = ""
    end: str = ""
    logs: str = ""
    lake: dict = None
    files: dict = None
    published: dict = None
    exit: int = 1
    prepare: object = None
    look: object = None
    within_s: int = RUN_S

    def judge(self):
        node = World.node()
        lake = node.lake / self.name()
        lake.mkdir(exist_ok=True)
        write_files(lake, self.lake)
        text = self.text.replace("@lake", f"lake:/{self.name()}").replace("@out", f"reports:/{self.name()}")
        folder = self.folder(node, text, self.files)
        if self.prepare:
            self.prepare(node, lake)
        done = node.runi("run", folder, "--follow", timeout=self.within_s)
        said = done.stdout + done.stderr
        runs = [one for one in node.ask("get", kind="runs", limit=1000)["items"] if one["pipeline"] == self.name()]
        assert len(runs) == 1, f"{len(runs)} runs; exit {done.returncode}:\n{said}"
        run = node.describe(runs[0]["id"])
        if World.show:
            print(f"--- {self.title}: exit {done.returncode}\n{said}")
            if run["status"] != "succeeded":
                print(node.runi("logs", run["id"], run["failed_stage"]).stdout)
        assert done.returncode == self.exit, f"exit {done.returncode}, not {self.exit}:\n{said}"
        says_all(self.says, said, "runi run --follow")
        self.judge_end(node, run, done)
        if self.look:
            self.look(node, run)
        found = published_files(node, self.name())
        assert found == sorted(self.published or {}), f"published: {found}"
        for name, content in (self.published or {}).items():
            got = (node.reports / self.name() / name).read_bytes()
            assert content is None or got == content.encode(), f"{name} holds {got[:300]}"
        until(f"nothing of run {run['id']} is left", lambda: not remains_of(node, run["id"]), 20)

    def judge_end(self, node, run, done):
        if self.exit == 0:
            assert run["status"] == "succeeded", run["status"]
            return
        assert run["status"] == "failed", run["status"]
        assert self.stage in ("", run["failed_stage"]), f"{run['failed_stage']} failed, not {self.stage}"
        assert len(run["failure"]) > 40 and run["failed_stage"] in run["failure"], run["failure"]
        assert run["failure"] in done.stdout, f"--follow does not show why: {run['failure']}"
        stage = stage_of(run, run["failed_stage"])
        last = stage["attempts"][-1] if stage["attempts"] else {}
        reason = stage.get("reason") or last.get("reason", "")
        assert self.reason in ("", reason), f"the reason is {reason!r}, not {self.reason!r}: {last}"
        assert self.end in ("", last.get("end")), f"it {last.get('end')}, not {self.end}: {last}"
        if self.logs:
            says_all(self.logs, node.runi("logs", run["id"], run["failed_stage"]).stdout, "runi logs")


@dataclasses.dataclass
class Told(Case):
    """Any call of runi that is refused. @folder, @lake and @name stand for the node's places."""
    words: tuple
    says: str
    exit: int = 1
    files: dict = None

    def judge(self):
        node = World.node()
        folder = self.folder(node, None, self.files)
        words = [str(one).replace("@folder", str(folder)).replace("@lake", str(node.lake))
                 .replace("@name", self.name()) for one in self.words]
        before = named(node)
        done = node.runi(*words)
        says_all(self.says, done.stderr, "runi " + " ".join(words))
        assert done.returncode == self.exit, f"exit {done.returncode}, not {self.exit}:\n{done.stderr}"
        assert named(node) == before, f"it changed something: {named(node)}"


def named(node):
    """What a refused call must not change: herds, without what they use now, and pipelines."""
    return [[{key: value for key, value in one.items() if key != "used"} for one in node.ask("get", kind=kind)["items"]]
            for kind in ("herds", "pipelines")]


@dataclasses.dataclass
class Document(Case):
    """A contract that is not taken by `runi contract apply`."""
    document: object
    says: str
    exit: int = 1
    words: tuple = ()

    def judge(self):
        node = World.node()
        folder = node.folder / "contracts"
        folder.mkdir(exist_ok=True)
        path = folder / f"{self.name()}.odcs.yaml"
        if isinstance(self.document, bytes):
            path.write_bytes(self.document)
        else:
            path.write_text(self.made_text(self.document), encoding="utf-8")
        done = node.runi("contract", "apply", "-f", path, "--name", self.name(), *self.words)
        says_all(self.says.replace("@file", path.name), done.stderr, "runi contract apply")
        assert done.returncode == self.exit, f"exit {done.returncode}, not {self.exit}:\n{done.stderr}"
        known = [one["name"] for one in node.ask("contract.get")["contracts"]]
        assert (self.name() in known) == (self.exit == 0), f"registered: {known}"


@dataclasses.dataclass
class Act(Case):
    """A story of its own: `act` does it, judges it, and looks that nothing is left."""
    act: object
    alone: bool = True

    def judge(self):
        self.act(self)

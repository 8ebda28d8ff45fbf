"""Files that are not what a source says: CSV, JSON lines, Parquet, and files that change while they are read."""
import contextlib
import gzip
import os
import pathlib
import signal

from catalogue.contracts import HEAD as CONTRACT_HEAD
from catalogue.contracts import parquet, rows_of
from catalogue.kinds import Act, Run, World, nothing_left, wait_for_progress
from node import processes, stage_of

ODD = 'shop,cents\n"a, ""b""",1\nb,\n'


def source(form="csv", file="a.csv"):
    return f'@head\n[source.rows]\n{form} = "@lake/{file}"\n'


SINK = '[sink.table]\nfrom = "rows"\ncsv = "@out/table.csv"\n'


def bad(title, content, logs, reason="malformed_input", form="csv", file="a.csv", lake=None, **more):
    """A source of one file that cannot be read; the reason stands in the run, the text in the log."""
    return Run(title, source(form, file), stage="rows", reason=reason, logs=logs, lake=lake or {file: content},
               says=f"({reason}): ", **more)


def good(title, content, published, form="csv", file="a.csv"):
    return Run(title, source(form, file) + SINK, exit=0, lake={file: content}, published={"table.csv": published})


def long_field(path):
    with path.open("w", encoding="utf-8") as file:
        file.write("shop,cents\na,1\n\"")
        for _ in range(100):
            file.write("x" * 1_000_000)
        file.write("\",2\nb,3\n")


def rows_counted(run, rows):
    assert stage_of(run, "rows")["outputs"][0]["rows"] == rows, run


def many_columns(path):
    path.write_text(",".join(f"c{n}" for n in range(10_000)) + "\n" + ",".join("1" * 10_000) + "\n", encoding="utf-8")


CSV = [
    bad("an empty file", "", "lake:/case-", reason="bad_header"),
    bad("a blank first line", "\nshop,cents\na,1\n", "a.csv begins with a blank line; its first line must name the columns", reason="bad_header"),
    bad("semicolons", "shop;cents\na;1\n", "a.csv: the header has no comma; fields must be separated by commas", reason="bad_header"),
    bad("a column without a name", "shop,,cents\na,x,1\n", "a.csv: a column of the header has no name; every column needs one", reason="bad_header"),
    bad("a column twice", "shop,cents,Shop\na,1,b\n", 'a.csv: the header names the column "Shop" twice (names compare without case)', reason="bad_header"),
    bad("too few fields", "shop,cents\na,1\nb\n", "a.csv, line 3: the record has 1 field, the header has 2"),
    bad("too many fields", "shop,cents\na,1\nb,2,3\n", "a.csv, line 3: the record has 3 fields, the header has 2"),
    bad("a quote that is never closed", 'shop,cents\na,1\n"b,2\nc,3\n', "a.csv, line 3: a quoted field is not closed before the end of the file"),
    bad("a quote inside a field", 'shop,cents\na"b,1\n', "a.csv, line 2: a quote stands inside a field that does not begin with one"),
    bad("text after a quoted field", 'shop,cents\n"a"b,1\n', "a.csv, line 2: text follows the closing quote of a field; a quote inside a field is doubled"),
    bad("a carriage return alone", "shop,cents\ra,1\r", "a.csv, line 1: a carriage return stands without a line feed after it"),
    bad("UTF-16 with its mark", "shop,cents\na,1\n".encode("utf-16"), "a.csv is UTF-16; save it as UTF-8", ),
    bad("UTF-16 without a mark", "shop,cents\na,1\n".encode("utf-16-le"), "a.csv, line 1: a zero byte", ),
    bad("Latin-1", "shop,cents\na,1\nZürich,2\n".encode("latin-1"), "a.csv, line 3: bytes that are no UTF-8"),
    bad("a zero byte", b"shop,cents\na,1\nb\0b,2\n", "a.csv, line 3: a zero byte"),
    bad("a field of 100 MB", long_field, "a.csv, line 3: the record has more than 2000000 bytes; is a quote open?"),
    bad("a compressed file", gzip.compress(b"shop,cents\na,1\n"), "a.csv is compressed; a source reads plain files, so decompress it first"),
    bad("another header in the second file", None, "z.csv has another header than the files before it", file="*.csv",
        reason="bad_header", lake={"a.csv": "shop,cents\na,1\n", "z.csv": "shop,euros\na,1\n"}),
    good("a byte order mark", "\ufeffshop,cents\na,1\n", "shop,cents\na,1\n"),
    good("no final newline", "shop,cents\na,1\nb,2", "shop,cents\na,1\nb,2\n"),
    good("lines that end as in Windows", "shop,cents\r\na,1\r\n", "shop,cents\na,1\n"),
    good("zero rows", "shop,cents\n", "shop,cents\n"),
    good("quotes, commas and nothing", ODD, ODD),
    bad("10,000 columns in too little memory", many_columns, "", reason="out_of_memory"),
    # With sanitizers DuckDB's optimizer takes minutes for them: each of its big blocks is mapped and unmapped.
    Run("10,000 columns", source() + 'requires = { memory = "1500Mi" }\n', exit=0, lake={"a.csv": many_columns},
        within_s=600, look=lambda _, run: rows_counted(run, 1)),
]


def at(name):
    return f'@head\n[source.rows]\ncsv = "@lake/{name}"\n'


def outside(node, lake):
    (node.folder / "secret.csv").write_text("shop,cents\nsecret,1\n", encoding="utf-8")
    (lake / "a.csv").symlink_to("../../secret.csv")


def unreadable(_, lake):
    (lake / "a.csv").write_text("shop,cents\na,1\n", encoding="utf-8")
    (lake / "a.csv").chmod(0)


PLACES = [
    Run("a file that is not there", at("nothing.csv"), stage="rows", reason="input_missing",
        logs='nothing.csv" of the volume lake does not exist', says="(input_missing): a file that it reads is not there."),
    Run("a folder that is not there", at("nothing/*.csv"), stage="rows", reason="input_missing",
        logs='nothing" of the volume lake does not exist'),
    Run("a pattern that matches nothing", at("**/*.csv"), stage="rows", reason="input_missing", lake={".hidden/a.csv": "a\n1\n"},
        logs="no file of the volume lake matches"),
    Run("a folder where a file must stand", at("a.csv"), stage="rows", reason="forbidden_file", lake={"a.csv/b.csv": "a\n1\n"},
        logs='a.csv" is no regular file; a source reads only regular files'),
    Run("a fifo", at("a.csv"), stage="rows", reason="forbidden_file", prepare=lambda node, lake: os.mkfifo(lake / "a.csv"),
        logs='a.csv" is no regular file; a source reads only regular files'),
    Run("a link that leaves the volume", at("a.csv"), stage="rows", reason="forbidden_file", prepare=outside,
        logs='a.csv" of the volume lake is, or lies behind, a link that leaves the root'),
    Run("a link to nowhere", at("a.csv"), stage="rows", reason="input_missing",
        prepare=lambda node, lake: (lake / "a.csv").symlink_to("gone.csv"), logs='a.csv" of the volume lake does not exist'),
    Run("a file that may not be read", at("a.csv"), stage="rows", reason="forbidden_file", prepare=unreadable,
        logs='a.csv" of the volume lake may not be read: permission denied'),
]

JSONL = [
    bad("a line that is no JSON", '{"a":1}\n{"a":2\n{"a":3}\n', "a.jsonl, line 2: this is not one JSON object", form="jsonl", file="a.jsonl"),
    bad("a list instead of lines", '[{"a":1},\n{"a":2}]\n', "a.jsonl, line 1: a line of JSON must be one object", form="jsonl", file="a.jsonl"),
    bad("two objects in a line", '{"a":1} {"a":2}\n', "a.jsonl, line 1: this is not one JSON object", form="jsonl", file="a.jsonl"),
    bad("JSON lines without a line", "\n\n", "holds no line of JSON, so its columns are unknown", form="jsonl", file="a.jsonl"),
    bad("an object over several lines", '{\n"a":1\n}\n', "a.jsonl, line 2: a line of JSON must be one object", form="jsonl", file="a.jsonl"),
    bad("JSON in UTF-16", '{"a":1}\n'.encode("utf-16"), "a.jsonl is UTF-16; save it as UTF-8", form="jsonl", file="a.jsonl"),
    bad("JSON in Latin-1", '{"a":"Zürich"}\n'.encode("latin-1"), "a.jsonl, line 1: bytes that are no UTF-8", form="jsonl", file="a.jsonl"),
    good("JSON without a final newline", '{"a":1}\n{"a":2}', "a\n1\n2\n", form="jsonl", file="a.jsonl"),
]


def damaged_parquet(damage):
    def make(path):
        parquet("SELECT range AS n, 'name ' || range AS name FROM range(1000)")(path)
        path.write_bytes(damage(path.read_bytes()))
    return make


PARQUET = [
    bad("text that is called Parquet", "shop,cents\na,1\n", "a.parquet'", form="parquet", file="a.parquet"),
    bad("an empty file of Parquet", "", "a.parquet", form="parquet", file="a.parquet"),
    bad("Parquet that was cut off", damaged_parquet(lambda data: data[:-100]), "a.parquet", form="parquet", file="a.parquet"),
    bad("Parquet with a damaged footer", damaged_parquet(lambda data: data[:-600] + bytes(590) + data[-10:]), "a.parquet",
        form="parquet", file="a.parquet"),
    bad("Parquet with damaged pages", damaged_parquet(lambda data: data[:4] + bytes(400) + data[404:]), "a.parquet",
        form="parquet", file="a.parquet"),
    good("Parquet without rows", parquet("SELECT 1 AS n LIMIT 0"), "n\n", form="parquet", file="a.parquet"),
]

CONTRACT = CONTRACT_HEAD + """\
schema:
- name: rows
  properties:
  - {name: shop, logicalType: string}
  - {name: cents, logicalType: integer}
"""
GOVERNED = """\
@head
[contracts]
@name = "c.odcs.yaml"
[source.rows]
FORM = "@lake/a.FORM"
contract = "@name"
[step.checked]
validate = "rows"
[sink.table]
from = "checked"
csv = "@out/table.csv"
[step.reasons]
sql = "SELECT reason, count(*)::BIGINT AS n FROM checked.rejected GROUP BY ALL ORDER BY ALL"
[sink.why]
from = "reasons"
csv = "@out/reasons.csv"
"""


def set_apart(title, form, content, counts, table, reasons):
    """Broken records of a file with a contract are rows: they are set apart, and the rest goes on."""
    return Run(title, GOVERNED.replace("FORM", form), exit=0, lake={f"a.{form}": content}, files={"c.odcs.yaml": CONTRACT},
               look=rows_of(*counts), published={"table.csv": "shop,cents\n" + table, "reasons.csv": "reason,n\n" + reasons})


SET_APART = [
    set_apart("wrong numbers of columns", "csv", "shop,cents\na,1\nb\nc,3,4\nd,4\n", (4, 2, 2), "a,1\nd,4\n",
              "too_few_columns,1\ntoo_many_columns,1\n"),
    set_apart("bad quoting", "csv", 'shop,cents\na,1\n"b"x,2\nc"c,3\nd,4\n', (4, 2, 2), "a,1\nd,4\n", "bad_quoting,2\n"),
    set_apart("a quote that stays open", "csv", 'shop,cents\na,1\n"b,2\nc,3\n', (3, 2, 1), "a,1\nc,3\n", "bad_quoting,1\n"),
    set_apart("Latin-1 and zero bytes", "csv", b"shop,cents\na,1\nZ\xfcrich,2\nb\0,3\nc,4\n", (4, 2, 2), "a,1\nc,4\n", "bad_utf8,2\n"),
    set_apart("a byte order mark and no final newline", "csv", "\ufeffshop,cents\r\na,1\r\nb,2", (2, 2, 0), "a,1\nb,2\n", ""),
    set_apart("a field of 100 MB", "csv", long_field, (3, 2, 1), "a,1\nb,3\n", "record_too_long,1\n"),
    set_apart("numbers that are none", "csv", "shop,cents\na,1.5\nb,1e3\nc, 1\nd,99999999999\ne,5\n", (5, 1, 4), "e,5\n", "bad_type,4\n"),
    set_apart("broken JSON lines", "jsonl", '{"shop":"a","cents":1}\n{"shop":"b"\n[1]\n{"shop":"c","cents":"3"}\n', (4, 1, 3),
              "a,1\n", "bad_json,2\nbad_type,1\n"),
]


def rows_for_long(path, pieces=300):
    """A file whose reading takes long enough to be met in the middle."""
    piece = "".join(f"shop-{n:05},{n}\n" for n in range(10_000))
    with path.open("w", encoding="utf-8") as file:
        file.write("shop,cents\n")
        for _ in range(pieces):
            file.write(piece)


def holds_open(pid, path):
    """True when a process has the file open, or mapped: it is not done with it."""
    known = path.stat()
    for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if os.path.samestat(fd.stat(), known):
                return True
    maps = pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()
    return str(known.st_ino) in [line.split()[4] for line in maps]


def stopped_while_it_reads(node, folder, path):
    """A run whose step was stopped (SIGSTOP) while it read `path`, and the step's process. How fast a step is
    nobody knows, so what comes too late for one run is tried on the next."""
    for _ in range(5):
        done = node.runi("run", folder, "-o", "name")
        assert done.returncode == 0, done.stderr
        run = done.stdout.strip().removeprefix("run/")
        with contextlib.suppress(AssertionError, OSError):
            wait_for_progress(node, run, "rows")
            pid, held = step_of(run), False
            os.kill(pid, signal.SIGSTOP)
            try:
                held = holds_open(pid, path)
            finally:
                if not held:
                    os.kill(pid, signal.SIGCONT)
            if held:
                return run, pid
        ended = node.ask("wait", run=run)
        assert ended["status"] == "succeeded", ended["failure"]
    raise AssertionError(f"five runs had read {path.name} before they could be stopped")


def step_of(run):
    """The process of a run's only slice."""
    for pid, words in processes():
        with contextlib.suppress(OSError):
            if "runink-step" in words[0] and f"RUNINK_RUN={run}".encode() in pathlib.Path(f"/proc/{pid}/environ").read_bytes():
                return pid
    raise AssertionError(f"no step of run {run} runs")


def while_it_is_read(change, contract=False):
    def act(case):
        node = World.node()
        path = node.lake / f"{case.name()}.csv"
        rows_for_long(path, 3000 if contract else 300)  # with a contract it is only copied
        old = path.stat().st_mtime - 60  # a fresh file is read twice anyway
        os.utime(path, (old, old))
        text = f'@head\n[source.rows]\ncsv = "lake:/{path.name}"\n'
        if contract:
            text = text.replace("[source", '[contracts]\n@name = "c.odcs.yaml"\n[source') + 'contract = "@name"\n'
        folder = case.folder(node, text, {"c.odcs.yaml": CONTRACT})
        run, pid = stopped_while_it_reads(node, folder, path)
        try:
            change(path)
        finally:
            os.kill(pid, signal.SIGCONT)
        ended = node.ask("wait", run=run)
        last = stage_of(ended, "rows")["attempts"][-1]
        assert ended["status"] == "failed" and last.get("reason") == "input_changed", ended["failure"]
        assert ("a file changed while it was read. Write new files aside, rename them into place, and run it again."
                in ended["failure"]), ended["failure"]
        said = node.runi("logs", run, "rows").stdout
        assert path.name in said and "while it was read" in said, said
        path.unlink(missing_ok=True)
        nothing_left(node)
    return act


def grow(path):
    with path.open("a", encoding="utf-8") as file:
        file.write("late,1\n")


def rewrite(path):
    with path.open("r+b") as file:
        file.seek(-3, os.SEEK_END)
        file.write(b"777")
        file.flush()


def shrink(path):
    os.truncate(path, path.stat().st_size // 2)


def replace(path):
    aside = path.with_suffix(".new")
    aside.write_text("shop,cents\nnew,1\n", encoding="utf-8")
    aside.rename(path)


CHANGING = [
    Act("a file that grows", while_it_is_read(grow)),
    Act("a file that is written over", while_it_is_read(rewrite)),
    Act("a file that shrinks", while_it_is_read(shrink)),
    Act("a file that vanishes", while_it_is_read(lambda path: path.unlink())),
    Act("a file that is replaced", while_it_is_read(replace)),
    Act("a file with a contract that shrinks", while_it_is_read(shrink, contract=True)),
    Act("a file with a contract that grows", while_it_is_read(grow, contract=True)),
]

CASES = {"CSV": CSV, "files and places": PLACES, "JSON lines": JSONL, "Parquet": PARQUET, "records that are set apart": SET_APART,
         "files that change while they are read": CHANGING}

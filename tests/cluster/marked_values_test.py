#!/usr/bin/env python3
"""No value of a row, and no text of a program or of DuckDB, leaves the places that are made for it.

Values that can be recognised are planted wherever personal data can stand: in rows that hold, in rows that break a
rule, in records that are malformed, in headers, in what programs print, raise and report, and in every error that
could quote one. Then everything that the node wrote or answers is searched for them (value_scan.py). The places
where they were found must be exactly those that the design allows, no more and no fewer:

- artifacts before the mask: what a source imported, and the accepted rows of a validate step;
- what a program made that was given such rows, and what it printed: its output and its log;
- the log of a slice whose step failed on a value, since DuckDB quotes it there for whoever mends the pipeline;
- `runi logs` and the answer of `runi contract test`, which show such logs to those who ask.

That the search finds something is shown on each kind of place: on a mark in the pipeline's own SQL, which belongs
into the log and the state, on a pipeline that leaves its mask out, and on copies of files with a value put in.
"""
import base64
import json
import secrets
import shutil
import socket
import sys
import urllib.request

from node import Node, main, stage_of
from value_scan import Marks, Scan, joined_wal

HERD = """\
herd = "{herd}"
require_contracts = true
block_on_drift = {block}
[masking.classification]
confidential = "tokenise"
personal = "hash"
restricted = "redact"
[masking.fields]
iban = "partial"
"""

PEOPLE = """\
- name: people
  quality:
  - {{name: rows, metric: rowCount, mustBeGreaterThan: 0}}
{rule}
  properties:
  - {{name: id, logicalType: string, primaryKey: true, primaryKeyPosition: 1, classification: confidential}}
  - {{name: email, logicalType: string, classification: personal, logicalTypeOptions: {{format: email}}}}
  - {{name: full_name, logicalType: string, required: true, classification: restricted}}
  - {{name: iban, logicalType: string, logicalTypeOptions: {{maxLength: 60}}}}
  - {{name: cents, logicalType: integer, logicalTypeOptions: {{minimum: 0}}}}
"""
CARDS = """\
- name: cards
  properties:
  - {name: card, logicalType: string, unique: true, classification: confidential}
  - {name: owner, logicalType: string, classification: confidential, relationships: [{to: people.id}]}
  - {name: address, logicalType: object, classification: restricted, logicalTypeOptions: {required: [city]},
     properties: [{name: city, logicalType: string}]}
  - {name: limits, logicalType: array, items: {logicalType: integer}}
"""
# A comma too many and a comma too few move values under other columns than their own.
CSV = """\
id,email,full_name,iban,cents
{a_id},{a_email}@example.com,{a_name},DE{a_iban},1
two,,{a_name},,2
{r_key},{r_email}@example.com,{r_name},DE{r_iban},many
{r_format},{r_format} at home,{r_name},DE{r_iban},5
{a_id},{r_twice}@example.com,{r_name},DE{r_iban},6
low,low@example.com,{r_name},DE{r_iban},-1
m1,x,{m_many}@example.com,y,{m_many},7
{m_few},{m_few}
m3,a "{m_quote}" b,{m_quote},z,8
m4,{m_bytes}\udcff,{m_bytes},z,9
m5,{m_long},{long},z,10
m6,"{m_open},n,z,11
"""
JSONL = """\
{{"card":"{a_card}","owner":"{a_id}","address":{{"city":"{a_city}"}},"limits":[1]}}
{{"card":"{r_card}","owner":"{r_owner}","address":{{"city":"{r_city}"}},"limits":[1]}}
{{"card":"{r_part}","owner":"two","address":{{"street":"{r_city}"}},"limits":["none"]}}
{{"card":"{m_extra}","owner":"two","address":{{"city":"c"}},"limits":[1],"card":"{m_extra}"}}
{{"card":"{m_json}","owner":"{m_json}
{m_json}
"""
HEAD = """\
pipeline = "{name}"
herd     = "{herd}"
[contracts]
people = "contracts/people.odcs.yaml"
[source.people]
csv      = "lake:/{csv}"
contract = "people/people"
[step.checked]
validate = "people"
{checked}
[step.masked]
mask = "checked"
"""
WHOLE = """\
[source.cards]
jsonl    = "lake:/cards.jsonl"
contract = "people/cards"
[step.cards_checked]
validate = "cards"
[step.cards_masked]
mask = "cards_checked"
[step.joined]
sql = "SELECT *, '{control}' AS control FROM masked LEFT JOIN cards_masked ON owner = id ORDER BY ALL"
[step.given]
sql = "SELECT id, email, full_name, iban FROM masked ORDER BY ALL"
format = "csv"
[step.told]
exec = ["python3", "told.py"]
from = ["given", "checked.rejected"]
[sink.table]
from = "joined"
csv  = "reports:/table.csv"
[sink.letters]
from  = "told"
jsonl = "reports:/letters.jsonl"
[sink.rejected]
from  = "checked.rejected"
jsonl = "reports:/rejected.jsonl"
[sink.rejected_cards]
from    = "cards_checked.rejected"
parquet = "reports:/rejected_cards.parquet"
"""
# Prints and reports all that it was given, in every form that a report could take it.
TOLD = """\
import json, os, pathlib, sys
given = pathlib.Path(os.environ["RUNINK_IN"], sys.argv[1] if len(sys.argv) > 1 else "given")
text = "".join(path.read_bytes().decode("utf-8", "replace") for path in sorted(given.iterdir()))
print(text)
print(text, file=sys.stderr)
out = pathlib.Path(os.environ["RUNINK_OUT"], "told")
out.mkdir()
(out / "part-0.jsonl").write_text(json.dumps({"text": text}) + "\\n")
words = text.replace("\\n", ",").split(",")
with open(os.environ["RUNINK_REPORT"], "w") as report:
    for word in words:
        for line in (word, {"annotation": {"text": word}}, {"failed": {"reason": word}}, {"failed": {"text": word}},
                     {"counter": {"name": word + "@", "value": 1}}, {"counter": {"name": "n", "value": word}},
                     {"quality": {"rule": word, "counted": 1, "of": 1}}, {"progress": {"permille": word}},
                     {"output": {"dataset": word, "rows": 1}}, {"output": {"dataset": "told", "rows": word}},
                     {"output": {"dataset": "told", "rows": 1, "columns": [{"name": word, "type": word}]}},
                     {"read": {"path": word, "bytes": 1, "sha256": "0" * 64}}):
            report.write((line if isinstance(line, str) else json.dumps(line)) + "\\n")
if len(sys.argv) > 2:
    raise ValueError(text)
"""
CARELESS = """\
[step.open]
sql = "SELECT * FROM checked"
format = "csv"
[step.told]
exec = ["python3", "told.py", "open"{fail}]
from = ["open"]
"""
CAST = """\
[step.cast]
sql = "SELECT {expression} AS x FROM checked"
"""
LEAKY = """\
[sink.leak]
from    = "checked"
parquet = "reports:/leak.parquet"
"""
# A rule may count what is masked and not tell it; the engine's error quotes the value all the same.
BAD_RULE = ("  - {name: raises, type: sql, query: 'SELECT count(*) FROM ${table} WHERE email::INTEGER > 0', "
            "mustBe: 0}")
TOO_MANY = "  - {name: nothing_holds, metric: rowCount, mustBeGreaterThan: 1000000}"
PLACES = ("a_id a_email a_name a_iban a_card a_city r_key r_email r_name r_iban r_format r_twice r_card r_owner "
          "r_city r_part m_many m_few m_quote m_bytes m_long m_open m_extra m_json h_header").split()


class World:
    """The node of this file with all its runs, made when the first test asks."""
    node = None
    values = {place: f"Qz7{place.replace('_', '')}{secrets.token_hex(8)}" for place in PLACES}
    control = f"Qz7control{secrets.token_hex(8)}"
    runs = {}
    port = None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def node():
    if World.node is None:
        World.node = Node()
        World.port = free_port()
        config = World.node.config
        text = config.read_text(encoding="utf-8").replace("127.0.0.1:0", f"127.0.0.1:{World.port}")
        for right in ("read", "write"):
            text = text.replace(f'shop = "{right}"', f'shop = "{right}", lax = "{right}"')
        config.write_text(text, encoding="utf-8")
        World.node.start()
        for herd, block in (("shop", "true"), ("lax", "false")):
            path = World.node.folder / f"{herd}.herd.toml"
            path.write_text(HERD.format(herd=herd, block=block), encoding="utf-8")
            ok("apply", "-f", path)
        plant(World.node.lake)
        run_all()
    return World.node


def plant(lake):
    values = World.values
    rows = CSV.format(**values, long=(values["m_long"] + " ") * ((1 << 20) // len(values["m_long"])))
    (lake / "people-1.csv").write_text(rows, encoding="utf-8", errors="surrogateescape")
    # Somebody forgot the header: the first person is taken for it.
    (lake / "headless.csv").write_text(
        "{0},{0}@example.com,n,DE{0},1\n2,b@example.com,n,i,2\n".format(values["h_header"]), encoding="utf-8")
    # And here half of it is there.
    (lake / "half.csv").write_text("id,email,full_name,{0},cents\n{1},b@example.com,n,i,2\n".format(
        values["h_header"], values["a_id"]), encoding="utf-8")
    (lake / "cards.jsonl").write_text(JSONL.format(**values), encoding="utf-8")


def run(name, more="", herd="shop", csv="people-*.csv", rule="", checked="", fails=True):
    """One pipeline over the planted files."""
    objects = PEOPLE.format(rule=rule) + (CARDS if "cards" in more else "")
    contract = f"apiVersion: v3.1.0\nkind: DataContract\nid: {name}\nname: {name}\nversion: 1.0.0\nstatus: active\nschema:\n"
    text = HEAD.format(name=name, herd=herd, csv=csv, checked=checked).replace("people =", f"{name} =").replace(
        '"people/', f'"{name}/') + more.replace('"people/', f'"{name}/')
    folder = World.node.pipeline(name, text, told__py=TOLD)
    (folder / "contracts").mkdir(exist_ok=True)
    (folder / "contracts/people.odcs.yaml").write_text(contract + objects, encoding="utf-8")
    done = World.node.runi("run", folder, "-o", "name", "--request-id", name)
    assert done.returncode == 0, done.stderr
    ended = World.node.ask("wait", run=done.stdout.strip().removeprefix("run/"))
    assert ended["status"] == ("failed" if fails else "succeeded"), (name, ended)
    World.runs[name] = ended
    return ended


def run_all():
    run("whole", WHOLE.format(control=World.control), fails=False)
    run("careless", CARELESS.format(fail=""), fails=False)
    run("raising", CARELESS.format(fail=', "fail"'))
    run("casting", CAST.format(expression="email::INTEGER"))
    run("raised", CAST.format(expression="error(full_name)"))
    run("badrule", rule=BAD_RULE)
    run("violated", rule=TOO_MANY)
    run("failfast", checked='on_violation = "fail"')
    run("warning", checked='on_violation = "warn"', fails=False)
    run("headless", csv="headless.csv")
    run("laxhead", csv="headless.csv", herd="lax")
    run("half", csv="half.csv", herd="lax", fails=False)


def ok(*words):
    done = World.node.runi(*words)
    assert done.returncode == 0, f"runi {words}: exit {done.returncode}: {done.stderr}"
    return done.stdout


# ---- what is allowed

UNMASKED = {"people", "cards", "checked", "cards_checked", "open", "told"}
# Slices whose logs quote what they were given, or failed on.
QUOTING = {("careless", "told"), ("raising", "told"), ("casting", "cast"), ("raised", "cast"),
           ("badrule", "checked"), ("headless", "people")}


def allowed():
    """{place: why}, out of what the node says of its runs; programs behind the mask are not among them."""
    places = {}
    for name, ended in World.runs.items():
        for stage in ended["stages"]:
            for output in stage["outputs"]:
                behind = name == "whole" and output["dataset"] == "told"
                if output["dataset"] in UNMASKED and not behind:
                    for file in output["files"]:
                        places[f"artifact {file['digest']}"] = f"{name}: dataset {output['dataset']}"
            if (name, stage["name"]) in QUOTING:
                places[f"artifact {stage['attempts'][-1]['log']}"] = f"{name}: log of {stage['name']}"
                places[f"runi logs {name} {stage['name']}"] = "shows that log"
    return places


# ---- the search


def scan_all(marks):
    scan = Scan(marks)
    answers(scan)
    with urllib.request.urlopen(f"http://127.0.0.1:{World.port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    assert "runink_quality_rows_total" in text, text[:500]
    scan.text("metrics", text)
    files(scan)
    return scan


def files(scan):
    scan.folder(World.node.data, "data")
    scan.folder(World.node.reports, "reports")
    scan.file(World.node.log, "runinkd.log")


def answers(scan):
    def ask(*words, place=None):
        done = World.node.runi(*words)
        scan.text(place or "runi " + " ".join(map(str, words)), done.stdout + done.stderr)

    for words in (("doctor",), ("version",), ("contract", "get"), *(("get", kind) for kind in (
            "runs", "pipelines", "herds", "nodes", "volumes", "datasets"))):
        ask(*words)
        ask(*words, "-o", "json")
    for name, ended in World.runs.items():
        for form in ((), ("-o", "json"), ("-o", "yaml")):
            ask("describe", "run", ended["id"], *form)
            ask("explain", ended["id"], *form)
        ask("wait", ended["id"])
        ask("compile", World.node.folder / "pipelines" / name)
        for stage in ended["stages"]:
            ask("logs", ended["id"], stage["name"], place=f"runi logs {name} {stage['name']}")
            for output in stage["outputs"]:
                ask("lineage", output["version"], "-o", "json")
                ask("describe", "dataset", output["dataset"], "-o", "json")
        for verb in ("get", "history"):
            ask("contract", verb, f"{ended['herd']}/{name}")
    ask("lineage", "reports:/table.csv")
    contract = World.node.folder / "pipelines/whole/contracts/people.odcs.yaml"
    ask("contract", "test", "-f", contract, "--object", "people", World.node.lake / "people-1.csv")


def all_but(found, places):
    return {place: sorted(names) for place, names in found.items() if place not in places}


def marked_values_stand_only_where_the_design_allows_it():
    node()
    scan = scan_all(Marks(World.values))
    places = allowed()
    assert not all_but(scan.found, places), "leaks: " + json.dumps(all_but(scan.found, places), indent=1)
    silent = {place: why for place, why in places.items() if place not in scan.found}
    assert not silent, f"nothing was found where values must be: {silent}"
    every = set().union(*scan.found.values())
    assert every == set(World.values), f"never found, not even where they were put: {set(World.values) - every}"
    print(f"  {len(World.values)} values, {scan.files:,} files ({scan.bytes:,} bytes) and {scan.answers} answers "
          f"searched; found in {len(scan.found)} places, all of them allowed:")
    for place, why in sorted(places.items(), key=lambda one: one[1]):
        if place.startswith("artifact"):
            print(f"    {place[:21]}  {why}: {len(scan.found[place])} values")


def rejected_rows_are_all_there_and_masked():
    checked = stage_of(World.runs["whole"], "checked")
    counters = checked["counters"]
    assert (counters["rows_read"], counters["rows_accepted"], counters["rows_rejected"]) == (12, 2, 10), counters
    text = (node().reports / "rejected.jsonl").read_text(encoding="utf-8")
    reasons = sorted(json.loads(line)["reason"] for line in text.splitlines())
    assert reasons == sorted(["bad_type", "bad_format", "duplicate_key", "below_minimum", "too_many_columns",
                              "too_few_columns", "bad_quoting", "bad_utf8", "record_too_long", "bad_quoting"]), reasons
    cards = stage_of(World.runs["whole"], "cards_checked")["counters"]
    assert (cards["rows_read"], cards["rows_accepted"], cards["rows_rejected"]) == (6, 1, 5), cards


def a_mark_that_belongs_into_log_and_state_is_found_there():
    """The control: the pipeline's SQL is in the log, in the state and in the answers, and the search sees it."""
    node()
    scan = scan_all(Marks({"control": World.control}))
    # What is in data/state lies in memory until the node stops: the last part of this test looks there.
    for part in ("data/raft/", "data/bundles/", "artifact ", "reports/table.csv"):
        assert any(place.startswith(part) for place in scan.found), f"not in {part}: {sorted(scan.found)}"


def a_value_put_into_a_copy_of_each_kind_of_file_is_found():
    node()
    value = World.values["a_email"]
    marks = Marks({"a_email": value})
    tables = sorted((node().data / "raft").rglob("*.log"))
    originals = [World.node.log, *tables, World.node.reports / "rejected.jsonl"]
    assert tables
    folder = World.node.folder / "planted"
    for number, original in enumerate(originals):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        data = original.read_bytes()
        middle = len(data) // 2
        for form, planted in (("as it is", value.encode()), ("in capitals", value.upper().encode()),
                              ("as hex", value.encode().hex().encode()),
                              ("as base64", base64.b64encode(b"x" + value.encode() + b"y"))):
            (folder / "copy").write_bytes(data[:middle] + planted + data[middle:])
            scan = Scan(marks)
            scan.folder(folder, "planted")
            assert scan.found == {"planted/copy": {"a_email"}}, f"{original} {number}, {form}: {scan.found}"


def a_value_across_two_blocks_of_a_write_ahead_log_is_found():
    value = World.values["a_email"].encode()
    half = len(value) // 2
    head = b"\0" * 4
    first = b"x" * (32 * 1024 - 7 - half) + value[:half]
    block = head + len(first).to_bytes(2, "little") + b"\2" + first
    rest = value[half:] + b"y"
    log = block + head + len(rest).to_bytes(2, "little") + b"\4" + rest
    assert value not in log and value in joined_wal(log)


def a_pipeline_without_its_mask_is_caught():
    node()
    leaky = run("leaky", LEAKY, fails=False)
    scan = scan_all(Marks(World.values))
    places = allowed()
    leaks = all_but(scan.found, places)
    # The sink's artifact may be the very file that the validate step wrote: that one is allowed.
    sink = stage_of(leaky, "leak")["sink"]
    wanted = {"reports/leak.parquet", f"artifact {sink['digest']}"} - set(places)
    assert set(leaks) == wanted, f"found in {leaks}, wanted {wanted}"
    assert {"a_email", "a_name", "a_iban"} <= set(leaks["reports/leak.parquet"]), leaks


def a_stopped_node_has_kept_nothing_else():
    """Once started again it has turned its write-ahead logs into tables; those are searched now."""
    node()
    places = allowed() | {"reports/leak.parquet": "the planted leak"}
    leak = World.runs.get("leaky")
    if leak:
        places[f"artifact {stage_of(leak, 'leak')['sink']['digest']}"] = "the planted leak"
    assert World.node.stop() == 0
    World.node.start()
    assert World.node.stop() == 0
    for part in ("raft", "state"):
        assert list((World.node.data / part).rglob("*.sst")), f"{part} has no table"
    control = Scan(Marks({"control": World.control}))
    files(control)
    for part in ("raft", "state"):
        assert any(f"{part}/" in place and place.endswith(".sst") for place in control.found), (part, control.found)
    scan = Scan(Marks(World.values))
    files(scan)
    assert not all_but(scan.found, places), all_but(scan.found, places)


if __name__ == "__main__":
    try:
        code = main([
            marked_values_stand_only_where_the_design_allows_it, rejected_rows_are_all_there_and_masked,
            a_mark_that_belongs_into_log_and_state_is_found_there,
            a_value_put_into_a_copy_of_each_kind_of_file_is_found,
            a_value_across_two_blocks_of_a_write_ahead_log_is_found, a_pipeline_without_its_mask_is_caught,
            a_stopped_node_has_kept_nothing_else])
    finally:
        if World.node:
            World.node.__exit__(*sys.exc_info())
    sys.exit(code)

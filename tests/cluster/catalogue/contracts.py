"""Contracts: documents with mistakes, versions that break others, drift, and broken rules."""
from catalogue.kinds import SOURCE, Act, Document, Run, Told, World, nothing_left
from node import stage_of

HEAD = "apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: 1.0.0\nstatus: active\n"
COLUMNS = HEAD + "schema:\n- name: trades\n  properties:\n"  # columns begin in line 9


def column(*lines):
    return COLUMNS + "  - name: c\n" + "".join(f"    {one}\n" for one in lines)


YAML = [
    Document("a bracket that is not closed", HEAD + "schema: [\n", "@file:7:1: error: this is not YAML: end of sequence flow not found"),
    Document("a quote that is not closed", 'version: "1.0\nkind: DataContract\n', """
@file:1:10: error: this quote is not closed
1 | version: "1.0"""),
    Document("tabs for indentation", HEAD + "schema:\n- name: t\n\tproperties: []\n", "@file:8:"),
    Document("a key twice", HEAD + "name: a\nname: b\n", """
@file:7:1: error: the key `name` stands here twice
= first in line 6"""),
    Document("two documents in a file", HEAD + "---\nversion: 2\n", """
@file:6:1: error: a second document begins here
= one file holds one document"""),
    Document("an alias without an anchor", HEAD + "name: *n\n", "@file:6:7: error: this is not YAML: the referenced anchor is not defined"),
    Document("a tag that makes an object of Python", HEAD + "name: !python/object:os.system a\n", """
@file:6:32: error: the tag `!python/object:os.system` does not fit this value
= leave the tag out; quotes make a text"""),
    Document("aliases that grow without end", HEAD + "customProperties:\n- property: a\n  value: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"- property: {now}\n  value: &{now} [{','.join(['*' + before] * 10)}]\n"
        for before, now in zip("abcdefg", "bcdefgh")), "@file:"),
    Document("lists in lists in lists", HEAD + "description:\n  purpose: " + "[" * 2000 + "]" * 2000 + "\n", "@file:7:"),
    Document("bytes that are no UTF-8", (HEAD + "name: Zürich\n").encode("latin-1"), "@file, line 6: bytes that are no UTF-8. Save the file as UTF-8."),
    Document("a document of two megabytes", HEAD + "#" * 2_000_000 + "\n",
             "@file is too large for a contract: at most 1.0 MiB are possible. Split it into several contracts."),
    Document("an empty document", "", "@file:1:1: error: the contract must be a map, not nothing (null)"),
    Document("a key whose letters changed places", HEAD + "shcema: []\n", """
@file:6:1: error: the contract has no key `shcema`
= did you mean `schema`?
The contract cannot be read: 1 mistake."""),
    Document("yes where true must stand", column("required: yes"), """
@file:10:15: error: `schema[0].properties[0].required` must be true or false, not a text
= write true or false; YAML 1.2 has no yes and no"""),
    Document("a type that there is not", column("logicalType: intger"), """
@file:10:18: error: `schema[0].properties[0].logicalType` cannot be `intger`
10 |     logicalType: intger
= did you mean `integer`?"""),
    Document("a range in which nothing lies", column("logicalType: number", "logicalTypeOptions: {minimum: 2, exclusiveMaximum: 2.0}"),
             "@file:11:35: error: no value lies between this minimum and the maximum"),
    Document("a pattern that refers back", column("logicalType: string", "logicalTypeOptions: {pattern: \"(a)\\\\1\"}"),
             "@file:11:35: error: the pattern refers back to a group, which RE2 cannot do"),
    Document("a rule of a column that there is not", COLUMNS + "  - name: price\n  quality: [{metric: duplicateValues, mustBe: 0, arguments: {properties: [prize]}}]\n", """
@file:10:75: error: `trades` has no column `prize`
= did you mean `price`?"""),
    Document("a rule with an unknown metric", column("quality: [{metric: nullValuse, mustBe: 0}]"), """
@file:10:24: error: `schema[0].properties[0].quality[0].metric` cannot be `nullValuse`
= did you mean `nullValues`?"""),
    Document("a reference to an object that there is not", column("relationships: [{to: peple.id}]") + "- name: people\n", """
@file:10:26: error: the contract has no object `peple`
= did you mean `people`?"""),
    Document("a query with a word that stands for nothing", COLUMNS + '  - name: c\n  quality: [{type: sql, query: "SELECT ${tbl}", mustBe: 0}]\n',
             "@file:10:32: error: the query has ${tbl}, which stands for nothing here"),
    Document("a version of ODCS that does not exist", HEAD.replace("v3.1.0", "v3.9.0"), """
@file:1:13: error: `apiVersion` cannot be `v3.9.0`
= did you mean `v3.1.0`?"""),
    Document("a version that is a number", HEAD.replace("1.0.0", "1.0"), """
@file:4:10: error: `version` must be a text, not a number
= quotes make it a text: "1.0\""""),
    Document("no version at all", HEAD.replace("version: 1.0.0\n", ""), "@file:1:1: error: the contract lacks the key `version`"),
    Document("a time zone that is not kept to", column("logicalType: timestamp", "logicalTypeOptions: {defaultTimezone: Europe/Berlin}"), """
@file:11:43: warning: moments without an offset are taken as UTC, not as `Europe/Berlin`
= have them written with an offset and set timezone: true""", exit=0),
    Document("whole numbers of 128 bits", column("logicalType: integer", "logicalTypeOptions: {format: u128}"),
             "@file:11:34: warning: a column of `u128` holds whole numbers of up to 38 digits; rows with one of 39 are set apart",
             exit=0),
]

NAMED = [
    Told("a contract that nobody applied", ("contract", "get", "nothing"), "There is no contract 'nothing'. `runi contract get` lists them.", exit=4),
    Told("a version that is no number", ("contract", "get", "nothing@x"), "'x' is no version of a contract; they count from 1."),
    Told("a comparison without a name", ("contract", "diff"), "name", exit=2),
    Told("a restoration without a version", ("contract", "restore", "nothing"), "Say which version is restored: 'nothing@1' is the first."),
    Told("a herd that is not there", ("contract", "apply", "-f", "@folder/c.odcs.yaml", "--herd", "nobody"),
         "There is no herd 'nobody'. `runi get herds` lists them.", files={"c.odcs.yaml": column("logicalType: string")}, exit=4),
    Told("a file of another kind to be tested", ("contract", "test", "-f", "@folder/c.odcs.yaml", "@folder/a.txt"),
         "a.txt", files={"c.odcs.yaml": column("logicalType: string"), "a.txt": "c\n"}),
]

ORDERS = HEAD + """\
schema:
- name: orders
  properties:
  - {name: id, logicalType: integer, required: true, unique: true}
  - {name: name, logicalType: string, logicalTypeOptions: {maxLength: 5}}
  - name: cents
    logicalType: integer
    logicalTypeOptions: {minimum: 0}
"""
ROWS = "id,name,cents\n1,a,1\n2,b,2\n"


def checked(more="", file="orders.csv", form="csv", step=True):
    """A source with the contract, a step that validates it, and a sink."""
    text = f'@head\n[contracts]\n@name = "c.odcs.yaml"\n[source.orders]\n{form} = "@lake/{file}"\ncontract = "@name"\n'
    if step:
        text += f'[step.checked]\nvalidate = "orders"\n{more}\n[sink.table]\nfrom = "checked"\ncsv = "@out/table.csv"\n'
    return text


def drift(title, rows, logs, file="orders.csv", form="csv", contract=ORDERS, **more):
    return Run(title, checked(file=file, form=form), lake={file: rows}, files={"c.odcs.yaml": contract}, stage="orders",
               reason="schema_drift", logs=logs + "\nNothing was read. Change the files, or the contract (runi contract apply)",
               says="(schema_drift): the columns of its files are not those of its contract.", **more)


def parquet(sql):
    """A file of Parquet with the rows of `sql`, made by a run of its own."""
    def make(path):
        node = World.node()
        name = f"made-{abs(hash((sql, str(path)))):x}"[:40]
        text = (f'pipeline = "{name}"\nherd = "shop"\n[step.rows]\nsql = "{sql}"\n'
                f'[sink.file]\nfrom = "rows"\nparquet = "reports:/{name}.parquet"\n')
        done = node.runi("run", node.pipeline(name, text), "--follow")
        assert done.returncode == 0, done.stdout + done.stderr
        (node.reports / f"{name}.parquet").rename(path)
    return make


def json_lines(last):
    rows = "".join(f'{{"id":{n},"name":"n","cents":{n}}}\n' for n in range(3000))
    return rows + last + "\n"


def drift_that_passes(case):
    node = World.node()
    herd = node.folder / "lax.herd.toml"
    herd.write_text('herd = "shop"\nblock_on_drift = false\n', encoding="utf-8")
    try:
        done = node.runi("apply", "-f", herd)
        assert done.returncode == 0, done.stderr
        (node.lake / "drifting.csv").write_text("name,id,cents,more\na,1,1,x\nb,2,2,x\n", encoding="utf-8")
        text = checked("", step=False).replace("@lake/orders.csv", "lake:/drifting.csv")
        folder = case.folder(node, text, {"c.odcs.yaml": ORDERS})
        done = node.runi("run", folder, "--follow")
        assert done.returncode == 0, done.stdout + done.stderr
        run = node.describe(node.ask("get", kind="runs", limit=1)["items"][0]["id"])
        counters = stage_of(run, "orders")["counters"]
        assert (counters["drift_new"], counters["drift_reordered"]) == (1, 1), counters
    finally:
        node.apply_herd()
    nothing_left(node)


DRIFT = [
    drift("a new column", "id,name,cents,more\n1,a,1,x\n", 'new column "more"'),
    drift("a missing column", "id,name\n1,a\n", 'missing column "cents"'),
    drift("a renamed column", "id,name,cent\n1,a,1\n", 'new column "cent"; missing column "cents"'),
    drift("columns in another order", "id,cents,name\n1,1,a\n", "columns in another order"),
    drift("a column in another case", "ID,name,cents\n1,a,1\n", 'new column "ID"; missing column "id"'),
    drift("a key that comes late in JSON lines", json_lines('{"id":1,"name":"n","cents":1,"more":1}'), 'new column "more"',
          file="orders.jsonl", form="jsonl"),
    drift("values of another type in JSON lines", '{"id":"one","name":"n","cents":"1"}\n', 'retyped columns "cents", "id"',
          file="orders.jsonl", form="jsonl"),
    drift("another type in Parquet", parquet("SELECT 1::BIGINT AS id, 'a' AS name, 1::INTEGER AS cents"), 'retyped column "id"',
          file="orders.parquet", form="parquet"),
    Act("drift that the herd lets pass is counted", drift_that_passes),
]

BROKEN = ROWS + "2,c,3\n,d,4\n5,longer,5\n6,e,-6\n7,f,1.5\nx,g,8\n9,h\n"
FEW_ROWS = ORDERS + "  quality: [{name: enough, metric: rowCount, mustBeGreaterThan: 100}]\n"
NO_NULLS = ORDERS.replace("minimum: 0}\n", "minimum: 0}\n    quality: [{name: cents_known, metric: nullValues, mustBe: 0}]\n")
WARNING = FEW_ROWS.replace("mustBeGreaterThan: 100", "mustBeGreaterThan: 100, severity: warning")


def rows_of(read, accepted, rejected):
    def look(_, run):
        counters = stage_of(run, "checked")["counters"]
        got = tuple(counters[f"rows_{one}"] for one in ("read", "accepted", "rejected"))
        assert got == (read, accepted, rejected), got
    return look


def violation(title, rows, more="", contract=ORDERS, **others):
    return Run(title, checked(more), lake={"orders.csv": rows}, files={"c.odcs.yaml": contract}, **others)


ON_VIOLATION = [
    violation("reject sets the rows apart", BROKEN, 'on_violation = "reject"', exit=0, look=rows_of(9, 2, 7),
              published={"table.csv": ROWS}, says="9 rows read, 2 accepted, 7 rejected"),
    violation("reject is what holds when nothing is said", BROKEN, exit=0, look=rows_of(9, 2, 7), published={"table.csv": ROWS}),
    violation("reject fails when a rule of the dataset is broken", ROWS, 'on_violation = "reject"', contract=FEW_ROWS,
              stage="checked", reason="contract_violated", says="enough counted 2 of 2, allowed is more than 100."),
    violation("fail at the first broken row", ROWS + "3,c,-3\n", 'on_violation = "fail"', stage="checked",
              reason="contract_violated", says="Its data breaks the contract 'case-"),
    violation("fail when a rule of the dataset is broken", ROWS + "3,c,\n", 'on_violation = "fail"', contract=NO_NULLS,
              stage="checked", reason="contract_violated", says="cents_known counted 1 of 3, allowed is 0."),
    violation("warn lets broken values pass", ROWS + "3,c,-3\n", 'on_violation = "warn"', exit=0,
              published={"table.csv": ROWS + "3,c,-3\n"}, says="warned"),
    violation("warn lets a broken rule of the dataset pass", ROWS, 'on_violation = "warn"', contract=FEW_ROWS, exit=0,
              published={"table.csv": ROWS}, says="warned"),
    violation("a rule of severity warning fails nothing", ROWS, 'on_violation = "fail"', contract=WARNING, exit=0,
              published={"table.csv": ROWS}, says="warned"),
    violation("a contract of a file without rows", "id,name,cents\n", contract=FEW_ROWS, stage="checked",
              reason="contract_violated", says="enough counted 0 of 0, allowed is more than 100."),
]


def versions_that_break(case):
    """One contract, two pipelines that go by it, a version that breaks them."""
    node = World.node()
    name = case.name()
    text = (f'pipeline = "{name}"\nherd = "shop"\n[contracts]\n{name} = "c.odcs.yaml"\n[source.orders]\n'
            f'csv = "lake:/{name}.csv"\ncontract = "{name}"\n')
    (node.lake / f"{name}.csv").write_text(ROWS, encoding="utf-8")
    good = case.folder(node, text, {"c.odcs.yaml": ORDERS})
    assert node.runi("apply", "-f", good).returncode == 0
    runs = len(node.ask("get", kind="runs", limit=1000)["items"])
    (good / "c.odcs.yaml").write_text(ORDERS.replace("name: name,", "name: label,"), encoding="utf-8")
    for words in (("apply", "-f", good), ("run", good), ("contract", "apply", "-f", good / "c.odcs.yaml", "--name", name)):
        done = node.runi(*words)
        assert done.returncode == 5, (words, done)
        whom = f"; they break shop/{name}" if words[0] == "contract" else "; no registered pipeline reads what they touch"
        for word in ("c.odcs.yaml: error: orders.name: the column was removed (breaks readers)",
                     f"The new version of the contract 'shop/{name}' has 1 breaking change from version 1{whom}.",
                     "Repeat it with --accept-breaking if that is meant."):
            assert word in done.stderr, f"{words} does not say {word}: {done.stderr}"
    assert node.ask("contract.get", name=name)["contract"]["version"] == 1
    assert len(node.ask("get", kind="runs", limit=1000)["items"]) == runs
    assert node.runi("apply", "-f", good, "--accept-breaking").returncode == 0
    done = node.runi("contract", "restore", f"{name}@1")
    assert done.returncode == 5 and "--accept-breaking" in done.stderr, done
    done = node.runi("contract", "get", f"{name}@3")
    assert done.returncode == 4 and "has no version 3; the latest is 2." in done.stderr, done
    done = node.runi("contract", "diff", f"{name}@1")
    assert done.returncode == 5 and "Version 1 is the first; there is none before it." in done.stderr, done
    nothing_left(node)


def contracts_that_are_demanded(case):
    node = World.node()
    herd = node.folder / "strict.herd.toml"
    herd.write_text('herd = "shop"\nrequire_contracts = true\n', encoding="utf-8")
    try:
        assert node.runi("apply", "-f", herd).returncode == 0
        done = node.runi("compile", case.folder(node, "@head\n" + SOURCE))
        assert done.returncode == 1, done
        assert ("pipeline.toml:3:9: error: herd `shop` demands a contract of every source, and [source.orders] has none"
                in done.stderr), done.stderr
    finally:
        node.apply_herd()


VERSIONS = [Act("a version that breaks its consumers", versions_that_break),
            Act("a herd that demands contracts", contracts_that_are_demanded)]

CASES = {"contracts: YAML": YAML, "contracts: names and versions": NAMED + VERSIONS, "drift": DRIFT,
         "on_violation": ON_VIOLATION}

"""What people write wrong in pipeline.toml, herd files and on the command line."""
from catalogue.kinds import SOURCE, Compile, Told

GOOD = "@head\n" + SOURCE + """\
[step.netted]
sql = "SELECT shop, sum(cents)::BIGINT AS cents FROM orders GROUP BY shop ORDER BY ALL"
[sink.table]
from = "netted"
csv  = "reports:/@name/table.csv"
"""


def step(keys):
    """One step; its first key stands in line 4."""
    return "@head\n[step.a]\n" + keys


def link_to_a_secret(node, folder):
    (node.folder / "secret.csv").write_text("shop,cents\nsecret,1\n", encoding="utf-8")
    (folder / "inside.csv").symlink_to("../../secret.csv")


TOML = [
    Compile("a table whose bracket is open", "@head\n[step.netted\nsql = \"SELECT 1\"\n", """
pipeline.toml:3:13: error: this is not TOML: expected ']', saw '\\n'
3 | [step.netted
  |             ^"""),
    Compile("a text that never ends", step("sql = \"SELECT 1\n"), """
pipeline.toml:4:16: error: this is not TOML: unescaped control characters other than TAB
4 | sql = "SELECT 1"""),
    Compile("a key that stands twice", step("sql = \"SELECT 1\"\nsql = \"SELECT 2\"\n"),
            "pipeline.toml:5:7: error: this is not TOML: cannot redefine existing string 'sql'"),
    Compile("a value that is missing", step("sql =\n"), "pipeline.toml:4:6: error: this is not TOML"),
    Compile("an escape that there is not", step('sql = "SELECT \\q"\n'), "pipeline.toml:4:16: error: this is not TOML"),
    Compile("YAML instead of TOML", "pipeline: bad\nherd: shop\n", "pipeline.toml:1:9: error: this is not TOML"),
    Compile("an empty file", "", """
pipeline.toml:1:1: error: `pipeline` is missing
= begin the file with: pipeline = "settlement"
pipeline.toml:1:1: error: `herd` is missing
= begin the file with: herd = "finance"
"""),
    Compile("Latin-1 instead of UTF-8", 'pipeline = "bad"\nherd = "shop"\n# Zürich\n'.encode("latin-1"),
            "pipeline.toml:3:4: error: this is not TOML: a byte that is no UTF-8; save the file as UTF-8\n3 | # Z?rich"),
    Compile("UTF-16 instead of UTF-8", 'pipeline = "bad"\nherd = "shop"\n'.encode("utf-16"),
            "pipeline.toml:1:1: error: this is not TOML: a byte that is no UTF-8; save the file as UTF-8"),
    Compile("a zero byte", b'pipeline = "bad"\nherd = "sh\0op"\n', "pipeline.toml:2:11: error: this is not TOML"),
    Compile("a file of two megabytes", "@head\n#" + "x" * 2_000_000 + "\n",
            "error: the pipeline file has 2000"),
    Compile("no pipeline file in the folder", None, """
error: the bundle has no pipeline.toml and no *.pipeline.toml
= send the folder in which the pipeline file lies""", files={"notes.txt": "nothing"}),
    Compile("nothing but a heading", "@head\ndescription = \"nothing yet\"\n", """
pipeline.toml:1:1: error: the pipeline has no steps
= begin with a [source.NAME], a [step.NAME] or both"""),
    Compile("an unknown key of the file", "@head\nherdd = 1\n" + SOURCE, """
pipeline.toml:3:1: error: unknown key `herdd`
= did you mean `herd`?"""),
    Compile("a misspelt kind of table", "@head\n[steps.a]\nsql = \"SELECT 1\"\n", """
pipeline.toml:3:2: error: unknown key `steps`
= did you mean `step`?"""),
    Compile("a key whose letters changed places", step('slq = "SELECT 1"\n'), """
pipeline.toml:4:1: error: unknown key `slq` in [step.a]
= did you mean `sql`?
pipeline.toml:3:7: error: [step.a] needs one of `sql`, `exec`, `validate` or `mask`"""),
    Compile("a step that is no table", '@head\nstep.a = "SELECT 1"\n', """
pipeline.toml:3:6: error: `a` in [step] must be a table, not a text
= write [step.NAME] before the keys"""),
    Compile("a text where a number must stand", step('sql = "SELECT 1"\nretry = { attempts = "3" }\n'),
            "pipeline.toml:5:22: error: `attempts` in `retry` of [step.a] must be a whole number, not a text"),
    Compile("a date where a text must stand", step("sql = 2026-11-20\n"),
            "pipeline.toml:4:7: error: `sql` in [step.a] must be a text, not a date"),
    Compile("every mistake at once", GOOD.replace("FROM orders", "FROM ordes").replace(
        'from = "netted"', 'from = "neted"').replace('csv = "lake:', 'csvv = "lake:'), """
pipeline.toml:3:9: error: [source.orders] needs one of `csv`, `jsonl` or `parquet`
pipeline.toml:4:1: error: unknown key `csvv` in [source.orders]
pipeline.toml:6:54: error: there is no dataset `ordes`
= did you mean `orders`?
pipeline.toml:8:8: error: there is no dataset `neted`
= did you mean `netted`?
The pipeline cannot be compiled: 4 mistakes."""),
]

QUANTITIES = [
    Compile("a time-out without a unit", step('sql = "SELECT 1"\ntimeout = 300\n'), """
pipeline.toml:5:11: error: `timeout` in [step.a] must be a text, not a whole number
= write it with its unit: "300s\""""),
    Compile("a time-out in words", step('sql = "SELECT 1"\ntimeout = "5 minutes"\n'),
            'pipeline.toml:5:11: error: `timeout`: `5 minutes` is not a length of time, as in "500ms", "30s"'),
    Compile("a time-out of nothing", step('sql = "SELECT 1"\ntimeout = "0s"\n'),
            "pipeline.toml:5:11: error: `timeout` must be longer than nothing"),
    Compile("a time-out of a month", step('sql = "SELECT 1"\ntimeout = "30d"\n'),
            "pipeline.toml:5:11: error: `timeout` may be at most 7d"),
    Compile("a negative time-out", step('sql = "SELECT 1"\ntimeout = "-5s"\n'),
            "pipeline.toml:5:11: error: `timeout`: `-5s` is not a length of time"),
    Compile("memory in the wrong spelling", step('sql = "SELECT 1"\nrequires = { memory = "512mb" }\n'),
            'pipeline.toml:5:23: error: `memory`: `512mb` is not a number of bytes, as in "512Mi", "2Gi" or "500M"'),
    Compile("memory that overflows", step('sql = "SELECT 1"\nrequires = { memory = "99999999999Gi" }\n'),
            "pipeline.toml:5:23: error: `memory`: `99999999999Gi` is"),
    Compile("too little memory", step('sql = "SELECT 1"\nrequires = { memory = "16Mi" }\n'),
            "pipeline.toml:5:23: error: `memory` must be at least 64Mi for a built-in step"),
    Compile("cpu with four decimals", step('sql = "SELECT 1"\nrequires = { cpu = "0.0005" }\n'),
            'pipeline.toml:5:20: error: `cpu`: `0.0005` is not a number of cores, as in "500m", "2" or "0.5"'),
    Compile("no cpu at all", step('sql = "SELECT 1"\nrequires = { cpu = 0 }\n'), "pipeline.toml:5:20: error: `cpu` must be at least 10m"),
    Compile("no attempts", step('sql = "SELECT 1"\nretry = { attempts = 0 }\n'),
            "pipeline.toml:5:22: error: `attempts` in `retry` of [step.a] must be from 1 to 100"),
    Compile("a backoff of a day", step('sql = "SELECT 1"\nretry = { attempts = 3, backoff = "1d" }\n'),
            "pipeline.toml:5:35: error: `backoff` may be at most 1h"),
    Told("a quota of nothing in a herd file", ("apply", "-f", "@folder/x.herd.toml"), """
x.herd.toml:3:10: error: `memory` in [quota] must be more than nothing
= leave it out for no limit
The herd file cannot be read: 1 mistake.""",
         files={"x.herd.toml": 'herd = "other"\n[quota]\nmemory = "0Gi"\n'}),
    Told("a quota in the wrong unit", ("apply", "-f", "@folder/x.herd.toml"),
         "x.herd.toml:3:7: error: `cpu`: `4 cores` is not a number of cores",
         files={"x.herd.toml": 'herd = "other"\n[quota]\ncpu = "4 cores"\n'}),
]

SCHEDULES = [
    Compile(f"{key} = {text}", f"@head\n{key} = {text}\n" + SOURCE, f"""
pipeline.toml:3:1: error: pipelines have no schedule: `{key}` means nothing here
3 | {key} = {text}
= let cron or a systemd timer call `runi run HERD/PIPELINE --date ...`""")
    for key, text in (("schedule", '"0 6 * * *"'), ("cron", '"61 * * * *"'), ("schedule_interval", '"@daily"'),
                      ("every", '"5m"'), ("catchup", "true"))
] + [
    Compile("a schedule of one step", step('sql = "SELECT 1"\nschedule = "@hourly"\n'),
            "pipeline.toml:5:1: error: unknown key `schedule` in [step.a]"),
    Compile("a logical date that does not exist", GOOD, """
error: parameter `date`: `2026-02-30` is not a moment, as in "2026-11-20" or "2026-11-20T08:00:00Z\"""",
            words=("-p", "date=2026-02-30")),
    Told("a logical date that is a cron line", ("run", "@folder", "--date", "0 6 * * *"),
         'The logical date `0 6 * * *` is not a moment, as in "2026-11-20" or "2026-11-20T08:00:00Z" (with an offset from UTC).',
         files={"pipeline.toml": 'pipeline = "x"\nherd = "shop"\n' + SOURCE}),
]

NAMES = [
    Compile("a pipeline with a capital letter", 'pipeline = "Bad"\nherd = "shop"\n' + SOURCE,
            "pipeline.toml:1:12: error: The pipeline name 'Bad' must start with a letter from a to z"),
    Compile("a pipeline with a blank", 'pipeline = "very bad"\nherd = "shop"\n' + SOURCE,
            "pipeline.toml:1:12: error: The pipeline name 'very bad' may only have the characters a-z, 0-9, '_' and '-'"),
    Compile("a name of 64 letters", f'pipeline = "{"a" * 64}"\nherd = "shop"\n' + SOURCE,
            "has 64 characters; at most 63 are allowed"),
    Compile("a herd that is a number", 'pipeline = "bad"\nherd = 7\n' + SOURCE,
            "pipeline.toml:2:8: error: `herd` must be a text, not a whole number"),
    Compile("a herd that is not there", 'pipeline = "bad"\nherd = "shpo"\n' + SOURCE, """
pipeline.toml:2:8: error: there is no herd `shpo`
2 | herd = "shpo"
= did you mean `shop`?"""),
    Compile("a step with a slash", '@head\n[step."a/b"]\nsql = "SELECT 1"\n',
            "pipeline.toml:3:7: error: The step name 'a/b' may only have the characters"),
    Compile("a step that leaves its folder", '@head\n[step."../a"]\nsql = "SELECT 1"\n',
            "pipeline.toml:3:7: error: The step name '../a' must start with a letter from a to z"),
    Compile("an output with a bad name", step('exec = ["true"]\noutputs = ["A"]\n'),
            "pipeline.toml:5:12: error: The dataset name 'A' must start with a letter from a to z"),
    Compile("a parameter with a hyphen", '@head\n[parameters]\n"the-region" = "eu"\n' + SOURCE, """
pipeline.toml:4:1: error: the parameter name `the-region` has a '-'
= use '_', so that it can stand in SQL"""),
    Compile("a parameter with a name of the platform", '@head\n[parameters]\nds = "2026-01-01"\n' + SOURCE, """
pipeline.toml:4:1: error: `ds` is a template name of the platform
= give the parameter another name"""),
    Told("a herd file without a name", ("apply", "-f", "@folder/x.herd.toml"), """
x.herd.toml:1:1: error: `herd` is missing
= begin the file with: herd = "finance\"""", files={"x.herd.toml": 'description = "nobody"\n'}),
    Told("a herd file in Latin-1", ("apply", "-f", "@folder/x.herd.toml"), "x.herd.toml, line 2: bytes that are no UTF-8. Save the file as UTF-8.",
         files={"x.herd.toml": 'herd = "other"\n# Zürich\n'.encode("latin-1")}),
    Told("a herd file with an unknown key", ("apply", "-f", "@folder/x.herd.toml"), """
x.herd.toml:2:1: error: unknown key `qouta`
= did you mean `quota`?""", files={"x.herd.toml": 'herd = "other"\nqouta = 1\n'}),
    Told("a masking method that there is not", ("apply", "-f", "@folder/x.herd.toml"), """
x.herd.toml:3:16: error: a method of masking is one of `keep`, `partial`, `tokenise`, `hash` and `redact`
= did you mean `hash`?""", files={"x.herd.toml": 'herd = "other"\n[masking.classification]\nconfidential = "hush"\n'}),
    Told("a pipeline that nobody applied", ("run", "shop/nothing"),
         "There is no pipeline 'nothing'. `runi get pipelines` lists them; `runi apply -f FOLDER` makes one.",
         exit=4),
    Told("a run that nobody made", ("describe", "run", "0123456789ab"), "0123456789ab", exit=4),
    Told("a folder that is not there", ("compile", "@folder/no-such-folder"), "no-such-folder", exit=4),
    Told("a verb that there is not", ("complie", "@folder"), "compile", exit=2),
]

REFERENCES = [
    Compile("a table that is no dataset", GOOD.replace("FROM orders", "FROM odrers"), """
pipeline.toml:6:54: error: there is no dataset `odrers`
= did you mean `orders`?"""),
    Compile("a sink from nothing that is there", GOOD.replace('from = "netted"', 'from = "neted"'), """
pipeline.toml:8:8: error: there is no dataset `neted`
= did you mean `netted`?"""),
    Compile("a dataset of a step that has another output", step(
        'exec = ["true"]\noutputs = ["good"]\n[sink.table]\nfrom = "a"\ncsv = "reports:/a.csv"\n'), """
pipeline.toml:7:8: error: there is no dataset `a`"""),
    Compile("a file that the bundle does not have", '@head\n[source.a]\ncsv = "data/nothing.csv"\n',
            "pipeline.toml:4:7: error: the bundle has no file `data/nothing.csv`"),
    Compile("a pattern that matches nothing in the bundle", '@head\n[source.a]\ncsv = "data/**/*.csv"\n',
            "pipeline.toml:4:7: error: no file of the bundle matches `data/**/*.csv`", files={"data/.hidden.csv": "a\n1\n"}),
    Compile("a script that the bundle does not have", step('exec = ["python3", "confrim.py"]\n'), """
pipeline.toml:4:20: error: the bundle has no file `confrim.py`
= did you mean `confirm.py`?""", files={"confirm.py": "pass\n"}),
    Compile("a program of the bundle that is not executable", step('exec = ["./tool"]\n'),
            "pipeline.toml:4:9: error:", files={"tool": "#!/bin/sh\n"}),
    Compile("a volume that is not there", GOOD.replace("lake:/", "laek:/"), """
pipeline.toml:4:7: error: there is no volume `laek` for herd `shop`
= did you mean `lake`?"""),
    Compile("a volume that may only be read", GOOD.replace("reports:/", "lake:/"), """
pipeline.toml:9:8: error: herd `shop` may not write to volume `lake`
= a node's cluster file grants it, under [volumes.lake]"""),
    Compile("a path that leaves its volume", GOOD.replace("lake:/orders.csv", "lake:/../secret.csv"),
            "pipeline.toml:4:7: error: the path `lake:/../secret.csv` is not allowed: it has '..' in it"),
    Compile("a path that leaves the bundle", GOOD.replace("lake:/orders.csv", "../secret.csv"),
            "pipeline.toml:4:7: error: the path `../secret.csv` is not allowed: it has '..' in it"),
    Compile("a sink that leaves its volume", GOOD.replace("reports:/@name", "reports:/.."),
            "pipeline.toml:9:8: error: the path `reports:/../table.csv` is not allowed: it has '..' in it"),
    Compile("an absolute path", GOOD.replace("lake:/orders.csv", "/etc/passwd"), "pipeline.toml:4:7: error:"),
    Compile("a sink into the bundle", GOOD.replace("reports:/@name/", ""), """
pipeline.toml:9:8: error: a sink writes into a volume; `table.csv` lies in the bundle, which never changes
= name a volume: "volume:/table.csv\""""),
    Compile("a contract that nobody knows", GOOD.replace('csv"\n[step', 'csv"\ncontract = "nothing"\n[step'),
            "pipeline.toml:5:12: error: there is no contract `nothing`"),
    Compile("a link out of the folder", '@head\n[source.orders]\ncsv = "inside.csv"\n', """
inside.csv is a symbolic link; a bundle holds files only, so copy what it shows""", before=link_to_a_secret),
    Compile("SQL that cannot be parsed", GOOD.replace("SELECT shop", "SELEKT shop"),
            'pipeline.toml:6:8: error: SQL: syntax error at or near "SELEKT"'),
    Compile("SQL that reads a file past the pipeline", GOOD.replace("FROM orders", "FROM read_csv('/etc/passwd')"),
            "pipeline.toml:6:"),
    Compile("several statements in one step", GOOD.replace("ORDER BY ALL", "; DROP TABLE orders"), "pipeline.toml:6:"),
]

CYCLES = [
    Compile("a cycle of two", '@head\n[step.a]\nsql = "SELECT * FROM b"\n[step.b]\nsql = "SELECT * FROM a"\n', """
pipeline.toml:3:7: error: these steps wait for each other: a -> b -> a
= a step can only read what is made before it"""),
    Compile("a cycle of three beside a good step", "@head\n" + SOURCE + """\
[step.c]
sql = "SELECT * FROM a, orders"
[step.a]
sql = "SELECT * FROM b"
[step.b]
sql = "SELECT * FROM c"
""", "pipeline.toml:5:7: error: these steps wait for each other: c -> b -> a -> c"),
    Compile("a step that reads itself", step('exec = ["true"]\nfrom = "a"\n'),
            "pipeline.toml:5:8: error: step `a` reads its own dataset `a`"),
    Compile("a table that stands twice", "@head\n" + SOURCE + SOURCE,
            "pipeline.toml:5:1: error: this is not TOML: cannot redefine existing table 'source.orders'"),
    Compile("a source and a step of one name", "@head\n" + SOURCE + '[step.orders]\nsql = "SELECT 1"\n',
            "pipeline.toml:5:7: error:"),
    Compile("a dataset made twice", step('exec = ["true"]\noutputs = ["x"]\n[step.b]\nexec = ["true"]\noutputs = ["x"]\n'),
            "pipeline.toml:8:12: error:"),
    Compile("two sinks into one file", "@head\n" + SOURCE + """\
[sink.one]
from = "orders"
csv = "reports:/@name/a.csv"
[sink.two]
from = "orders"
csv = "reports:/@name/a.csv"
""", "pipeline.toml:8:7: error: sink `two` writes the same file as sink `one`: reports:/case-"),
    Compile("the same dataset twice in from", "@head\n" + SOURCE + '[step.a]\nexec = ["true"]\nfrom = ["orders", "orders"]\n',
            "pipeline.toml:7:19: error:"),
]

TEMPLATES = [
    Compile("an unknown template name", GOOD.replace("table.csv", "{{ dss }}.csv"), """
error: unknown template name `dss`
= did you mean `ds`?"""),
    Compile("an unknown parameter in a template", '@head\n[parameters]\nregion = "eu"\n[source.a]\ncsv = "lake:/{{ params.regoin }}/a.csv"\n', """
pipeline.toml:6:14: error: unknown template name `params.regoin`
= did you mean `params.region`?"""),
    Compile("a template that does not end", '@head\n[source.a]\ncsv = "lake:/{{ ds /a.csv"\n', """
pipeline.toml:4:14: error: `{{` without its `}}`
= write it as `{{ ds }}`"""),
    Compile("a template with a filter", '@head\n[source.a]\ncsv = "lake:/{{ ds | upper }}/a.csv"\n', """
pipeline.toml:4:14: error: only a name may stand between `{{` and `}}`
= filters, calls and expressions are not supported; known names are ds, ds_nodash, ts, logical_date, run_id and the [parameters]"""),
    Compile("a date outside quotes in SQL", GOOD.replace("FROM orders", "FROM orders WHERE shop = {{ ds }}"), """
error: the value of `ds` cannot stand here in SQL: outside quotes it must be a number or a plain name
= put it in quotes: '{{ ds }}'"""),
    Compile("a value that would end its text in SQL", '@head\n[parameters]\nnote = "x"\n' + SOURCE +
            '[step.a]\nsql = "SELECT * FROM orders /* {{ note }} */"\n',
            "pipeline.toml:8:32: error: the value of `note` cannot stand here in SQL", words=("-p", "note=*/ DROP")),
    Compile("a parameter without a value", '@head\n[parameters]\nregion = { description = "which one" }\n[source.a]\ncsv = "lake:/{{ region }}.csv"\n', """
pipeline.toml:4:1: error: parameter `region` has no value
= give it: -p region=..."""),
    Compile("a parameter that nobody declared", '@head\n[parameters]\nregion = "eu"\n' + SOURCE, """
error: unknown parameter `regin`
= did you mean `region`?""", words=("-p", "regin=us")),
    Compile("parameters where none are declared", GOOD, """
error: unknown parameter `region`
= this pipeline has no [parameters]""", words=("-p", "region=us")),
    Compile("a value that leaves the volume", '@head\n[parameters]\nregion = "eu"\n[source.a]\ncsv = "lake:/{{ region }}/a.csv"\n',
            "pipeline.toml:6:7: error: the path `lake:/../../etc/a.csv` is not allowed: it has '..' in it",
            words=("-p", "region=../../etc")),
    Compile("a value of five kilobytes", '@head\n[parameters]\nregion = "eu"\n' + SOURCE,
            "error: the value of parameter `region` is not allowed: it has 5000 bytes; at most 4096 are allowed", words=("-p", "region=" + "x" * 5000)),
    Told("a parameter without its sign", ("run", "@folder", "-p", "region"), '"region" is not NAME=VALUE', exit=2),
]



def tested(title, test, says, code=1, words=()):
    """A test that is not run: tests/sums.toml beside a good pipeline."""
    return Told(title, ("test", "@folder", *words), says, exit=code, files={
        "pipeline.toml": 'pipeline = "tested"\nherd = "shop"\n' + SOURCE + STEP, "tests/sums.toml": test,
        "tests/orders.csv": "shop,cents\na,1\n"})


STEP = '[step.netted]\nsql = "SELECT shop, sum(cents)::BIGINT AS cents FROM orders GROUP BY ALL"\n'
INPUT = '[input.orders]\ncsv = "tests/orders.csv"\n'
TESTS = [
    Told("a folder without tests", ("test", "@folder"), "The bundle has no tests. A test is a file tests/NAME.toml", exit=4,
         files={"pipeline.toml": 'pipeline = "tested"\nherd = "shop"\n'}),
    tested("a test that is not there", INPUT + "[expect.netted]\nrows = 1\n", "has no test 'sum'. Did you mean 'sums'?",
           code=4, words=("-t", "sum")),
    tested("a test that is no TOML", "[input.orders\n", "tests/sums.toml:1:14: error: this is not TOML"),
    tested("a test that expects nothing", INPUT, """
tests/sums.toml:1:1: error: the test expects nothing
= add [expect.DATASET] with the rows that must come out"""),
    tested("a fixture that is not there", '[input.orders]\ncsv = "tests/order.csv"\n[expect.netted]\nrows = 1\n', """
tests/sums.toml:2:7: error: the bundle has no file `tests/order.csv`
= did you mean `tests/orders.csv`?"""),
    tested("a source without a fixture", "[expect.netted]\nrows = 1\n", """
tests/sums.toml:1:9: error: the test reads source `orders` and has no fixture for it
= add [input.orders] with a file of the bundle: a test never reads volumes"""),
    tested("a fixture for no source", INPUT.replace("input.orders", "input.order") + "[expect.netted]\nrows = 1\n", """
tests/sums.toml:1:8: error: the pipeline has no source `order`
= did you mean `orders`?"""),
    tested("a fixture in another format", INPUT.replace("csv =", "jsonl =") + "[expect.netted]\nrows = 1\n",
           "tests/sums.toml:2:9: error: source `orders` reads csv, and its fixture is jsonl"),
    tested("a dataset that is not there", INPUT + "[expect.nettd]\nrows = 1\n", """
tests/sums.toml:3:9: error: the pipeline has no dataset `nettd`
= did you mean `netted`?"""),
    tested("a golden file outside tests", INPUT + '[expect.netted]\ncsv = "pipeline.csv"\n',
           "tests/sums.toml:4:7: error: the golden file `pipeline.csv` must lie beneath tests/ and end in .csv"),
    tested("a parameter that the pipeline has not", "[parameters]\nleast = 1\n" + INPUT + "[expect.netted]\nrows = 1\n",
           "error: unknown parameter `least`"),
]

CASES = {"tests of pipelines": TESTS, "TOML": TOML, "quantities": QUANTITIES, "schedules and dates": SCHEDULES, "names": NAMES,
         "references": REFERENCES, "cycles and duplicates": CYCLES, "templates": TEMPLATES}

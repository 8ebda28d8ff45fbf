#!/usr/bin/env python3
"""`runi test` on a whole node: fixtures in, rows against golden files, and nothing of it reaches what is real."""
import hashlib
import json
import shutil
import sys

from masks import Masks
from node import ROOT, Node, main, until

SETTLEMENT = ROOT / "examples/settlement"

PIPELINE = """\
pipeline = "sales"
herd     = "shop"

[parameters]
least = 0

[source.orders]
csv = "warehouse:/orders.csv"     # a volume that this node does not have

[source.shops]
csv = "lake:/shops.csv"

[step.totals]
sql = "SELECT shop, sum(cents)::BIGINT AS cents FROM orders WHERE cents >= {{ least }} GROUP BY ALL ORDER BY ALL"

[step.named]
sql = "SELECT name, cents FROM totals JOIN shops USING (shop) ORDER BY ALL"

[sink.table]
from = "named"
csv  = "reports:/named.csv"
"""
TEST = """\
[parameters]
least = 2

[input.orders]
csv = "tests/orders.csv"

[expect.totals]
csv     = "tests/totals.csv"
ordered = true
"""
ORDERS = "shop,cents\na,1\na,20\nb,3\nc,5\n"


class World:
    node = None


def node():
    if World.node is None:
        World.node = Node()
        World.node.start()
        World.node.apply_herd()
    return World.node


def folder_of(name, test=TEST, **files):
    """The pipeline with one test, tests/sums.toml; `files` lie in tests/, dots written as __."""
    folder = node().pipeline(name, PIPELINE)
    shutil.rmtree(folder / "tests", ignore_errors=True)
    (folder / "tests").mkdir()
    (folder / "tests/sums.toml").write_text(test, encoding="utf-8")
    for file, text in {"orders__csv": ORDERS, **files}.items():
        (folder / "tests" / file.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def tested(folder, *words, code=0):
    done = node().runi("test", folder, *words)
    assert done.returncode == code, f"exit {done.returncode}, not {code}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def a_test_passes_without_the_volumes_of_its_sources():
    said = tested(folder_of("passes", totals__csv="shop,cents\na,20\nb,3\nc,5\n"))
    assert "ok      sums  (run " in said and "1 test: 1 passed, 0 failed" in said, said


def differences_are_shown_with_columns_and_end_with_8():
    folder = folder_of("differs", totals__csv="shop,cents\na,21\nb,3\nd,9\n")
    said = tested(folder, code=8)
    for line in ("FAILED  sums", "totals against tests/totals.csv: 1 missing, 1 unexpected, 1 different",
                 "~ row 1 is different: shop=a", "cents: expected 21, got 20",
                 "- row 3 is missing: shop=d, cents=9", "+ not expected: shop=c, cents=5", "0 passed, 1 failed"):
        assert line in said, f"{line!r} is not in:\n{said}"
    assert "\x1b" not in said, "there is colour where nobody sees it"
    answer = json.loads(node().runi("test", folder, "-o", "json").stdout)
    expectation = answer["tests"][0]["expectations"][0]
    assert (answer["failed"], expectation["missing"], expectation["passed"]) == (1, 1, False), answer


def update_writes_what_came_out_and_then_the_test_passes():
    folder = folder_of("updates", totals__csv="shop,cents\nb,3\n")
    golden = folder / "tests/totals.csv"
    golden.chmod(0o640)
    said = tested(folder, "--update")
    assert "tests/totals.csv updated: 3 rows, 2 new" in said, said
    assert golden.read_text() == "shop,cents\na,20\nb,3\nc,5\n", golden.read_text()
    assert golden.stat().st_mode & 0o777 == 0o640
    assert sorted(one.name for one in golden.parent.iterdir()) == ["orders.csv", "sums.toml", "totals.csv"]
    assert "1 passed" in tested(folder)
    golden.unlink()
    assert "there is no golden file tests/totals.csv yet; --update writes it" in tested(folder, code=8)
    assert "tests/totals.csv written: 3 rows" in tested(folder, "--update")


def order_columns_and_counts_are_looked_at_where_the_test_says_so():
    wrong = "shop,cents\nb,3\na,20\nc,5\n"
    assert "in another order; the first is row 1" in tested(folder_of("order", totals__csv=wrong), code=8)
    loose = TEST.replace("ordered = true", 'columns = ["cents"]\nrows = 3')
    assert "1 passed" in tested(folder_of("columns", loose, totals__csv="cents\n3\n20\n5\n"))
    assert "did you mean cents?" in tested(
        folder_of("columns", loose.replace('["cents"]', '["cent"]'), totals__csv="cents\n3\n"), code=8)
    said = tested(folder_of("counts", loose.replace("rows = 3", "rows = 4"), totals__csv="cents\n3\n20\n5\n"),
                  "--update", code=8)
    assert "~ 3 rows, expected 4" in said and "--update cannot mend this" in said, said


def json_lines_are_compared_with_every_digit():
    test = TEST.replace("csv     = \"tests/totals.csv\"", "jsonl   = \"tests/totals.jsonl\"")
    pipeline = PIPELINE.replace("sum(cents)::BIGINT", "(sum(cents) + 9007199254740973)::BIGINT")
    folder = folder_of("digits", test, totals__jsonl='{"shop":"a","cents":9007199254740993.0}\n'
                       '{"cents":9007199254740976,"shop":"b"}\n{"shop":"c","cents":9007199254740978}\n')
    (folder / "pipeline.toml").write_text(pipeline, encoding="utf-8")
    assert "1 passed" in tested(folder)
    golden = folder / "tests/totals.jsonl"
    golden.write_text(golden.read_text().replace("740993.0", "740992"))  # the same double
    assert "cents: expected 9007199254740992, got 9007199254740993" in tested(folder, code=8)


def tests_do_not_share_golden_files_and_fixtures():
    folder = folder_of("shared", totals__csv="shop,cents\na,20\nb,3\nc,5\n")
    other = folder / "tests/other.toml"
    other.write_text(TEST, encoding="utf-8")
    said = tested(folder, "--update", "-t", "sums", code=1)
    assert "`tests/totals.csv` is the golden file of `totals` of tests/other.toml already" in said, said
    other.write_text(TEST.replace("tests/totals.csv", "tests/orders.csv")
                     .replace("tests/orders.csv", "tests/sums.csv", 1), encoding="utf-8")
    (folder / "tests/sums.csv").write_text(ORDERS)
    said = tested(folder, "--update", code=1)
    assert "`tests/orders.csv` is a fixture of tests/sums.toml already" in said, said
    assert (folder / "tests/orders.csv").read_text() == ORDERS


def limits_are_told_where_the_test_is_planned():
    folder = folder_of("full")
    many = "".join(f"p{n} = {n}\n" for n in range(63))
    (folder / "pipeline.toml").write_text(PIPELINE.replace("least = 0\n", "least = 0\n" + many))
    said = tested(folder, code=1)
    assert "tests/sums.toml: error: the run of the test has 65 parameters, with `runink.test`" in said, said


def rows_are_sent_when_they_are_asked_for_and_in_parts_when_they_are_many():
    folder = folder_of("rows", totals__csv="shop,cents\nb,3\n")
    tested(folder, code=8)
    run = node().ask("get", kind="runs", limit=1)["items"][0]["id"]
    plain = node().ask("test.result", run=run)["expectations"][0]
    assert plain["updatable"] is True and "actual" not in plain, plain
    assert node().ask("test.result", run=run, actual=True)["expectations"][0]["actual"].startswith("shop,cents\n")
    names = [f"wide{n}" for n in range(10)]
    (folder / "pipeline.toml").write_text(
        'pipeline = "sales"\nherd = "shop"\n[source.orders]\ncsv = "lake:/orders.csv"\n' + "".join(
            f"[step.{name}]\nsql = \"SELECT repeat('x', 1000) AS x FROM orders, range(225)\"\n" for name in names))
    (folder / "tests/sums.toml").write_text('[input.orders]\ncsv = "tests/orders.csv"\n' + "".join(
        f'[expect.{name}]\ncsv = "tests/{name}.csv"\n' for name in names))
    said = tested(folder, "--update", code=8)
    assert said.count(" written: 900 rows") == 9, said
    assert "tests/wide9.csv: too much to send at once; run --update again" in said, said
    assert "tests/wide9.csv written: 900 rows" in tested(folder, "--update")


def a_failing_run_is_a_failed_test_that_says_where_to_look():
    said = tested(folder_of("fails", orders__csv="shop,cents\na,many\n", totals__csv="shop,cents\n"), code=8)
    assert "the run failed: " in said and "runi logs " in said, said


def chosen_tests_run_and_unknown_ones_are_told():
    folder = folder_of("chosen", totals__csv="shop,cents\na,20\nb,3\nc,5\n")
    (folder / "tests/other.toml").write_text(TEST.replace('csv     = "tests/totals.csv"\nordered = true', "rows = 7"),
                                             encoding="utf-8")
    assert "1 test: 1 passed" in tested(folder, "-t", "sums")
    assert "2 tests: 1 passed, 1 failed" in tested(folder, code=8)
    assert "There" not in tested(folder, "-t", "sums", "-t", "sums")
    assert "has no test 'sum'. Did you mean 'sums'?" in tested(folder, "-t", "sum", code=4)


def nothing_of_a_test_reaches_what_is_real():
    folder = folder_of("apart", TEST.replace("expect.totals", "expect.named")
                       + '[input.shops]\ncsv = "tests/shops.csv"\n', shops__csv="shop,name\na,Ada\n",
                       totals__csv="name,cents\nAda,20\n")
    before = node().ask("get", kind="pipelines")["items"]
    contracts = node().ask("contract.get")["contracts"]
    tested(folder)
    run = node().describe(node().ask("get", kind="runs", limit=1)["items"][0]["id"])
    assert run["pipeline"] == "sales.test" and run["parameters"]["runink.test"] == "sums", run
    assert {one["kind"] for one in run["stages"]} == {"source", "sql"}, run["stages"]
    assert run["logical_date"].startswith("2000-01-01"), run["logical_date"]
    assert not list(node().reports.iterdir()), "something was published"
    assert node().ask("get", kind="pipelines")["items"] == before
    assert node().ask("contract.get")["contracts"] == contracts
    datasets = node().ask("get", kind="datasets", limit=1000)["items"]
    assert {one["pipeline"] for one in datasets} == {"sales.test"}, datasets
    ended = node().ask("test.result", run=run["id"])
    assert ended["passed"] is True, ended


def the_settlement_passes_its_tests_with_portable_tokens():
    herd = node().folder / "finance.herd.toml"
    shutil.copy(SETTLEMENT / "finance.herd.toml", herd)
    assert node().runi("apply", "-f", herd).returncode == 0
    said = tested(SETTLEMENT)
    assert "2 tests: 2 passed, 0 failed" in said, said
    assert not node().ask("contract.get")["contracts"], "a test registered a contract"
    assert not list((node().data / "keys").glob("*")), "the herd's own key was made for a test"
    # The golden file was not only copied from what came out: its hashes and tokens are computed here.
    masks = Masks(hashlib.sha256(b"runink test key").digest())
    fixture = {masks.tokenise(one["account"]): one for one in map(
        json.loads, (SETTLEMENT / "tests/data/accounts.jsonl").read_text().splitlines())}
    golden = [json.loads(line) for line in (SETTLEMENT / "tests/masked_clients.jsonl").read_text().splitlines()]
    assert len(golden) == 11
    for row in golden:
        account = fixture[row["account"]]
        assert row["email"] == masks.hash(account["email"]) and row["holder"] == "***", row
        assert row["tax_number"] == "***" and row["iban"] == masks.partial(account["iban"]), row


def the_node_leaves_nothing():
    assert node().stop() == 0, node().last_lines()
    places = ("slices", "artifacts/pins", "staging")
    until("slices and pins are gone", lambda: not [
        one for place in places if (node().data / place).is_dir() for one in (node().data / place).iterdir()], 20)


if __name__ == "__main__":
    try:
        CODE = main([a_test_passes_without_the_volumes_of_its_sources,
                     differences_are_shown_with_columns_and_end_with_8,
                     update_writes_what_came_out_and_then_the_test_passes,
                     order_columns_and_counts_are_looked_at_where_the_test_says_so,
                     json_lines_are_compared_with_every_digit,
                     tests_do_not_share_golden_files_and_fixtures,
                     limits_are_told_where_the_test_is_planned,
                     rows_are_sent_when_they_are_asked_for_and_in_parts_when_they_are_many,
                     a_failing_run_is_a_failed_test_that_says_where_to_look,
                     chosen_tests_run_and_unknown_ones_are_told,
                     nothing_of_a_test_reaches_what_is_real,
                     the_settlement_passes_its_tests_with_portable_tokens,
                     the_node_leaves_nothing])
    finally:
        if World.node:
            World.node.__exit__(*sys.exc_info())
    sys.exit(CODE)

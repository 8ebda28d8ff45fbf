#!/usr/bin/env python3
"""Contracts on a whole node: versions and whom they break, validation, masking, keys, quality."""
import concurrent.futures
import csv
import json
import re
import stat
import sys
import time

from node import Node, main, stage_of

HERD = """\
herd = "shop"
require_contracts = true
[masking.classification]
confidential = "tokenise"
[masking.fields]
iban = { method = "partial" }
"""

CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: orders-of-shop
name: orders
version: 1.0.0
status: active
schema:
- name: orders
  properties:
  - name: id
    logicalType: integer
    required: true
    primaryKey: true
    primaryKeyPosition: 1
  - name: email
    logicalType: string
    classification: confidential
  - name: iban
    logicalType: string
  - name: cents
    logicalType: integer
    logicalTypeOptions:
      minimum: 0
    quality:
    - name: few_nulls
      metric: nullValues
      unit: percent
      mustBeLessThan: 50
"""

PIPELINE = """\
pipeline = "sales"
herd     = "shop"

[contracts]
orders = "contracts/orders.odcs.yaml"

[source.orders]
csv      = "lake:/orders.csv"
contract = "orders"

[step.checked]
validate = "orders"

[step.masked]
mask = "checked"
masks = { id = "keep" }

[sink.table]
from = "masked"
csv  = "reports:/table.csv"

[step.reasons]
sql = "SELECT rule, reason, count(*)::BIGINT AS n FROM checked.rejected GROUP BY ALL ORDER BY ALL"

[sink.broken]
from = "reasons"
csv  = "reports:/broken.csv"
"""

# Nine records: five hold, four do not; the last one is no number at all.
ORDERS = """\
id,email,iban,cents
1,ann@example.org,DE02120300000000202051,100
2,bob@example.org,DE02500105170137075030,
3,ann@example.org,DE02100500000054540402,300
4,,,400
5,eve@example.org,short,500
5,again@example.org,DE02300209000106531065,600
,nobody@example.org,DE02200505501015871393,700
7,neg@example.org,DE02100100100006820101,-1
8,bad@example.org,DE02300606010002474689,1.5
"""
VALUES = ("ann@example.org", "bob@example.org", "DE02120300000000202051", "neg@example.org")


class World:
    """One node for the tests of this file, made when the first one asks."""
    node = None
    folder = None
    run = None


def node():
    if World.node is None:
        World.node = Node()
        World.node.start()
        herd = World.node.folder / "shop.herd.toml"
        herd.write_text(HERD, encoding="utf-8")
        World.folder = folder_of("sales", CONTRACT)
        (World.node.lake / "orders.csv").write_text(ORDERS, encoding="utf-8")
        ok("apply", "-f", herd)
    return World.node


def folder_of(name, contract, pipeline=PIPELINE):
    folder = World.node.pipeline(name, pipeline)
    (folder / "contracts").mkdir(exist_ok=True)
    (folder / "contracts/orders.odcs.yaml").write_text(contract, encoding="utf-8")
    return folder


def ok(*words):
    done = node().runi(*words)
    assert done.returncode == 0, f"runi {words}: exit {done.returncode}: {done.stderr}"
    return done.stdout


def wait_for(run):
    return node().ask("wait", run=run.strip().removeprefix("run/"))


def first_run():
    if World.run is None:
        node()
        World.run = wait_for(ok("run", World.folder, "-o", "name"))
    return World.run


def rows_of(name):
    with (node().reports / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def rows_that_break_the_contract_are_set_apart_and_counted():
    run = first_run()
    assert run["status"] == "succeeded", run
    checked = stage_of(run, "checked")
    assert checked["contract"] == "orders@1", checked
    counters = checked["counters"]
    assert (counters["rows_read"], counters["rows_accepted"], counters["rows_rejected"]) == (9, 5, 4), counters
    quality = {one["rule"]: one for one in checked["quality"]}
    assert quality["few_nulls"]["verdict"] == "kept", quality["few_nulls"]
    rejected = [one for one in checked["quality"] if one["verdict"] == "rejected"]
    assert sum(one["counted"] for one in rejected) >= 4, rejected
    reasons = {row["reason"]: int(row["n"]) for row in rows_of("broken.csv")}
    assert sum(reasons.values()) == 4, reasons
    assert reasons["not_null"] == 1 and reasons["below_minimum"] == 1 and reasons["bad_type"] == 1, reasons


def masked_columns_cannot_be_read_and_equal_values_stay_equal():
    first_run()
    rows = rows_of("table.csv")
    assert [row["id"] for row in rows] == ["1", "2", "3", "4", "5"], rows
    tokens = [row["email"] for row in rows]
    assert tokens[0] == tokens[2] != tokens[1], tokens
    assert all(one.startswith("tok_") for one in tokens if one), tokens
    assert tokens[3] == "", tokens
    assert rows[0]["iban"].endswith("2051") and "DE02" not in rows[0]["iban"], rows[0]
    text = (node().reports / "table.csv").read_text(encoding="utf-8")
    assert not any(value in text for value in VALUES), text


def renamed(name, sql):
    """The pipeline with a SQL step in front of its mask."""
    text = PIPELINE.replace('"sales"', f'"{name}"').replace("reports:/", f"reports:/{name}/")
    text = text.replace('mask = "checked"\nmasks = { id = "keep" }',
                        f'mask = "a"\n\n[step.a]\nsql = "{sql}"')
    return folder_of(name, CONTRACT, text)


def what_sql_renames_is_masked_under_its_new_name():
    first_run()
    folder = renamed("renamed", "SELECT id, email AS contact, iban || '' AS account FROM checked ORDER BY id")
    run = wait_for(ok("run", folder, "-o", "name"))
    assert run["status"] == "succeeded", run
    rows = rows_of("renamed/table.csv")
    assert [row["contact"] for row in rows] == [row["email"] for row in rows_of("table.csv")], rows
    assert {row["account"] for row in rows} == {"", "***"}, rows
    text = (node().reports / "renamed/table.csv").read_text(encoding="utf-8")
    assert not any(value in text for value in VALUES), text


def what_cannot_be_followed_does_not_compile():
    node()
    done = node().runi("compile", renamed("lost", "FROM checked UNION ALL FROM checked"))
    assert done.returncode == 1, done
    assert "cannot tell which columns of `a` hold what the herd wants masked (`email` and `iban`)" in done.stderr, done
    assert "put the mask step before `a`" in done.stderr, done.stderr


def the_same_value_has_the_same_token_in_the_next_run():
    first_run()
    before = [row["email"] for row in rows_of("table.csv")]
    wait_for(ok("run", World.folder, "-o", "name"))
    assert [row["email"] for row in rows_of("table.csv")] == before


def the_key_is_private_and_no_value_is_in_logs_or_state():
    first_run()
    keys = list((node().data / "keys").iterdir())
    assert [one.name for one in keys] == ["shop.key"], keys
    info = keys[0].stat()
    assert stat.S_IMODE(info.st_mode) == 0o600 and info.st_size == 32, info
    key = keys[0].read_bytes()
    planted = node().folder / "planted"
    planted.write_bytes(b"x" + key + VALUES[0].encode())
    assert found_in(planted, key) == [key, VALUES[0].encode()], "the scan finds nothing"
    for path in [node().log, *(node().data / "raft").rglob("*"), *(node().data / "state").rglob("*")]:
        if path.is_file():
            assert not found_in(path, key), f"{path} holds {found_in(path, key)}"
    assert not list((node().data / "slices").iterdir()) or "key" not in [
        one.name for one in (node().data / "slices").rglob("*")]


def found_in(path, key):
    data = path.read_bytes()
    return [one for one in (key, *(value.encode() for value in VALUES)) if one in data]


def describe_shows_which_rules_counted_what():
    text = ok("describe", "run", first_run()["id"])
    assert "Quality of checked, contract orders@1: 9 rows read, 5 accepted, 4 rejected" in text, text
    assert re.search(r"few_nulls +\d+ +\d+ +less than 50 % +kept", text), text


def a_dataset_that_breaks_its_contract_fails_the_run_and_says_why():
    node()
    lake = node().lake / "orders.csv"
    try:
        lake.write_text("id,email,iban,cents\n1,a,b,\n2,a,b,\n3,a,b,5\n", encoding="utf-8")
        run = wait_for(ok("run", World.folder, "-o", "name"))
    finally:
        lake.write_text(ORDERS, encoding="utf-8")
    assert run["status"] == "failed" and run["failed_stage"] == "checked", run
    assert stage_of(run, "checked")["reason"] == "contract_violated", run
    assert "few_nulls counted 2 of 3, allowed is less than 50 %" in run["failure"], run["failure"]
    assert stage_of(run, "masked")["status"] == "skipped", run


def drift_stops_a_source_before_a_row_is_read():
    node()
    lake = node().lake / "orders.csv"
    try:
        lake.write_text("id,mail,iban,cents\n1,a,b,5\n", encoding="utf-8")
        run = wait_for(ok("run", World.folder, "-o", "name"))
    finally:
        lake.write_text(ORDERS, encoding="utf-8")
    assert run["status"] == "failed" and run["failed_stage"] == "orders", run
    assert stage_of(run, "orders")["attempts"][-1]["reason"] == "schema_drift", run


def a_breaking_version_is_refused_with_whom_it_breaks():
    first_run()
    ok("apply", "-f", World.folder)
    other = folder_of("other", CONTRACT.replace("name: iban", "name: account"),
                      PIPELINE.replace('"sales"', '"other"').replace("reports:/", "reports:/other/"))
    for words in (("apply", "-f", other), ("run", other)):
        done = node().runi(*words)
        assert done.returncode == 5, (words, done)
        assert "shop/sales" in done.stderr and "iban" in done.stderr, done.stderr
        assert "--accept-breaking" in done.stderr, done.stderr
    assert node().ask("contract.get", name="orders")["contract"]["version"] == 1
    ok("apply", "-f", other, "--accept-breaking")
    latest = node().ask("contract.get", name="orders")["contract"]
    assert latest["version"] == 2 and latest["accepted_breaking"], latest
    assert [one["pipeline"] for one in latest["consumers"]] == ["shop/other", "shop/sales"], latest
    # The bundle of the first pipeline holds version 1: it goes by that one, and nothing is registered.
    run = wait_for(ok("run", "shop/sales", "-o", "name"))
    assert run["status"] == "succeeded" and stage_of(run, "checked")["contract"] == "orders@1", run
    assert node().ask("contract.get", name="orders")["contract"]["version"] == 2


def versions_are_listed_compared_and_restored():
    a_breaking_version_is_refused_with_whom_it_breaks_once()
    assert ok("contract", "get", "orders@1") == CONTRACT
    assert "orders" in ok("contract", "get")
    versions = node().json("contract", "history", "shop/orders")["versions"]
    assert [one["version"] for one in versions][-2:] == [2, 1], versions
    diff = node().json("contract", "diff", "orders@2")
    assert diff["breaking"] and (diff["from"], diff["to"]) == (1, 2), diff
    assert "account" in ok("contract", "diff", "orders@2")
    file = node().folder / "orders.odcs.yaml"
    file.write_text(CONTRACT, encoding="utf-8")
    assert "Nothing that is checked differs" in ok("contract", "diff", "orders", "-f", file, "--from", "1")
    before = versions[0]["version"]
    done = node().runi("contract", "restore", "orders@1")
    assert done.returncode == 5, done
    ok("contract", "restore", "orders@1", "--accept-breaking")
    latest = node().ask("contract.get", name="orders")["contract"]
    assert latest["version"] == before + 1 and "restored_from" in latest, latest
    assert ok("contract", "get", "orders") == CONTRACT


def a_breaking_version_is_refused_with_whom_it_breaks_once():
    versions = {one["name"]: one["version"] for one in node().ask("contract.get")["contracts"]}
    if versions.get("orders", 0) < 2:
        a_breaking_version_is_refused_with_whom_it_breaks()


def a_file_is_tested_without_a_run():
    node()
    good = node().folder / "good.csv"
    good.write_text("id,email,iban,cents\n1,a,b,5\n", encoding="utf-8")
    contract = node().folder / "orders.odcs.yaml"
    contract.write_text(CONTRACT, encoding="utf-8")
    runs = len(node().ask("get", kind="runs")["items"])
    assert "1 row read, 1 accepted, 0 rejected; " in ok("contract", "test", "-f", contract, good)
    first_run()
    done = node().runi("contract", "test", "orders@1", node().lake / "orders.csv")
    assert done.returncode == 8, done
    assert "9 rows read, 5 accepted, 4 rejected" in done.stdout, done.stdout
    bad = node().folder / "bad.txt"
    bad.write_text("id\n", encoding="utf-8")
    assert node().runi("contract", "test", "-f", contract, bad).returncode == 1
    assert len(node().ask("get", kind="runs")["items"]) <= runs + 1


PAIR = """\
pipeline = "pair"
herd     = "shop"
[contracts]
left = "contracts/left.odcs.yaml"
right = "contracts/right.odcs.yaml"
[source.lefts]
csv = "lake:/orders.csv"
contract = "left"
[source.rights]
csv = "lake:/orders.csv"
contract = "right"
"""


def contracts_of_a_bundle_are_registered_together_or_not_at_all():
    node()
    folder = node().pipeline("pair", PAIR)
    (folder / "contracts").mkdir(exist_ok=True)

    def write(**texts):
        for name, text in texts.items():
            (folder / f"contracts/{name}.odcs.yaml").write_text(text, encoding="utf-8")

    def registered():
        return {one["name"]: (one["version"], one["index"])
                for one in node().ask("contract.get", herd="shop")["contracts"] if one["name"] in ("left", "right")}

    write(left=CONTRACT, right=CONTRACT)
    ok("apply", "-f", folder)
    first = registered()
    assert {name: version for name, (version, _) in first.items()} == {"left": 1, "right": 1}, first
    assert first["left"][1] == first["right"][1], "one entry makes both"
    # One harmless and one breaking document: nothing of either is left behind.
    broken = CONTRACT.replace("name: iban", "name: account")
    write(left=CONTRACT.replace("version: 1.0.0", "version: 1.0.1"), right=broken)
    for words in (("apply", "-f", folder), ("run", folder)):
        done = node().runi(*words)
        assert done.returncode == 5 and "shop/right" in done.stderr, done
        assert registered() == first, (words, registered())
    # All that breaks is told at once.
    write(left=broken)
    done = node().runi("run", folder)
    assert done.returncode == 5, done
    for text in ("left.odcs.yaml", "right.odcs.yaml", "shop/left", "shop/right"):
        assert text in done.stderr, (text, done.stderr)
    run = wait_for(ok("run", folder, "--accept-breaking", "-o", "name"))
    assert stage_of(run, "lefts")["contract"] == "left@2" and stage_of(run, "rights")["contract"] == "right@2", run
    second = registered()
    assert second["left"][0] == second["right"][0] == 2 and second["left"][1] == second["right"][1], second


def a_request_that_comes_again_is_its_run_whatever_the_policy_is_now():
    first_run()
    before = ok("run", World.folder, "--request-id", "again-1", "-o", "name")
    wait_for(before)
    herd = node().folder / "strict.herd.toml"
    herd.write_text(HERD.replace('"tokenise"', '"redact"'), encoding="utf-8")
    try:
        ok("apply", "-f", herd)
        assert ok("run", World.folder, "--request-id", "again-1", "-o", "name") == before
        # What makes it another request is a conflict as ever.
        done = node().runi("run", World.folder, "--request-id", "again-1", "-p", "date=2020-01-01")
        assert done.returncode == 5, done
    finally:
        herd.write_text(HERD, encoding="utf-8")
        ok("apply", "-f", herd)


def history_comes_in_pages():
    a_breaking_version_is_refused_with_whom_it_breaks_once()
    everything = node().ask("contract.history", name="shop/orders")
    assert not everything["more"], everything
    numbers = [one["version"] for one in everything["versions"]]
    page = node().ask("contract.history", name="shop/orders", limit=1)
    assert [one["version"] for one in page["versions"]] == numbers[:1] and page["more"], page
    page = node().ask("contract.history", name="shop/orders", limit=1, before=numbers[0])
    assert [one["version"] for one in page["versions"]] == numbers[1:2], page


def old_versions_are_found_in_history():
    node()
    file = node().folder / "many.odcs.yaml"
    for number in range(1, 13):
        file.write_text(CONTRACT.replace("version: 1.0.0", f"version: 1.0.{number}"), encoding="utf-8")
        assert f"many@{number} applied" in ok("contract", "apply", "-f", file, "--name", "many")
    versions = node().json("contract", "history", "shop/many")["versions"]
    assert [one["version"] for one in versions] == list(range(12, 0, -1)), versions
    assert versions[-1]["objects"] == ["orders"], versions[-1]
    assert "version: 1.0.2\n" in ok("contract", "get", "many@2")
    diff = node().json("contract", "diff", "many@3")
    assert (diff["from"], diff["to"]) == (2, 3), diff
    page = node().ask("contract.history", name="shop/many", limit=5, before=7)
    assert [one["version"] for one in page["versions"]] == [6, 5, 4, 3, 2] and page["more"], page


def what_was_not_checked_did_not_fail_its_checks():
    node()
    good = node().folder / "good.csv"
    good.write_text("id,email,iban,cents\n1,a,b,5\n", encoding="utf-8")
    contract = node().folder / "sql.odcs.yaml"
    contract.write_text(CONTRACT + """\
  quality:
  - name: impossible
    type: sql
    query: SELECT count(*) FROM ${table} WHERE nothing = 1
    mustBe: 0
""", encoding="utf-8")
    done = node().runi("contract", "test", "-f", contract, good)
    assert done.returncode == 1 and "rule of the contract cannot be checked" in done.stderr, done
    contract.write_text(CONTRACT, encoding="utf-8")
    headless = node().folder / "headless.csv"
    headless.write_text("id,id\n1,2\n", encoding="utf-8")
    done = node().runi("contract", "test", "-f", contract, headless)
    assert done.returncode == 8 and "names the column" in done.stderr, done
    # A device has no end, and a folder no content: neither is read.
    for path, what in (("/dev/zero", "no regular file"), (node().folder, "is a folder")):
        done = node().runi("contract", "test", "-f", contract, path)
        assert done.returncode == 1 and what in done.stderr, done
        done = node().runi("contract", "apply", "-f", path)
        assert done.returncode == 1 and what in done.stderr, done


def files_that_take_long_to_test_hold_up_nobody_who_compiles():
    node()
    many = node().folder / "many.csv"
    many.write_text("id,email,iban,cents\n" + "".join(f"{n},a,b,5\n" for n in range(5000)), encoding="utf-8")
    contract = node().folder / "slow.odcs.yaml"
    contract.write_text(CONTRACT + """\
  quality:
  - name: endless
    type: sql
    query: SELECT count(*) FROM ${table} a, ${table} b, ${table} c, ${table} d WHERE a.id + b.id + c.id + d.id = -1
    mustBe: 0
""", encoding="utf-8")

    def test():
        return node().runi("contract", "test", "-f", contract, many)

    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = [pool.submit(test) for _ in range(3)]
        # Each compilation needs SQL to be read in a sandbox. They go on for as long as the tests do.
        compiled = 0
        while not all(one.done() for one in running):
            compiled += 1
            folder = folder_of("quick", CONTRACT, PIPELINE + f"\n# {compiled}\n")
            began = time.monotonic()
            assert node().runi("compile", folder).returncode == 0
            assert time.monotonic() - began < 10, "a test of a file holds up compiling"
        assert compiled >= 3, compiled
        ended = [one.result() for one in running]
    # One was at work, one waited for it; for the third there was no room.
    assert sorted(one.returncode for one in ended) == [6, 7, 7], ended
    assert any("being tested already" in one.stderr for one in ended), ended


def a_key_that_is_open_to_others_is_told_and_not_tried_ten_times():
    first_run()
    key = node().data / "keys/shop.key"
    key.chmod(0o644)
    try:
        run = wait_for(ok("run", World.folder, "-o", "name"))
    finally:
        key.chmod(0o600)
    assert run["status"] == "failed" and run["failed_stage"] == "checked", run
    attempts = stage_of(run, "checked")["attempts"]
    assert len(attempts) == 1 and attempts[0]["reason"] == "key_missing", attempts
    lines = [json.loads(line) for line in node().log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    told = [line for line in lines if "key of a herd cannot be used" in line["msg"]]
    assert told and told[-1]["run"] == run["id"] and told[-1]["stage"] == "checked", told


def mistakes_of_a_document_are_told_at_their_places():
    node()
    file = node().folder / "wrong.odcs.yaml"
    file.write_text(CONTRACT.replace("logicalType: integer", "logicalType: intger"), encoding="utf-8")
    done = node().runi("contract", "apply", "-f", file)
    assert done.returncode == 1, done
    assert re.search(r"wrong\.odcs\.yaml:11:18: error: .*intger", done.stderr), done.stderr
    for words, code in ((("contract", "get", "nothing"), 4), (("contract", "get", "orders@99"), 4),
                        (("contract", "get", "orders@x"), 1), (("contract", "diff"), 2),
                        (("contract",), 2)):
        first_run()
        assert node().runi(*words).returncode == code, words


def a_source_without_a_contract_does_not_compile_here():
    node()
    bare = node().pipeline("bare", 'pipeline = "bare"\nherd = "shop"\n[source.o]\ncsv = "lake:/orders.csv"\n')
    done = node().runi("compile", bare)
    assert done.returncode == 1 and "demands a contract" in done.stderr, done.stderr


def another_policy_holds_from_the_next_run_on():
    first_run()
    herd = node().folder / "strict.herd.toml"
    herd.write_text(HERD.replace('"tokenise"', '"redact"'), encoding="utf-8")
    ok("apply", "-f", herd)
    wait_for(ok("run", World.folder, "-o", "name"))
    assert rows_of("table.csv")[0]["email"] == "***", rows_of("table.csv")[0]
    herd.write_text(HERD, encoding="utf-8")
    ok("apply", "-f", herd)


def contracts_outlive_a_restart():
    first_run()
    before = node().ask("contract.get")["contracts"]
    node().kill()
    node().start()
    assert node().ask("contract.get")["contracts"] == before
    run = wait_for(ok("run", World.folder, "-o", "name"))
    assert run["status"] == "succeeded", run


if __name__ == "__main__":
    try:
        code = main([
            rows_that_break_the_contract_are_set_apart_and_counted,
            masked_columns_cannot_be_read_and_equal_values_stay_equal,
            what_sql_renames_is_masked_under_its_new_name, what_cannot_be_followed_does_not_compile,
            the_same_value_has_the_same_token_in_the_next_run,
            the_key_is_private_and_no_value_is_in_logs_or_state,
            describe_shows_which_rules_counted_what,
            a_dataset_that_breaks_its_contract_fails_the_run_and_says_why,
            drift_stops_a_source_before_a_row_is_read, a_breaking_version_is_refused_with_whom_it_breaks,
            versions_are_listed_compared_and_restored, a_file_is_tested_without_a_run,
            mistakes_of_a_document_are_told_at_their_places, a_source_without_a_contract_does_not_compile_here,
            another_policy_holds_from_the_next_run_on,
            contracts_of_a_bundle_are_registered_together_or_not_at_all,
            a_request_that_comes_again_is_its_run_whatever_the_policy_is_now, history_comes_in_pages,
            old_versions_are_found_in_history, what_was_not_checked_did_not_fail_its_checks,
            files_that_take_long_to_test_hold_up_nobody_who_compiles,
            a_key_that_is_open_to_others_is_told_and_not_tried_ten_times, contracts_outlive_a_restart])
    finally:
        if World.node:
            World.node.__exit__(*sys.exc_info())
    sys.exit(code)

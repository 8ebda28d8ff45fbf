"""The numbers of a run of examples/settlement against the generator's plan: each one, and as a block to read."""
import csv
import json

from masks import Masks
from node import stage_of

# Columns of rejected.csv, in its order: what they are called in the rejected rows, and how they are masked.
MASKED = {
    "trades": (("account", "tokenise"), ("trader_name", "redact"), ("trader_email", "hash"),
               ("trader_phone", "partial")),
    "accounts": (("account", "tokenise"), ("holder", "redact"), ("email", "hash"), ("iban", "partial")),
}
REPORTS = {"trades": "rejected.jsonl", "accounts": "rejected_accounts.jsonl"}
PUBLISHED = ("netted", "exposure", "verdicts", "masking")
STEPS = {"checked": "trades", "clients": "accounts"}


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def check_counts(stage, plan):
    """read = accepted + rejected, and what each rule of the contract counted; the rules that counted."""
    counters = stage["counters"]
    got = {name: counters[f"rows_{name}"] for name in ("read", "accepted", "rejected")}
    assert got == {name: plan[name] for name in got}, (stage["name"], got)
    assert got["accepted"] + got["rejected"] == got["read"], got
    assert [output["rows"] for output in stage["outputs"]] == [got["accepted"], got["rejected"]], stage["outputs"]
    counted = {one["rule"]: one["counted"] for one in stage["quality"]}
    assert set(plan["counted"]) <= set(counted), set(plan["counted"]) - set(counted)
    wrong = {rule: (n, plan["counted"].get(rule, 0)) for rule, n in counted.items()
             if n != plan["counted"].get(rule, 0)}
    assert not wrong, f"{stage['name']}: rules that counted something else than planned: {wrong}"
    return [one for one in stage["quality"] if one["counted"] or one["scope"] == "dataset"]


def check_rejected(reports, expected, masks):
    """Every rejected row: its place, its rules, its masked values; how many rows."""
    planned = {"trades": {}, "accounts": {}}
    for row in rows_of(expected / "rejected.csv"):
        planned[row["object"]][row["source_file"], int(row["source_record"])] = row
    for kind, name in REPORTS.items():
        with (reports / name).open(encoding="utf-8") as file:
            got = [json.loads(line) for line in file]
        places = [(row["source_file"], row["source_record"]) for row in got]
        assert sorted(places) == sorted(planned[kind]), f"{name}: other rows than planned"
        for place, row in zip(places, got):
            check_row(row, planned[kind][place], MASKED[kind], masks)
    return {kind: len(rows) for kind, rows in planned.items()}


def check_row(row, plan, columns, masks):
    rules = plan["rules"].split(" ")
    assert (row["rule"], row["all_rules"]) == (rules[0], rules), (row, plan)
    assert row.get("raw") is None, row
    values = list(plan.values())[-len(columns):]
    for (column, method), value in zip(columns, values):
        # The plan writes CSV's fields as they stand in the file: two quotes are an empty text.
        text = "" if value == '""' else value
        masked = getattr(masks, method)(text) if value else None
        assert row.get(column) == masked, (column, row, masked)


def check_run(node, run, expected):
    """Compares all numbers of one run; the lines that tell them."""
    reports = node.reports / "settlement"
    for name in PUBLISHED:
        assert (reports / f"{name}.csv").read_bytes() == (expected / f"{name}.csv").read_bytes(), \
            f"{name}.csv is not what the plan says"
    plan = json.loads((expected / "plan.json").read_text(encoding="utf-8"))
    counting = {step: check_counts(stage_of(run, step), plan[step]) for step in plan}
    masks = Masks((node.data / "keys/finance.key").read_bytes())
    rejected = check_rejected(reports, expected, masks)
    assert rejected == {STEPS[step]: plan[step]["rejected"] for step in plan}, rejected
    sinks = [stage["sink"] for stage in run["stages"] if stage["kind"] == "sink"]
    assert sinks and all(sink["published"] for sink in sinks), sinks
    netted = rows_of(reports / "netted.csv")
    statement = stage_of(run, "statement")["outputs"][0]["rows"]
    assert statement == len(netted), (statement, len(netted))
    return block(plan, counting, rows_of(reports / "masking.csv"), netted, len(sinks))


def cents(text):
    return int(text.replace(".", ""))


def block(plan, counting, masking, netted, sinks):
    lines = []
    for step, one in plan.items():
        lines.append(f"{STEPS[step]}: {one['read']:,} read = {one['accepted']:,} accepted + "
                     f"{one['rejected']:,} rejected, as planned")
        lines += [f"    {rule['rule']:<32}{rule['reason']:<20}{rule['severity']:<9}"
                  f"{rule['counted']:>14,} of {rule['of']:>9,}   allowed {rule['bound']:<26}{rule['verdict']}"
                  for rule in counting[step]]
    lines.append("masked, as planned (in rejected rows each value compared with HMAC and SipHash computed apart)")
    lines += [f"    {one['object']:<9}{one['rows']:<10}{one['column']:<14}{one['mask']:<11}"
              f"{int(one['values']):>10,} values {int(one['different']):>6,} different" for one in masking]
    trades, net = sum(int(one["trades"]) for one in netted), sum(cents(one["net"]) for one in netted)
    moved = sum(abs(cents(one["net"])) for one in netted)
    lines.append(f"netted: {len(netted):,} amounts of {trades:,} trades; sum {net / 100:,.2f}, "
                 f"sum of sizes {moved / 100:,.2f}; equal to the plan byte for byte")
    lines.append(f"published: {sinks} managed sinks, each once")
    return lines

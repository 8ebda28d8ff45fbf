"""Confirms every net amount: who pays, and under which reference. Standard library only.

Reads RUNINK_IN/payable/*.csv and writes RUNINK_OUT/confirmed/part-0.jsonl. The reference is a
function of the line alone, so a repeated attempt confirms the same thing.
"""
import csv
import hashlib
import json
import os
import pathlib
from decimal import Decimal


def confirmations(folder):
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            for line in csv.DictReader(file):
                net = Decimal(line["net"])
                key = f"{line['counterparty']}|{line['currency']}|{net}"
                yield {
                    "counterparty": line["counterparty"],
                    "currency": line["currency"],
                    "direction": "pay" if net < 0 else "receive" if net > 0 else "none",
                    "reference": "RK" + hashlib.sha256(key.encode()).hexdigest()[:14].upper(),
                }


def main():
    out = pathlib.Path(os.environ["RUNINK_OUT"]) / "confirmed"
    out.mkdir(exist_ok=True)
    rows = 0
    with (out / "part-0.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        for one in confirmations(pathlib.Path(os.environ["RUNINK_IN"]) / "payable"):
            file.write(json.dumps(one) + "\n")
            rows += 1
    print(f"{rows} amounts confirmed")
    if report := os.environ.get("RUNINK_REPORT"):
        with open(report, "a", encoding="utf-8") as file:
            file.write(json.dumps({"output": {"dataset": "confirmed", "rows": rows}}) + "\n")


if __name__ == "__main__":
    main()

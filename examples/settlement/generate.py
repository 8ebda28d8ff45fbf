#!/usr/bin/env python3
"""Makes the trades of examples/settlement, and what must come out of them. Standard library only.

  examples/settlement/generate.py --lake .data/examples/lake --expected .data/examples/expected \
                                  [--rows 1000000] [--seed 20261120] [--files 4]

Trades are invented with a seed over real reference data in LAKE/reference (tools/fetch_example_data):
the price of a trade lies near the S&P 500's close of its day, counterparties are BICs of German
banks, currencies are ISO 4217. Names and e-mail addresses are invented (example.com). A part of
the rows is broken in ways and numbers that the plan fixes before the first row is written.

Writes LAKE/settlement/trades-N.csv, and EXPECTED/netted.csv and EXPECTED/verdicts.csv: the same
columns, order and bytes that the pipeline's sinks publish. They are added up here in whole cents
while the rows are made; neither the CSV files nor DuckDB are read for it. The same arguments give
the same bytes.
"""
import argparse
import collections
import csv
import datetime
import json
import os
import pathlib
import random

COUNTERPARTIES = 400
CURRENCIES = ("AUD", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HKD", "JPY", "NOK", "PLN", "SEK",
              "SGD", "USD")
# Of a thousand rows so many are broken in this way; at least one row is.
BROKEN_PER_MILLE = {
    "bad date": 1, "bad quantity": 2, "bad price": 2, "bad side": 1, "unknown bank": 3,
    "unknown currency": 2, "no trading day": 1, "off the market": 2, "duplicate": 4,
}
GIVEN = ("Ada", "Amal", "Bela", "Chiara", "Dele", "Elif", "Femke", "Goran", "Hana", "Imre", "Jonas",
         "Kaya", "Lior", "Mira", "Noor", "Olga", "Pavel", "Quirin", "Rosa", "Sami", "Tove", "Uma")
FAMILY = ("Abendroth", "Birkenau", "Castell", "Dornfeld", "Eschbach", "Falkner", "Grünwald",
          "Hollstein", "Immergut", "Jungblut", "Kaltwasser", "Lindqvist", "Morgenrot", "Nordmann")
HEADER = ("trade_id", "trade_date", "side", "counterparty", "currency", "quantity", "price",
          "trader_name", "trader_email")


def read_reference(lake):
    """Trading days with their closes in cents, BICs, currency codes."""
    with (lake / "reference/sp500.csv").open(newline="") as file:
        days = [(line["date"], round(float(line["close"]) * 100)) for line in csv.DictReader(file)]
    with (lake / "reference/banks.jsonl").open(encoding="utf-8") as file:
        bics = sorted({bic for bic in (json.loads(line)["bic"] for line in file) if bic})
    with (lake / "reference/currencies.csv").open(newline="", encoding="utf-8") as file:
        codes = {line["code"] for line in csv.DictReader(file)}
    missing = [one for one in CURRENCIES if one not in codes]
    if missing:
        raise SystemExit(f"generate: {missing} are not in {lake}/reference/currencies.csv")
    return days, bics, codes


def plan_broken(rows, chance):
    """{row: kind}; the first row is good, so that a duplicate has something to repeat."""
    kinds = [kind for kind, per_mille in BROKEN_PER_MILLE.items()
             for _ in range(max(1, rows * per_mille // 1000))]
    if rows < 10 * len(kinds):
        raise SystemExit("generate: --rows must be at least 200")
    places = chance.sample(range(1, rows), len(kinds))
    return dict(zip(places, kinds))


def unknown(known, length, chance):
    while True:
        text = "".join(chance.choice("QXZ") for _ in range(length))
        if text not in known:
            return text


def next_saturday(day):
    date = datetime.date.fromisoformat(day)
    return (date + datetime.timedelta(days=(5 - date.weekday()) % 7)).isoformat()


class Trades:
    """Makes the rows one after the other and adds up what is good."""

    def __init__(self, lake, rows, seed):
        self.chance = random.Random(seed)
        self.days, self.bics, self.codes = read_reference(lake)
        self.counterparties = self.chance.sample(self.bics, COUNTERPARTIES)
        self.broken = plan_broken(rows, self.chance)
        self.traders = [f"{given} {family},{given.lower()}.{family.lower()}@example.com"
                        for given in GIVEN for family in FAMILY]
        self.cents = collections.defaultdict(int)
        self.trades = collections.defaultdict(int)
        self.verdicts = collections.Counter()
        self.last_good = None

    def row(self, number):
        bits = self.chance.getrandbits(128)
        bits, pick = divmod(bits, len(self.days))
        day, close = self.days[pick]
        bits, pick = divmod(bits, COUNTERPARTIES)
        bank = self.counterparties[pick]
        bits, pick = divmod(bits, len(CURRENCIES))
        currency = CURRENCIES[pick]
        bits, quantity = divmod(bits, 5_000)
        quantity += 1
        bits, spread = divmod(bits, 1_001)      # -0.5 % .. +0.5 %
        bits, pick = divmod(bits, len(self.traders))
        trader = self.traders[pick]
        side = "sell" if bits & 1 else "buy"
        price = close * (99_500 + spread) // 100_000
        kind = self.broken.get(number)
        if kind is None:
            self.verdicts["good"] += 1
            key = (bank, currency)
            self.trades[key] += 1
            self.cents[key] += quantity * price if side == "sell" else -quantity * price
            self.last_good = (f"T{number:09d},{day},{side},{bank},{currency},{quantity},"
                              f"{price // 100}.{price % 100:02d},{trader}\n")
            return self.last_good
        self.verdicts[kind] += 1
        return self.broken_row(kind, number, day, side, bank, currency, quantity, price, trader)

    def broken_row(self, kind, number, day, side, bank, currency, quantity, price, trader):
        if kind == "duplicate":
            return self.last_good
        money = f"{price // 100}.{price % 100:02d}"
        # Ways in turn, the first one always: it makes the whole column text, as a mixed file does.
        def in_turn(*ways):
            return ways[(self.verdicts[kind] - 1) % len(ways)]
        if kind == "bad date":
            day = in_turn("today", day[:4] + "-02-30", f"{day[8:]}.{day[5:7]}.{day[:4]}", "")
        elif kind == "bad quantity":
            quantity = in_turn(f"{quantity}x", "", "0", f"-{quantity}", f"{quantity}.5", "1e3")
        elif kind == "bad price":
            money = in_turn("n/a", "", f'"{money[:1]},{money[1:]}"', f"{money}5", f"-{money}")
        elif kind == "bad side":
            side = in_turn("short", "", "BUY!")
        elif kind == "unknown bank":
            bank = unknown(self.bics, 11, self.chance)
        elif kind == "unknown currency":
            currency = unknown(self.codes, 3, self.chance)
        elif kind == "no trading day":
            day = next_saturday(day)
        elif kind == "off the market":
            money = f"{price * 3 // 100}.{price * 3 % 100:02d}"
        return f"T{number:09d},{day},{side},{bank},{currency},{quantity},{money},{trader}\n"


def write_aside(path, texts):
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".part")
    with aside.open("w", encoding="utf-8", newline="") as file:
        file.writelines(texts)
    os.replace(aside, path)


def amount(cents):
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__,
                                        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--lake", type=pathlib.Path, required=True)
    arguments.add_argument("--expected", type=pathlib.Path, required=True)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--seed", type=int, default=20261120)
    arguments.add_argument("--files", type=int, default=4)
    given = arguments.parse_args()

    trades = Trades(given.lake, given.rows, given.seed)
    folder = given.lake / "settlement"
    for old in folder.glob("trades-*.csv"):
        old.unlink()
    for part in range(given.files):
        first = given.rows * part // given.files
        last = given.rows * (part + 1) // given.files
        rows = map(trades.row, range(first, last))
        write_aside(folder / f"trades-{part}.csv", (text for texts in
                    ([",".join(HEADER) + "\n"], rows) for text in texts))
    write_aside(given.expected / "netted.csv", ["counterparty,currency,trades,net\n"] + [
        f"{bank},{currency},{trades.trades[bank, currency]},{amount(cents)}\n"
        for (bank, currency), cents in sorted(trades.cents.items())])
    write_aside(given.expected / "verdicts.csv", ["verdict,rows\n"] + [
        f"{verdict},{rows}\n" for verdict, rows in sorted(trades.verdicts.items())])
    broken = given.rows - trades.verdicts["good"]
    print(f"{given.rows} trades, {broken} of them broken, in {folder}; "
          f"{len(trades.cents)} amounts in {given.expected}/netted.csv")


if __name__ == "__main__":
    main()

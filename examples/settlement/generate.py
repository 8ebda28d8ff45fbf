#!/usr/bin/env python3
"""Makes the trades of examples/settlement, and what must come out of them. Standard library only.

  examples/settlement/generate.py --lake .data/examples/lake --expected .data/examples/expected \
                                  [--rows 1000000] [--seed 20261120] [--files 4]

Trades and accounts are invented with a seed over real reference data in LAKE/reference
(tools/fetch_example_data): the price of a trade lies near the S&P 500's close of its day,
counterparties are BICs of German banks, currencies are ISO 4217. Persons are invented (example.com).
A part of the rows is broken in ways and numbers that the plan fixes before the first row is written;
the plan names the rules of the contract that each of them breaks.

Writes LAKE/settlement/trades-N.csv and accounts.jsonl, and below EXPECTED:
  netted.csv, exposure.csv, verdicts.csv, masking.csv   as the pipeline's sinks publish them, byte for byte
  rejected.csv                each row that must be set apart: its place, its rules, its values unmasked
  plan.json                   rows read, accepted, rejected; what each rule of the contract must count
They are added up here, in whole cents, while the rows are made; neither the files of LAKE/settlement
nor DuckDB are read for it. The same arguments give the same bytes.
"""
import argparse
import collections
import csv
import datetime
import io
import json
import os
import pathlib
import random

from invented_accounts import CLASSIFIED, FAMILY, GIVEN, Accounts, plain

COUNTERPARTIES = 400
CURRENCIES = ("AUD", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HKD", "JPY", "NOK", "PLN", "SEK",
              "SGD", "USD")
HEADER = ("trade_id", "execution", "trade_date", "side", "counterparty", "currency", "quantity", "price",
          "account", "trader_name", "trader_email", "trader_phone")
MASKED = ("account", "trader_name", "trader_email", "trader_phone")

# Way of being broken: of a thousand rows so many (one at least; 0 = exactly one), and the rules of the
# contract that it breaks. The first rule sets the row apart.
BROKEN = {
    "cut short":          (1, "too_few_columns"),
    "comma in a name":    (1, "too_many_columns"),
    "stray quote":        (1, "bad_quoting"),
    "not UTF-8":          (1, "bad_utf8"),
    "over a mebibyte":    (0, "record_too_long"),
    "no trade id":        (1, "required(trade_id)"),
    "trade id misspelt":  (1, "pattern(trade_id)"),
    "booked again":       (2, "primaryKey"),
    "short execution":    (1, "minLength(execution)"),
    "long execution":     (1, "maxLength(execution)"),
    "executed twice":     (2, "unique(execution)"),
    "no date":            (1, "required(trade_date)"),
    "bad date":           (1, "type(trade_date)"),
    "before the index":   (1, "minimum(trade_date)"),
    "far future":         (1, "maximum(trade_date)"),
    "no trading day":     (1, "reference(trade_date)"),
    "no side":            (1, "required(side)"),
    "unknown side":       (1, "side_is_known"),
    "unknown bank":       (3, "reference(counterparty)"),
    "unknown currency":   (2, "reference(currency)"),
    "bad quantity":       (2, "type(quantity)"),
    "nothing bought":     (1, "minimum(quantity)"),
    "far too many":       (1, "maximum(quantity)"),
    "odd lot":            (1, "multipleOf(quantity)"),
    "bad price":          (2, "type(price)"),
    "no price":           (1, "required(price)"),
    "given away":         (1, "exclusiveMinimum(price)"),
    "far too dear":       (1, "exclusiveMaximum(price)"),
    "unknown account":    (2, "reference(account)"),
    "nobody traded":      (1, "trader_is_named"),
    "bad email":          (1, "format(trader_email)"),
    "no phone":           (1, "phone_is_known"),
    "two at once":        (1, "type(price)", "side_is_known"),
}
MALFORMED = ("cut short", "comma in a name", "stray quote", "not UTF-8", "over a mebibyte")
# These hold, and are odd: a matter of two rows, and of all rows together.
ODD = {"off the market": 2, "no email": 5}
MEBIBYTE = 1 << 20


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


def plan_kinds(rows, chance):
    """{row: kind}; the first row is good, so that a duplicate has something to repeat."""
    shares = {kind: of[0] for kind, of in BROKEN.items()} | ODD
    kinds = [kind for kind, share in shares.items() for _ in range(max(1, rows * share // 1000))]
    if rows < 10 * len(kinds):
        raise SystemExit("generate: --rows must be at least 1000")
    return dict(zip(chance.sample(range(1, rows), len(kinds)), kinds))


def unknown(known, length, chance):
    while True:
        text = "".join(chance.choice("QXZ") for _ in range(length))
        if text not in known:
            return text


def next_saturday(day):
    date = datetime.date.fromisoformat(day)
    return (date + datetime.timedelta(days=(5 - date.weekday()) % 7)).isoformat()


def money(cents):
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


class Trades:
    """Makes the rows one after the other and adds up what must come out."""

    def __init__(self, lake, rows, seed):
        self.chance = random.Random(seed)
        self.days, self.bics, self.codes = read_reference(lake)
        self.counterparties = self.chance.sample(self.bics, COUNTERPARTIES)
        self.accounts = Accounts(self.chance)
        self.kinds = plan_kinds(rows, self.chance)
        self.traders = self.invent_traders()
        self.cents = collections.defaultdict(int)
        self.trades = collections.defaultdict(int)
        self.exposed = collections.defaultdict(lambda: [set(), 0, 0])
        self.verdicts = collections.Counter()
        self.counted = collections.Counter()  # what each rule must count
        self.used = [collections.Counter() for _ in MASKED]  # values of accepted rows, by column
        self.rejected = []                    # (row, rules, the row's fields or None)
        self.seen = collections.Counter()     # rows of each kind so far
        self.sides = set()
        self.last_good = None

    @staticmethod
    def invent_traders():
        """(name, e-mail, phone); one in seven has an Austrian phone."""
        people = [(given, family) for given in GIVEN for family in FAMILY]
        return [(f"{given} {family}", f"{plain(given)}.{plain(family)}@example.com",
                 f"+4{'3' if number % 7 == 0 else '9'} 151 {1000000 + number * 7919}")
                for number, (given, family) in enumerate(people)]

    def row(self, number):
        bits = self.chance.getrandbits(160)
        bits, pick = divmod(bits, len(self.days))
        day, close = self.days[pick]
        bits, pick = divmod(bits, COUNTERPARTIES)
        bank = self.counterparties[pick]
        bits, pick = divmod(bits, len(CURRENCIES))
        currency = CURRENCIES[pick]
        bits, lots = divmod(bits, 500)
        quantity = 10 * (lots + 1)
        bits, spread = divmod(bits, 1_001)      # -0.5 % .. +0.5 %
        bits, pick = divmod(bits, len(self.traders))
        name, email, phone = self.traders[pick]
        bits, pick = divmod(bits, len(self.accounts.good))
        account = self.accounts.good[pick]
        side = "sell" if bits & 1 else "buy"
        price = close * (99_500 + spread) // 100_000
        kind = self.kinds.get(number)
        if kind in BROKEN:
            return self.broken_row(kind, number, [
                f"T{number:09d}", f"X{number:09d}", day, side, bank, currency, str(quantity), money(price),
                account, name, email, phone])
        if kind == "off the market":
            price *= 3
        if kind == "no email":
            email = ""
        self.accept(kind, side, bank, currency, quantity, price, account, name, email, phone)
        fields = (f"T{number:09d}", f"X{number:09d}", day, side, bank, currency, str(quantity), money(price),
                  account, name, email, phone)
        if kind is None:
            self.last_good = fields
        return ",".join(fields) + "\n"

    def accept(self, kind, side, bank, currency, quantity, price, account, name, email, phone):
        accounts, names, emails, phones = self.used
        accounts[account] += 1
        names[name] += 1
        phones[phone] += 1
        if email:
            emails[email] += 1
        self.sides.add(side)
        self.counted["shares_traded"] += quantity
        if kind == "off the market":
            self.verdicts["off the market"] += 1
            return
        self.verdicts["netted"] += 1
        cents = quantity * price if side == "sell" else -quantity * price
        self.trades[bank, currency] += 1
        self.cents[bank, currency] += cents
        exposed = self.exposed[self.accounts.kind_of[account], currency]
        exposed[0].add(account)
        exposed[1] += 1
        exposed[2] += cents

    def broken_row(self, kind, number, fields):
        rules = BROKEN[kind][1:]
        self.counted.update(rules)
        self.verdicts[rules[0]] += 1
        self.seen[kind] += 1
        text = self.malformed(kind, fields) if kind in MALFORMED else None
        if text is None:
            self.break_fields(kind, dict(zip(HEADER, fields)), fields)
            text = ",".join(fields)
        else:
            fields = None  # nothing is known of its values
        self.rejected.append((number, rules, fields))
        return text + "\n"

    def malformed(self, kind, fields):
        name = HEADER.index("trader_name")
        if kind == "cut short":
            return ",".join(fields[:name])
        fields = list(fields)
        given, family = fields[name].split(" ")
        fields[name] = {"comma in a name": f"{family}, {given}", "stray quote": f'{given} "the {family}" {family}',
                        "not UTF-8": f"{given} Gr\udcfcn{family}",
                        "over a mebibyte": f"{given} " * (MEBIBYTE // len(given))}[kind]
        return ",".join(fields)

    def break_fields(self, kind, now, fields):
        """Changes `fields` so that the row breaks what BROKEN says of `kind`, and nothing else."""
        def in_turn(*ways):
            return ways[(self.seen[kind] - 1) % len(ways)]

        day, price, quantity = now["trade_date"], now["price"], now["quantity"]
        changes = {
            "no trade id": lambda: {"trade_id": ""},
            "trade id misspelt": lambda: {"trade_id": in_turn("T1", now["trade_id"].lower(), "7" + now["trade_id"])},
            "booked again": lambda: {"trade_id": self.last_good[0]},
            "short execution": lambda: {"execution": now["execution"][:9]},
            "long execution": lambda: {"execution": now["execution"] + "0"},
            "executed twice": lambda: {"execution": self.last_good[1]},
            "no date": lambda: {"trade_date": ""},
            "bad date": lambda: {"trade_date": in_turn("today", day[:4] + "-02-30",
                                                       f"{day[8:]}.{day[5:7]}.{day[:4]}")},
            "before the index": lambda: {"trade_date": "1999-12-31"},
            "far future": lambda: {"trade_date": "2031-01-02"},
            "no trading day": lambda: {"trade_date": next_saturday(day)},
            "no side": lambda: {"side": ""},
            "unknown side": lambda: {"side": in_turn("short", "BUY", "b")},
            "unknown bank": lambda: {"counterparty": unknown(self.bics, 11, self.chance)},
            "unknown currency": lambda: {"currency": unknown(self.codes, 3, self.chance)},
            "bad quantity": lambda: {"quantity": in_turn(f"{quantity}x", f"{quantity}.5", "1e3", "ten")},
            "nothing bought": lambda: {"quantity": in_turn("0", f"-{quantity}")},
            "far too many": lambda: {"quantity": "1000000"},
            "odd lot": lambda: {"quantity": str(int(quantity) + 3)},
            "bad price": lambda: {"price": in_turn("n/a", f'"{price[:1]},{price[1:]}"', f"{price}5")},
            "no price": lambda: {"price": ""},
            "given away": lambda: {"price": in_turn("0.00", f"-{price}")},
            "far too dear": lambda: {"price": in_turn("100000.00", "123456.78")},
            "unknown account": lambda: {"account": in_turn("A999999", *self.accounts.set_apart)},
            "nobody traded": lambda: {"trader_name": ""},
            "bad email": lambda: {"trader_email": in_turn("ask the desk", now["trader_email"].replace("@", " at "))},
            "no phone": lambda: {"trader_phone": in_turn("n/a", "unknown", '""')},
            "two at once": lambda: {"price": "n/a", "side": "short"},
        }
        for name, text in changes[kind]().items():
            fields[HEADER.index(name)] = text
        phone = fields[-1].strip('"')
        if not phone.startswith("+49 "):
            self.counted["phones_are_german"] += 1

    def finish(self, rows):
        """Counts that are known when all rows are."""
        accepted = rows - len(self.rejected)
        self.counted["enough_trades"] = accepted
        self.counted["no_trade_on_a_weekend"] = 0
        self.counted["both_sides_traded"] = len(self.sides)
        self.counted["few_without_email"] = accepted - sum(self.used[2].values())
        self.counted["phones_are_german"] += sum(
            n for phone, n in self.used[3].items() if not phone.startswith("+49 "))


def partial(text):
    return "***" if len(text) < 9 else "*" * (len(text) - 4) + text[-4:]


def masked_as(method, text):
    """What a masked value looks like, and something that is as different as the masked values are."""
    if method == "redact":
        return "redacted", "***"
    if method == "partial":
        return ("redacted" if len(text) < 9 else "last four"), partial(text)
    return {"tokenise": "token", "hash": "hash"}[method], text


def count_masks(lines, part, values):
    """`values`: (column, method, text, how often)."""
    shapes = collections.defaultdict(lambda: [0, set()])
    for column, method, text, often in values:
        shape, different = masked_as(method, text)
        shapes[column, shape][0] += often
        shapes[column, shape][1].add(different)
    lines += [f"{part},{column},{shape},{often},{len(different)}\n"
              for (column, shape), (often, different) in sorted(shapes.items())]


def masking(trades):
    """masking.csv: what the masked values of accepted and rejected rows look like."""
    methods = dict(zip(MASKED, ("tokenise", "redact", "hash", "partial")))
    lines = []
    accounts = trades.accounts
    holder = dict(zip(CLASSIFIED, ("tokenise", "redact", "hash", "redact", "partial", "redact")))
    count_masks(lines, "accounts,accepted", [
        (name, holder[name], text, 1) for values in accounts.accepted_values for name, text in values.items()])
    holder["tax_number"] = "hash"  # only the mask step is stricter than the herd
    count_masks(lines, "accounts,rejected", [
        (name, holder[name], text, 1) for _, _, values in accounts.rejected
        for name, text in values.items() if text is not None])
    count_masks(lines, "trades,accepted", [
        (name, methods[name], text, often) for name, used in zip(MASKED, trades.used) for text, often in used.items()])
    places = [(name, HEADER.index(name)) for name in MASKED]
    count_masks(lines, "trades,rejected", [
        (name, methods[name], fields[place].strip('"'), 1) for _, _, fields in trades.rejected if fields
        for name, place in places if fields[place]])
    return ["object,rows,column,mask,values,different\n"] + lines


def rejected_rows(trades, rows, files):
    """rejected.csv: object, place, rules, and the classified values as they were, unmasked."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("object", "source_file", "source_record", "rules", *MASKED))
    for record, rules, values in trades.accounts.rejected:
        writer.writerow(("accounts", "accounts.jsonl", record, " ".join(rules), values["account"],
                         values["holder"], values["email"], values["iban"]))
    firsts = [rows * part // files for part in range(files)]
    part = 0
    for number, rules, fields in trades.rejected:
        while part + 1 < files and number >= firsts[part + 1]:
            part += 1
        # A dataset of several files puts a number before their names.
        name = f"trades-{part}.csv" if files == 1 else f"{part + 1:05d}-trades-{part}.csv"
        writer.writerow(("trades", name, number - firsts[part] + 1, " ".join(rules),
                         *((fields[HEADER.index(one)] for one in MASKED) if fields else [""] * len(MASKED))))
    return [out.getvalue()]


def plan(trades, rows):
    """plan.json: the numbers of the two steps that validate."""
    accounts = trades.accounts
    read = {"checked": rows, "clients": len(accounts.lines)}
    rejected = {"checked": len(trades.rejected), "clients": len(accounts.rejected)}
    counted = {"checked": trades.counted, "clients": accounts.counted}
    return [json.dumps({step: {
        "read": read[step], "accepted": read[step] - rejected[step], "rejected": rejected[step],
        "counted": dict(sorted(counted[step].items()))} for step in read}, indent=2) + "\n"]


def write_aside(path, texts):
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".part")
    with aside.open("w", encoding="utf-8", newline="", errors="surrogateescape") as file:
        file.writelines(texts)
    os.replace(aside, path)


def write_expected(folder, trades, rows, files):
    write_aside(folder / "netted.csv", ["counterparty,currency,trades,net\n"] + [
        f"{bank},{currency},{trades.trades[bank, currency]},{money(cents)}\n"
        for (bank, currency), cents in sorted(trades.cents.items())])
    write_aside(folder / "exposure.csv", ["kind,currency,accounts,trades,net\n"] + [
        f"{kind},{currency},{len(accounts)},{count},{money(cents)}\n"
        for (kind, currency), (accounts, count, cents) in sorted(trades.exposed.items())])
    write_aside(folder / "masking.csv", masking(trades))
    write_aside(folder / "rejected.csv", rejected_rows(trades, rows, files))
    write_aside(folder / "plan.json", plan(trades, rows))
    # The last one: where it stands, all of them do.
    write_aside(folder / "verdicts.csv", ["verdict,rows\n"] + [
        f"{verdict},{count}\n" for verdict, count in sorted(trades.verdicts.items())])


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
    write_aside(folder / "accounts.jsonl", trades.accounts.lines)
    for part in range(given.files):
        first = given.rows * part // given.files
        last = given.rows * (part + 1) // given.files
        rows = map(trades.row, range(first, last))
        write_aside(folder / f"trades-{part}.csv", (text for texts in
                    ([",".join(HEADER) + "\n"], rows) for text in texts))
    trades.finish(given.rows)
    write_expected(given.expected, trades, given.rows, given.files)
    print(f"{given.rows} trades, {len(trades.rejected)} of them broken, and {len(trades.accounts.lines)} accounts "
          f"in {folder}; {len(trades.cents)} amounts in {given.expected}/netted.csv")


if __name__ == "__main__":
    main()

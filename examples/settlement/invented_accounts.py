"""The accounts that the invented trades are for: JSON lines, some broken as planned. Part of generate.py."""
import collections
import json
import uuid

GIVEN = ("Ada", "Amal", "Bela", "Chiara", "Dele", "Elif", "Femke", "Goran", "Hana", "Imre", "Jonas",
         "Kaya", "Lior", "Mira", "Noor", "Olga", "Pavel", "Quirin", "Rosa", "Sami", "Tove", "Uma")
FAMILY = ("Abendroth", "Birkenau", "Castell", "Dornfeld", "Eschbach", "Falkner", "Grünwald",
          "Hollstein", "Immergut", "Jungblut", "Kaltwasser", "Lindqvist", "Morgenrot", "Nordmann")
GOOD = 1_000
# Personal data: masked in what goes on, and in the rejected rows.
CLASSIFIED = ("account", "holder", "email", "tax_number", "iban", "address")

# Way of being broken: the rules of the contract that it breaks; the first one sets the row apart.
BROKEN = {
    "cut off":            ("bad_json",),
    "account misspelt":   ("pattern(account)",),
    "booked again":       ("primaryKey",),
    "no mandate":         ("required(mandate)",),
    "mandate misspelt":   ("format(mandate)",),
    "mandate twice":      ("unique(mandate)",),
    "unknown kind":       ("kind_is_known",),
    "no holder":          ("required(holder)",),
    "no email":           ("email_is_given",),
    "no tax number":      ("tax_number_is_known",),
    "short iban":         ("minLength(iban)",),
    "long iban":          ("maxLength(iban)",),
    "iban twice":         ("iban_once",),
    "born unreadable":    ("type(born)",),
    "rating as text":     ("type(rating)",),
    "rating too low":     ("minimum(rating)",),
    "rating too high":    ("maximum(rating)",),
    "no currency":        ("minItems(currencies)",),
    "many currencies":    ("maxItems(currencies)",),
    "currency repeated":  ("uniqueItems(currencies)",),
    "currency misspelt":  ("pattern(currencies[])",),
    "little address":     ("minProperties(address)",),
    "much address":       ("maxProperties(address)",),
    "address nowhere":    ("requiredProperties(address)",),
    "country in full":    ("maxLength(address.country)",),
    "city is a number":   ("type(address.city)",),
    "two at once":        ("minLength(iban)", "kind_is_known"),
}
MALFORMED = ("cut off",)


def plain(text):
    """For addresses of e-mail, which are ASCII."""
    return text.lower().replace("ü", "ue")


def break_one(kind, account, good):
    """Changes `account` so that it breaks what BROKEN says of `kind`, and nothing else."""
    address = account["address"]
    changes = {
        "account misspelt": {"account": account["account"].lower()},
        "booked again": {"account": good["account"]},
        "no mandate": {"mandate": None},
        "mandate misspelt": {"mandate": account["mandate"][:-1]},
        "mandate twice": {"mandate": good["mandate"]},
        "unknown kind": {"kind": "ghost"},
        "no holder": {"holder": None},
        "no email": {"email": None},
        "no tax number": {"tax_number": "n/a"},
        "short iban": {"iban": account["iban"][:12]},
        "long iban": {"iban": account["iban"] * 2},
        "iban twice": {"iban": good["iban"]},
        "born unreadable": {"born": "04.03.1971"},
        "rating as text": {"rating": "3"},
        "rating too low": {"rating": 0},
        "rating too high": {"rating": 6},
        "no currency": {"currencies": []},
        "many currencies": {"currencies": ["EUR", "USD", "GBP", "CHF", "JPY"]},
        "currency repeated": {"currencies": ["EUR", "USD", "EUR"]},
        "currency misspelt": {"currencies": ["EUR", "usd"]},
        "little address": {"address": {"city": address["city"], "country": "DE"}},
        "much address": {"address": {**address, "floor": "3", "door": "left"}},
        "address nowhere": {"address": {k: v for k, v in address.items() if k != "country"}},
        "country in full": {"address": {**address, "country": "Germany"}},
        "city is a number": {"address": {**address, "city": 7}},
        "two at once": {"iban": account["iban"][:9], "kind": "ghost"},
    }
    account.update(changes.get(kind, {}))


class Accounts:
    """Makes the lines and knows what must become of each."""

    def __init__(self, chance):
        self.chance = chance
        self.lines = []
        self.good = []           # accounts that trades can be for
        self.kind_of = {}        # account -> person or company
        self.set_apart = []      # accounts whose rows are rejected, under ids that nobody else has
        self.rejected = []       # (record, rules, classified values)
        self.counted = collections.Counter()
        self.accepted_values = []
        self.holders = []
        kinds = [None] * GOOD + list(BROKEN)
        rest = kinds[1:]
        chance.shuffle(rest)     # the first one is good: there is something to repeat
        for number, kind in enumerate(kinds[:1] + rest):
            self.add(number, kind)
        repeats = len(self.holders) - len(set(self.holders))
        self.counted["holders_repeat"] = repeats
        for rule in ("accounts_in_range", "no_test_file"):
            self.counted[rule] = len(self.good)

    def add(self, number, kind):
        account = self.invent(number)
        if kind:
            break_one(kind, account, self.first)
        elif not self.good:
            self.first = dict(account)
        text = json.dumps(account, ensure_ascii=False)
        malformed = kind in MALFORMED
        self.lines.append((text[:len(text) // 2] if malformed else text) + "\n")
        values = {name: None if malformed else account[name] for name in CLASSIFIED}
        if values["address"] is not None:
            values["address"] = json.dumps(values["address"], ensure_ascii=False)
        if not malformed:
            if account["rating"] is None:
                self.counted["most_are_rated"] += 1
            if account["holder"] is not None:
                self.holders.append((account["holder"], account["kind"]))
        if kind is None:
            self.good.append(account["account"])
            self.kind_of[account["account"]] = account["kind"]
            self.accepted_values.append(values)
            return
        rules = BROKEN[kind]
        self.counted.update(rules)
        self.rejected.append((number + 1, rules, values))
        if kind not in ("cut off", "account misspelt", "booked again"):
            self.set_apart.append(account["account"])

    def invent(self, number):
        chance = self.chance
        person = chance.random() < 0.7
        given, family = chance.choice(GIVEN), chance.choice(FAMILY)
        holder = f"{given} {family}" if person else f"{family} & {chance.choice(FAMILY)} GmbH"
        born = f"{chance.randrange(1940, 2000)}-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}"
        return {
            "account": f"A{number:06d}",
            "mandate": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            "kind": "person" if person else "company",
            "holder": holder,
            "email": f"{plain(given)}.{plain(family)}.{number}@example.com",
            "tax_number": f"{chance.randrange(10**10, 10**11)}",
            "iban": f"DE{chance.randrange(10, 99)}{chance.randrange(10**12, 10**13)}{number:05d}",
            "born": born if person else None,
            "rating": chance.randrange(1, 6) if chance.random() < 0.95 else None,
            "currencies": sorted(chance.sample(("CHF", "EUR", "GBP", "USD"), chance.randrange(1, 5))),
            "address": {"street": f"{family}weg {chance.randrange(1, 99)}", "zip": f"{chance.randrange(10000, 99999)}",
                        "city": chance.choice(("Aachen", "Bremen", "Celle", "Dresden")), "country": "DE"},
        }

"""Clients of tools/chaos: registers that are judged by their history, and counters that must be exact."""
import random
import threading
import time

from node import Admin, Gone, Refused

ASK_MS, ANSWER_S = 2_500, 4.0  # a node that is stopped does not answer at all
HERD, COUNTED, FILLED = "registers", "counted", "filled"
KEYS = 5
# A key is left for a new one after so many operations, and after so many of which nobody knows whether they were
# done: the search for an order grows with both.
OPERATIONS, UNKNOWN = 300, 6
# A request id is known among the newest 1,024 of a herd (docs/PROTOCOL.md). Counters write so seldom and are asked
# again for so short that this is longer.
COUNT_PAUSE_S, COUNT_PATIENCE_S, TOKENS = 0.15, 60, 400
FILL_BYTES, FILL_PAUSE_S = 4 << 10, 0.05
NOT_DONE = ("not_leader", "exhausted")
NOT_KNOWN = ("unknown_outcome", "out_of_time")


class Keys:
    """The keys in use, and what was last seen in each, which compare-and-set needs to succeed at times."""

    def __init__(self):
        self.lock = threading.Lock()
        self.generation, self.count = [0] * KEYS, [0] * KEYS
        self.unknown, self.seen = [0] * KEYS, {}

    def take(self, slot):
        with self.lock:
            if self.count[slot] >= OPERATIONS or self.unknown[slot] >= UNKNOWN:
                self.seen.pop(self.name(slot), None)
                self.generation[slot] += 1
                self.count[slot] = self.unknown[slot] = 0
            self.count[slot] += 1
            return self.name(slot)

    def name(self, slot):
        return f"k{slot}/{self.generation[slot]:05}"

    def not_known(self, slot, key):
        with self.lock:
            if self.name(slot) == key:
                self.unknown[slot] += 1


class Client(threading.Thread):
    """Asks nodes that run, one thing after the other. `run_free` says when; `idle` is set while it does not."""

    def __init__(self, scene, number):
        super().__init__(daemon=True)
        self.scene, self.number = scene, number
        self.random = random.Random(f"{scene.seed}/client {number}")
        self.idle, self.wrong, self.links = threading.Event(), [], {}

    def run(self):
        try:
            while not self.scene.over.is_set():
                if not self.scene.run_free.is_set():
                    self.idle.set()
                    self.scene.run_free.wait(0.2)
                    continue
                self.idle.clear()
                self.step()
        except Exception as error:  # pylint: disable=broad-except
            self.wrong.append(f"client {self.number}: {error!r}")
        self.idle.set()

    def step(self):
        raise NotImplementedError

    def pick(self):
        """Any node that runs, as far as one can see; it may be stopped or alone."""
        living = self.scene.cluster.open()
        if not living:
            self.scene.over.wait(0.02)
        return self.random.choice(living) if living else None

    def ask(self, node, verb, **members):
        """(answer, None), (None, kind of the refusal), or (None, None) when the outcome is unknown."""
        link = self.links.pop(node.name, None)
        if link is None or link[0] is not node.process:
            try:
                link = (node.process, Admin(node.socket, ANSWER_S))
            except (Gone, OSError):
                self.scene.over.wait(0.02)
                return None, "not_asked"
        try:
            answer = link[1].ask(verb, timeout_ms=ASK_MS, **members)
        except Refused as refused:
            self.links[node.name] = link
            return None, None if refused.kind in NOT_KNOWN else refused.kind
        except (Gone, OSError, ValueError):
            link[1].__exit__()
            return None, None
        self.links[node.name] = link
        return answer, None


class Register(Client):
    """Reads, writes, appends, deletions and compare-and-set, each asked once."""

    def __init__(self, scene, number):
        super().__init__(scene, number)
        self.written = 0

    def step(self):
        node = self.pick()
        if node is None:
            return
        slot = self.random.randrange(KEYS)
        key = self.scene.keys.take(slot)
        given, verb, members = self.draw(key)
        call = time.monotonic_ns()
        answer, refused = self.ask(node, verb, herd=HERD, key=key, **members)
        done = time.monotonic_ns()
        if refused == "not_asked":
            return
        output = self.output(given["op"], answer, refused)
        self.scene.history.add(self.number, call, None if output is None else done, given, output, node.name)
        self.remember(slot, key, given, output)

    def remember(self, slot, key, given, output):
        """What the next compare-and-set expects; a read that was not answered has changed nothing."""
        if output is None:
            if given["op"] != "get":
                self.scene.keys.not_known(slot, key)
        elif given["op"] == "get" and "value" in output:
            self.scene.keys.seen[key] = output["value"]
        elif given["op"] == "cas" and output.get("ok"):
            self.scene.keys.seen[key] = given["to"]

    def draw(self, key):
        """What to ask: as the history calls it, and as the node does."""
        act = self.random.choices(("get", "put", "append", "cas", "delete"), (40, 15, 20, 20, 5))[0]
        self.written += 1
        value = f"{self.number}.{self.written};"
        if act == "get" or act == "delete":
            return {"op": act, "key": key}, f"kv.{act}", {}
        if act != "cas":
            return {"op": act, "key": key, "value": value}, f"kv.{act}", {"value": value}
        held = self.scene.keys.seen.get(key)
        must = {"revision": 0} if held is None else {"expected": held}
        return {"op": act, "key": key, "from": held, "to": value}, "kv.cas", {"value": value, **must}

    def output(self, act, answer, refused):
        if refused == "no_such_thing" and act == "get":
            return {"value": None}
        if refused == "conflict" and act == "cas":
            return {"ok": False}
        if refused in NOT_DONE:
            return {"refused": True}
        if refused is not None:
            self.wrong.append(f"{act} was refused as '{refused}'")
            return {"refused": True}
        if answer is None:
            return None
        if act == "get":
            return {"value": answer["entry"]["value"]}
        return {"ok": True} if act == "cas" else {}


class Counter(Client):
    """Appends tokens, each under a request id of its own, and asks again until it knows. Every token that was
    acknowledged must be there once, every other one at most once."""

    def __init__(self, scene, number):
        super().__init__(scene, number)
        self.sent, self.acknowledged, self.again, self.given_up = 0, [], 0, 0

    def place(self, token):
        return f"c{self.number}/{token // TOKENS:05}"

    def step(self):
        token, since, tries = self.sent, time.monotonic(), 0
        self.sent += 1
        while not self.scene.over.is_set() and time.monotonic() < since + COUNT_PATIENCE_S:
            node = self.pick()
            if node is None:
                continue
            tries += 1
            answer, refused = self.ask(node, "kv.append", herd=COUNTED, key=self.place(token), value=f"{token};",
                                       request_id=f"{self.number}/{token}")
            if answer is not None:
                self.acknowledged.append(token)
                self.again += tries - 1
                break
            if refused is not None and refused not in (*NOT_DONE, "not_asked"):
                self.wrong.append(f"append of {token} was refused as '{refused}'")
            self.scene.over.wait(0.02)
        else:
            self.given_up += 1
        self.scene.over.wait(COUNT_PAUSE_S)

    def compare(self, entries):
        """What the table's `entries` have of it that they should not, or lack, as lines; `version` counts changes."""
        broken, found = [], []
        for key, entry in entries.items():
            if not key.startswith(f"c{self.number}/"):
                continue
            tokens = [int(one) for one in entry["value"].split(";") if one]
            if entry["version"] != len(tokens):
                broken.append(f"{key} was changed {entry['version']} times and holds {len(tokens)} tokens")
            broken += [f"{key} holds {one}" for one in tokens if self.place(one) != key]
            found += tokens
        twice = sorted({one for one in found if found.count(one) > 1}) if len(set(found)) != len(found) else []
        lost = sorted(set(self.acknowledged) - set(found))
        if twice:
            broken.append(f"counter {self.number}: done more than once: {twice[:20]}")
        if lost:
            broken.append(f"counter {self.number}: acknowledged and lost: {lost[:20]}")
        if strange := sorted(set(found) - set(range(self.sent))):
            broken.append(f"counter {self.number}: never sent: {strange[:20]}")
        return broken


class Filler(Client):
    """Writes what nobody reads, so that logs become long and are cut."""

    def step(self):
        node = self.pick()
        if node is not None:
            self.ask(node, "kv.put", herd=FILLED, key=f"f{self.random.randrange(KEYS)}", value="." * FILL_BYTES)
        self.scene.over.wait(FILL_PAUSE_S)


def entries_of(node, herd):
    """Every key of the herd, as one read after the other sees it."""
    found, after = {}, ""
    while True:
        page = node.ask("kv.list", herd=herd, values=True, limit=1000, **({"after": after} if after else {}))
        found.update({one["key"]: one for one in page["keys"]})
        if not page["more"]:
            return found
        after = page["keys"][-1]["key"]

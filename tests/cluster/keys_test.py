#!/usr/bin/env python3
"""Keys and values of herds on a whole node: every verb of `runi kv`, what is refused, watching with
resuming, and writers beside each other."""
import base64
import concurrent.futures
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading

from node import BIN, RUN_S, Admin, Node, Refused, main, until

SEED = int(os.environ.get("RUNINK_SEED", random.SystemRandom().randrange(1 << 32)))
VALUE_LARGEST, HISTORY_BYTES, ANSWERS_KEPT = 64 << 10, 4 << 20, 1_024


class World:
    """One node with two herds; the tests use keys of their own."""
    node = None

    @staticmethod
    def get():
        if World.node is None:
            World.node = Node()
            World.node.start()
            World.node.apply_herd()
            herd(World.node, "depot")
        return World.node


def herd(node, name):
    path = node.folder / f"{name}.herd.toml"
    path.write_text(f'herd = "{name}"\n', encoding="utf-8")
    done = node.runi("apply", "-f", path)
    assert done.returncode == 0, done.stderr


def kv(*words, exit_code=0, herd_name="shop"):
    """What `runi kv` prints; fails unless it ends with `exit_code`."""
    done = World.get().runi("kv", *words, "--herd", herd_name)
    assert done.returncode == exit_code, f"runi kv {words}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stderr if exit_code else done.stdout


def ask(verb, **members):
    return World.get().ask(f"kv.{verb}", **{"herd": "shop", **members})


def refused(kind, verb, **members):
    try:
        answer = ask(verb, **members)
    except Refused as error:
        assert error.kind == kind, f"kv.{verb} {members}: {error}"
        return error.message
    raise AssertionError(f"kv.{verb} {members} was answered: {answer}")


def revision(text):
    return int(re.fullmatch(r"kv/\S+@(\d+) .*\n", text).group(1))


# ---- one key


def a_value_that_was_put_is_got_byte_for_byte():
    first = revision(kv("put", "one/a", "first"))
    assert kv("get", "one/a") == "first"
    second = revision(kv("put", "one/a", "two\nlines"))
    assert second > first
    assert kv("get", "one/a") == "two\nlines"
    shown = json.loads(kv("get", "one/a", "-o", "json"))
    entry = shown["entry"]
    assert (entry["revision"], entry["created"], entry["version"]) == (second, first, 2), entry
    assert entry["bytes"] == 9 and shown["herd"] == "shop" and shown["revision"] >= second, shown
    assert kv("get", "one/a", "-o", "name") == "kv/shop/one/a\n"
    assert kv("get", "one/a", herd_name="depot", exit_code=4).endswith("`runi kv list` lists its keys.\n")


def a_value_may_be_empty_and_may_be_any_bytes():
    kv("put", "one/empty", "")
    assert kv("get", "one/empty") == ""
    file = World.get().folder / "bytes"
    for content in (b"\x00\xff\xfe", b"plain", bytes(range(256)) * (VALUE_LARGEST // 256)):
        file.write_bytes(content)
        kv("put", "one/bytes", "-f", file)
        entry = json.loads(kv("get", "one/bytes", "-o", "json"))["entry"]
        if "value" in entry:
            assert entry["value"].encode() == content
        else:
            assert base64.b64decode(entry["value_base64"], validate=True) == content
            assert "base64" in kv("get", "one/bytes", exit_code=1)
    file.write_bytes(b"x" * (VALUE_LARGEST + 1))
    assert "at most 64.0 KiB" in kv("put", "one/bytes", "-f", file, exit_code=1)
    encoded = base64.b64encode(b"x" * (VALUE_LARGEST + 1)).decode()
    assert f"at most {VALUE_LARGEST} bytes" in refused("bad_input", "put", key="k", value_base64=encoded)
    refused("bad_input", "put", key="k", value_base64="?")
    refused("bad_input", "put", key="k")
    refused("bad_input", "put", key="k", value="a", value_base64="YQ==")


def append_and_delete_say_what_they_did():
    made = revision(kv("append", "one/log", "a"))
    kv("append", "one/log", "b")
    assert kv("get", "one/log") == "ab"
    assert ask("get", key="one/log")["entry"]["created"] == made
    assert kv("delete", "one/log").endswith(" deleted\n")
    kv("get", "one/log", exit_code=4)
    assert kv("delete", "one/log").endswith(" was not there\n")
    assert ask("delete", key="one/log")["deleted"] is False


def compare_and_set_is_for_who_knows_what_is_there():
    held = revision(kv("cas", "one/lock", "ada", "--absent"))
    message = kv("cas", "one/lock", "bob", "--absent", exit_code=5)
    assert f"its revision is {held}" in message and "Nothing was changed" in message, message
    assert kv("get", "one/lock") == "ada"
    kv("cas", "one/lock", "bob", "--expect", "ada")
    kv("cas", "one/lock", "eve", "--expect", "ada", exit_code=5)
    kv("cas", "one/lock", "eve", "--revision", held, exit_code=5)
    now = ask("get", key="one/lock")["entry"]["revision"]
    kv("cas", "one/lock", "", "--revision", now)
    kv("cas", "one/lock", "eve", "--expect", "")
    assert kv("get", "one/lock") == "eve"
    assert "does not exist" in kv("cas", "one/none", "x", "--expect", "y", exit_code=5)
    kv("cas", "one/lock", "x", exit_code=2)
    kv("cas", "one/lock", "x", "--absent", "--expect", "y", exit_code=2)
    refused("bad_input", "cas", key="one/lock", value="x")
    refused("bad_input", "cas", key="one/lock", value="x", revision=1, expected="y")


def what_cannot_be_a_key_is_told_so():
    for key in ("", "a\nb", "k" * 513):
        for verb, more in (("put", {"value": "v"}), ("get", {}), ("delete", {}), ("watch", {})):
            if key or verb != "watch":
                assert "key" in refused("bad_input", verb, key=key, **more)
    refused("no_such_thing", "put", herd="nobody", key="k", value="v")
    refused("no_such_thing", "list", herd="nobody")
    refused("no_such_thing", "watch", herd="nobody")
    refused("conflict", "get", herd="", key="k")  # there are several herds
    refused("bad_input", "put", key="k", value="v", vallue="w")
    kv("put", "k", exit_code=2)
    kv("put", "k", "v", "-f", "file", exit_code=2)


# ---- several keys


def keys_are_listed_in_their_order_and_page_by_page():
    for name in ("b", "a", "c/1", "c/2", "ü"):
        ask("put", key="list/" + name, value="value of " + name)
    listed = ask("list", prefix="list/")
    assert [one["key"] for one in listed["keys"]] == [f"list/{name}" for name in ("a", "b", "c/1", "c/2", "ü")]
    assert listed["more"] is False and "value" not in listed["keys"][0]
    page = ask("list", prefix="list/", limit=2)
    assert page["more"] is True and len(page["keys"]) == 2
    rest = ask("list", prefix="list/", after=page["keys"][-1]["key"], values=True)
    assert [one["value"] for one in rest["keys"]] == [f"value of {name}" for name in ("c/1", "c/2", "ü")]
    table = kv("list", "list/c", "--values").splitlines()
    assert table[0].split() == ["KEY", "REVISION", "VERSION", "BYTES", "CHANGED", "BY", "VALUE"], table
    assert len(table) == 3 and table[1].startswith("list/c/1 ") and table[2].endswith("value of c/2"), table
    assert kv("list", "list/", "-o", "name").splitlines()[0] == "kv/shop/list/a"
    assert kv("list", herd_name="depot") == ""
    # Values of more than a page come with the next answer, at least one at a time.
    for number in range(20):
        ask("put", key=f"pages/{number:02}", value="v" * VALUE_LARGEST)
    seen, after = [], ""
    while True:
        page = ask("list", prefix="pages/", values=True, after=after)
        assert 0 < len(page["keys"]) < 20
        seen += [one["key"] for one in page["keys"]]
        if not page["more"]:
            break
        after = seen[-1]
    assert seen == [f"pages/{number:02}" for number in range(20)]
    for number in range(20):
        ask("delete", key=f"pages/{number:02}")


def a_transaction_does_one_of_its_branches():
    kv("put", "txn/from", "10")
    kv("put", "txn/to", "1")
    file = World.get().folder / "move.json"
    file.write_text(json.dumps({
        "compare": [{"key": "txn/from", "value": "10"}, {"key": "txn/to", "is": "greater", "version": 0},
                    {"key": "txn/new", "revision": 0}],
        "then": [{"put": "txn/from", "value": "0"}, {"append": "txn/to", "value": "0"}, {"get": "txn/to"},
                 {"delete": "txn/none"}],
        "else": [{"get": "txn/from"}, {"get": "txn/none"}]}), encoding="utf-8")
    done = json.loads(kv("txn", "-f", file, "-o", "json"))
    assert done["succeeded"] is True and [one["exists"] for one in done["answers"]] == [True, True, True, False]
    assert done["answers"][2]["value"] == "10" and done["answers"][2]["revision"] == done["revision"]
    text = World.get().runi("kv", "txn", "-f", file, "--herd", "shop")
    assert text.returncode == 5, text
    assert re.fullmatch(r"else was done at revision \d+\n  1  revision \d+  0\n  2  no such key\n", text.stdout), text
    for wrong in ('[]', '{', '{"then": [{}]}', '{"then": [{"put": "a"}]}', '{"then": [{"get": "a", "put": "b"}]}',
                  '{"then": []}', '{"compare": [{"key": "a"}], "then": [{"get": "a"}]}',
                  '{"compare": [{"key": "a", "value": "b", "version": 1}], "then": [{"get": "a"}]}',
                  '{"compare": [{"key": "a", "value": "b", "is": "like"}], "then": [{"get": "a"}]}',
                  '{"then": [{"put": "a", "value": "1"}, {"delete": "a"}]}', '{"then": {"get": "a"}}',
                  '{"els": [{"get": "a"}]}', '{"herd": "depot", "then": [{"get": "a"}]}'):
        file.write_text(wrong, encoding="utf-8")
        kv("txn", "-f", file, exit_code=1)


def a_repeated_request_is_answered_as_before():
    first = ask("append", key="again", value="x", request_id="once")
    assert first["repeated"] is False
    ask("append", key="again", value="y")
    again = ask("append", key="again", value="x", request_id="once")
    assert again == {**first, "repeated": True}, again
    assert ask("get", key="again")["entry"]["value"] == "xy"
    assert "another transaction" in refused("conflict", "append", key="again", value="z", request_id="once")
    assert kv("append", "again", "x", "--request-id", "once").endswith(" appended (before)\n")


def what_is_sent_twice_in_a_session_is_done_once():
    opened = World.get().ask("kv.session")
    assert opened["idle_ms"] == 3_600_000 and opened["results"] == ANSWERS_KEPT, opened
    one = opened["session"]
    first = ask("append", key="in/a", value="x", session=one, seq=1)
    assert first["repeated"] is False
    # As many answers as are kept for request ids come in between: those drive one another out, not this one.
    with Admin(World.get().socket) as admin:
        for number in range(ANSWERS_KEPT + 1):
            admin.ask("kv.put", herd="shop", key="in/other", value="v", request_id=f"between-{number}")
    assert ask("append", key="in/a", value="x", session=one, seq=1) == {**first, "repeated": True}
    assert ask("get", key="in/a")["entry"]["value"] == "x"
    assert "another transaction" in refused("conflict", "append", key="in/a", value="y", session=one, seq=1)
    # A comparison that did not hold, and a refusal, stay what was answered.
    refused("conflict", "cas", key="in/a", value="z", revision=0, session=one, seq=2)
    missing = refused("no_such_thing", "put", herd="branch", key="k", value="v", session=one, seq=3)
    herd(World.get(), "branch")
    ask("delete", key="in/a", session=one, seq=4)
    refused("conflict", "cas", key="in/a", value="z", revision=0, session=one, seq=2)
    assert refused("no_such_thing", "put", herd="branch", key="k", value="v", session=one, seq=3) == missing
    assert ask("list", herd="branch")["keys"] == []
    then = [{"append": "in/a", "value": "t"}, {"get": "in/a"}]
    done = ask("txn", then=then, session=one, seq=5, first_unacked=5)
    assert ask("txn", then=then, session=one, seq=5) == {**done, "repeated": True}
    assert "acknowledged" in refused("out_of_date", "delete", key="in/a", session=one, seq=4)
    # Each session has its own numbers, and nobody has one who did not open it.
    other = World.get().ask("kv.session")["session"]
    assert other > one and ask("append", key="in/a", value="o", session=other, seq=5)["repeated"] is False
    assert "open another" in refused("session_expired", "put", key="k", value="v", session=other + 1, seq=1)
    for wrong in ({"session": one}, {"seq": 6}, {"first_unacked": 6}, {"session": one, "seq": 0},
                  {"session": one, "seq": 6, "first_unacked": 7}, {"session": one, "seq": 6, "request_id": "r"},
                  {"session": "one", "seq": 6}, {"session": one, "seq": -1}):
        refused("bad_input", "put", key="in/wrong", value="v", **wrong)
    refused("bad_input", "session", herd="shop")
    assert ask("get", key="in/a")["entry"]["value"] == "to"


def a_session_that_is_never_acknowledged_is_full_at_last():
    one = World.get().ask("kv.session")["session"]
    with Admin(World.get().socket) as admin:
        for number in range(1, ANSWERS_KEPT + 1):
            admin.ask("kv.put", herd="shop", key="in/full", value=str(number), session=one, seq=number)
    message = refused("exhausted", "put", key="in/full", value="more", session=one, seq=ANSWERS_KEPT + 1)
    assert "first_unacked" in message, message
    assert ask("get", key="in/full")["entry"]["value"] == str(ANSWERS_KEPT)
    ask("put", key="in/full", value="more", session=one, seq=ANSWERS_KEPT + 1, first_unacked=2)


def runi_numbers_what_it_does_in_a_session():
    opened = World.get().runi("kv", "session")
    assert opened.returncode == 0 and re.fullmatch(r"\d+\n", opened.stdout), opened
    one = ("--session", opened.stdout.strip())
    assert json.loads(kv("session", "-o", "json"))["session"] > int(opened.stdout)
    assert kv("append", "in/runi", "a", *one, "--seq", 1).endswith(" appended\n")
    assert kv("append", "in/runi", "a", *one, "--seq", 1).endswith(" appended (before)\n")
    kv("put", "in/lock", "me", *one, "--seq", 2, "--first-unacked", 2)
    kv("cas", "in/lock", "you", "--expect", "me", *one, "--seq", 3)
    kv("cas", "in/lock", "you", "--expect", "me", *one, "--seq", 3)
    assert kv("delete", "in/lock", *one, "--seq", 4).endswith(" deleted\n")
    assert kv("delete", "in/lock", *one, "--seq", 4).endswith(" deleted (before)\n")
    assert kv("get", "in/runi") == "a"
    assert "acknowledged" in kv("append", "in/runi", "a", *one, "--seq", 1, exit_code=5)
    assert "There is no session 7:" in kv("put", "in/runi", "b", "--session", 7, "--seq", 1, exit_code=5)
    for wrong in (one, ("--seq", 9), ("--first-unacked", 9), (*one, "--seq", 0),
                  (*one, "--seq", 9, "--request-id", "r")):
        kv("put", "in/runi", "b", *wrong, exit_code=2)
    assert kv("get", "in/runi") == "a"


def writers_beside_each_other_lose_nothing():
    """Counters by compare-and-set, and a sum that transactions keep; failures are decided by the revision."""
    writers, rounds = 4, 25
    ask("put", key="count", value="0")
    chance = random.Random(SEED)
    seeds = [chance.randrange(1 << 30) for _ in range(writers)]

    def count(seed):
        mine = random.Random(seed)
        with Admin(World.get().socket) as admin:
            for _ in range(rounds):
                while True:
                    entry = admin.ask("kv.get", herd="shop", key="count")["entry"]
                    new = str(int(entry["value"]) + 1)
                    try:
                        if mine.random() < 0.5:
                            admin.ask("kv.cas", herd="shop", key="count", value=new, revision=entry["revision"])
                            break
                        done = admin.ask("kv.txn", herd="shop", then=[{"put": "count", "value": new}],
                                         compare=[{"key": "count", "value": entry["value"]}])
                        if done["succeeded"]:
                            break
                    except Refused as error:
                        assert error.kind == "conflict", error

    with concurrent.futures.ThreadPoolExecutor(writers) as pool:
        for done in [pool.submit(count, seed) for seed in seeds]:
            done.result()
    entry = ask("get", key="count")["entry"]
    assert (entry["value"], entry["version"]) == (str(writers * rounds), writers * rounds + 1), \
        f"{entry}; repeat with RUNINK_SEED={SEED} {sys.argv[0]} writers"


# ---- watching


class Watch:
    """`kv.watch` on a connection of its own; events come one by one."""

    def __init__(self, **members):
        self.admin = Admin(World.get().socket)
        self.events = self.admin.events("kv.watch", herd=members.pop("herd", "shop"), **members)
        self.seen = next(self.events)[1]["revision"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.admin.__exit__()

    def next(self):
        """The next change; what says only that the node is alive is passed over."""
        for name, event in self.events:
            assert name == "event", (name, event)
            assert event["revision"] >= self.seen, (event, self.seen)
            self.seen = event["revision"]
            if event["kind"] == "changed":
                return event
        raise AssertionError("the watch ended")


def a_watch_tells_every_change_once_and_goes_on_where_it_ended():
    with Watch(prefix="watch/") as watch:
        started = watch.seen
        made = ask("put", key="watch/a", value="1")["revision"]
        ask("put", key="elsewhere", value="1")
        first = watch.next()
        assert (first["revision"], first["changes"]) == \
            (made, [{"key": "watch/a", "created": made, "version": 1, "value": "1"}]), first
        both = ask("txn", then=[{"delete": "watch/a"}, {"put": "watch/b", "value_base64": "/w=="},
                                {"put": "elsewhere", "value": "2"}])["revision"]
        second = watch.next()
        assert (second["revision"], second["changes"]) == \
            (both, [{"key": "watch/a", "deleted": True},
                    {"key": "watch/b", "created": both, "version": 1, "value_base64": "/w=="}]), second
    last = ask("put", key="watch/c", value="3")["revision"]
    with Watch(prefix="watch/", after=first["revision"]) as resumed:
        assert resumed.next() == second
        assert resumed.next()["revision"] == last
    with Watch(key="watch/a", after=started) as one:
        assert one.next() == first
        assert one.next()["changes"] == [{"key": "watch/a", "deleted": True}]
    ended = ask("watch", prefix="watch/", after=started, count=2)
    assert ended == {"herd": "shop", "revision": both}, ended
    assert "the newest is" in refused("bad_input", "watch", after=1 << 40)
    refused("bad_input", "watch", key="a", prefix="b")
    refused("out_of_time", "watch", timeout_ms=50)


def runi_watches_a_line_for_each_change():
    start = ask("put", key="runi/a", value="1")["revision"]
    ask("put", key="runi/a", value="2\x1b[31m")
    ask("delete", key="runi/a")
    lines = kv("watch", "runi/", "--after", start - 1, "--count", 3).splitlines()
    assert lines == [f"{start}  runi/a  = 1", f"{start + 1}  runi/a  = 2?[31m", f"{start + 2}  runi/a  deleted"], lines
    events = [json.loads(line) for line in
              kv("watch", "--key", "runi/a", "--after", start - 1, "--count", 3, "-o", "json").splitlines()]
    assert [one["revision"] for one in events] == [start, start + 1, start + 2]
    watching = subprocess.Popen([BIN / "runi", "--socket", World.get().socket, "kv", "watch", "runi/", "--herd", "shop"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    begun = watching.stderr.readline()
    assert re.fullmatch(r"watching from revision \d+\n", begun), begun
    last = ask("put", key="runi/b", value="1")["revision"]
    assert watching.stdout.readline() == f"{last}  runi/b  = 1\n"
    watching.send_signal(signal.SIGINT)
    _, errors = watching.communicate(timeout=RUN_S)
    assert watching.returncode == 130 and f"--after {last}" in errors, (watching.returncode, errors)


def watchers_beside_writers_see_the_same_in_the_same_order():
    """Random writes of several connections; each watcher builds a table of what it is told, and gets what is
    there; one of them reconnects all the time."""
    chance = random.Random(SEED + 1)
    start = ask("list", prefix="many/")["revision"]
    seeds = [chance.randrange(1 << 30) for _ in range(3)]

    def write(seed):
        mine = random.Random(seed)
        with Admin(World.get().socket) as admin:
            for _ in range(150):
                keys = [f"many/{mine.randrange(6)}" for _ in range(2)]
                then = [{"put": key, "value": str(mine.randrange(1000))} if mine.random() < 0.7 else {"delete": key}
                        for key in sorted(set(keys))]
                admin.ask("kv.txn", herd="shop", then=then)

    def watch(reconnects):
        told, after = [], start
        while not told or told[-1]["changes"] != [{"key": "many/end", "deleted": True}]:
            with Watch(prefix="many/", after=after) as one:
                for _ in range(7 if reconnects else 1 << 30):
                    told.append(one.next())
                    after = told[-1]["revision"]
                    if told[-1]["changes"] == [{"key": "many/end", "deleted": True}]:
                        break
        return told

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        watchers = [pool.submit(watch, reconnects) for reconnects in (False, False, True)]
        for done in [pool.submit(write, seed) for seed in seeds]:
            done.result()
        listed = {one["key"]: one["value"] for one in ask("list", prefix="many/", values=True)["keys"]}
        ask("put", key="many/end", value="")
        ask("delete", key="many/end")
        tales = [watcher.result(RUN_S) for watcher in watchers]
    again = f"repeat with RUNINK_SEED={SEED} {sys.argv[0]} beside"
    assert tales[0] == tales[1] == tales[2], again
    revisions = [one["revision"] for one in tales[0]]
    assert revisions == sorted(set(revisions)), again
    table = {}
    for event in tales[0]:
        for change in event["changes"]:
            if change.get("deleted"):
                assert table.pop(change["key"], None) is not None, f"{change}; {again}"
            else:
                table[change["key"]] = change["value"]
    assert table == listed, again


def who_falls_behind_what_is_kept_is_told_to_begin_again():
    begin = ask("put", key="old", value="0", herd="depot")["revision"]
    slow = Watch(herd="depot", after=begin, timeout_ms=RUN_S * 1000)
    # Three times as many as are kept; what lies in sockets on the way to the watcher is a small part of it.
    with Admin(World.get().socket) as admin:
        revisions = [admin.ask("kv.put", herd="depot", key="old", value="v" * VALUE_LARGEST)["revision"]
                     for _ in range(3 * HISTORY_BYTES // VALUE_LARGEST)]
    # What is older than the history cannot be watched from.
    message = refused("out_of_date", "watch", herd="depot", after=begin)
    assert "runi kv list" in message and str(begin) in message, message
    assert "runi kv list" in kv("watch", "--after", begin, herd_name="depot", exit_code=5)
    # The one who did not read sees a beginning without a gap, and then that he was left behind.
    told, lost = [], None
    try:
        for _, event in slow.events:
            if event["kind"] == "changed":
                told.append(event["revision"])
            lost = event if event["kind"] == "compacted" else lost
    except Refused as error:
        assert error.kind == "out_of_date", error
    slow.__exit__()
    assert lost is not None and lost["compacted"] > lost["revision"], lost
    assert len(told) < len(revisions) and told == revisions[:len(told)], (len(told), told[:3], revisions[:3])
    assert ([begin] + told)[-1] <= lost["revision"] < revisions[len(told)], lost
    listed = ask("list", herd="depot")
    with Watch(herd="depot", after=listed["revision"]) as again:
        new = ask("put", key="old", value="new", herd="depot")["revision"]
        assert again.next()["revision"] == new


# ---- the node goes and comes


def what_was_answered_stays_when_the_node_is_killed():
    node = World.get()
    kept = ask("put", key="kept", value="yes", request_id="kept-1")
    changed = ask("append", key="kept", value="!", request_id="kept-2")
    node.kill()
    node.start()
    assert ask("get", key="kept")["entry"]["value"] == "yes!"
    assert ask("append", key="kept", value="!", request_id="kept-2") == {**changed, "repeated": True}
    assert ask("get", key="kept")["entry"]["value"] == "yes!"
    with Watch(key="kept", after=kept["revision"] - 1) as watch:
        assert [watch.next()["revision"], watch.next()["revision"]] == [kept["revision"], changed["revision"]]


def what_a_session_was_answered_stays_when_the_node_is_killed():
    node = World.get()
    one = node.ask("kv.session")["session"]
    then = [{"append": "kept/in", "value": "x"}, {"get": "kept/in"}]
    appended = ask("append", key="kept/in", value="a", session=one, seq=1)
    done = ask("txn", then=then, session=one, seq=2)
    missing = refused("no_such_thing", "put", herd="gone", key="k", value="v", session=one, seq=3)
    for restart in (node.kill, node.stop):
        restart()
        node.start()
        assert ask("append", key="kept/in", value="a", session=one, seq=1) == {**appended, "repeated": True}
        assert ask("txn", then=then, session=one, seq=2) == {**done, "repeated": True}
        assert refused("no_such_thing", "put", herd="gone", key="k", value="v", session=one, seq=3) == missing
        assert ask("get", key="kept/in")["entry"]["value"] == "ax"
    ask("append", key="kept/in", value="b", session=one, seq=4, first_unacked=4)
    node.kill()
    node.start()
    refused("out_of_date", "append", key="kept/in", value="a", session=one, seq=1)
    assert ask("append", key="kept/in", value="b", session=one, seq=4)["repeated"] is True
    assert ask("get", key="kept/in")["entry"]["value"] == "axb"


def runi_repeats_what_it_does_not_know_to_be_done():
    """The node is killed again and again while values are appended: each of them is there once."""
    node = World.get()
    ask("put", key="once", value="")
    restarts, done = [], threading.Event()

    def restart():
        while not done.is_set() and len(restarts) < 5:
            node.kill()
            restarts.append(node.start())

    thread = threading.Thread(target=restart)
    thread.start()
    appended = []
    try:
        while thread.is_alive() or not appended:
            name = f"once-{len(appended)}"
            until("there is a node", node.listens, RUN_S)
            until("it is appended", lambda: node.runi("kv", "append", "once", name + " ", "--herd", "shop",
                                                      "--request-id", name).returncode == 0, RUN_S)
            appended.append(name)
    finally:
        done.set()
        thread.join()
    assert len(restarts) == 5 and ask("get", key="once")["entry"]["value"].split() == appended


def the_shared_node_leaves_nothing():
    node = World.get()
    assert node.stop() == 0, node.last_lines()
    node.__exit__(None)
    World.node = None


if __name__ == "__main__":
    tests = [a_value_that_was_put_is_got_byte_for_byte, a_value_may_be_empty_and_may_be_any_bytes,
             append_and_delete_say_what_they_did, compare_and_set_is_for_who_knows_what_is_there,
             what_cannot_be_a_key_is_told_so, keys_are_listed_in_their_order_and_page_by_page,
             a_transaction_does_one_of_its_branches, a_repeated_request_is_answered_as_before,
             what_is_sent_twice_in_a_session_is_done_once, a_session_that_is_never_acknowledged_is_full_at_last,
             runi_numbers_what_it_does_in_a_session, writers_beside_each_other_lose_nothing,
             a_watch_tells_every_change_once_and_goes_on_where_it_ended, runi_watches_a_line_for_each_change,
             watchers_beside_writers_see_the_same_in_the_same_order,
             who_falls_behind_what_is_kept_is_told_to_begin_again,
             what_was_answered_stays_when_the_node_is_killed, what_a_session_was_answered_stays_when_the_node_is_killed,
             runi_repeats_what_it_does_not_know_to_be_done]
    try:
        code = main(tests)
    finally:
        if World.node is not None:
            the_shared_node_leaves_nothing()
    sys.exit(code)

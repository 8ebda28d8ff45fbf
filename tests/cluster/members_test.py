#!/usr/bin/env python3
"""Real daemons that join, are promoted and removed while clients write; leaders that are asked to go; a
majority that is lost for good."""
import subprocess
import sys
import threading
import time

from node import BIN, Gone, Refused, main, until
from voters import Cluster

EXIT_REMOVED = 77


class Writer(threading.Thread):
    """Puts one key after the other through `runi`'s own protocol, at whichever node is `at`, and remembers
    what was acknowledged. Each write has a request id, so what is sent twice is done once."""

    def __init__(self, cluster, stop, name):
        super().__init__(daemon=True)
        self.cluster, self.stop, self.name_ = cluster, stop, name
        self.acknowledged, self.times, self.failed = {}, [], []

    def run(self):
        number = 0
        while not self.stop.is_set():
            key, value = f"{self.name_}/{number}", str(number)
            if self.put(key, value):
                self.acknowledged[key] = value
                self.times.append(time.monotonic())
            number += 1

    def put(self, key, value, patience_s=60):
        until_ = time.monotonic() + patience_s
        turn = len(self.acknowledged)
        while time.monotonic() < until_:
            turn += 1
            living = self.cluster.living()
            if not living:
                time.sleep(0.01)
                continue
            node = living[turn % len(living)]
            try:
                node.ask("kv.put", herd="shop", key=key, value=value, request_id=key)
                return True
            except Gone:
                continue
            except Refused as refused:
                if refused.kind not in ("not_leader", "unknown_outcome", "exhausted", "out_of_time"):
                    self.failed.append(f"{key} at {node.name}: {refused}")
                    return False
        self.failed.append(f"{key}: nobody took it for {patience_s} s")
        return False


class Load:
    """`with` runs writers, and checks afterwards that every node has what was acknowledged."""

    def __init__(self, cluster, count=3):
        self.cluster, self.stop = cluster, threading.Event()
        self.writers = [Writer(cluster, self.stop, f"w{number}") for number in range(count)]

    def __enter__(self):
        for writer in self.writers:
            writer.start()
        self.goes_on()
        return self

    def goes_on(self, more=5):
        """Every writer gets more acknowledged."""
        before = [len(one.acknowledged) for one in self.writers]
        until("writes go on", lambda: all(
            len(one.acknowledged) >= was + more for one, was in zip(self.writers, before)), 90)

    def __exit__(self, kind, *_):
        self.stop.set()
        for writer in self.writers:
            writer.join()
        if kind is not None:
            return
        failed = [one for writer in self.writers for one in writer.failed]
        assert not failed, failed[:5]
        written = {key: value for writer in self.writers for key, value in writer.acknowledged.items()}
        self.cluster.same_state()
        for node in self.cluster.living():
            found = keys_of(node)
            lost = {key for key, value in written.items() if found.get(key) != value}
            assert not lost, f"{node.name} has lost {sorted(lost)[:10]} of {len(written)}"
        gaps = [b - a for one in self.writers for a, b in zip(one.times, one.times[1:])]
        print(f"        {len(written)} writes acknowledged, none lost; longest gap {max(gaps):.2f} s", flush=True)


class Requests(threading.Thread):
    """An operator's or a program's `runi`, one call after the other, always at the same node: none may fail."""

    def __init__(self, node, stop):
        super().__init__(daemon=True)
        self.node, self.stop, self.done, self.failed = node, stop, 0, []

    def run(self):
        while not self.stop.is_set():
            key = f"{self.node.name}-{self.done}"
            done = self.node.runi("kv", "put", key, "v", "--herd", "shop", "--timeout", "60s")
            self.done += 1
            if done.returncode != 0:
                self.failed.append(f"{key}: exit {done.returncode}: {done.stderr}")


def keys_of(node):
    found, after = {}, ""
    while True:
        page = node.ask("kv.list", herd="shop", values=True, limit=1000, **({"after": after} if after else {}))
        found.update({one["key"]: one["value"] for one in page["keys"]})
        if not page.get("more"):
            return found
        after = page["keys"][-1]["key"]


def start(cluster):
    leader = cluster.start()
    leader.ask("apply", herd_file={"path": "it", "text": 'herd = "shop"\ndescription = "of the tests"\n'})
    return leader


def members_of(node):
    return {one["name"]: one for one in node.status()["nodes"]}


def good(done):
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr}{done.stdout}"
    return done.stdout


def a_follower(cluster):
    leader = cluster.leader()
    return next(one for one in cluster.voters if one is not leader)


def add(cluster, name, *words):
    other = a_follower(cluster)
    node = cluster.newcomer(name)
    good(other.runi("cluster", "add", name, node.address, "--wait", *words))
    return node


def ends_as_removed(node):
    assert node.process.wait(60) == EXIT_REMOVED, f"{node.process.returncode}:\n{node.last_lines()}"
    assert "was removed from the cluster" in node.last_lines(20), node.last_lines(20)


def a_cluster_grows_from_three_to_five_and_shrinks_back_under_load():
    with Cluster() as cluster:
        start(cluster)
        with Load(cluster) as load:
            fourth = add(cluster, "n4")
            load.goes_on()
            fifth = add(cluster, "n5")
            load.goes_on()
            assert {name: one["membership"] for name, one in members_of(cluster.leader()).items()} == {
                f"n{number}": "voter" for number in range(1, 6)}
            # Those that joined lead as well as founders do.
            good(a_follower(cluster).runi("cluster", "transfer", "--to", "n5"))
            assert cluster.leader() is fifth
            load.goes_on()
            for gone in (cluster["n1"], fourth):
                good(fifth.runi("cluster", "remove", gone.name))
                ends_as_removed(gone)
                cluster.drop(gone)
                load.goes_on()
            assert sorted(members_of(cluster.leader())) == ["n2", "n3", "n5"]


def a_leader_that_is_removed_hands_over_first():
    with Cluster() as cluster:
        leader = start(cluster)
        with Load(cluster) as load:
            add(cluster, "n4")
            good(cluster.leader().runi("cluster", "transfer", "--to", leader.name))
            assert cluster.leader() is leader
            alone = leader.runi("cluster", "remove", leader.name)
            assert alone.returncode != 0 and "Ask another node" in alone.stderr, alone
            assert cluster.leader() is leader
            good(a_follower(cluster).runi("cluster", "remove", leader.name))
            ends_as_removed(leader)
            cluster.drop(leader)
            load.goes_on()
        assert leader.name not in members_of(cluster.leader())


def a_removed_node_is_never_taken_back_with_its_data_folder():
    with Cluster() as cluster:
        start(cluster)
        node = add(cluster, "n4")
        other = a_follower(cluster)
        good(other.runi("cluster", "remove", "n4"))
        ends_as_removed(node)
        assert "was removed already" in good(other.runi("cluster", "remove", "n4"))
        node.launch()
        ends_as_removed(node)
        cluster.drop(node)
        # With an empty folder it is another member, under the same name.
        again = add(cluster, "n4")
        assert members_of(other)["n4"]["membership"] == "voter"
        # So is a founder, when it joins.
        founder = next(one for one in cluster.voters if one.name == "n2")
        good(again.runi("cluster", "remove", "n2"))
        ends_as_removed(founder)
        cluster.drop(founder)
        add(cluster, "n2")
        cluster.same_state()


def the_words_of_an_operator_are_answered_clearly_and_alike_when_repeated():
    with Cluster() as cluster:
        leader = start(cluster)
        other = a_follower(cluster)
        refused = other.runi("cluster", "add", "n4", f"127.0.0.1:{cluster.free_port()}")
        assert refused.returncode == 1 and "Nobody answers at" in refused.stderr, refused.stderr
        node = cluster.newcomer("n4")
        assert "node/n4 added" in good(other.runi("cluster", "add", "n4", node.address, "--worker"))
        assert "is a member already" in good(leader.runi("cluster", "add", "n4", node.address, "--worker"))
        until("it has the log", lambda: members_of(leader)["n4"].get("match", 0) > 0, 60)
        assert members_of(leader)["n4"]["membership"] == "learner"
        refused = other.runi("cluster", "transfer", "--to", "n4")
        assert refused.returncode == 5 and "cannot lead" in refused.stderr, refused.stderr
        assert "node/n4 promoted, votes" in good(node.runi("cluster", "promote", "n4", "--wait"))
        assert "was promoted already" in good(other.runi("cluster", "promote", "n4", "--wait"))
        shown = good(other.runi("cluster", "status"))
        assert "NODE" in shown and "LAG" in shown and shown.count("follower") >= 3, shown
        assert members_of(other)["n4"]["added_by"], members_of(other)["n4"]
        unknown = other.runi("cluster", "remove", "n9")
        assert unknown.returncode == 4 and "no member 'n9'" in unknown.stderr, unknown.stderr
        assert "leads already" in good(other.runi("cluster", "transfer", "--to", leader.name))
        moved = good(leader.runi("cluster", "transfer", "--to", "n4"))
        assert "node/n4 leads, in place of" in moved, moved
        assert cluster.leader() is node


def nobody_is_removed_who_is_needed_unless_it_is_forced():
    with Cluster() as cluster:
        leader = start(cluster)
        dead, other = [one for one in cluster.voters if one is not leader]
        dead.kill()
        until("the leader has noticed", lambda: members_of(leader)[dead.name].get("contact_ms", 0) > 1000, 60)
        refused = leader.runi("cluster", "remove", other.name)
        assert refused.returncode == 6 and "fewer than half" in refused.stderr, refused.stderr
        # Who is dead may go: the other two are a majority of what is left.
        good(other.runi("cluster", "remove", dead.name))
        assert sorted(members_of(leader)) == sorted([leader.name, other.name])
        dead.launch()
        ends_as_removed(dead)


def a_rolling_restart_fails_no_request():
    with Cluster() as cluster:
        start(cluster)
        over = threading.Event()
        requests = [Requests(node, over) for node in cluster.voters]
        with Load(cluster) as load:
            for one in requests:
                one.start()
            for node in list(cluster.voters):
                assert node.stop() == 0
                node.start()
                until("it is up to date", lambda one=node: (one.status() or {}).get("leader"), 60)
                load.goes_on()
            over.set()
            for one in requests:
                one.join()
        failed = [one for each in requests for one in each.failed]
        assert not failed, failed[:5]
        assert all(one.done > 3 for one in requests), [one.done for one in requests]
        print(f"        {sum(one.done for one in requests)} calls of runi, none failed", flush=True)


def runi_waits_for_its_node_while_that_is_restarted():
    with Cluster() as cluster:
        start(cluster)
        node = a_follower(cluster)
        assert node.stop() == 0
        word = ["--socket", node.socket, "kv", "put", "key", "value", "--herd", "shop", "--timeout", "60s"]
        asking = subprocess.Popen([BIN / "runi", *map(str, word)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True)
        node.start()
        out, err = asking.communicate(timeout=90)
        assert asking.returncode == 0, out + err
        assert keys_of(node)["key"] == "value"


def one_that_is_left_goes_on_alone_when_it_is_told_to():
    with Cluster() as cluster:
        leader = start(cluster)
        for number in range(20):
            leader.ask("kv.put", herd="shop", key=f"key-{number}", value="v", request_id=f"r{number}")
        cluster.same_state()
        left, *lost = cluster.voters
        for node in lost:
            node.kill()
        recover = [BIN / "runi", "recover", "--config", left.config]
        busy = subprocess.run(recover, check=False, capture_output=True, text=True, timeout=60)
        assert busy.returncode == 1 and "uses the data folder" in busy.stderr, busy.stderr
        left.kill()
        dry = subprocess.run(recover, check=False, capture_output=True, text=True, timeout=60)
        assert dry.returncode == 0 and "Nothing was changed" in dry.stdout and "n2, n3" in dry.stdout, dry
        # Nothing was: it waits for the others as before.
        left.start()
        until("it looks for a leader", lambda: left.status()["role"] != "leader", 60)
        assert left.stop() == 0
        done = subprocess.run([*recover, "--yes"], check=False, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and "Done." in done.stdout, done
        for node in lost:
            cluster.drop(node)
        left.start()
        assert cluster.leader() is left
        assert {f"key-{number}" for number in range(20)} <= set(keys_of(left))
        assert sorted(members_of(left)) == ["n1"]
        # What the others still have is not taken back; others join.
        lost[0].launch()
        ends_as_removed(lost[0])
        # It needs nobody who tells it again: without anybody it would wait for the other one that is lost.
        assert left.stop() == 0
        lost[0].launch()
        ends_as_removed(lost[0])
        assert "is that of a node that was removed" in lost[0].last_lines(3), lost[0].last_lines()
        refused = subprocess.run([BIN / "runi", "recover", "--config", lost[0].config], check=False,
                                 capture_output=True, text=True, timeout=60)
        assert refused.returncode == 1 and "is that of a node that was removed" in refused.stderr, refused
        left.start()
        assert cluster.leader() is left
        add_first = cluster.newcomer("n4")
        good(left.runi("cluster", "add", "n4", add_first.address, "--wait"))
        cluster.same_state()
        again = subprocess.run([*recover, "--yes"], check=False, capture_output=True, text=True, timeout=60)
        assert again.returncode == 1, again.stdout


def a_cluster_of_one_grows_to_three():
    with Cluster(count=1) as cluster:
        only = start(cluster)
        for name in ("n2", "n3"):
            node = cluster.newcomer(name)
            good(only.runi("cluster", "add", name, node.address, "--wait"))
        assert {one["membership"] for one in members_of(only).values()} == {"voter"}
        only.kill()
        following = cluster.leader(other_than="n1")
        following.ask("kv.put", herd="shop", key="after", value="v", request_id="r")
        only.start()
        cluster.same_state()


if __name__ == "__main__":
    sys.exit(main([
        a_cluster_grows_from_three_to_five_and_shrinks_back_under_load,
        a_leader_that_is_removed_hands_over_first,
        a_removed_node_is_never_taken_back_with_its_data_folder,
        the_words_of_an_operator_are_answered_clearly_and_alike_when_repeated,
        nobody_is_removed_who_is_needed_unless_it_is_forced,
        a_rolling_restart_fails_no_request,
        runi_waits_for_its_node_while_that_is_restarted,
        one_that_is_left_goes_on_alone_when_it_is_told_to,
        a_cluster_of_one_grows_to_three,
    ]))

#!/usr/bin/env python3
"""Three real daemons over TLS on loopback: they elect a leader, agree, and go on when it is killed."""
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

from node import BIN, Refused, main, until
from voters import Cluster, apply_herd, herds_of


def three_nodes_elect_one_leader_and_any_of_them_takes_a_write():
    with Cluster() as cluster:
        leader = cluster.start()
        for number, voter in enumerate(cluster.voters):
            assert apply_herd(voter, f"herd-{number}"), voter.name
        # A read at any node sees what was acknowledged anywhere.
        for voter in cluster.voters:
            assert herds_of(voter) == {"herd-0", "herd-1", "herd-2"}, voter.name
        cluster.same_state()
        shown = leader.runi("cluster", "status")
        assert shown.returncode == 0, shown.stderr
        assert f"{leader.name}, leader" in shown.stdout, shown.stdout
        assert shown.stdout.count("follower") == 2 and "not reached" not in shown.stdout, shown.stdout


def a_mistake_is_told_alike_at_every_node():
    with Cluster() as cluster:
        cluster.start()
        told = set()
        for voter in cluster.voters:
            try:
                voter.ask("apply", herd_file={"path": "it", "text": "hred = 'x'\n"})
                raise AssertionError("it was taken")
            except Refused as refused:
                told.add((refused.kind, refused.message, str(refused.diagnostics)))
        assert len(told) == 1 and "[]" not in told.pop(), told


class Writer(threading.Thread):
    """Writes one herd after the other through one node, and remembers what was acknowledged, and when."""

    def __init__(self, voter, stop):
        super().__init__(daemon=True)
        self.voter, self.stop, self.acknowledged, self.times = voter, stop, [], []

    def run(self):
        number = 0
        while not self.stop.is_set():
            name = f"{self.voter.name}-{number}"
            if self.voter.alive() and apply_herd(self.voter, name):
                self.acknowledged.append(name)
                self.times.append(time.monotonic())
            else:
                self.stop.wait(0.02)
            number += 1


def writes_go_on_when_the_leader_is_killed_and_nothing_acknowledged_is_lost():
    with Cluster() as cluster:
        leader = cluster.start()
        stop = threading.Event()
        writers = [Writer(voter, stop) for voter in cluster.voters]
        for writer in writers:
            writer.start()
        try:
            until("every node has taken writes", lambda: all(len(one.acknowledged) >= 5 for one in writers), 60)
            leader.kill()
            killed_at = time.monotonic()
            others = [one for one in writers if one.voter is not leader]
            until("the others have taken writes again",
                  lambda: all(one.times and one.times[-1] > killed_at + 0.5 for one in others), 60)
            following = cluster.leader(other_than=leader.name)
            assert following is not leader
            leader.start()
            until("the one that was killed takes writes again",
                  lambda: [one for one in writers if one.voter is leader][0].times[-1] > killed_at, 60)
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        times = sorted(at for one in others for at in one.times)
        gap = max(after - before for before, after in zip(times, times[1:]) if after > killed_at)
        print(f"        no write was acknowledged for {gap:.2f} s", flush=True)
        cluster.same_state()
        written = {name for one in writers for name in one.acknowledged}
        for voter in cluster.voters:
            lost = written - herds_of(voter)
            assert not lost, f"{voter.name} has lost {sorted(lost)[:10]} of {len(written)}"


def all_three_may_die_at_once_and_keep_what_was_acknowledged():
    with Cluster() as cluster:
        cluster.start()
        written = {f"herd-{number}" for number in range(20)}
        for number, name in enumerate(sorted(written)):
            assert apply_herd(cluster.voters[number % 3], name)
        for voter in cluster.voters:
            voter.kill()
        cluster.start()
        for voter in cluster.voters:
            assert herds_of(voter) == written, voter.name
        cluster.same_state()


def a_leader_that_is_stopped_hands_over_first():
    with Cluster() as cluster:
        leader = cluster.start()
        assert apply_herd(leader, "before")
        term = leader.status()["term"]
        assert leader.stop() == 0
        # Asked to, a follower has taken over: nobody noticed by silence that there was no leader.
        following = cluster.leader(other_than=leader.name)
        assert following.status()["term"] == term + 1, following.status()
        assert apply_herd(following, "after")


def one_of_three_alone_acknowledges_nothing_and_says_why():
    with Cluster() as cluster:
        leader = cluster.start()
        assert apply_herd(leader, "before")
        for voter in cluster.voters:
            if voter is not leader:
                voter.kill()
        until("it leads no more", lambda: leader.status()["role"] != "leader", 60)
        try:
            leader.ask("apply", herd_file={"path": "it", "text": 'herd = "alone"\n'})
            raise AssertionError("a minority took a write")
        except Refused as refused:
            assert refused.kind == "not_leader", refused
            assert "more than half of the nodes" in refused.message, refused
        for voter in cluster.voters:
            if not voter.alive():
                voter.start()
        cluster.leader()
        assert "before" in herds_of(leader) and "alone" not in herds_of(leader)


def another_list_of_nodes_is_refused_at_the_second_start():
    with Cluster() as cluster:
        cluster.start()
        voter = cluster.voters[0]
        assert voter.stop() == 0
        voter.write_config(cluster.nodes[:2])
        voter.launch()
        assert voter.process.wait(60) == 1
        assert "belongs to cluster 'ordeal' with n1 (id 1), n2 (id 2), n3 (id 3)" in voter.last_lines()
        voter.write_config(cluster.nodes)
        voter.start()
        cluster.leader()


def a_node_without_its_data_folder_is_taken_back_once_the_others_forget_it():
    with Cluster() as cluster:
        cluster.start()
        assert apply_herd(cluster.voters[0], "before")
        cluster.same_state()
        for voter in cluster.voters:
            assert voter.stop() == 0
        lost, others = cluster.voters[2], cluster.voters[:2]
        shutil.rmtree(lost.data)
        for voter in cluster.voters:  # none of them keeps in memory whom it has met
            voter.start()
        for voter in others:
            until("it refuses the node", lambda one=voter:
                  "'n3' has come back with another data folder" in one.last_lines(50), 60)
        until("the others have a leader", lambda: others[0].status()["leader"] in ("n1", "n2"), 60)
        assert apply_herd(others[0], "meanwhile")
        assert lost.status()["leader"] is None and lost.status()["state"]["applied"] == 0, lost.status()
        # The way that the refusal describes.
        assert lost.stop() == 0
        for voter in others:
            assert voter.stop() == 0
            (voter.data / "peers" / "n3").unlink()
            voter.start()
            cluster.leader()
            cluster.same_state()
        lost.start()
        cluster.leader()
        cluster.same_state()
        assert herds_of(lost) == {"before", "meanwhile"}


def a_new_certificate_is_read_without_a_restart():
    with Cluster() as cluster:
        leader = cluster.start()
        follower = next(one for one in cluster.voters if one is not leader)
        cluster.make("node", follower.name, "--force")
        os.kill(follower.process.pid, signal.SIGHUP)
        until("it says so", lambda: "the certificates were read anew" in follower.last_lines(50), 60)
        (cluster.pki / f"{follower.name}.key").write_text("no key")
        os.kill(follower.process.pid, signal.SIGHUP)
        until("it says so", lambda: "the certificates stay as they were" in follower.last_lines(50), 60)
        assert apply_herd(follower, "still-there")
        assert follower.alive()


def a_node_without_certificates_does_not_start():
    with Cluster(count=2) as cluster:
        voter = cluster.voters[0]
        (cluster.pki / "n1.key").unlink()
        done = subprocess.run([BIN / "runinkd", "--config", voter.config], check=False, capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == 1 and "n1.key" in done.stderr, done.stderr


if __name__ == "__main__":
    sys.exit(main([
        three_nodes_elect_one_leader_and_any_of_them_takes_a_write,
        a_mistake_is_told_alike_at_every_node,
        writes_go_on_when_the_leader_is_killed_and_nothing_acknowledged_is_lost,
        all_three_may_die_at_once_and_keep_what_was_acknowledged,
        a_leader_that_is_stopped_hands_over_first,
        one_of_three_alone_acknowledges_nothing_and_says_why,
        another_list_of_nodes_is_refused_at_the_second_start,
        a_node_without_its_data_folder_is_taken_back_once_the_others_forget_it,
        a_new_certificate_is_read_without_a_restart,
        a_node_without_certificates_does_not_start,
    ]))

#!/usr/bin/env python3
"""What three daemons do when the disk of one of them is full, hangs, or is broken."""
import pathlib
import subprocess
import sys
import time

from node import BIN, STOP_S, Refused, Skip, main, until
from voters import Cluster, apply_herd, herds_of

MIB = 1 << 20
BROKEN = 70  # the exit code of a node that stops itself
HANGS_S = 60


class FullDisk:
    """A small file system of its own at a node's data folder."""

    def __init__(self, voter, mebibytes):
        self.folder = voter.data
        self.folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0700", "tmpfs", self.folder],
                              check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise Skip(f"no file system can be mounted: {done.stderr.strip()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.folder], check=False)

    def leave(self, mebibytes):
        """A file takes all but so much."""
        info = subprocess.run(["stat", "-f", "-c", "%a %S", self.folder], check=True, capture_output=True, text=True)
        available, unit = map(int, info.stdout.split())
        size = available * unit - mebibytes * MIB
        subprocess.run(["fallocate", "-l", str(size), self.folder / "filler"], check=True)

    def make_room(self):
        (self.folder / "filler").unlink()


def level_of(voter):
    return ((voter.status() or {}).get("disk") or {}).get("level")


def a_leader_with_a_full_disk_gives_way_and_the_others_go_on():
    with Cluster() as cluster:
        with FullDisk(cluster.voters[0], 512) as disk:
            full = cluster.voters[0]
            cluster.start()
            cluster.make_leader(full)
            assert apply_herd(cluster.leader(), "before")
            assert (full.data / "ballast").stat().st_size == 32 * MIB
            disk.leave(50)
            until("it says so", lambda: level_of(full) == "scarce", 60)
            try:
                full.ask("apply", herd_file={"path": "it", "text": 'herd = "refused"\n'})
                raise AssertionError("new work was taken")
            except Refused as refused:
                assert refused.kind == "exhausted" and "no new work is taken" in refused.message, refused
            assert cluster.leader() is full, "a nearly full disk is no reason to go"
            disk.make_room()
            until("it is over", lambda: level_of(full) == "plain", 60)
            disk.leave(20)
            until("another one leads", lambda: cluster.leader(other_than=full.name), 60)
            assert level_of(full) == "full"
            assert not (full.data / "ballast").exists(), "the ballast was not thrown out"
            for number in range(20):
                until("a write is taken", lambda n=number: apply_herd(cluster.leader(), f"herd-{n}"), 60)
            shown = full.runi("cluster", "status")
            assert "disk      full" in shown.stdout, shown.stdout
            assert full.alive()
            disk.make_room()
            until("it is over", lambda: level_of(full) == "plain", 60)
            cluster.same_state()
            assert herds_of(full) >= {"before", "herd-0", "herd-19"} and "refused" not in herds_of(full)
            until("the ballast is there again", (full.data / "ballast").exists, 60)
            full.stop()
            full.end_spawner()


class Obstructed:
    """A cluster in which the disk of each node can be made to hang or to fail."""

    def __init__(self):
        library = BIN.parent / "lib/libfailing_disk.so"
        if not library.exists():
            raise Skip(f"{library} is not built")
        needed = subprocess.run(["ldd", BIN / "runinkd"], capture_output=True, text=True, check=True).stdout
        sanitizers = [line.split()[2] for line in needed.splitlines() if "libasan" in line]
        self.cluster = Cluster()
        for voter in self.cluster.voters:
            voter.environment = {"LD_PRELOAD": ":".join([*sanitizers, str(library)]),
                                 "FAILING_DISK": str(self.switch(voter))}

    @staticmethod
    def switch(voter):
        return pathlib.Path(voter.folder) / "disk"

    def __enter__(self):
        self.cluster.__enter__()
        try:
            self.cluster.start()
            assert apply_herd(self.cluster.leader(), "before")
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, *why):
        for voter in self.cluster.voters:
            self.switch(voter).unlink(missing_ok=True)
        self.cluster.__exit__(*why)

    def others_lead(self, stricken):
        def another():
            for voter in self.cluster.living():
                if voter is not stricken and (voter.status() or {}).get("role") == "leader":
                    return voter
            return None
        return until("another one leads", another, HANGS_S, 0.01)


def a_leader_whose_disk_hangs_gives_way_and_ends_when_it_goes_on():
    with Obstructed() as scene:
        leader = scene.cluster.leader()
        scene.switch(leader).write_text("hang", encoding="utf-8")
        began = time.monotonic()
        # A write is on its way; who asks for it need not wait for the disk that hangs.
        follower = next(one for one in scene.cluster.voters if one is not leader)
        writer = subprocess.Popen([BIN / "runi", "--socket", follower.socket, "kv", "put", "a", "b", "--herd", "before"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        following = scene.others_lead(leader)
        took = time.monotonic() - began
        # It answers while its log waits: no thread but the log writer waits for the disk.
        assert leader.status()["role"] != "leader"
        assert apply_herd(following, "after"), "the others go on"
        print(f"        another one led {took:.2f} s after the disk hung", flush=True)
        writer.wait(STOP_S)
        assert leader.process.wait(HANGS_S) == BROKEN, leader.last_lines()
        assert "more than 10 seconds" in leader.last_lines(), leader.last_lines()
        scene.switch(leader).unlink()
        leader.start()
        scene.cluster.same_state()
        assert herds_of(leader) == {"before", "after"}


def a_node_whose_disk_fails_a_write_ends_at_once_with_a_code_of_its_own():
    with Obstructed() as scene:
        leader = scene.cluster.leader()
        scene.switch(leader).write_text("fail", encoding="utf-8")
        apply_herd(leader, "perhaps")  # whoever asks is told that nothing is known of it
        assert leader.process.wait(HANGS_S) == BROKEN, leader.last_lines()
        assert "raft.db" in leader.last_lines(), leader.last_lines()
        following = scene.others_lead(leader)
        until("a write is taken", lambda: apply_herd(following, "after"), 60)
        scene.switch(leader).unlink()
        leader.start()
        scene.cluster.same_state()
        assert herds_of(leader) >= {"before", "after"}


if __name__ == "__main__":
    sys.exit(main([
        a_leader_with_a_full_disk_gives_way_and_the_others_go_on,
        a_leader_whose_disk_hangs_gives_way_and_ends_when_it_goes_on,
        a_node_whose_disk_fails_a_write_ends_at_once_with_a_code_of_its_own,
    ]))

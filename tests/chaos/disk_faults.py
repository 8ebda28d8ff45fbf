"""Power cuts and disks in trouble."""
import subprocess

import disks
from cluster import BROKEN

BROKEN_S = 6


def crash_again(trouble, voters):
    """kill -9, and what no sync has covered is gone. Half of the time their disks are slow before, so that much is
    on its way."""
    if trouble.scene.given.lying_disks or trouble.random.random() < 0.5:
        words = "lie" if trouble.scene.given.lying_disks else f"slow {trouble.random.choice((20, 100, 400))}"
        for voter in voters:
            disks.switch(voter).write_text(words, encoding="utf-8")
        trouble.wait(0.05, 0.6)
    trouble.cluster.kill(voters)
    lost = [disks.lose_unsynced(voter, trouble.random) for voter in voters]
    for voter in voters:
        disks.switch(voter).unlink(missing_ok=True)
    trouble.did("crashes", len(voters), " ".join(
        f"{voter.name} lost {count} bytes of its log" for voter, count in zip(voters, lost)))
    if any(lost):
        trouble.did("crashes that cut a log", sum(count > 0 for count in lost))
    trouble.wait(0, 0.8)
    trouble.cluster.begin(voters)


def crash_one(trouble):
    crash_again(trouble, [trouble.one()])


def crash_most(trouble):
    crash_again(trouble, trouble.some(len(trouble.founders()) // 2 + 1))


def crash_all(trouble):
    crash_again(trouble, trouble.founders())


def slow_disk(trouble):
    """Slow, or hanging for less than the daemon bears."""
    voter = trouble.one()
    words = trouble.random.choice(("slow 20", "slow 100", "slow 500", "hang"))
    disks.switch(voter).write_text(words, encoding="utf-8")
    trouble.did("slow disks", 1, f"{voter.name} {words}")
    trouble.wait(0.3, 4)
    disks.switch(voter).unlink()


def broken_disk(trouble):
    """A write or a sync fails: the daemon ends with a code of its own, and what was not synced may be gone."""
    voter, words = trouble.one(), trouble.random.choice(("fail", "full"))
    trouble.cluster.down.add(voter.name)
    disks.switch(voter).write_text(words, encoding="utf-8")
    try:
        code = voter.process.wait(BROKEN_S)
        assert code == BROKEN, f"{voter.name} ended with {code} when its disk said '{words}':\n{voter.last_lines(30)}"
    except subprocess.TimeoutExpired:
        trouble.cluster.kill([voter])  # it wrote nothing; it may be about to
        words += ", without a write"
    if trouble.random.random() < 0.5:
        disks.lose_unsynced(voter, trouble.random)
    disks.switch(voter).unlink()
    trouble.did("broken disks", 1, f"{voter.name} {words}")
    trouble.cluster.begin([voter])


DISKS = {crash_one: 30, crash_most: 5, crash_all: 8, slow_disk: 10, broken_disk: 6}
CRASHES = {crash_one: 30, crash_most: 5, crash_all: 8}

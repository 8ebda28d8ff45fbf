#!/usr/bin/env python3
"""docs/GUIDE.md and the topics of `runi help`, run as a reader would run them, in one bash, on one node.

Every fenced block of the guide bears a mark, in a comment that readers do not see:

    <!-- file: PATH -->        the block is that file; the prose before it must name it
    <!-- run -->               commands; each must end with 0
    <!-- run: exit N -->       commands; the last one must end with N, the others with 0
    <!-- run: in the repository -->   commands, run in a tree that looks like a built repository
    <!-- prints -->            all that the commands before it print
    <!-- prints: begins -->    how it begins

In what is printed, "..." stands for anything within a line, and a line of "..." for any lines.
The examples of the topics show single lines of what they print, as "#> line".
"""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from node import BIN, ROOT, RUN_S, main, processes, until

GUIDE = ROOT / "docs/GUIDE.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.S | re.M)
MARK = re.compile(r"<!-- (file|run|prints)(?:: (.*?))? -->\n\Z")


class Snippet:
    """One fenced block: its mark, its text, and where it stands."""

    def __init__(self, mark, more, text, line, prose):
        self.mark, self.more, self.text, self.line, self.prose = mark, more or "", text, line, prose

    def __str__(self):
        return f"GUIDE.md:{self.line}"


def snippets(guide):
    found, last = [], 0
    for block in BLOCK.finditer(guide):
        before = guide[last:block.start()]
        mark = MARK.search(before)
        line = guide.count("\n", 0, block.start()) + 1
        if mark is None:
            raise AssertionError(f"GUIDE.md:{line}: a block without a mark is not run: say what it is")
        found.append(Snippet(mark.group(1), mark.group(2), block.group(2), line, before[:mark.start()]))
        last = block.end()
    return found


def pattern_of(text, begins=False):
    """What is expected as a regular expression; "..." as the head of this file says."""
    parts = []
    for line in text.rstrip("\n").split("\n"):
        if line == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append(".*".join(re.escape(piece) for piece in line.split("...")) + r"[ ]*\n")
    return re.compile("".join(parts) + ("" if begins else r"\Z"))


class Reader:
    """One bash that types what it is given; variables, folders and jobs stay."""

    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="runink-guide-"))
        self.repository = self.home / "repository"
        (self.repository / "build/release").mkdir(parents=True)
        (self.repository / "build/release/bin").symlink_to(BIN)
        environment = {"HOME": str(self.home), "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                       "LANG": "C.UTF-8", "TERM": "dumb"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        self.bash = subprocess.Popen(["bash", "--norc", "--noprofile"], stdin=subprocess.PIPE, cwd=self.home,
                                     env=environment, start_new_session=True, text=True)
        self.count = 0

    def types(self, text, wanted=0):
        """What the commands print, stdout and stderr as they come; fails unless each ends with 0, and the
        last one with `wanted`."""
        self.count += 1
        script, out, code = (self.home / f"{self.count}.{name}" for name in ("sh", "out", "code"))
        # The line in which a command failed first, if one did, is told with the last exit code.
        script.write_text(text, encoding="utf-8")
        self.bash.stdin.write(
            f"failed=; trap '[ -n \"$failed\" ] || failed=$LINENO' ERR; set -E\n"
            f"{{ . {script}; }} > {out} 2>&1; last=$?\n"
            f"trap - ERR; echo \"$last $failed\" > {code}.new; mv {code}.new {code}\n")
        self.bash.stdin.flush()
        until(f"the commands end:\n{text}", lambda: code.exists() or self.bash.poll() is not None, RUN_S)
        printed = out.read_text(encoding="utf-8")
        assert code.exists(), f"bash ended: {printed}"
        last, _, line = code.read_text().strip().partition(" ")
        assert int(last) == wanted, f"exit code {last}, not {wanted}:\n{text}\n{printed}"
        if wanted == 0:
            assert not line, f"line {line} failed:\n{text}\n{printed}"
        return printed

    def folder(self):
        return pathlib.Path(self.types("pwd").strip())

    def end(self):
        """Ends what the reader left: the shell, a node that it started, and its spawner."""
        self.bash.stdin.close()
        try:
            self.bash.wait(RUN_S)
        except subprocess.TimeoutExpired:
            self.bash.kill()
        for pid, words in processes():
            if str(self.home) in " ".join(words) or self.is_node(pid, words):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
        shutil.rmtree(self.home, ignore_errors=True)

    def is_node(self, pid, words):
        try:
            return "runinkd" in words[0] and os.readlink(f"/proc/{pid}/cwd").startswith(str(self.home))
        except OSError:
            return False


class World:
    """The reader, who has read the guide up to its last but one chapter."""
    reader = None
    printed = ""


def do(snippet, reader):
    if snippet.mark == "file":
        assert f"`{snippet.more}`" in snippet.prose, f"{snippet}: the prose does not name {snippet.more}"
        path = reader.folder() / snippet.more
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(snippet.text, encoding="utf-8")
    elif snippet.mark == "run":
        if snippet.more == "in the repository":
            reader.types(f"cd {reader.repository}")
        code = re.fullmatch(r"exit (\d+)", snippet.more)
        World.printed = reader.types(snippet.text, int(code.group(1)) if code else 0)
    else:
        found = pattern_of(snippet.text, snippet.more == "begins").match(World.printed)
        assert found, f"{snippet}: expected\n{snippet.text}\nand this was printed:\n{World.printed}"


def last_chapter(all_snippets):
    """Where the last `run` stands, which stops the node."""
    return max(i for i, one in enumerate(all_snippets) if one.mark == "run")


def the_guide_works_as_it_is_written():
    began = time.monotonic()
    World.reader = Reader()
    every = snippets(GUIDE.read_text(encoding="utf-8"))
    for snippet in every[:last_chapter(every)]:
        try:
            do(snippet, World.reader)
        except AssertionError as error:
            raise AssertionError(f"{snippet}: {error}") from None
    print(f"  {len(every)} snippets, {time.monotonic() - began:.1f} s")


def every_topic_of_the_help_has_an_example_that_works():
    reader = World.reader
    assert reader, "the guide's node is needed"
    listed = reader.types("runi help")
    topics = re.findall(r"^  ([a-z-]+) +\S", listed, re.M)
    assert len(topics) >= 15, listed
    reader.types("mkdir -p ~/topics && cd ~/topics")
    wrong = [f"{topic}: {why}" for topic in topics if (why := wrong_example(reader, topic))]
    assert not wrong, "\n".join(wrong)
    print(f"  {len(topics)} topics")


def wrong_example(reader, topic):
    """What is wrong with the example of a topic; empty when it does what it says."""
    try:
        script = reader.types(f"runi help {topic} --example")
        printed = reader.types(f"runi help {topic} --example | sh -eu; test ${{PIPESTATUS[1]}} = 0")
    except AssertionError as error:
        return str(error)
    for line in re.findall(r"^#> (.*)$", script, re.M):
        if not re.search("^" + pattern_of(line, begins=True).pattern, printed, re.M):
            return f"no line is {line!r}:\n{printed}"
    return ""


def the_guide_leaves_nothing_running():
    every = snippets(GUIDE.read_text(encoding="utf-8"))
    World.reader.types("cd ~/runink-guide")
    for snippet in every[last_chapter(every):]:
        do(snippet, World.reader)
    home = World.reader.home
    until("the spawner ends", lambda: not [
        words for _, words in processes() if str(home) in " ".join(words) and "bash" not in words[0]], 30)


if __name__ == "__main__":
    try:
        CODE = main([the_guide_works_as_it_is_written, every_topic_of_the_help_has_an_example_that_works,
                     the_guide_leaves_nothing_running])
    finally:
        if World.reader:
            World.reader.end()
    sys.exit(CODE)

#!/usr/bin/env python3
"""cmake --install into a prefix, moved elsewhere: what it is linked with, its units, and a node that works.

BUILD_DIR: the build to install from. Its programs may bring libraries of sanitizers, as the preset `dev` does.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD_DIR", ROOT / "build/release")).resolve()
PROGRAMS = ("runinkd", "runi", "runink-spawner", "runink-step")
OF_SANITIZERS = {"libasan.so.8", "libubsan.so.1", "libtsan.so.2"}
PIPELINE = """\
pipeline = "sales"
herd     = "shop"

[source.orders]
csv = "lake:/orders.csv"

[step.netted]
sql = "SELECT shop, sum(cents)::BIGINT AS cents FROM orders GROUP BY shop ORDER BY ALL"

[sink.report]
from = "netted"
csv  = "reports:/net.csv"
"""


def run(*words, **more):
    done = subprocess.run([str(word) for word in words], check=False, text=True, capture_output=True, **more)
    if done.returncode != 0:
        raise AssertionError(f"{words}: exit {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def read_dynamic(program):
    """(libraries it needs, folders it looks in first), as its file says (elf(5), DT_NEEDED and DT_RUNPATH)."""
    text = run("readelf", "--dynamic", program)
    return (set(re.findall(r"\(NEEDED\).*\[(.*)\]", text)),
            re.findall(r"\((?:RUNPATH|RPATH)\).*\[(.*)\]", text))


def named_libraries(text):
    """{program: {library: package}} of packaging/libraries.txt."""
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {program: {library: package for of, library, package in lines if of in (program, "*")}
            for program in PROGRAMS}


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="runink-install-")
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.prefix = pathlib.Path(cls.scratch.name, "first place")
        run("cmake", "--install", BUILD, "--prefix", cls.prefix)
        cls.units = {name: (cls.prefix / f"lib/systemd/system/{name}.service").read_text(encoding="utf-8")
                     for name in ("runinkd", "runink-spawner")}
        cls.moved = pathlib.Path(cls.scratch.name, "moved")
        cls.prefix.rename(cls.moved)

    def test_each_program_needs_the_libraries_that_are_named_and_no_others(self):
        named = named_libraries((self.moved / "share/doc/runink/libraries.txt").read_text(encoding="utf-8"))
        for program in PROGRAMS:
            needed, folders = read_dynamic(self.moved / "bin" / program)
            self.assertEqual(needed - OF_SANITIZERS, set(named[program]), program)
            self.assertEqual(folders, ["$ORIGIN/../lib"] if program == "runink-step" else [], program)

    def test_each_library_is_found_where_it_is_said_to_be(self):
        named = named_libraries((self.moved / "share/doc/runink/libraries.txt").read_text(encoding="utf-8"))
        for program in PROGRAMS:
            found = dict(re.findall(r"^\s(\S+) => (\S+)", run("ldd", self.moved / "bin" / program), re.M))
            for library, package in named[program].items():
                self.assertIn(library, found, program)
                path = pathlib.Path(found[library]).resolve()
                if package == "tree":
                    self.assertEqual(path, self.moved / "lib" / library)
                else:
                    self.assertNotIn(str(ROOT), str(path), f"{program} takes {library} from the build")
                    self.assertIn(package, self.owners(path), f"{library} is not of the package that is named")

    @staticmethod
    def owners(path):
        """The packages that a file is of; /usr/lib is /lib on Debian 12, and dpkg knows one of the two names."""
        text = ""
        for one in (str(path), str(path).removeprefix("/usr")):
            text += subprocess.run(["dpkg-query", "--search", one], check=False, text=True, capture_output=True).stdout
        return {line.split(":")[0] for line in text.splitlines()}

    def test_a_missing_library_of_the_tree_is_noticed(self):
        aside = self.moved / "aside"
        (self.moved / "lib/libduckdb.so").rename(aside)
        try:
            self.assertIn("libduckdb.so => not found", run("ldd", self.moved / "bin/runink-step"))
        finally:
            aside.rename(self.moved / "lib/libduckdb.so")

    def test_no_file_of_the_tree_but_programs_and_units_names_a_place(self):
        texts = [one for one in self.moved.rglob("*") if one.is_file() and one.suffix in (".md", ".toml", ".txt", ".py")]
        self.assertGreater(len(texts), 20)
        for one in texts:
            text = one.read_text(encoding="utf-8")
            self.assertFalse(str(ROOT) in text or str(self.prefix) in text, one)

    def test_the_units_start_what_was_installed(self):
        for name, text in self.units.items():
            self.assertNotRegex(text, "@[A-Z]+@")
            started = re.search(r"^ExecStart=(.*)$", text, re.M).group(1)
            self.assertTrue(started.replace("\\x20", " ").startswith(f"\"{self.prefix}/bin/{name}\" "), started)
        if shutil.which("systemd-analyze") is None:
            self.skipTest("there is no systemd-analyze")
        folder = pathlib.Path(self.scratch.name, "units")
        folder.mkdir()
        for name, text in self.units.items():
            # Where the programs are now: a unit whose program is missing would be a complaint.
            (folder / f"{name}.service").write_text(text.replace(str(self.prefix), str(self.moved)), encoding="utf-8")
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", *map(str, folder.iterdir())], check=False,
                              text=True, capture_output=True)
        complaints = [line for line in done.stderr.splitlines() if "runink" in line]
        self.assertEqual(complaints, [], done.stderr)

    def test_systemd_does_not_start_again_who_ended_for_good(self):
        codes = re.findall(r"exit_(?:broken|removed) = (\d+);", (ROOT / "actors/node.hpp").read_text(encoding="utf-8"))
        self.assertEqual(len(codes), 2)
        never = re.search(r"^RestartPreventExitStatus=(.*)$", self.units["runinkd"], re.M).group(1)
        self.assertLessEqual(set(codes), set(never.split()))

    def test_the_example_of_a_cluster_file_is_a_good_one(self):
        shown = run(self.moved / "bin/runinkd", "--config", self.moved / "share/doc/runink/cluster.toml", "--check-config")
        self.assertIn("/var/lib/runink", shown)

    def test_a_node_of_the_moved_tree_runs_a_pipeline(self):
        os.environ["RUNINK_BIN_DIR"] = str(self.moved / "bin")
        sys.path.insert(0, str(ROOT / "tests/cluster"))
        import node as whole  # pylint: disable=import-outside-toplevel
        self.assertEqual(whole.BIN, self.moved / "bin")
        with whole.Node() as node:
            self.assertTrue(node.start())
            self.assertEqual(os.readlink(f"/proc/{node.process.pid}/exe"), str(self.moved / "bin/runinkd"))
            (node.lake / "orders.csv").write_text("shop,cents\nb,1\na,2\nb,3\n", encoding="utf-8")
            node.apply_herd()
            done = node.runi("run", node.pipeline("sales", PIPELINE), "--follow")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual((node.reports / "net.csv").read_text(encoding="utf-8"), "shop,cents\na,2\nb,4\n")
            spawners = [words[0] for _, words in whole.processes()
                        if "runink-spawner" in words[0] and str(node.data) in " ".join(words)]
            self.assertTrue(spawners and set(spawners) == {str(self.moved / "bin/runink-spawner")}, spawners)
            self.assertEqual(node.stop(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)

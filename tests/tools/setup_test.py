#!/usr/bin/env python3
"""tools/setup with programs of our own for dpkg-query, apt-get, sudo and npm; no network."""
import hashlib
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LIBRARY, HEADER = b"a library", b"a header"

# Says that every package is there but those in the file `missing`.
DPKG = """#!/bin/bash
shift 2
for package in "$@"; do
  grep -qx "$package" "$HOUSE/missing" 2>/dev/null || echo "$package ii "
done
"""
NPM = """#!/bin/bash
echo "npm $*" >>"$HOUSE/calls"
count=$(grep -c ^npm "$HOUSE/calls")
[ "$count" -gt "$(cat "$HOUSE/npm_fails" 2>/dev/null || echo 0)" ] || { echo "no network" >&2; exit 1; }
if [ "$1" = ci ]; then mkdir -p "$3/node_modules/ajv"; exit 0; fi
mkdir -p "$4/package/src/duckdb/src/include"
printf '%s' "$(cat "$HOUSE/library")" >"$4/package/libduckdb.so"
printf '%s' "$(cat "$HOUSE/header")" >"$4/package/src/duckdb/src/include/duckdb.h"
tar -czf "$4/it.tgz" -C "$4" package && rm -r "$4/package"
"""
APT = """#!/bin/bash
echo "apt-get $*" >>"$HOUSE/calls"
[ "$1" = install ] && rm "$HOUSE/missing"
exit 0
"""


class Setup(unittest.TestCase):
    def setUp(self):
        self.house = pathlib.Path(tempfile.mkdtemp(prefix="runink-setup-"))
        self.addCleanup(shutil.rmtree, self.house)
        (self.house / "tools").mkdir()
        (self.house / "bin").mkdir()
        script = (ROOT / "tools/setup").read_text(encoding="utf-8")
        for name, content in (("library", LIBRARY), ("header", HEADER)):
            (self.house / name).write_bytes(content)
            script = re.sub(rf"(readonly {name}_sha256=)\w+",
                            rf"\g<1>{hashlib.sha256(content).hexdigest()}", script)
        self.program("tools/setup", script)
        shutil.copy(ROOT / "tools/packages.txt", self.house / "tools")
        (self.house / "tests/contracts/reference").mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            (self.house / "tests/contracts/reference" / name).write_text(f"{name} 1", encoding="utf-8")
        for name, text in (("dpkg-query", DPKG), ("npm", NPM), ("apt-get", APT)):
            self.program(f"bin/{name}", text)
        self.program("bin/sudo", '#!/bin/bash\nexec "$@"\n')

    def program(self, path, text):
        (self.house / path).write_text(text, encoding="utf-8")
        (self.house / path).chmod(0o755)

    def run_setup(self, *words):
        return subprocess.run(
            [self.house / "tools/setup", *words], text=True, capture_output=True, check=False,
            env={"PATH": f"{self.house}/bin:/usr/bin:/bin", "HOUSE": str(self.house), "RUNINK_RETRY_S": "0"})

    def calls(self):
        file = self.house / "calls"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def test_what_is_missing_is_installed_and_fetched_once(self):
        (self.house / "missing").write_text("libcaf-dev\nccache\n", encoding="utf-8")
        first = self.run_setup()
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertEqual((self.house / ".data/duckdb/libduckdb.so").read_bytes(), LIBRARY)
        self.assertEqual((self.house / ".data/duckdb/duckdb.h").read_bytes(), HEADER)
        installs = [call for call in self.calls() if call.startswith("apt-get install")]
        self.assertEqual(len(installs), 1)
        self.assertTrue(installs[0].endswith(" ccache libcaf-dev"), installs)
        calls = len(self.calls())
        second = self.run_setup()
        self.assertEqual(second.returncode, 0, second.stderr)
        self.assertEqual(len(self.calls()), calls, "a second time nothing is called")

    def test_ajv_is_fetched_again_when_its_lock_file_changes(self):
        self.assertEqual(self.run_setup().returncode, 0)
        self.assertTrue((self.house / ".data/odcs-reference/node_modules/ajv").is_dir())
        lock = self.house / "tests/contracts/reference/package-lock.json"
        lock.write_text("another", encoding="utf-8")
        calls = len(self.calls())
        self.assertEqual(self.run_setup().returncode, 0)
        added = self.calls()[calls:]
        self.assertEqual([call.split()[1] for call in added], ["ci"])
        self.assertIn("--ignore-scripts", added[0])

    def test_a_fetch_of_ajv_that_failed_is_begun_anew(self):
        self.assertEqual(self.run_setup().returncode, 0)
        (self.house / "tests/contracts/reference/package-lock.json").write_text("another", encoding="utf-8")
        (self.house / "npm_fails").write_text("99", encoding="utf-8")
        self.assertEqual(self.run_setup().returncode, 1)
        (self.house / "npm_fails").write_text("0", encoding="utf-8")
        done = self.run_setup()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((self.house / ".data/odcs-reference/node_modules/ajv").is_dir())

    def test_a_network_that_fails_twice_is_asked_a_third_time(self):
        (self.house / "npm_fails").write_text("2", encoding="utf-8")
        done = self.run_setup()
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_network_that_is_not_there_is_told_with_what_to_do(self):
        (self.house / "npm_fails").write_text("99", encoding="utf-8")
        done = self.run_setup()
        self.assertEqual(done.returncode, 1)
        self.assertIn("failed three times", done.stderr)
        self.assertIn("no network", done.stderr)
        self.assertIn("Then run tools/setup again", done.stderr)
        self.assertEqual(len(self.calls()), 3)

    def test_bytes_with_another_digest_are_not_installed(self):
        (self.house / "library").write_bytes(b"something else")
        done = self.run_setup()
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing was installed", done.stderr)
        self.assertEqual(list((self.house / ".data/duckdb").iterdir()), [])

    def test_a_damaged_library_is_fetched_again(self):
        self.assertEqual(self.run_setup().returncode, 0)
        (self.house / ".data/duckdb/libduckdb.so").write_bytes(b"damaged")
        self.assertEqual(self.run_setup().returncode, 0)
        self.assertEqual((self.house / ".data/duckdb/libduckdb.so").read_bytes(), LIBRARY)

    def test_an_option_that_does_not_exist_is_refused(self):
        done = self.run_setup("--tdiy")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Known: --tidy", done.stderr)


if __name__ == "__main__":
    unittest.main()

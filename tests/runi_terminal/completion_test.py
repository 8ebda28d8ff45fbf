#!/usr/bin/env python3
"""Completion in real shells: bash, zsh and fish, each behind a pseudo terminal where it is installed."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from scripted_node import RUN_ID, RUNI, ScriptedNode, Terminal, run_item, until

PROMPT = "ready> "
# It stands at the beginning of a line, or behind what a shell paints before it. Where it is typed, in the
# line that sets it, a quote stands before it.
AT_PROMPT = rb"[\r\n\x07JKhlm]" + PROMPT.encode()
# What a shell paints with: CSI and OSC sequences, character sets, single escapes.
PAINT = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()].|\x1b[=>78]|\x07")


def answer(request, say):
    """A node with one run, one pipeline, one herd and one contract."""
    if request["verb"] == "contract.get":
        say("result", {"contracts": [{"herd": "finance", "name": "trades", "version": 2}]})
    elif request["verb"] == "get":
        item = {"runs": {"id": RUN_ID, "herd": "finance", "pipeline": "settlement", "status": "running"},
                "pipelines": {"name": "settlement", "herd": "finance"},
                "herds": {"name": "finance"}}[request["kind"]]
        say("result", {"kind": request["kind"], "items": [item], "more": False})
    elif request["verb"] == "describe":
        say("result", {"kind": "run", "item": run_item()})
    elif request["verb"] == "cancel":
        say("result", {"run": run_item("cancelled"), "changed": True})
    else:
        say("result", {"text": "because", "status": "running"})


def script_of(shell, folder):
    done = subprocess.run([RUNI, "completion", shell], capture_output=True, text=True, check=True)
    path = pathlib.Path(folder, f"completion.{shell}")
    path.write_text(done.stdout, encoding="utf-8")
    return path


class Shell:
    """An interactive shell that has read the completion, in a folder with a pipeline in it."""

    def __init__(self, name):
        self.name = name
        self.node = ScriptedNode(answer)
        self.folder = tempfile.TemporaryDirectory(prefix="runink-shell-")
        (pathlib.Path(self.folder.name) / "settlement").mkdir()
        (pathlib.Path(self.folder.name) / "finance.herd.toml").touch()
        script = script_of(name, self.folder.name)
        first = {
            "bash": f"PS1='{PROMPT}'; bind 'set enable-bracketed-paste off'; . {script}",
            "zsh": f"autoload -Uz compinit; compinit -D -u; . {script}; PS1='{PROMPT}'",
            "fish": f"source {script}; function fish_prompt; echo -n '{PROMPT}'; end",
        }[name]
        words = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"],
                 "fish": ["fish", "--no-config", "-i"]}[name]
        self.terminal = Terminal(words, columns=200, whole=True, env={
            "RUNINK_SOCKET": self.node.socket, "PATH": f"{RUNI.parent}:/usr/bin:/bin",
            "HOME": self.folder.name, "PS1": "first> "})
        self.terminal.type(f"cd {self.folder.name}; {first}\n")
        try:
            self.terminal.wait_for(AT_PROMPT)
        except AssertionError:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.terminal.__exit__()
        self.node.__exit__()
        self.folder.cleanup()

    def complete(self, typed, rest):
        """Types, presses the tabulator, waits until the rest of the word is shown, and runs the line."""
        begin = len(self.terminal.seen)
        self.terminal.type(typed + "\t")
        until(f"{self.name} adds {rest!r} to {typed!r}",
              lambda: self.terminal.read() and rest in PAINT.sub("", self.terminal.seen[begin:].decode()))
        begin = len(self.terminal.seen)
        self.terminal.type("\n")
        self.terminal.wait_for(AT_PROMPT, begin)

    def asked(self, verb):
        return [request for request in self.node.requests if request["verb"] == verb]


class InteractiveShells(unittest.TestCase):
    """The same lines in every shell: what reached the node proves what was completed."""

    def shell(self, name):
        if shutil.which(name) is None:
            self.skipTest(f"{name} is not installed")
        return Shell(name)

    def lines_in(self, name):
        with self.shell(name) as shell:
            shell.complete("runi canc", "el")
            # The verb alone is a mistake that runi tells; nothing was asked.
            self.assertEqual(shell.asked("cancel"), [])
            shell.complete("runi cancel 4f", RUN_ID[2:])
            until("the node is asked", lambda: shell.asked("cancel"))
            self.assertEqual([one["run"] for one in shell.asked("cancel")], [RUN_ID])
            shell.complete("runi explain 4f0c12ab net", "ted")
            until("the node is asked", lambda: shell.asked("explain"))
            self.assertEqual(shell.asked("explain")[0]["step"], "netted")
            shell.complete("runi get her", "ds")
            until("the node is asked", lambda: [one for one in shell.asked("get") if "limit" not in one])
            self.assertEqual([one["kind"] for one in shell.asked("get") if "limit" not in one], ["herds"])
            shell.complete("runi describe pipeline fin", "ance/settlement")
            until("the node is asked", lambda: [one for one in shell.asked("describe")
                                                if one.get("name") == "finance/settlement"])
            begin = len(shell.terminal.seen)
            shell.complete("runi get herds -o js", "on")
            shell.terminal.wait_for(rb'"items"', begin)
            shell.complete("runi contract his", "tory")
            shell.complete("runi contract history fin", "ance/trades")
            until("the node is asked", lambda: shell.asked("contract.history"))
            self.assertEqual(shell.asked("contract.history")[0]["name"], "finance/trades")
            shell.complete("runi help temp", "lates")
            shell.terminal.wait_for(rb"templates: ", begin)

    def test_bash(self):
        self.lines_in("bash")

    def test_zsh(self):
        self.lines_in("zsh")

    def test_fish(self):
        self.lines_in("fish")


class BashWords(unittest.TestCase):
    """The ways in which bash cuts a line into words, one by one."""

    @classmethod
    def setUpClass(cls):
        cls.node = ScriptedNode(answer)
        cls.folder = tempfile.TemporaryDirectory(prefix="runink-bash-")
        cls.script = script_of("bash", cls.folder.name)
        for name in ("settlement", "settings"):
            (pathlib.Path(cls.folder.name) / name).mkdir()
        (pathlib.Path(cls.folder.name) / "set.herd.toml").touch()

    @classmethod
    def tearDownClass(cls):
        cls.node.__exit__()
        cls.folder.cleanup()

    def reply(self, line, *words, breaks=None):
        """COMPREPLY for a line whose words bash has cut as given; the cursor stands at its end."""
        set_breaks = "" if breaks is None else f"COMP_WORDBREAKS={breaks!r}; "
        ask = (f"{set_breaks}. {self.script}; COMP_LINE={line!r}; COMP_POINT=${{#COMP_LINE}}; "
               f"COMP_WORDS=({' '.join(repr(word) for word in words)}); "
               f"COMP_CWORD={len(words) - 1}; _runi; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        done = subprocess.run(["bash", "--norc", "--noprofile", "-c", ask], capture_output=True, text=True,
                              check=True, cwd=self.folder.name,
                              env={"PATH": f"{RUNI.parent}:/usr/bin:/bin", "RUNINK_SOCKET": self.node.socket})
        self.assertEqual(done.stderr, "")
        return [one for one in done.stdout.split("\n") if one]

    def test_a_verb(self):
        self.assertEqual(self.reply("runi exp", "runi", "exp"), ["explain"])
        self.assertEqual(self.reply("runi co", "runi", "co"), ["compile", "completion", "contract"])

    def test_a_value_behind_an_equals_sign(self):
        self.assertEqual(self.reply("runi get runs --output=y", "runi", "get", "runs", "--output", "=", "y"),
                         ["yaml"])
        self.assertEqual(self.reply("runi get runs --output=", "runi", "get", "runs", "--output", "="),
                         ["json", "name", "table", "yaml"])
        self.assertEqual(self.reply("runi get runs --output=y", "runi", "get", "runs", "--output=y", breaks=" "),
                         ["--output=yaml"])

    def test_blanks_between_words_are_of_no_account(self):
        self.assertEqual(self.reply("  runi   get   ru", "runi", "get", "ru"), ["runs"])
        self.assertEqual(self.reply("runi get ", "runi", "get", ""),
                         ["datasets", "herds", "nodes", "pipelines", "runs", "volumes"])

    def test_folders_and_files(self):
        self.assertEqual(sorted(self.reply("runi compile set", "runi", "compile", "set")), ["settings", "settlement"])
        self.assertEqual(sorted(self.reply("runi apply -f set", "runi", "apply", "-f", "set")),
                         ["set.herd.toml", "settings", "settlement"])
        self.assertEqual(sorted(self.reply("runi run s", "runi", "run", "s")), ["settings", "settlement"])

    def test_names_of_the_node(self):
        self.assertEqual(self.reply("runi logs 4f", "runi", "logs", "4f"), [RUN_ID])
        self.assertEqual(self.reply("runi logs 4f0c12 r", "runi", "logs", "4f0c12", "r"), ["report"])

    def test_contracts(self):
        self.assertEqual(self.reply("runi contract re", "runi", "contract", "re"), ["restore"])
        self.assertEqual(self.reply("runi contract diff fin", "runi", "contract", "diff", "fin"), ["finance/trades"])
        self.assertEqual(sorted(self.reply("runi contract test ", "runi", "contract", "test", "")),
                         ["completion.bash", "finance/trades", "set.herd.toml", "settings", "settlement"])
        self.assertEqual(self.reply("runi contract apply -f set.", "runi", "contract", "apply", "-f", "set."),
                         ["set.herd.toml"])

    def test_without_a_node_there_are_no_names_and_no_messages(self):
        there, self.node.socket = self.node.socket, "/nowhere.sock"
        try:
            self.assertEqual(self.reply("runi logs 4f", "runi", "logs", "4f"), [])
        finally:
            type(self).node.socket = there

    def test_the_cursor_in_the_middle_of_a_line(self):
        ask = (f". {self.script}; COMP_LINE='runi des run'; COMP_POINT=8; COMP_WORDS=(runi des run); "
               "COMP_CWORD=1; _runi; printf '%s\\n' \"${COMPREPLY[@]}\"")
        done = subprocess.run(["bash", "--norc", "--noprofile", "-c", ask], capture_output=True, text=True,
                              check=True, env={"PATH": f"{RUNI.parent}:/usr/bin:/bin"})
        self.assertEqual(done.stdout, "describe\n")


class FishWords(unittest.TestCase):
    def test_candidates_come_with_their_texts(self):
        if shutil.which("fish") is None:
            self.skipTest("fish is not installed")
        with tempfile.TemporaryDirectory() as folder:
            script = script_of("fish", folder)
            done = subprocess.run(["fish", "--no-config", "-c", f"source {script}; complete -C 'runi desc'"],
                                  capture_output=True, text=True, check=True,
                                  env={"PATH": f"{RUNI.parent}:/usr/bin:/bin", "HOME": folder})
            self.assertEqual(done.stdout, "describe\tShow all that is known of one thing\n")


class ZshFile(unittest.TestCase):
    def test_it_can_lie_in_a_folder_of_functions(self):
        if shutil.which("zsh") is None:
            self.skipTest("zsh is not installed")
        with tempfile.TemporaryDirectory() as folder:
            script_of("zsh", folder).rename(pathlib.Path(folder, "_runi"))
            ask = f"fpath=({folder} $fpath); autoload -Uz compinit; compinit -D -u; print ${{_comps[runi]}}"
            done = subprocess.run(["zsh", "-f", "-c", ask], capture_output=True, text=True, check=True,
                                  env={"PATH": f"{RUNI.parent}:/usr/bin:/bin", "HOME": folder})
            self.assertEqual(done.stdout, "_runi\n")


if __name__ == "__main__":
    if not RUNI.exists():
        sys.exit(f"{RUNI} is missing: build it, or set RUNINK_BIN_DIR")
    unittest.main(verbosity=2)

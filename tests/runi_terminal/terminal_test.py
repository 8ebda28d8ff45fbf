#!/usr/bin/env python3
"""What a person sees while a run is followed: behind pseudo terminals of several widths and kinds."""
import sys
import threading
import unittest

from scripted_node import RUN_ID, RUNI, ScriptedNode, Screen, Terminal, run_item

SGR = b"\x1b["


class Followed:
    """`runi follow`, stopped in the middle of a run until `end` is called."""

    def __init__(self, columns, status="succeeded", env=None):
        self.go_on = threading.Event()
        self.columns, self.status = columns, status
        self.node = ScriptedNode(self.answer)
        self.terminal = Terminal([RUNI, "--socket", self.node.socket, "follow", RUN_ID],
                                 columns=columns, env=env)

    def answer(self, request, say):
        assert request["verb"] == "follow", request
        say("event", {"kind": "run", "run": run_item()})
        say("event", {"kind": "progress", "run": RUN_ID, "stage": "netted", "partition": 0,
                      "permille": 420, "rows": 25})
        self.go_on.wait(60)
        say("result", run_item(self.status, ended_at="2026-11-20T08:00:04.000Z"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.go_on.set()
        self.terminal.__exit__()
        self.node.__exit__()

    def screen(self):
        screen = Screen(self.columns)
        screen.write(self.terminal.seen)
        return screen

    def drawn(self):
        """The first picture that shows how far the stage is, as (screen, its lines)."""
        self.terminal.wait_for(rb"42 %[^\x1b]*(\x1b\[0m)?\r\n[^\n]*report[^\n]*\n\x1b\[J")
        screen = self.screen()
        return screen, screen.text().split("\n")

    def end(self):
        self.go_on.set()
        return self.terminal.finish()



class TerminalTest(unittest.TestCase):
    def test_a_wide_terminal_shows_every_column_and_a_bar(self):
        with Followed(100) as followed:
            screen, lines = followed.drawn()
            self.assertFalse(screen.wrapped)
            self.assertEqual(len(lines), 4, lines)
            self.assertTrue(lines[0].startswith("finance/settlement 4f0c12ab9988  running  1/3 stages"), lines)
            self.assertRegex(lines[1], r"^  ✓ trades  source +succeeded +1\.2 s  1,000,000 rows$")
            self.assertRegex(lines[2], r"^  ● netted  sql +running     █████░░░░░░░  42 %")
            self.assertRegex(lines[3], r"^  · report  sink +waiting$")

    def test_eighty_columns_do_without_the_kinds(self):
        with Followed(80) as followed:
            screen, lines = followed.drawn()
            self.assertFalse(screen.wrapped)
            self.assertRegex(lines[1], r"^  ✓ trades  succeeded +1\.2 s  1,000,000 rows$")
            self.assertIn("█████░░░░░░░  42 %", lines[2])

    def test_forty_columns_keep_numbers_whole(self):
        with Followed(40) as followed:
            screen, lines = followed.drawn()
            self.assertFalse(screen.wrapped)
            self.assertRegex(lines[0], r"^(settlement  )?running  1/3  ")
            self.assertEqual(lines[1], "✓ trades  1.2 s  1,000,000 rows")
            self.assertRegex(lines[2], r"^● netted   42 %")
            self.assertTrue(all(len(line) <= 40 for line in lines), lines)

    def test_twenty_columns_are_enough_to_see_how_far_it_is(self):
        with Followed(20) as followed:
            screen, lines = followed.drawn()
            self.assertFalse(screen.wrapped)
            self.assertTrue(lines[0].startswith("running  1/3"), lines)
            self.assertEqual(lines[1], "✓ trades  1.2 s")
            self.assertEqual(lines[2][:15], "● netted   42 %")
            self.assertTrue(all(len(line) <= 20 for line in lines), lines)

    def test_the_picture_is_drawn_over_and_gone_at_the_end(self):
        for columns in (20, 40, 80):
            with Followed(columns) as followed:
                followed.drawn()
                # A second picture must have been drawn in the place of the first.
                followed.terminal.wait_for(rb"\x1b\[4A\r")
                code, out = followed.end()
                self.assertEqual(code, 0)
                self.assertEqual(followed.screen().text(), "", columns)
                self.assertFalse(followed.screen().wrapped)
                self.assertIn("STAGE", out)

    def test_a_terminal_that_becomes_narrower_is_noticed(self):
        with Followed(100) as followed:
            followed.drawn()
            before = len(followed.terminal.seen)
            followed.terminal.resize(40, 24)
            end = followed.terminal.wait_for(rb"1\.2 s  1,000,000 rows[^\n]*\n[^\n]*netted   42 %", before)
            self.assertNotIn(b"source", followed.terminal.seen[end - 80:end])
            # What stood there has been wrapped by the terminal: it is not drawn over.
            narrow = followed.terminal.seen[before:].split(b"\x1b[J")
            first = next(picture for picture in narrow if b"sql" not in picture and b"netted" in picture)
            self.assertNotIn(b"\x1b[4A", first)

    def test_a_failed_run_ends_with_one(self):
        with Followed(80, "failed") as followed:
            followed.drawn()
            self.assertEqual(followed.end()[0], 1)

    def test_colour_is_there_on_a_terminal(self):
        with Followed(80) as followed:
            self.assertTrue(followed.drawn()[0].coloured)

    def test_no_color_takes_colour_and_nothing_else(self):
        with Followed(80, env={"NO_COLOR": "1"}) as followed:
            screen, lines = followed.drawn()
            self.assertFalse(screen.coloured)
            self.assertEqual(len(lines), 4)
            self.assertIn(SGR, followed.terminal.seen)  # the cursor still moves
        with Followed(80, env={"NO_COLOR": "0"}) as followed:
            self.assertFalse(followed.drawn()[0].coloured)

    def test_an_empty_no_color_says_nothing(self):
        with Followed(80, env={"NO_COLOR": ""}) as followed:
            self.assertTrue(followed.drawn()[0].coloured)

    def test_ascii_is_used_where_the_locale_is_no_utf_8(self):
        with Followed(80, env={"LANG": "C", "NO_COLOR": "1"}) as followed:
            _, lines = followed.drawn()
            self.assertTrue(lines[1].startswith("  + trades"), lines)
            self.assertIn("[#####-------]", lines[2])
            self.assertTrue(followed.terminal.seen.isascii())

    def test_a_dumb_terminal_gets_a_line_for_each_change(self):
        for term in ("dumb", "", None):
            with Followed(80, env={"TERM": term}) as followed:
                followed.terminal.wait_for(rb"netted: running\r\n")
                code, _ = followed.end()
                self.assertEqual(code, 0)
                self.assertNotIn(b"\x1b", followed.terminal.seen, term)
                lines = followed.terminal.seen.decode().splitlines()
                self.assertEqual(lines[0], "trades: succeeded, 1,000,000 rows, 1.2 s")
                self.assertEqual(lines[-1], f"run {RUN_ID}: succeeded, 4.0 s")

    def test_topics_are_wrapped_to_the_terminal(self):
        for columns in (20, 40, 80):
            with Terminal([RUNI, "help", "sql"], columns=columns, whole=True) as terminal:
                code, _ = terminal.finish()
                self.assertEqual(code, 0)
                lines = terminal.seen.decode().splitlines()
                prose = [line for line in lines if line and not line.startswith("    ")]
                self.assertGreater(len(prose), 1200 // columns // 2)
                too_wide = [line for line in prose if len(line) > columns and " " in line.strip(" -")]
                self.assertEqual(too_wide, [], columns)
                self.assertNotIn(b"\x1b", terminal.seen)

    def test_tables_are_cut_to_the_terminal(self):
        def nodes(_, say):
            say("result", {"kind": "volumes", "more": False, "items": [
                {"name": "lake", "nodes": ["n1", "n2", "n3"], "grants": {"finance": "read", "risk": "write"}}]})
        for columns in (20, 40):
            with ScriptedNode(nodes) as node, \
                    Terminal([RUNI, "--socket", node.socket, "get", "volumes"], columns=columns,
                             whole=True) as terminal:
                self.assertEqual(terminal.finish()[0], 0)
                lines = terminal.seen.decode().splitlines()
                self.assertTrue(all(len(line) <= columns for line in lines), lines)
                self.assertTrue(any(line.endswith("~") for line in lines), lines)


if __name__ == "__main__":
    if not RUNI.exists():
        sys.exit(f"{RUNI} is missing: build it, or set RUNINK_BIN_DIR")
    unittest.main(verbosity=2)

#!/usr/bin/env python3
"""What tools/test_summary.py reads out of ctest's log."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "tools"))
sys.dont_write_bytecode = True
from test_summary import summarize  # noqa: E402

LOG = """Start testing: Nov 22 16:00 UTC
----------------------------------------------------------
1/3 Testing: config
1/3 Test: config
Command: "bin/test_config"
Output:
----------------------------------------------------------
tests/a.cpp(4): Test case "cgroups/limits_hold" is skipped because precondition failed: there is no cgroup

Test module "runink" has passed with:
  13 test cases out of 14 passed
  1 test case out of 14 skipped
  320 assertions out of 320 passed
<end of output>
2/3 Testing: raft
2/3 Test: raft
Output:
tests/b.cpp(9): error: in "election/one_leader": check 1 == 2 has failed [1 != 2]
tests/b.cpp(10): fatal error: in "election/one_leader": std::exception: no
Test module "runink" has failed with:
  1 test case out of 2 passed
  1 test case out of 2 failed
3/3 Testing: house_rules
3/3 Test: house_rules
Output:
self-test: 49 samples, 0 wrong
<end of output>
Test Passed.
4/4 Test: cluster_kill
Output:
test_a (__main__.Kill) ... ok
test_b (__main__.Kill) ... skipped 'there is no root'
test_c (__main__.Kill) ... FAIL
FAIL: test_c (__main__.Kill)
----------------------------------------------------------------------
Ran 3 tests in 0.001s

FAILED (failures=1, skipped=1)
5/5 Test: cluster_bad_input
Output:
ok         1.2 s  a cycle is told
skipped (there is no Python)    0.0 s  a program that is not there
FAILED     0.2 s  nodes: a port that is taken
1 passed, 1 failed, 1 skipped
6/6 Test: bench_idle
Output:
{"bench":"idle"}
<end of output>
Test Pass Reason:
Required regular expression found. Regex=["bench":"idle"]
7/7 Test: bench_tiny
Output:
{}
<end of output>
Test Failed.
"""


class Summary(unittest.TestCase):
    def test_cases_of_all_programs_are_counted_once(self):
        programs, cases, counts, _, _ = summarize(LOG)
        self.assertEqual((programs, cases), (7, 25))
        self.assertEqual(counts, {"passed": 18, "skipped": 3, "failed": 4})

    def test_skipped_cases_are_told_with_their_reasons(self):
        self.assertEqual(summarize(LOG)[3], [("config", "cgroups/limits_hold", "there is no cgroup"),
                                              ("cluster_kill", "test_b", "there is no root"),
                                              ("cluster_bad_input", "a program that is not there",
                                               "there is no Python")])

    def test_failed_cases_are_told_once(self):
        self.assertEqual(summarize(LOG)[4], [("raft", "election/one_leader"), ("cluster_kill", "test_c"),
                                              ("cluster_bad_input", "nodes: a port that is taken")])

    def test_an_empty_log_counts_nothing(self):
        self.assertEqual(summarize(""), (0, 0, {}, [], []))


if __name__ == "__main__":
    unittest.main()

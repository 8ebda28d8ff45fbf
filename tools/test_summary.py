#!/usr/bin/env python3
"""Counts the test cases of the last ctest run, and says which failed, which were skipped and why.

    tools/test_summary.py build/dev/Testing/Temporary/LastTest.log

ctest counts programs; Boost.Test's short report, or the last lines of unittest or of
tests/cluster/node.py, in each program's output count cases.
"""
import re
import sys

CASES = re.compile(r"^\s+(\d+) test cases? out of (\d+) (passed|failed|skipped|aborted|timed)", re.M)
SKIPPED = re.compile(r'Test (?:case|suite) "?([\w/]+)"? is skipped because (?:precondition failed:? ?)?(.*)')
PYTHON = re.compile(r"^Ran (\d+) tests? in ", re.M)
PYTHON_RESULT = re.compile(r"\b(failures|errors|skipped)=(\d+)")
PYTHON_SKIPPED = re.compile(r"^(\w+) \(.*?\).* \.\.\. skipped '(.*)'$", re.M)
NODES = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.M)
NODES_SKIPPED = re.compile(r"^skipped \((.*)\) +[\d.]+ s  (.*)$", re.M)
# Of Boost.Test, of unittest, of tests/cluster/*_test.py.
FAILED = (re.compile(r'\berror: in "([\w/]+)"'), re.compile(r"^(?:FAIL|ERROR): (\w+) \(", re.M),
          re.compile(r"^FAILED +[\d.]+ s  (.*)$", re.M))
FAILED_SHOWN = 50
PASSED = re.compile(r"^Test (?:Passed\.|Pass Reason:)$", re.M)  # written by ctest
PROGRAM = re.compile(r"^\d+/\d+ Test: (\S+)$", re.M)


def summarize(log):
    """Text of LastTest.log -> (programs, cases, {word: count}, [(program, case, reason) that was skipped],
    [(program, case) that failed])."""
    programs, cases, counts, skipped, failed = 0, 0, {}, [], []
    parts = PROGRAM.split(log)
    for program, output in zip(parts[1::2], parts[2::2]):
        programs += 1
        lines = CASES.findall(output)
        ran = PYTHON.search(output)
        if ran:
            words = {word: int(count) for word, count in PYTHON_RESULT.findall(output[ran.start():])}
            bad = words.get("failures", 0) + words.get("errors", 0)
            good = int(ran.group(1)) - bad - words.get("skipped", 0)
            lines = [(count, ran.group(1), word) for count, word in
                     ((good, "passed"), (bad, "failed"), (words.get("skipped", 0), "skipped")) if count]
            skipped += [(program, case, reason) for case, reason in PYTHON_SKIPPED.findall(output)]
        nodes = NODES.search(output)
        if nodes:
            total = sum(int(count) for count in nodes.groups())
            lines = [(count, total, word) for count, word in
                     zip(nodes.groups(), ("passed", "failed", "skipped")) if count != "0"]
            skipped += [(program, case, reason) for reason, case in NODES_SKIPPED.findall(output)]
        if not lines:  # A program without a report is one case, and ctest judged it.
            lines = [(1, 1, "passed" if PASSED.search(output) else "failed")]
        cases += int(lines[0][1])
        for count, _, word in lines:
            counts[word] = counts.get(word, 0) + int(count)
        skipped += [(program, case, reason.strip()) for case, reason in SKIPPED.findall(output)]
        failed += [(program, case) for case in dict.fromkeys(one for form in FAILED for one in form.findall(output))]
    return programs, cases, counts, skipped, failed


def main():
    with open(sys.argv[1], encoding="utf-8", errors="replace") as file:
        programs, cases, counts, skipped, failed = summarize(file.read())
    words = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
    print(f"test cases: {cases} in {programs} programs ({words or 'no report'})")
    for program, case in failed[:FAILED_SHOWN]:
        print(f"failed: {program}: {case}")
    if len(failed) > FAILED_SHOWN:
        print(f"failed: {len(failed) - FAILED_SHOWN} more")
    for program, case, reason in skipped:
        print(f"skipped: {program}: {case}: {reason}")
    if not skipped:
        print("skipped: none")


if __name__ == "__main__":
    main()

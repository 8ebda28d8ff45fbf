#!/usr/bin/env python3
"""Counts the test cases of the last ctest run, and says which were skipped and why.

    tools/test_summary.py build/dev/Testing/Temporary/LastTest.log

ctest counts programs; Boost.Test's short report in each program's output counts cases.
"""
import re
import sys

CASES = re.compile(r"^\s+(\d+) test cases? out of (\d+) (passed|failed|skipped|aborted|timed)", re.M)
SKIPPED = re.compile(r'Test (?:case|suite) "?([\w/]+)"? is skipped because (?:precondition failed:? ?)?(.*)')
PROGRAM = re.compile(r"^\d+/\d+ Test: (\S+)$", re.M)


def summarize(log):
    """Text of LastTest.log -> (programs, cases, {word: count}, [(program, case, reason)])."""
    programs, cases, counts, skipped = 0, 0, {}, []
    parts = PROGRAM.split(log)
    for program, output in zip(parts[1::2], parts[2::2]):
        programs += 1
        lines = CASES.findall(output)
        # A program without Boost's report is one case.
        cases += int(lines[0][1]) if lines else 1
        for count, _, word in lines:
            counts[word] = counts.get(word, 0) + int(count)
        skipped += [(program, case, reason.strip()) for case, reason in SKIPPED.findall(output)]
    return programs, cases, counts, skipped


def main():
    with open(sys.argv[1], encoding="utf-8", errors="replace") as file:
        programs, cases, counts, skipped = summarize(file.read())
    words = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
    print(f"test cases: {cases} in {programs} programs ({words or 'no report'})")
    for program, case, reason in skipped:
        print(f"skipped: {program}: {case}: {reason}")
    if not skipped:
        print("skipped: none")


if __name__ == "__main__":
    main()

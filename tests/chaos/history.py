"""What clients asked and were told, as JSON lines that tests/linearizability/checker/json_lines.hpp reads."""
import collections
import json
import re
import subprocess
import threading

from node import BIN

KEYS_PER_FILE = 200
CHECK_S = 1800


class History:
    """One operation a line, written as it ends. One without a return is open: nobody knows whether it was done."""

    def __init__(self, folder):
        self.path = folder / "history.jsonl"
        self.file = self.path.open("w", encoding="utf-8")
        self.lock, self.outcomes = threading.Lock(), collections.Counter()

    def add(self, client, call, done, given, output, node=None):
        line = json.dumps({"client": client, "call": call, "return": done, "input": given, "output": output,
                           **({"node": node} if node else {})})
        refused = output is not None and output.get("refused")
        with self.lock:
            self.outcomes["unknown" if output is None else "not applied" if refused else "ok"] += 1
            self.file.write(line + "\n")

    def end(self):
        self.file.close()


def split(history, folder):
    """Files of at most so many keys each, the operations of a key in one; the checker takes each key by itself."""
    by_key = collections.defaultdict(list)
    with history.path.open(encoding="utf-8") as file:
        for line in file:
            by_key[json.loads(line)["input"]["key"]].append(line)
    keys = sorted(by_key)
    for start in range(0, len(keys), KEYS_PER_FILE):
        path = folder / f"history-{start // KEYS_PER_FILE + 1:04}.jsonl"
        path.write_text("".join(line for key in keys[start:start + KEYS_PER_FILE] for line in by_key[key]),
                        encoding="utf-8")
        yield path


def judge(history, folder):
    """What is wrong with it, as lines; and how many operations of how many keys were judged."""
    history.end()
    wrong, judged, files = [], 0, list(split(history, folder))
    for path in files:
        done = subprocess.run([BIN / "check_history", path], check=False, capture_output=True, text=True,
                              timeout=CHECK_S)
        found = re.search(r"\((\d+) operations", done.stdout)
        judged += int(found.group(1)) if found else 0
        if done.returncode != 0:
            wrong.append((done.stdout + done.stderr).strip())
        else:
            path.unlink()
    return wrong, judged

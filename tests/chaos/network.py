"""The other end of proxy.py: namespaces for nodes, and what happens on the paths between them."""
import json
import pathlib
import subprocess
import sys
import threading

PLAIN = {"delay_ms": 0, "silent": False, "broken": False}
END_S = 10


class Network:
    """The program that carries what nodes say to each other; `stop` ends it and its namespaces."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, pathlib.Path(__file__).with_name("proxy.py")], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.names, self.lock, self.troubled = [], threading.Lock(), set()

    def order(self, **order):
        with self.lock:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": "the program has ended"}
        if "error" in answer:
            raise RuntimeError(f"tests/chaos/proxy.py, {order}: {answer['error']}")
        return answer

    def add(self, name, port):
        """A namespace for this node; the words that start a daemon in it, and in a mount namespace of its own."""
        net = self.order(do="node", name=name, port=port)["net"]
        if name not in self.names:
            self.names.append(name)
        return ["nsenter", f"--net={net}", "unshare", "--mount", "--propagation", "slave", "--"]

    def path(self, one, other, **what):
        """From one node to another from now on: what differs from a plain path."""
        self.order(do="path", **{"from": one, "to": other, **PLAIN, **what})
        if what:
            self.troubled.add((one, other))
        else:
            self.troubled.discard((one, other))

    def heal(self):
        for one, other in list(self.troubled):
            self.path(one, other)

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

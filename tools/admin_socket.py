"""The admin socket of a node (docs/PROTOCOL.md), for the programs and tests that ask more often than runi can start."""
import json
import socket

ANSWER_S = 180


class Refused(Exception):
    """The node answered with an error."""

    def __init__(self, error):
        super().__init__(f"{error.get('kind')}: {error.get('message')}")
        self.kind, self.message = error.get("kind"), error.get("message", "")
        self.diagnostics = error.get("diagnostics", [])


class Gone(Exception):
    """The connection ended before the answer."""


class Admin:
    """One connection to the admin socket (docs/PROTOCOL.md)."""

    def __init__(self, path, timeout=ANSWER_S):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(str(path))
        except OSError as error:
            self.socket.close()
            raise Gone(str(error)) from error
        self.lines = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.socket.close()

    def events(self, verb, **members):
        """Every answer to one request: events, then the result, as (name, value)."""
        request = json.dumps({"id": 1, "verb": verb, **members}) + "\n"
        try:
            self.socket.sendall(request.encode())
            for line in self.lines:
                answer = json.loads(line)
                if "error" in answer:
                    raise Refused(answer["error"])
                if "result" in answer:
                    yield "result", answer["result"]
                    return
                yield "event", answer["event"]
        except OSError as error:  # TimeoutError is one, and no ConnectionError
            raise Gone(str(error)) from error
        raise Gone("the node closed the connection")

    def ask(self, verb, **members):
        for name, value in self.events(verb, **members):
            if name == "result":
                return value
        raise Gone("no result")

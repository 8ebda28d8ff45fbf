#!/usr/bin/env python3
"""The network between the nodes of tools/chaos: a program of its own, told what to do by lines of JSON.

Each node lives in a network namespace with nothing but loopback. There this program listens at the
addresses of all other nodes, and carries the bytes of each connection on into the namespace of the node
that was called: TLS goes from node to node as it is. So any path, in either direction, can be late, silent
or broken. The namespaces have no name and end with this program.

    {"do": "node", "name": "n1", "port": 7001}         a namespace; answered with {"net": a path to enter it by}
    {"do": "path", "from": "n1", "to": "n2", "delay_ms": 20, "silent": false, "broken": false}

`silent`: bytes wait here as in a network that loses all of them, and arrive late once it is over. `broken`:
connections are reset, and new ones are closed at once. `delay_ms`: each piece comes so much later.
"""
import asyncio
import contextlib
import ctypes
import fcntl
import json
import os
import socket
import struct
import sys
import threading

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
PIECE, HELD_MOST = 64 << 10, 1 << 20
LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def elsewhere(act):
    """What `act` returns in a thread of its own, which may change its namespace and then ends."""
    done = {}

    def body():
        try:
            done["value"] = act()
        except OSError as error:
            done["error"] = error
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if "error" in done:
        raise done["error"]
    return done["value"]


class Namespace:
    """A network namespace whose only interface, loopback, is up."""

    def __init__(self):
        self.file = elsewhere(self.make)

    @staticmethod
    def make():
        checked(LIBC.unshare(CLONE_NEWNET), "a network namespace cannot be made")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            request = struct.pack("16sH14x", b"lo", 0)
            flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY)

    @property
    def path(self):
        return f"/proc/{os.getpid()}/fd/{self.file}"

    def socket(self):
        def make():
            checked(LIBC.setns(self.file, CLONE_NEWNET), "a network namespace cannot be entered")
            made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.setblocking(False)
            return made
        return elsewhere(make)


class Path:
    """The way of bytes from one node to another, whoever called."""

    def __init__(self):
        self.delay_ms, self.silent, self.broken = 0, False, False
        self.changed = asyncio.Event()

    def set(self, delay_ms, silent, broken):
        self.delay_ms, self.silent, self.broken = delay_ms, silent, broken
        self.changed.set()
        self.changed = asyncio.Event()

    async def open(self):
        while self.silent and not self.broken:
            await self.changed.wait()


class Network:
    """All nodes, all paths, all connections."""

    def __init__(self):
        self.nodes, self.paths, self.servers, self.connections = {}, {}, [], set()

    def path(self, one, other):
        return self.paths.setdefault((one, other), Path())

    async def add(self, name, port):
        """Everybody hears it, and it hears everybody."""
        namespace = Namespace()
        for other, (its, its_port) in self.nodes.items():
            await self.listen(other, its, name, port)
            await self.listen(name, namespace, other, its_port)
        self.nodes[name] = (namespace, port)
        return {"net": namespace.path}

    async def listen(self, caller, where, called, port):
        """In the namespace of `caller`, at the address of `called`."""
        door = where.socket()
        door.bind(("127.0.0.1", port))
        self.servers.append(await asyncio.start_server(
            lambda reader, writer: self.carry(caller, called, reader, writer), sock=door))

    async def carry(self, caller, called, reader, writer):
        there, back = self.path(caller, called), self.path(called, caller)
        if there.broken or back.broken:
            writer.transport.abort()
            return
        namespace, port = self.nodes[called]
        onward = namespace.socket()
        try:
            await asyncio.get_running_loop().sock_connect(onward, ("127.0.0.1", port))
        except OSError:
            onward.close()
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(sock=onward)
        both = (caller, called, (writer, far_writer))
        self.connections.add(both)
        try:
            await asyncio.gather(self.pump(reader, far_writer, there), self.pump(far_reader, writer, back))
        except OSError:
            pass  # one end is gone, so the other goes as well
        finally:
            self.connections.discard(both)
            self.cut(both)

    @staticmethod
    def cut(connection):
        for writer in connection[2]:
            writer.transport.abort()

    @staticmethod
    async def pump(reader, writer, path):
        """Pieces wait in a line of limited length; each is let go when it is due and the path is open."""
        loop, line = asyncio.get_running_loop(), asyncio.Queue(HELD_MOST // PIECE)

        async def take():
            with contextlib.suppress(OSError):  # reset; what came before still goes on its way
                while piece := await reader.read(PIECE):
                    await line.put((loop.time() + path.delay_ms / 1000, piece))
            await line.put((loop.time(), b""))
        taking = asyncio.ensure_future(take())
        try:
            while True:
                due, piece = await line.get()
                if (late := due - loop.time()) > 0:
                    await asyncio.sleep(late)
                await path.open()
                if not piece:
                    raise ConnectionResetError("it ended")
                writer.write(piece)
                await writer.drain()
        finally:
            taking.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await taking

    def set(self, one, other, delay_ms, silent, broken):
        self.path(one, other).set(delay_ms, silent, broken)
        if broken:
            for connection in [it for it in self.connections if {it[0], it[1]} == {one, other}]:
                self.cut(connection)
        return {}

    async def obey(self, order):
        if order["do"] == "node":
            return await self.add(order["name"], order["port"])
        return self.set(order["from"], order["to"], order["delay_ms"], order["silent"], order["broken"])


async def main():
    network, loop = Network(), asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        try:
            answer = await network.obey(json.loads(line))
        except OSError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main())

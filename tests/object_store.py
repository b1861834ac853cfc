"""A real S3 server on this machine, moto's, behind a proxy that tests make fail."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any
from urllib.request import Request, urlopen

import pytest

_LISTENS = re.compile(r"Running on http://127\.0\.0\.1:(\d+)")
_REQUEST = re.compile(rb"^(GET|HEAD|PUT|POST|DELETE) (\S+) HTTP/1\.1\r$", re.MULTILINE)

_BUSY = (
    b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nContent-Length: 80\r\n"
    b"Connection: close\r\n\r\n"
    + b"<Error><Code>SlowDown</Code><Message>Reduce your rate.</Message></Error>".ljust(80)
)

_KEYS = {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "something"}
_ELSEWHERE = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


class Proxy:
    """What stands between the command and the server: counts requests, and breaks connections.

    Attributes:
        port: Where it listens.
        requests: Method and path of all requests.
    """

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[tuple[str, str]] = []
        self._open: set[socket.socket] = set()
        self._is_down = False
        self._cuts: list[tuple[str, int]] = []
        self._busy: list[str] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self, part: str, after: int, times: int = 1) -> None:
        """Break the connection of the next requests with this in their path.

        Args:
            part: Part of the path.
            after: Bytes of the answer, headers included, that still come through.
            times: How many.
        """
        self._cuts += [(part, after)] * times

    def busy(self, part: str, times: int = 1) -> None:
        """Have the next requests with this in their path answered as a store does under load."""
        self._busy += [part] * times

    def down(self) -> None:
        """Be as if the server had ended: all connections break, and new ones do, too."""
        self._is_down = True
        for end in list(self._open):
            _reset(end)

    def up(self) -> None:
        """Be as if the server had been started again."""
        self._is_down = False

    def forget(self) -> None:
        """Count anew, and break nothing."""
        self.requests.clear()
        self._cuts.clear()
        self._busy.clear()
        self.up()

    def count(self, method: str, part: str = "") -> int:
        """The number of requests of a kind so far."""
        return sum(one == method and part in path for one, path in self.requests)

    def _serve(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if self._is_down:
                _reset(client)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._upstream))
            except OSError:
                _reset(client)
                continue
            self._open |= {client, server}
            left: list[int] = []
            for pump in (self._to_server, self._to_client):
                threading.Thread(target=pump, args=(client, server, left), daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket, left: list[int]) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(1 << 16):
                for method, path in _REQUEST.findall(data):
                    self.requests.append((method.decode(), path.decode()))
                    if busy := next((part for part in self._busy if part in path.decode()), None):
                        self._busy.remove(busy)
                        client.sendall(_BUSY)
                        client.shutdown(socket.SHUT_WR)
                        return
                    if cut := next((cut for cut in self._cuts if cut[0] in path.decode()), None):
                        self._cuts.remove(cut)
                        left.append(cut[1])
                server.sendall(data)
        self._close(client, server)

    def _to_client(self, client: socket.socket, server: socket.socket, left: list[int]) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(1 << 16):
                if left:
                    client.sendall(data[: left[0]])
                    left[0] -= len(data)
                    if left[0] <= 0:
                        break
                else:
                    client.sendall(data)
        self._close(client, server)

    def _close(self, *ends: socket.socket) -> None:
        for end in ends:
            self._open.discard(end)
            _reset(end)


def _reset(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.shutdown(socket.SHUT_RDWR)
    end.close()


class S3:
    """The server, with what a test needs of it.

    Attributes:
        proxy: In front of it.
        direct: Another way to it, that counts and breaks nothing; an `S3FileSystem`.
        environment: Variables by which the command finds it.
    """

    def __init__(self, port: int) -> None:
        import s3fs

        self._port = port
        self.proxy = Proxy(port)
        self.environment = {
            **_KEYS,
            **_ELSEWHERE,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.proxy.port}",
        }
        self.direct: Any = s3fs.S3FileSystem(
            key=_KEYS["AWS_ACCESS_KEY_ID"],
            secret=_KEYS["AWS_SECRET_ACCESS_KEY"],
            endpoint_url=f"http://127.0.0.1:{port}",
            use_listings_cache=False,
        )

    @contextmanager
    def with_keys_checked(self) -> Iterator[None]:
        """A context in which it asks who somebody is, and knows nobody."""
        self._tell("reset-auth", b"0")
        try:
            yield
        finally:
            self._tell("reset-auth", b"inf")

    def reset(self) -> None:
        """Forget all buckets."""
        self._tell("reset", b"")
        self.proxy.forget()

    def _tell(self, what: str, body: bytes) -> None:
        url = f"http://127.0.0.1:{self._port}/moto-api/{what}"
        with urlopen(Request(url, body, {"Content-Type": "text/plain"}, method="POST")):
            pass


@contextmanager
def serving() -> Iterator[S3]:
    """A context in which there is a server."""
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        ) as server,
    ):
        try:
            yield S3(_port(server, log))
        finally:
            server.kill()


def _port(server: subprocess.Popen[bytes], log: IO[str]) -> int:
    """Where it listens, once it does."""
    while server.poll() is None:
        log.seek(0)
        if found := _LISTENS.search(log.read()):
            return int(found[1])
        time.sleep(0.05)
    log.seek(0)
    pytest.fail(f"moto's server has not started: {log.read()}")

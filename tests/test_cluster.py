"""Which addresses are refused before Ray tries them, and what its start needs; without Ray."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hearkit import cluster
from hearkit.errors import UsageError

NEEDS = ("ray",)


@contextlib.contextmanager
def listening(answer: bytes) -> Iterator[str]:
    """The address of a server that says one thing to whoever connects."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError), server.accept()[0] as there:
                there.recv(64)
                there.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)


@pytest.mark.parametrize("host", ["a..b", "a" * 70, "."])
def test_a_host_that_no_name_can_have_is_one_line(host: str) -> None:
    with (
        pytest.raises(UsageError, match="there is no Ray that answers"),
        cluster.joined(f"{host}:1"),
    ):
        pass


@pytest.mark.parametrize("answer", [b"HTTP/1.0 400 Bad request\r\n\r\n", b"SSH", b""])
def test_what_listens_and_is_no_ray_is_said_at_once(answer: bytes) -> None:
    no_ray = pytest.raises(UsageError, match="what listens there is no Ray")
    with listening(answer) as address, no_ray:
        cluster._knock(address)


def test_what_speaks_grpc_is_let_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(bytes((0, 0, 6, 4, 0, 0, 0, 0, 0))) as address:
        cluster._knock(address)
    with listening(b"\x15\x03\x01") as address:  # an alert of TLS
        monkeypatch.setenv("RAY_USE_TLS", "1")
        cluster._knock(address)


def test_the_address_in_the_environment_is_tried_first(monkeypatch: pytest.MonkeyPatch) -> None:
    for known, words in (
        ("127.0.0.1:9", "--ray 127.0.0.1:9: there is no Ray that answers"),
        ("ray://host:10001", "run the command on a node of the cluster"),
    ):
        monkeypatch.setenv("RAY_ADDRESS", known)
        with pytest.raises(UsageError, match=words), cluster.joined("auto"):
            pass


def test_a_full_disk_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: str) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    no_room = pytest.raises(UsageError, match=r"No space left on device.*TMPDIR")
    with no_room, cluster._session_folder():
        pass


def test_a_closed_standard_error_stays_closed(tmp_path: Path) -> None:
    code = (
        "import faulthandler, os, pathlib\n"
        "from hearkit.cluster import _terminal_kept\n"
        "with _terminal_kept(pathlib.Path()):\n"
        "    os.write(2, b'of Ray')\n"
        "    faulthandler.enable()\n"  # as Ray does
        "print('done')"
    )
    command = f"{sys.executable} -c {shlex.quote(code)} 2>&-"
    done = subprocess.run(
        command,
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(cluster.__file__).parents[1])},
    )
    assert done.stdout == "done\n"
    assert done.returncode == 0
    assert (tmp_path / "driver.log").read_text() == "of Ray"

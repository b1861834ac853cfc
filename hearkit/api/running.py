"""A running worker process: how it is started and ended, and what it printed."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import psutil

from .. import machine
from ..text import printable
from . import wire
from .exchange import Exchange, prefix
from .spares import MARK, Forked, Spares

_LARGEST_LOG = 16 * 1024 * 1024
"""Bytes of the worker's own output that are kept; beyond them only its end is."""

_LOG_TAIL = 4000
"""Bytes of the worker's own output that a fault quotes from."""

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy")
"""Not passed on: through a proxy on this machine a download would look like a local connection."""


class Process(Protocol):
    """What is needed of a process, whoever its parent is."""

    pid: int

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end."""

    def kill(self) -> None:
        """End it."""


@dataclass(frozen=True)
class Running:
    """A worker that was started, and the means to talk to it."""

    process: Process
    outgoing: BinaryIO
    incoming: wire.Incoming
    answers: BinaryIO
    exchange: Exchange
    folder: Path
    log: BinaryIO
    mark: str

    def printed(self) -> str:
        """The end of what the worker printed; read from the open file, not from a name."""
        with contextlib.suppress(OSError):
            return printable(self._tail().decode("utf-8", "replace"))
        return ""

    def shorten_log(self) -> None:
        """Keep a worker that prints without end from filling the disk."""
        if os.fstat(self.log.fileno()).st_size > _LARGEST_LOG:
            tail = self._tail()
            os.ftruncate(self.log.fileno(), 0)
            os.write(self.log.fileno(), tail)

    def _tail(self) -> bytes:
        size = os.fstat(self.log.fileno()).st_size
        return os.pread(self.log.fileno(), _LOG_TAIL, max(0, size - _LOG_TAIL))

    def close(self) -> None:
        """End the worker, its process group, and descendants that left the group."""
        if self.process.poll() is None:
            # Only while it lives: afterwards its number may be another process's.
            machine.kill_group(self.process.pid)
        self.process.kill()
        self.process.wait()
        if isinstance(self.process, Forked):
            self.process.spares.end_strays()
        for process in machine.marked_processes(MARK, self.mark):
            with contextlib.suppress(psutil.Error):
                process.kill()
        for stream in (self.outgoing, self.answers, self.log):
            with contextlib.suppress(OSError):
                stream.close()
        self.exchange.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def started(
    settings: Mapping[str, Any], variables: Mapping[str, str], spares: Spares | None
) -> Running:
    """A new worker, forked where that is possible.

    Args:
        settings: See `worker.serve.Settings`; without the exchange and the parent.
        variables: Its environment, where it is not forked.
        spares: What to fork it from, if it may be.
    """
    mark = secrets.token_hex(8)
    exchange = Exchange.open()
    given = {**settings, "exchange": exchange.folders}
    folder = Path(tempfile.mkdtemp(prefix=prefix()))
    log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the worker
    fcntl.fcntl(log, fcntl.F_SETFL, os.O_RDWR | os.O_APPEND)  # so that it can be emptied
    requests, answers = os.pipe(), os.pipe()
    streams = (requests[0], answers[1], log.fileno())
    process: Process | None = None
    if spares is not None:
        process = spares.fork(given, {MARK: mark}, streams)
    if process is None:
        process = _spawned(given, folder, {**variables, MARK: mark}, streams)
    os.close(requests[0])
    os.close(answers[1])
    return Running(
        process,
        os.fdopen(requests[1], "wb"),
        wire.Incoming(answers[0]),
        os.fdopen(answers[0], "rb"),
        exchange,
        folder,
        log,
        mark,
    )


def _spawned(
    settings: dict[str, Any],
    folder: Path,
    variables: dict[str, str],
    streams: tuple[int, int, int],
) -> subprocess.Popen[bytes]:
    # -c from an empty folder: nothing in the participant's folder can stand in for a
    # module of the worker's. The root goes last, since it may be site-packages.
    root = str(Path(__file__).resolve().parents[2])
    code = f"import sys; sys.path.append({root!r}); import hearkit.api.worker.serve as w; w.main()"
    return subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-c", code,
         json.dumps(settings | {"parent": os.getpid()}, default=os.fspath)],
        stdin=streams[0],
        stdout=streams[1],
        stderr=streams[2],
        cwd=folder,
        env=variables,
        start_new_session=True,
    )  # fmt: skip


def environment(*, watched: bool = True) -> dict[str, str]:
    """The environment variables of a worker.

    Args:
        watched: See `WorkerProcess`; otherwise they are those of this process but for how
            threads wait.
    """
    # pytest's variable tells which test runs: with it, no two runs would have one template.
    found = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    if "PYTHONPATH" in found:
        # The worker starts in another folder: what is relative, "" included, is so to this one.
        entries = found["PYTHONPATH"].split(os.pathsep)
        found["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, entries))
    if watched:
        found = {k: v for k, v in found.items() if k.lower() not in _PROXIES}
        found["PYTHONDONTWRITEBYTECODE"] = "1"
        # A known number of threads, so that a submission that changes it is seen to.
        found.setdefault("OMP_NUM_THREADS", str(machine.cores()))
    # Idle threads sleep: spinning, they hold up those that work where cores are shared, and
    # runs next to another program took two to five times as long.
    found.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return found
